"""Local search by cyclic exchanges: several workloads move at once, each to where the next one leaves.

Where room is scarce to the unit, hardly any single shift or swap fits, but rings of four or five do. Partial
sums of a ring that gains are negative if one begins at the right workload, so chains are grown from all
workloads at once and only while they gain. Sources: P. M. Thompson and H. N. Psaraftis, Cyclic transfer
algorithms for multivehicle routing and scheduling problems, Operations Research 41 (1993) 935-946; S. Lin and
B. W. Kernighan, An effective heuristic algorithm for the traveling-salesman problem, Operations Research 21
(1973) 498-516 (the partial sums).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Floats, Ints
from .places import Places

LONGEST, BRANCHES, CHAINS = 7, 6, 300
"""Workloads in a ring, ways to go on that are looked at, and chains kept of one length."""
NEAREST = 2
"""Whom a workload may replace at one place: the best so many."""
RINGS = 20
"""Rings kept of each length."""
Ring = tuple[float, Ints]
"""What it adds to the value, and who moves, each to where the next one is."""


@dataclass(frozen=True)
class Chains:
    """Who moves (C, length), by how much that lowers the value so far (C), and which places are met (C)."""

    nodes: Ints
    cost: Floats
    met: NDArray[np.uint64]

    def best(self, most: int) -> Chains:
        """Return at most so many of them, the best."""
        if len(self.cost) <= most:
            return self
        kept = np.argpartition(self.cost, most)[:most]
        return Chains(self.nodes[kept], self.cost[kept], self.met[kept])


class Exchanges:
    """An assignment to places that rings of moves improve; overload is allowed at a penalty.

    What a move costs is kept and worked out anew at places that changed only.

    Its value is the cost above the Lagrangian bound: excess, unused room at its price, and overload.

    Attributes
    ----------
    place
        Place of each workload, then of each slot (J + P).
    load
        Of each place (P).
    penalty
        For a unit of overload of each place (P), more than its price.
    """

    def __init__(self, places: Places, penalty: Floats, worth: float) -> None:
        self._places = places
        self._worth = worth
        # more places than bits share some: rings that meet both of a pair are missed, no wrong one is made
        self._bit = np.left_shift(np.uint64(1), (np.arange(len(places)) % 64).astype(np.uint64))
        self.penalty = penalty
        workloads, each = places.workloads, np.arange(len(places))
        self.place = np.concatenate([np.zeros(workloads, dtype=np.int64), each])
        self.load = np.bincount(self.place[:workloads], places.need[0, :workloads], len(places)).astype(float)
        count = len(self.place)
        self._cost = np.full((count, count), np.inf)
        self._near = np.zeros((len(places), NEAREST, count), dtype=np.int64)
        self._near_cost = np.full((len(places), NEAREST, count), np.inf)
        self._held = np.zeros(count, dtype=bool)
        self._stale = np.ones(len(places), dtype=bool)

    def begin(self, place: Ints) -> None:
        """Put the workloads at places (J)."""
        moved = np.flatnonzero(place != self.place[: len(place)])
        self._move(moved, place[moved])
        need = self._places.need[place, np.arange(len(place))]
        self.load = np.bincount(place, need, len(self._places)).astype(float)

    def set_penalty(self, penalty: Floats) -> None:
        """Let overload cost ``penalty`` (P) from now on."""
        self.penalty = penalty
        self._stale[:] = True

    @property
    def assignment(self) -> Ints:
        """Place of each workload (J)."""
        return self.place[: self._places.workloads].copy()

    @property
    def fits(self) -> bool:
        """Whether no place is overloaded."""
        return bool((self.load <= self._places.room).all())

    @property
    def value(self) -> float:
        """What the assignment costs above the bound, penalties included."""
        held = self._places.excess[self.place, np.arange(len(self.place))]
        over = self.load - self._places.room
        return float(held.sum() + _strain(over, self._places.price, self.penalty).sum())

    def descend(self, stop: Callable[[], bool], held: Ints | None = None) -> None:
        """Turn rings until none is left that gains, or ``stop()``; the workloads ``held`` stay."""
        self._held[:] = False
        if held is not None:
            self._held[held] = True
        while not stop() and self._turn(self._rings()):
            pass

    def _refresh(self) -> None:
        """Work out anew what it costs to replace those at places that changed."""
        for place in np.flatnonzero(self._stale).tolist():
            self._weigh(place)
        self._stale[:] = False

    def _weigh(self, place: int) -> None:
        """Work out what it costs that each (column) replaces each at a place (row), none of them."""
        tables, here = self._places, np.flatnonzero(self.place == place)
        over, excess = float(self.load[place] - tables.room[place]), tables.excess[place]
        price, penalty = tables.price[place], self.penalty[place]
        without = over - tables.need[place, here]
        cost = _strain(tables.need[place] + without[:, None], price, penalty)
        cost += excess
        cost -= (excess[here] + _strain(over, price, penalty))[:, None]
        cost[:, here] = np.inf
        self._cost[here] = cost
        self._near_cost[place] = np.inf
        most = min(NEAREST, len(here))
        near = np.argpartition(cost, most - 1, axis=0)[:most]
        self._near[place, :most] = here[near]
        self._near_cost[place, :most] = np.take_along_axis(cost, near, axis=0)

    def _rings(self) -> list[Ring]:
        """Return rings that gain, the best first."""
        self._refresh()
        count = len(self.place)
        near_cost = self._near_cost.reshape(-1, count)
        branches = min(BRANCHES, len(near_cost))
        best = np.argpartition(near_cost, branches - 1, axis=0)[:branches]
        ways_cost = np.take_along_axis(near_cost, best, axis=0)
        ways = np.take_along_axis(self._near.reshape(-1, count), best, axis=0)
        nodes = np.stack([np.tile(np.arange(count), branches), ways.ravel()], axis=1)
        first = np.where(self._held[nodes[:, 0]], np.inf, ways_cost.ravel())
        chains = self._gaining(nodes, first, self._bit[self.place[nodes[:, 0]]])
        rings: list[Ring] = []
        for length in range(2, LONGEST + 1):
            rings += self._closed(chains)
            if length < LONGEST and len(chains.cost):
                chains = self._longer(chains, ways, ways_cost)
        return sorted(rings, key=lambda ring: ring[0])

    def _gaining(self, nodes: Ints, cost: Floats, met: NDArray[np.uint64]) -> Chains:
        """Return the best chains that gain and end at a place not ``met`` before."""
        bit = self._bit[self.place[nodes[:, -1]]]
        kept = np.flatnonzero((cost < -self._worth) & ((bit & met) == 0) & ~self._held[nodes[:, -1]])
        return Chains(nodes[kept], cost[kept], met[kept] | bit[kept]).best(CHAINS)

    def _longer(self, chains: Chains, ways: Ints, ways_cost: Floats) -> Chains:
        """Return the chains with one more workload, in all ways that still gain."""
        last = chains.nodes[:, -1]
        cost = ways_cost[:, last] + chains.cost
        way, chain = np.nonzero(cost < -self._worth)
        nodes = np.column_stack([chains.nodes[chain], ways[way, last[chain]]])
        return self._gaining(nodes, cost[way, chain], chains.met[chain])

    def _closed(self, chains: Chains) -> list[Ring]:
        """Return the best rings in which the last one goes to where the first was."""
        total = chains.cost + self._cost[chains.nodes[:, 0], chains.nodes[:, -1]]
        found = np.flatnonzero(total < -self._worth)
        found = found[np.argsort(total[found], kind="stable")[:RINGS]]
        return [(float(total[each]), chains.nodes[each]) for each in found]

    def _turn(self, rings: list[Ring]) -> int:
        """Make the moves of rings that have no place in common; return how many."""
        met = np.uint64(0)
        made = 0
        for _, nodes in rings:
            bits = np.bitwise_or.reduce(self._bit[self.place[nodes]])
            if bits & met:
                continue
            met |= bits
            made += 1
            self._move(nodes, self.place[np.roll(nodes, -1)])
        return made

    def _move(self, nodes: Ints, to: Ints) -> None:
        """Move workloads to places; slots stay where they are."""
        true = nodes < self._places.workloads
        nodes, to = nodes[true], to[true]
        need = self._places.need
        left = self.place[nodes]
        np.subtract.at(self.load, left, need[left, nodes])
        np.add.at(self.load, to, need[to, nodes])
        self._stale[left] = self._stale[to] = True
        self.place[nodes] = to


def _strain(over: Any, price: Any, penalty: Any) -> Any:
    """Return what is paid at places whose load is ``over`` their room, or below it."""
    return np.maximum(over * (penalty - price), -price * over)
