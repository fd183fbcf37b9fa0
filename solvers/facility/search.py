"""Search for the best set of open sites: solutions from the relaxation, proof from the tree."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..blocks import Floats, Ints
from .assign import Assigned, Question, ask, assign_quickly
from .bettering import Bettering
from .filling import is_packable, packed_costs, reduced_costs
from .instance import Facility
from .lagrange import Climb, fewest_sites, first_prices
from .packed import ask_packed
from .transport import divide
from .tree import EXACT, Incumbent, Node, Tree
from .worker import Worker

ROOT_ROUNDS = (60, 100, 150, 200)
"""Steps of the rounds at the root; solutions are sought after each."""
PACKED_ROOT = Climb(steps=200, length=1.0, patience=15)
WORTH_PACKING = 0.02
"""Part of the gap that packing whole customers closes at the root if it is worth its time."""
LEAF = Climb(steps=100, length=0.5, patience=10)
LEAF_SECONDS = 0.5
"""For the first attempt to solve a leaf; further ones have four times as much."""
PACKED_TIMES = 8
"""Times as much for packings of sites, which are asked about in every second attempt."""
DEAR = 100.0
"""Multiple of the cost of the best solution from which on cells count as no dearer in bounds: what forbids
would hide all other costs in the tolerances of solvers."""
SPARE_SITES = 3
"""Where whole customers do not fit on as many sites as parts of them do, so many more are tried."""


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
    hear: Callable[[float | None, float], None] = lambda _cost, _bound: None
    infeasible: bool = False
    root_bound: float = -np.inf
    _tried: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._true = self.facility
        self._prover = Worker()
        self._rooted = False
        self.incumbent = Incumbent(None, np.inf, self.gap_limit, self.facility.grain())
        self.tree = Tree(self.facility, fewest_sites(self.facility), self.incumbent, lambda: self.over)
        self._bettering = Bettering(
            self.facility,
            self.incumbent,
            self.seed,
            submit=self._submit,
            offer=self._offer_whole,
            halted=lambda: self.over,
        )

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
        return max(self.root_bound, self.tree.bound) if self._rooted else self.root_bound

    def run(self) -> None:
        """Search until the gap is closed, or time is over."""
        if not self.facility.allowed.any(axis=0).all():
            self.infeasible = True
            return
        try:
            self._run()
        finally:
            self._prover.close()
            self._bettering.close()

    def _run(self) -> None:
        self._start_with_all_open()
        if self.infeasible:
            return
        root = self._climb_root()
        self._bettering.allow(root.site < max(self.incumbent.threshold - root.base, 0.0))
        self.tree.push(root)
        self._rooted = True
        while len(self.tree) and not self.over:
            self._bettering.next_part()
            for _ in range(self._bettering.nodes(self.bound)):
                begun = time.monotonic()
                if not self._step():
                    return
                self._bettering.after_node(time.monotonic() - begun)

    def _step(self) -> bool:
        """Explore one node; return whether there is more to do."""
        node = None if self.over else self.tree.pop()
        if node is None:
            return False
        self._explore(node)
        self.tree.release()
        self._tell()
        return True

    def _tell(self) -> None:
        cost = self.incumbent.cost
        self.hear(cost if np.isfinite(cost) else None, self.bound)

    def _start_with_all_open(self) -> None:
        """Serve from all sites: that gives a first solution, or shows that there is none."""
        whole = self.facility
        every = np.ones(len(whole.opening), dtype=bool)
        served = divide(whole, first_prices(whole), self.seconds_left)
        share = served.share
        self.infeasible = share is None and bool(np.isposinf(served.bound))
        if whole.single and share is not None:
            share = assign_quickly(whole, share)
            share = share if whole.fits(share) else None
        if whole.single and share is None and not self.infeasible:
            question = ask(whole, whole.allowed, every, gap_limit=self.gap_limit)
            answer = self._solve(question, self.seconds_left)
            self.infeasible = answer.share is None and bool(np.isposinf(answer.bound))
            share = answer.share
        self._offer(np.arange(len(every)), share)

    def _climb_root(self) -> Node:
        every = np.arange(len(self.facility.opening))
        free = np.zeros(len(every), dtype=bool)
        price, floor = first_prices(self.facility), -np.inf
        for steps in ROOT_ROUNDS:
            how = Climb(steps=steps, length=1.0, patience=15)
            node = self.tree.raised(every, free, price, floor=floor, how=how)
            price, floor = node.price, node.bound
            self.root_bound = min(floor, self.incumbent.cost)
            if node.bound >= self.incumbent.threshold or self.over:
                return node
            self._try_sets(node)
        return self._packed_root(node)

    def _packed_root(self, node: Node) -> Node:
        """Return the root with whole customers packed from here on, where that closes enough of the gap."""
        whole = self.facility
        if not is_packable(whole):
            return node
        self.facility = self.tree.facility = replace(whole, packed=True)
        packed = self.tree.raised(node.sites, node.forced, node.price, floor=node.bound, how=PACKED_ROOT)
        if packed.bound - node.bound < WORTH_PACKING * (self.incumbent.threshold - node.bound):
            self.facility = self.tree.facility = whole
            return node
        self.root_bound = min(packed.bound, self.incumbent.cost)
        self._try_sets(packed)
        return packed

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
            count = max(least, self._enough(node, order))
            for size in range(count, min(count + SPARE_SITES * self.facility.single, len(order)) + 1):
                if self.over or self._try(node, order[:size]):
                    break

    def _enough(self, node: Node, order: Ints) -> int:
        """Return how many sites in this order have to be open for all demand."""
        room = np.cumsum(self.facility.capacity[node.sites[order]])
        needed = int(np.searchsorted(room, self.tree.demand * (1 - EXACT))) + 1
        return max(needed, self.tree.fewest, int(node.forced.sum()))

    def _try(self, node: Node, chosen: Ints) -> bool:
        """Serve from the sites ``chosen`` of a node; return whether that was possible or cannot pay."""
        sites = node.sites[chosen]
        key = np.sort(sites).tobytes()
        if key in self._tried or node.estimate(chosen) >= self.incumbent.threshold:
            return True
        self._tried.add(key)
        facility = self.facility.only(sites)
        served = divide(facility, node.price, self.seconds_left)
        if served.bound >= self.incumbent.threshold:
            return bool(np.isfinite(served.bound))
        share = served.share
        if facility.single and share is not None:
            share = assign_quickly(facility, share)
            self._bettering.wanderer.consider(
                sites, share.argmax(axis=0), max(served.bound, node.estimate(chosen))
            )
            if not facility.fits(share):
                return False
        self._offer(sites, share)
        return share is not None

    def _offer(self, sites: Ints, share: Floats | None) -> None:
        if share is None:
            return
        whole = np.zeros(self.facility.cost.shape)
        whole[sites] = share
        self._offer_whole(whole)

    def _offer_whole(self, share: Floats) -> None:
        if self._true.fits(share) and self.incumbent.offer(share, self._true.price(share)):
            self._count_dear_ones_as_less()
            self._tell()

    def _count_dear_ones_as_less(self) -> None:
        """Go on with the relaxation in which no cell costs far more than the best solution."""
        most, cost = DEAR * self.incumbent.cost, self.facility.cost
        if most > 0 and cost[self.facility.allowed].max(initial=0.0) > most:
            self.facility = self.tree.facility = self.facility.with_costs_up_to(most)

    def _finish(self, node: Node) -> None:
        """Solve what is left of a node whose sites are all settled."""
        facility = self.facility.only(node.sites)
        served = divide(facility, node.price, self.seconds_left)
        if not facility.single:
            self._offer(node.sites, served.share)
            self.tree.close(max(served.bound, node.bound))
            return
        if served.bound >= self.incumbent.threshold:
            return
        leaf = self.tree.raised(node.sites, node.forced, node.price, floor=node.bound, how=LEAF)
        if leaf.bound >= self.incumbent.threshold:
            return
        question, seconds = self._question(facility, leaf, node.attempts)
        self._submit(self._prover, question, seconds)
        if served.share is not None:
            site = assign_quickly(facility, served.share).argmax(axis=0)
            self._bettering.wanderer.insist(node.sites, site, leaf.bound)
        self._bettering.until(self._prover.ready)
        answer = question.read(self._prover.fetch(lambda: self.over))
        self._offer(node.sites, answer.share)
        bound = max(answer.bound, leaf.bound)
        if answer.finished:
            self._bettering.wanderer.forget(node.sites)
            self.tree.close(bound)
        else:
            self.tree.postpone(leaf, bound, node.attempts + 1)

    def _question(self, facility: Facility, leaf: Node, attempts: int) -> tuple[Question, float]:
        """Return the next question about a leaf, and the seconds for it."""
        cutoff, gap_limit = self.incumbent.threshold, self.gap_limit / 2
        seconds = LEAF_SECONDS * 4**attempts
        packed = ask_packed(facility, leaf, cutoff, gap_limit) if attempts % 2 else None
        if packed is not None and (attempts == 1 or packed.limit > leaf.bound + self.facility.grain()):
            return packed, PACKED_TIMES * seconds
        costs = packed_costs if facility.packed else reduced_costs
        cells = costs(facility, leaf.price) < cutoff - leaf.base
        return ask(facility, cells, leaf.forced, cutoff=cutoff, gap_limit=gap_limit), seconds

    def _solve(self, question: Question, seconds: float) -> Assigned:
        self._submit(self._prover, question, seconds)
        return question.read(self._prover.fetch(lambda: self.over))

    def _submit(self, worker: Worker, question: Question, seconds: float) -> None:
        seconds = max(0.01, min(seconds, self.seconds_left))
        worker.submit(question.program, seconds, question.gap_limit, self.seed, presolve=question.presolve)
