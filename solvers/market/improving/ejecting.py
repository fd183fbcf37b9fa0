"""Ejection: a block that loses takes a place it wants, and those it crowds out are placed anew one by one.

Source of chains of ejections in assignment: M. Yagiura, T. Ibaraki, F. Glover, An ejection chain approach for
the generalized assignment problem, INFORMS Journal on Computing 16 (2004) 133-151.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ...rates import Floats, Ints
from ...watch import Watch
from ..answers.menus import Menu
from ..answers.placing import Placed, Placement
from ..pricing.appraisal import Appraisal
from .fresh import Fresh, best_of

SERVED = 1e-9
LESS = 1e-6
"""Gains (weighted USD) below this count as none."""
MOST_LINKS = 8
"""Blocks crowded out that may crowd out others in turn."""
MOST_PLACES = 6
"""Columns that one block tries to take by force at a time."""
RIVALS = 30
"""Users of overloaded rows that are asked what relief costs them, those that relieve most; more where that
many together do not relieve enough."""

ASKED = 50
"""Blocks asked, for each ejection that is to be tried, after which no more are tried: where little fits, one
ejection asks thousands."""
CROWDING, NATURAL = 1.2, 3.0
"""Parts of a row's price, and of what its users pay, that overload is taken to cost."""


@dataclass
class Ejector:
    """A placement that gets better by single moves and by ejections.

    Attributes
    ----------
    least
        (B,) what every block pays at least at the prices; who pays more has something to gain.
    rates
        (R,) what a unit of overload is taken to cost while those crowded out are placed.
    """

    placement: Placement
    menu: Menu
    told: Appraisal
    rng: np.random.Generator
    users: list[set[int]] = field(init=False)
    excess: Floats = field(init=False)
    least: Floats = field(init=False)
    rates: Floats = field(init=False)
    asked: int = 0
    """How often a block was taken out, to see what else it may do."""
    fresh: Fresh = field(init=False)

    def __post_init__(self) -> None:
        """Note who uses which row, and who pays more than it would at the prices."""
        self.users = [set() for _ in self.placement.load]
        for block, placed in enumerate(self.placement.placed):
            for row in placed.rows.tolist():
                self.users[row].add(block)
        self.least = self.placement.out_cost.copy()
        np.minimum.at(self.least, self.menu.priced.columns.block, self.menu.priced.reduced)
        jobs = len(self.told.job_least)
        self.least[:jobs] = np.maximum(self.least[:jobs], self.told.job_least)
        self.fresh = Fresh(self.placement.market, self.told)
        self.rates = CROWDING * self.told.prices + NATURAL * self.menu.natural
        blocks = range(self.placement.market.blocks)
        self.excess = np.array([self._excess(block) for block in blocks])

    def _excess(self, block: int) -> float:
        return max(0.0, self.placement.placed[block].cost_at(self.told.prices) - float(self.least[block]))

    def run(self, tries: int, watch: Watch) -> bool:
        """Try so many ejections, or fewer that take long; return whether there may be more to gain."""
        most = self.asked + ASKED * tries
        for _ in range(tries):
            if self.asked > most:
                break
            loser = self._draw()
            if loser < 0 or watch.over():
                return loser >= 0
            if self.force(loser) <= 0:
                self.excess[loser] *= 0.5
        return True

    def _draw(self) -> int:
        """Return a block, drawn by what it loses; -1 where nobody loses anything."""
        sums = np.cumsum(self.excess)
        if len(sums) == 0 or sums[-1] <= LESS:
            return -1
        return int(np.searchsorted(sums, self.rng.random() * sums[-1], side="right"))

    def sweep(self, blocks: Iterable[int], watch: Watch | None = None) -> float:
        """Let every block take the best place that is free; return what that gained."""
        gained = 0.0
        for block in blocks:
            if watch is not None and watch.over():
                break
            gained += self._move(block)
        return gained

    def _move(self, block: int) -> float:
        old = self._out(block)
        best, cost = self._best(block, old.work)
        before = self.menu.cost_of(self.placement.load, old)
        better = cost < before - LESS
        self._in(block, best if better else old)
        return before - cost if better else 0.0

    def _crowd(self, block: int) -> tuple[Placed, float]:
        """Return what a block that is out had best do though others must make way, overload priced."""
        return self._chosen(block, self.menu.crowding(self.placement, block, self.rates))

    def _best(self, block: int, work: float = np.inf) -> tuple[Placed, float]:
        """Return the best that a block that is out may do, and its cost now.

        A column is made for it where none known leaves less out than ``work``.
        """
        best, cost = self._chosen(block, self.menu.fitting(self.placement, block))
        if best.work > SERVED and work > SERVED:
            answered = self.fresh.answer(self.placement, block)
            other = None if answered is None else best_of(self.placement, answered)
            if other is not None and other.cost < best.cost:
                return other, self.menu.cost_of(self.placement.load, other)
        return best, cost

    def _chosen(self, block: int, costs: Floats) -> tuple[Placed, float]:
        """Return the cheapest column at ``costs``, or nothing where that is cheaper."""
        nothing = self.placement.nothing(block)
        place = int(costs.argmin()) if len(costs) else -1
        if place < 0 or costs[place] >= nothing.cost:
            return nothing, nothing.cost
        return self.menu.priced.placed(int(self.menu.first[block]) + place), float(costs[place])

    def force(self, block: int) -> float:
        """Let a block take what it wants and place those crowded out anew; return what that gained."""
        old = self._out(block)
        load = self.placement.load
        costs, before = self.menu.costs(load, block), self.menu.cost_of(load, old)
        first, reduced = int(self.menu.first[block]), self.menu.priced.reduced
        wanted = np.flatnonzero(costs < before - LESS)
        wanted = wanted[np.argsort(reduced[first + wanted], kind="stable")][: 4 * MOST_PLACES]
        self._in(block, old)
        some = self.rng.permutation(len(wanted))[:MOST_PLACES]
        for place in wanted[np.sort(some)].tolist():
            gain = self._take(block, self.menu.priced.placed(first + place), before - float(costs[place]))
            if gain > 0:
                return gain
        return 0.0

    def _take(self, block: int, placed: Placed, gain: float) -> float:
        """Do as told if those crowded out lose less than ``gain``; return what is gained in all."""
        undo = [(block, self._out(block))]
        self._in(block, placed)
        left = self._relieve(placed.rows, {block}, gain, undo)
        if left <= LESS:
            for other, old in reversed(undo):
                self._out(other)
                self._in(other, old)
            return 0.0
        return left + self.sweep([other for other, _ in undo])

    def _relieve(self, rows: Ints, fixed: set[int], gain: float, undo: list[tuple[int, Placed]]) -> float:
        """Move users away from overloaded rows, cheapest relief first; return what is left of ``gain``."""
        links = MOST_LINKS * int(self.rng.integers(2))
        over = _overload(self.placement, rows)
        heap = self._rivals(over, fixed)
        while over and heap:
            bound, block = heapq.heappop(heap)
            relief = _relief(over, self.placement.placed[block])
            if relief <= 0 or block in fixed:
                continue
            old = self._out(block)
            before = self.menu.cost_of(self.placement.load, old)
            best, cost = self._crowd(block) if links else self._best(block)
            if links and _relief(over, best) >= relief:
                best, cost = self._best(block)
            rate = (cost - before) / relief
            if heap and rate > max(heap[0][0], bound) + LESS:
                self._in(block, old)
                heapq.heappush(heap, (rate, block))
                continue
            gain -= self.menu.cost_of(self.placement.load, best) - before
            self._in(block, best)
            undo.append((block, old))
            fixed.add(block)
            if gain <= LESS:
                return 0.0
            crowded = _overload(self.placement, best.rows)
            over = _overload(self.placement, np.array(list(over), dtype=np.int64)) | crowded
            if crowded:
                links -= 1
                heap = self._rivals(over, fixed)
        return 0.0 if over else gain

    def _rivals(self, over: dict[int, float], fixed: set[int]) -> list[tuple[float, int]]:
        """Return the users of overloaded rows that relieve most, all to be asked what that costs them."""
        users = sorted(set().union(*(self.users[row] for row in over)) - fixed)
        if len(users) > RIVALS:
            relief = np.array([_relief(over, self.placement.placed[block]) for block in users])
            size = np.array([self.placement.placed[block].amounts.sum() for block in users])
            order = np.lexsort((size, -relief))
            needed = int(np.searchsorted(np.cumsum(relief[order]), sum(over.values()))) + 1
            users = sorted(users[place] for place in order[: max(RIVALS, needed)].tolist())
        return [(-np.inf, block) for block in users]

    def _out(self, block: int) -> Placed:
        self.asked += 1
        old = self.placement.placed[block]
        for row in old.rows.tolist():
            self.users[row].discard(block)
        self.placement.remove(block)
        return old

    def _in(self, block: int, placed: Placed) -> None:
        self.placement.put(block, placed)
        for row in placed.rows.tolist():
            self.users[row].add(block)
        self.excess[block] = self._excess(block)


def _overload(placement: Placement, rows: Ints) -> dict[int, float]:
    """Return by how much each of ``rows`` is overloaded, where it is."""
    excess = placement.load[rows] - placement.room[rows]
    over = np.flatnonzero(excess > 0)
    return dict(zip(rows[over].tolist(), excess[over].tolist(), strict=True))


def _relief(over: dict[int, float], placed: Placed) -> float:
    """Return how much of the overload of rows is what is ``placed``."""
    uses = zip(placed.rows.tolist(), placed.amounts.tolist(), strict=True)
    return float(sum(min(amount, over[row]) for row, amount in uses if row in over))
