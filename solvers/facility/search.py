"""Search for the best set of open sites: solutions from the relaxation, proof from the tree."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats, Ints
from ..mathopt import Request
from .assign import assign_by_program, assign_quickly
from .instance import Bools, Facility
from .lagrange import Climb, climb, fewest_sites, first_prices, reduced_costs
from .transport import divide
from .tree import EXACT, Incumbent, Node, Tree

ROOT_ROUNDS = (60, 100, 150, 200)
"""Steps of the rounds at the root; solutions are sought after each."""
LEAF = Climb(steps=100, length=0.5, patience=10)
FIRST_LEAF_SECONDS = 5.0


@dataclass
class Search:
    """One run; ``deadline`` is a time of :func:`time.monotonic`.

    ``hear(cost, bound)`` is told of every better solution or bound.
    """

    facility: Facility
    deadline: float
    gap_limit: float
    seed: int
    halted: Callable[[], bool] = lambda: False
    hear: Callable[[float, float], None] = lambda _cost, _bound: None
    infeasible: bool = False
    root_bound: float = -np.inf
    _tried: set[bytes] = field(default_factory=set)
    _leaf_seconds: float = FIRST_LEAF_SECONDS

    def __post_init__(self) -> None:
        self.incumbent = Incumbent(None, np.inf, self.gap_limit, self.facility.grain())
        self.tree = Tree(self.facility, fewest_sites(self.facility), self.incumbent)

    @property
    def seconds_left(self) -> float:
        """Wall seconds until the deadline."""
        return self.deadline - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether to stop now."""
        return self.seconds_left <= 0 or self.halted()

    @property
    def bound(self) -> float:
        """Proven lower bound."""
        return max(self.root_bound, min(self.tree.bound, self.incumbent.cost))

    def run(self) -> None:
        """Search until the gap is closed, or time is over."""
        if not self.facility.allowed.any(axis=0).all():
            self.infeasible = True
            return
        self._start_with_all_open()
        if self.infeasible:
            return
        root = self._climb_root()
        self.tree.push(root)
        self.root_bound = root.bound
        while not self.over:
            node = self.tree.pop()
            if node is None:
                break
            self._explore(node)
            self._tell()

    def _tell(self) -> None:
        self.hear(self.incumbent.cost, self.bound)

    def _start_with_all_open(self) -> None:
        """Serve from all sites: that gives a first solution, or shows that there is none."""
        whole = self.facility
        every = np.ones(len(whole.opening), dtype=bool)
        price = first_prices(whole)
        if not whole.single:
            served = divide(whole, price, self.seconds_left)
            self.infeasible = served.share is None and np.isposinf(served.bound)
            self._offer(np.arange(len(every)), served.share)
            return
        share = assign_quickly(whole, reduced_costs(whole, price))
        if share is None:
            answer = assign_by_program(whole, whole.allowed, every, self._request(self.seconds_left))
            self.infeasible = answer.share is None and np.isposinf(answer.bound)
            share = answer.share
        self._offer(np.arange(len(every)), share)

    def _climb_root(self) -> Node:
        every = np.arange(len(self.facility.opening))
        free = np.zeros(len(every), dtype=bool)
        price, floor = first_prices(self.facility), -np.inf
        node = None
        for steps in ROOT_ROUNDS:
            how = Climb(steps=steps, length=1.0, patience=15)
            node = self.tree.raised(every, free, price, floor, how)
            price, floor = node.price, node.bound
            if node.bound >= self.incumbent.threshold or self.over:
                break
            self._try_sets(node)
        return node

    def _explore(self, node: Node) -> None:
        if node.settled:
            self._finish(node)
            return
        self._try_sets(node)
        self.tree.branch(node)

    def _try_sets(self, node: Node) -> None:
        """Serve from the sites that the relaxation opens, and from those that it opens most often."""
        by_cost = np.lexsort((node.site, ~node.opened, ~node.forced))
        by_frequency = np.lexsort((node.site, -node.frequency, ~node.forced))
        for order, least in ((by_cost, int(node.opened.sum())), (by_frequency, 0)):
            chosen = np.zeros(len(order), dtype=bool)
            chosen[order[: max(least, self._enough(node, order))]] = True
            if not self.over and node.estimate(chosen) < self.incumbent.threshold:
                self._try(node, chosen)

    def _enough(self, node: Node, order: Ints) -> int:
        """Return how many sites in this order have to be open for all demand."""
        room = np.cumsum(self.facility.capacity[node.sites[order]])
        needed = int(np.searchsorted(room, self.tree.demand * (1 - EXACT))) + 1
        return max(needed, self.tree.fewest, int(node.forced.sum()))

    def _try(self, node: Node, chosen: Bools) -> None:
        sites = node.sites[chosen]
        key = np.sort(sites).tobytes()
        if key in self._tried:
            return
        self._tried.add(key)
        facility = self.facility.only(sites)
        if facility.single:
            share = assign_quickly(facility, reduced_costs(facility, node.price))
        else:
            share = divide(facility, node.price, self.seconds_left).share
        self._offer(sites, share)

    def _offer(self, sites: Ints, share: Floats | None) -> None:
        if share is None:
            return
        whole = np.zeros(self.facility.cost.shape)
        whole[sites] = share
        if self.incumbent.offer(whole, self.facility.price(whole)):
            self._tell()

    def _finish(self, node: Node) -> None:
        """Solve what is left of a node whose sites are all settled."""
        facility = self.facility.only(node.sites)
        if not facility.single:
            served = divide(facility, node.price, self.seconds_left)
            self._offer(node.sites, served.share)
            self.tree.close(max(served.bound, node.bound))
            return
        leaf = self.tree.raised(node.sites, node.forced, node.price, node.bound, LEAF)
        if leaf is None or leaf.bound >= self.incumbent.threshold:
            return
        gap = self.incumbent.threshold - leaf.base
        cells = reduced_costs(facility, leaf.price) < gap
        answer = assign_by_program(facility, cells, leaf.forced, self._request(self._leaf_seconds))
        self._offer(node.sites, answer.share)
        bound = max(answer.bound, leaf.bound)
        if answer.finished:
            self.tree.close(bound)
        else:
            self._leaf_seconds *= 1.5
            self.tree.postpone(leaf, bound)

    def _request(self, seconds: float) -> Request:
        return Request(
            time_limit=max(0.01, min(seconds, self.seconds_left)),
            gap_limit=self.gap_limit / 2,
            seed=self.seed,
            watch=False,
        )
