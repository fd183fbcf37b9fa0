"""Plans at prices of scarcity in which those come first whose work is worth most for what they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import Bools
from ...rates import Floats
from ...stopping import never
from ..answers.placing import Placement, Priced
from ..form.market import Market
from ..pricing.appraisal import Appraisal
from ..pricing.candidates import job_columns
from .building import NEAREST
from .greedy import fill_jobs, fill_units

ROUNDS, PATIENCE = 10, 2
"""Plans built at prices of scarcity at most, and in vain."""
MUCH = 0.2
"""Part of the work of a member from which on it counts as left out."""
GANGS_FIRST = 10.0
"""Times its worth by which a job ranks at first: it takes many accelerators of a pool at once, in vain where
services, which would take any, have broken into it."""
TINY = 1e-9


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
    over
        Whether to end: who has not been placed then stays out.
    """

    market: Market
    told: Appraisal
    columns: Priced
    work: Floats
    worth: Floats
    rank: Floats
    over: Callable[[], bool] = never

    @classmethod
    def of(cls, market: Market, told: Appraisal, over: Callable[[], bool] = never) -> Rations:
        """Return what ranks everybody by worth."""
        columns = Priced.of(market, job_columns(market, told, NEAREST), told.prices, told.penalty)
        work = market.of_members(market.left_out_work)
        least = np.concatenate([told.job_least, told.unit_least])
        worth = told.penalty * work / np.maximum(least, TINY)
        rank = worth.copy()
        rank[: len(market.problem.jobs)] *= GANGS_FIRST
        return cls(market, told, columns, work, worth, rank, over)

    def best(self, enough: Callable[[], bool]) -> Placement:
        """Return the best of some plans, of which others are begun until it is ``enough``.

        Who is left out comes sooner in the next, less so with every turn.
        Source: D. E. Joslin and D. P. Clements, Squeaky wheel optimization, Journal of Artificial
        Intelligence Research 10 (1999) 353-373.
        """
        best = last = self.filled()
        idle = 0
        for turn in range(1, ROUNDS):
            if enough() or idle >= PATIENCE:
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
        market = self.market
        placement = Placement(market, self.told.penalty, np.zeros(len(market.rules.module_pool)))
        placement.widen()
        order = np.lexsort((-self.rank, ~_whole(market)))
        last = self.comes_last[order]
        self.fill(placement, order[~last].tolist())
        fill_jobs(placement, self.told, self.columns, np.sort(order[last]), self.over)
        placement.trim_modules()
        return placement

    def fill(self, placement: Placement, order: Sequence[int]) -> None:
        """Place members, all out so far, in this order in what is left, until it is over."""
        jobs = len(self.market.problem.jobs)
        for member in order:
            if self.over():
                return
            if member >= jobs:
                fill_units(placement, self.told, [member - jobs])
            else:
                fill_jobs(placement, self.told, self.columns, np.array([member]))

    @property
    def comes_last(self) -> Bools:
        """Which members (M,) are jobs that take more than their work is worth."""
        is_job = np.arange(len(self.worth)) < len(self.market.problem.jobs)
        return np.asarray(is_job & (self.worth < 1.0))


def _whole(market: Market) -> Bools:
    """Return which members are units whose periods depend on each other."""
    units = [unit.is_whole for unit in market.units]
    return np.array([False] * len(market.problem.jobs) + units, dtype=bool)
