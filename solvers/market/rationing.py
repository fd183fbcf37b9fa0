"""Plans where not all can be served: who comes first, and how the search goes on at prices of scarcity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Bools
from ..rates import Floats
from ..watch import Watch
from .appraisal import Appraisal, appraise
from .building import NEAREST
from .candidates import job_columns
from .greedy import fill_jobs, fill_units
from .market import Market
from .placing import Placement, Priced
from .prices import NARROW, Seeker
from .scarcity import Scarcity, scarcity
from .seeking import Seeking

MANY_BLOCKS = 2000
"""Blocks from which on plans that leave nothing out are not built again, nor those that are rationed."""
SCARCITY_SHARE = 0.25
"""Part of the time left that prices of scarcity may take."""
ENTRIES, MOST_ENTRIES = 70_000, 2e7
"""Pairs of a choice and what it takes for every second of the time limit, and in all, up to which they are
sought: told by work, so that the same problem gets the same plan."""
ROUNDS, PATIENCE = 10, 2
"""Plans built at prices of scarcity at most, and in vain."""
SHORT, FAR = 0.03, 0.5
"""Part of all work up to which it is little to leave out, and part of what the first plan leaves out up to
which a plan at prices of scarcity leaves far less out: where that is not little, not all can be served."""
ALONE = 0.25
"""Part of the time that counts where few blocks are searched, or no process seeks prices meanwhile."""
RATIONING_SHARE = 0.25
"""Part of the time left that these plans may take."""
MUCH = 0.2
"""Part of the work of a member from which on it counts as left out."""
TINY = 1e-9


@dataclass
class Rationing(Seeking):
    """A search that knows what to do where work has to be left out."""

    _scarce: Scarcity | None = None
    """What is scarce, where not all can be served."""

    def _is_short(self) -> bool:
        """Return whether not all can be served, as is proven or as plans tell; seek what is scarce.

        Where the first plan of many blocks, built at prices of cost, leaves little out, better prices may
        serve all.
        """
        little = self.unserved() <= SHORT * float(self.market.left_out_work.sum())
        is_large = self.market.blocks >= MANY_BLOCKS
        if little and is_large:
            return False
        part = 1.0 if is_large and self._is_seeking() else ALONE
        seconds = self.options.time_limit * part
        watch = Watch(SCARCITY_SHARE * part * self.watch.left, self.watch.over)
        found = scarcity(self.market, min(ENTRIES * seconds, MOST_ENTRIES), watch)
        if found is None:
            return False
        self.left_out = max(self.left_out, found.left_out)
        is_short = found.left_out > 0 or (is_large and self._leaves_much(found))
        self._scarce = found if is_short else None
        return self._scarce is not None

    def _open(self) -> Market:
        """Return the market with starts that are closed in plans that serve all."""
        return replace(self.market, closes=False)

    def _leaves_much(self, found: Scarcity) -> bool:
        """Return whether a plan at prices of scarcity leaves much out, and the best one far more."""
        told = appraise(self._open(), self.penalty * found.prices, self.penalty, whole=False)
        work = Rations.of(self.market, told).filled().work()
        return SHORT * float(self.market.left_out_work.sum()) < work < FAR * self.unserved()

    def _rationed(self) -> Seeker:
        """Offer plans built at prices of scarcity; return a seeker that goes on from these."""
        assert self._scarce is not None
        self.report()
        prices = self.penalty * self._scarce.prices
        seeker = Seeker.begin(self._open(), self.penalty, prices, NARROW)
        seeker.may_leave = True
        self._hear(seeker.told)
        watch = Watch(RATIONING_SHARE * self.watch.left, self.watch.over)
        self._offer(Rations.of(self.market, seeker.told).best(watch.over))
        return seeker


@dataclass
class Rations:
    """Plans at prices of scarcity in which those come first whose work is worth most for what they take.

    Jobs and units are members (M), numbered one after the other.

    Attributes
    ----------
    columns
        The nearest of all jobs.
    work, worth
        (M,) what leaving each out counts as, and how many times what it takes at the prices that is worth.
    rank
        (M,) who comes first: with the highest.
    """

    market: Market
    told: Appraisal
    columns: Priced
    work: Floats
    worth: Floats
    rank: Floats

    @classmethod
    def of(cls, market: Market, told: Appraisal) -> Rations:
        """Return what ranks everybody by worth."""
        columns = Priced.of(market, job_columns(market, told, NEAREST), told.prices, told.penalty)
        work = market.of_members(market.left_out_work)
        least = np.concatenate([told.job_least, told.unit_least])
        worth = told.penalty * work / np.maximum(least, TINY)
        return cls(market, told, columns, work, worth, worth.copy())

    def best(self, over: Callable[[], bool]) -> Placement:
        """Return the best of some plans; who is left out comes sooner in the next, less so with every turn.

        Source: D. E. Joslin and D. P. Clements, Squeaky wheel optimization, Journal of Artificial
        Intelligence Research 10 (1999) 353-373.
        """
        best = last = self.filled()
        idle = 0
        for turn in range(1, ROUNDS):
            if over() or idle >= PATIENCE:
                break
            left = self.market.of_members(last.work_of_blocks())
            self.rank[(left > MUCH * self.work) & (self.worth > 1.0)] *= 1.0 + 1.0 / turn
            last = self.filled()
            best, idle = (last, 0) if last.value() < best.value() else (best, idle + 1)
        return best

    def filled(self) -> Placement:
        """Return a plan in which members come by rank, those whose periods depend on each other before all.

        Jobs that take more than their work is worth come last.
        """
        market, told = self.market, self.told
        placement = Placement(market, told.penalty, np.zeros(len(market.rules.module_pool)))
        placement.widen()
        jobs = len(market.problem.jobs)
        late = self.worth[:jobs] < 1.0
        for member in np.lexsort((-self.rank, ~_whole(market))).tolist():
            if member >= jobs:
                fill_units(placement, told, [member - jobs])
            elif not late[member]:
                fill_jobs(placement, told, self.columns, np.array([member]))
        fill_jobs(placement, told, self.columns, np.flatnonzero(late))
        placement.trim_modules()
        return placement


def _whole(market: Market) -> Bools:
    """Return which members are units whose periods depend on each other."""
    units = [unit.is_whole for unit in market.units]
    return np.array([False] * len(market.problem.jobs) + units, dtype=bool)
