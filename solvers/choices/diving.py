"""Solutions up to a target cost, found by dives: most is decided by prices, the rest by trying.

Where resources are knapsacks that have to be filled to the unit, better solutions differ from the bound by
very little: nearly every option is out, as taking it would cost more than the target, or in, as leaving it
would. What is left is decided where it matters least first, down to the workloads that can be put in several
places at almost the same cost; among them, both ways are tried, depth first, with prices that follow.

Sources: M. Posta, J. A. Ferland and P. Michelon, An exact method with variable fixing for solving the
generalized assignment problem, Computational Optimization and Applications 52 (2012) 629-644 (targets, and
options decided by knapsacks); D. Pisinger, An expanding-core algorithm for the exact 0-1 knapsack problem,
European Journal of Operational Research 87 (1995) 175-187 (the core).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..arrays import Bools
from ..blocks import Floats, Ints
from .core import Core, Settled
from .targets import Climb, Target, Told


class Effort(NamedTuple):
    """Steps of prices at a node, steps again where options were decided there, and how often at most."""

    steps: int
    again: int
    rounds: int


ROOT, NODE = Effort(60, 60, 6), Effort(8, 4, 3)
HOLD = 10
"""Workloads left, for every resource, of which both ways are tried."""
FEWER, SHARE, NOISE, NODES = 4, 8, 0.05, 1000
"""Parts of the workloads decided at once, of many and of few, noise of the order in which they are, and nodes
of a dive."""


class Diving:
    """Dives from one root: what is ``alive`` (O), at prices of the workloads (J).

    Attributes
    ----------
    solution
        Options (of O) of a solution up to the target, once one was found.
    reached
        Part of the workloads of the root that the last dive left undecided, at the least.
    """

    def __init__(
        self, core: Core, target: Target, alive: Bools, values: Floats, rng: np.random.Generator
    ) -> None:
        self._core, self._target, self._rng = core, target, rng
        self.solution: Ints | None = None
        self.root = self._node(alive, values, ROOT)
        self.reached = 1.0

    @property
    def is_hopeless(self) -> bool:
        """Whether it is proven that there is no solution up to the target."""
        return self.root is None and self.solution is None

    def dive(self, stop: Callable[[], bool]) -> None:
        """Dive once, or until ``stop()`` or a solution."""
        if self.root is None:
            return
        stack, count = self._ways(self.root)[::-1], len(self.root.settled.owners[0])
        self.reached = 1.0
        for _ in range(NODES):
            if not stack or self.solution is not None or stop():
                return
            told = self._node(*stack.pop(), NODE)
            if told is not None:
                self.reached = min(self.reached, len(told.settled.owners[0]) / count)
                stack += self._ways(told)[::-1]

    def _node(self, alive: Bools, values: Floats, effort: Effort) -> Told | None:
        """Return what prices tell of what is left; None where that is nothing, or a solution was found."""
        for turn in range(1, effort.rounds + 1):
            settled = self._core.settled(alive)
            if settled is None or len(settled.free) == 0:
                self._take(settled, np.zeros(0, dtype=np.int64))
                return None
            climb = Climb(settled, values, self._target)
            climb.run(effort.steps if turn == 1 else effort.again)
            if climb.is_over:
                self._take(settled, climb.solution)
                return None
            told = climb.told(values)
            if turn == effort.rounds or not (climb.out.any() or climb.must.any()):
                break
            alive, values = settled.without(climb.out, climb.must), told.values
        return told

    def _take(self, settled: Settled | None, free: Ints | None) -> None:
        """Keep what is settled, with some of what is free, if that is a solution up to the target."""
        if settled is None or free is None:
            return
        options = np.concatenate([np.flatnonzero(settled.decided), settled.free[free]])
        if self._target.allows(float(self._core.cost[options].sum())):
            self.solution = options

    def _ways(self, told: Told) -> list[tuple[Bools, Floats]]:
        """Return what is left if some workloads are decided, and, where few are left, if the first is not."""
        settled = told.settled
        few, count = HOLD * len(self._core.room), len(settled.owners[0])
        if count > few:
            chosen = self._surest(told)[: max(1, min(count - few, count // FEWER))]
            return [(self._decided(settled, chosen), told.values)]
        chosen = self._steadiest(told)[: max(1, count // SHARE)]
        other = settled.alive.copy()
        other[chosen[0]] = False
        return [(self._decided(settled, chosen), told.values), (other, told.values)]

    def _surest(self, told: Told) -> Ints:
        """Return the best option of every free workload, first of those that would lose most elsewhere."""
        room = max(self._target.slack, self._target.cost - told.bound)
        worth, order, first = self._ranked(told, -told.rise / room)
        best, second = order[first], order[first + 1]
        return np.asarray(told.settled.free[best[np.argsort(worth[second] - worth[best], kind="stable")]])

    def _steadiest(self, told: Told) -> Ints:
        """Return the option of every free workload that was taken most, first of those that hardly moved."""
        worth, order, first = self._ranked(told, told.often)
        best = order[first]
        return np.asarray(told.settled.free[best[np.argsort(-worth[best], kind="stable")]])

    def _ranked(self, told: Told, worth: Floats) -> tuple[Floats, Ints, Ints]:
        """Return what free options are worth, with noise, their order by workload, and where each begins."""
        owner = told.settled.owners[1]
        worth = worth + NOISE * self._rng.standard_normal(len(worth))
        order = np.lexsort((-worth, owner))
        return worth, order, np.flatnonzero(np.diff(owner[order], prepend=-1))

    def _decided(self, settled: Settled, chosen: Ints) -> Bools:
        """Return what is left if options are taken, one after the other, as far as they fit."""
        core, left, alive = self._core, settled.left.copy(), settled.alive.copy()
        taken = np.zeros(core.workloads, dtype=bool)
        kept = np.zeros(len(alive), dtype=bool)
        for option in chosen.tolist():
            resource, weight = core.resource[option], core.weight[option]
            if weight <= left[resource]:
                left[resource] -= weight
                taken[core.owner[option]] = kept[option] = True
        return alive & (kept | ~taken[core.owner])
