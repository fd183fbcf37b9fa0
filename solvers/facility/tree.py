"""Branch and bound over which sites are open, with Lagrangian bounds.

A node forces some sites open and has lost others. Its bound is raised from the prices of its parent; sites
whose closing or opening would lift the bound above the best solution are settled; the site that is open in
about every other answer of the relaxation is branched on. Where all sites are settled, serving is a
transportation or an assignment problem and is solved as such.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..blocks import Floats, Ints
from .instance import Bools, Facility
from .lagrange import NODE, Climb, climb

EXACT = 1e-9
"""Relative difference of costs that counts as none."""


@dataclass(frozen=True)
class Node:
    """A part of the search: its sites (indices of the whole), those forced open, and what its prices told.

    ``base``, ``site``, ``opened`` and ``frequency`` are what :func:`~.lagrange.climb` gave, one entry per
    site of the node; ``bound`` is the better one of ``base`` and the parent's.
    """

    bound: float
    base: float
    sites: Ints
    forced: Bools
    price: Floats
    site: Floats
    frequency: Floats
    opened: Bools
    attempts: int = 0

    @property
    def settled(self) -> bool:
        """Whether nothing is left to branch on."""
        return bool(self.forced.all())

    def estimate(self, chosen: Ints) -> float:
        """Return a lower bound of opening exactly the sites ``chosen`` of this node."""
        # what opening and closing sites adds, and both premium and its refund cancel out in it
        relaxed = np.where(self.forced, self.site, np.minimum(self.site, 0.0)).sum()
        return self.base + float(self.site[chosen].sum() - relaxed)

    def keep(self, kept: Bools, forced: Bools) -> Node:
        """Return the node with only the sites ``kept``, of which ``forced`` have to open."""
        return replace(
            self,
            sites=self.sites[kept],
            forced=forced[kept],
            site=self.site[kept],
            frequency=self.frequency[kept],
            opened=self.opened[kept],
        )


@dataclass
class Incumbent:
    """The best shares (m, n) so far with their cost, and by how much others have to be cheaper to matter."""

    share: Floats | None
    cost: float
    gap_limit: float
    grain: float

    def offer(self, share: Floats | None, cost: float) -> bool:
        """Take the shares if they are cheaper; return whether they are."""
        if share is None or not cost < self.cost - EXACT * abs(cost):
            return False
        self.share, self.cost = share, cost
        return True

    @property
    def threshold(self) -> float:
        """Bound from which on a part of the search is of no interest."""
        if not np.isfinite(self.cost):
            return np.inf
        return self.cost - max(max(self.gap_limit, EXACT) * abs(self.cost), self.grain * (1 - 1e-6))

    @property
    def proof(self) -> float:
        """Lower bound that holds once every part of the search has reached the threshold."""
        exact = self.grain <= 0 or self.cost - self.threshold <= self.grain * (1 - 5e-7)
        return self.cost if exact else self.threshold


class Tree:
    """Open nodes by rising bound."""

    def __init__(
        self,
        facility: Facility,
        fewest: int,
        incumbent: Incumbent,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.facility, self.fewest, self.incumbent, self.over = facility, fewest, incumbent, over
        self.demand = facility.least_demand()
        self._heap: list[tuple[float, int, Node]] = []
        self._number = itertools.count()
        self.closed = self.held = np.inf

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def bound(self) -> float:
        """Proven lower bound of all solutions."""
        lowest = self._heap[0][0] if self._heap else np.inf
        return min(self.closed, self.held, lowest, self.incumbent.proof)

    def push(self, node: Node) -> None:
        """Keep a node unless it is of no interest."""
        if node.bound < self.incumbent.threshold:
            heapq.heappush(self._heap, (node.bound, next(self._number), node))

    def pop(self) -> Node | None:
        """Return the node of least bound with its sites settled as far as the incumbent allows, or None.

        It counts for the bound until it is released.
        """
        while self._heap:
            bound, _, node = heapq.heappop(self._heap)
            if bound < self.incumbent.threshold:
                self.held = bound
                return self.settle(node)
            self._heap.clear()
        return None

    def release(self) -> None:
        """Note that all that is left of the node popped last has been pushed or closed."""
        self.held = np.inf

    def close(self, bound: float) -> None:
        """Note that a part of the search is done, with nothing below ``bound`` in it but the incumbent."""
        self.closed = min(self.closed, bound)

    def settle(self, node: Node) -> Node:
        """Return the node without sites that are too dear and with those forced that are needed."""
        gap = self.incumbent.threshold - node.base
        kept = node.forced | (node.site < gap)
        return node.keep(kept, node.forced | (-node.site >= gap))

    def can_serve(self, sites: Ints) -> bool:
        """Return whether the sites may be enough for all demand."""
        room = self.facility.capacity[sites].sum()
        return bool(room >= self.demand * (1 - EXACT)) and len(sites) >= self.fewest

    def raised(self, sites: Ints, forced: Bools, price: Floats, *, floor: float, how: Climb = NODE) -> Node:
        """Return a node with its bound raised from ``price``; ``floor`` is known to be a bound of it."""
        facility = self.facility.only(sites)
        target = self.incumbent.threshold
        dual, frequency = climb(
            facility, price, forced, fewest=self.fewest, target=target, how=how, over=self.over
        )
        bound = max(dual.bound, floor)
        return Node(bound, dual.bound, sites, forced, dual.price, dual.site, frequency, dual.opened)

    def branch(self, node: Node) -> None:
        """Push the two children of a node: its most doubtful site open, and closed."""
        doubt = np.where(node.forced, -1.0, np.minimum(node.frequency, 1.0 - node.frequency))
        chosen = int(doubt.argmax())
        others = np.arange(len(node.sites)) != chosen
        forced = node.forced | ~others
        for sites, kept in ((node.sites, forced), (node.sites[others], node.forced[others])):
            if self.can_serve(sites):
                self.push(self.raised(sites, kept, node.price, floor=node.bound))

    def postpone(self, node: Node, bound: float, attempts: int) -> None:
        """Push a settled node again whose program did not end."""
        self.push(replace(node, bound=max(bound, node.bound), attempts=attempts))
