"""Jobs that can run in one pool only, and what they take there for sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ...arrays import Bools
from ...rates import Floats, Ints
from .jobs import Options
from .rules import Rules
from .starting import Starts


@dataclass(frozen=True)
class CaptiveJobs:
    """The one pool of every job (J,), -1 where it has more, and accelerators (J, T) it takes for sure."""

    pool: Ints
    accelerators: Floats

    @classmethod
    def of(cls, running: Options, spans: Starts, possible: Bools, free: Ints) -> CaptiveJobs:
        """Return those whose ``possible`` starts (O, T) are all in one pool, and what all of them span."""
        periods = possible.shape[1]
        jobs = int(max(running.job.max(initial=-1), free.max(initial=-1))) + 1
        able = np.asarray(possible.any(axis=1))
        at = np.flatnonzero(able[running.owner])
        job, pool = running.job[running.owner[at]], running.pool[at]
        lowest, highest = np.full(jobs, np.iinfo(np.int64).max), np.full(jobs, -1, dtype=np.int64)
        np.minimum.at(lowest, job, pool)
        np.maximum.at(highest, job, pool)
        lowest[free] = -2
        option = np.flatnonzero(able)
        begin, end, least = np.zeros(jobs), np.full(jobs, np.inf), np.full(jobs, np.inf)
        first = np.where(possible[option], spans.first[option], -1).max(axis=1, initial=-1)
        last = np.where(possible[option], spans.last[option], periods).min(axis=1, initial=periods)
        np.maximum.at(begin, running.job[option], first)
        np.minimum.at(end, running.job[option], last)
        np.minimum.at(least, running.job[option], running.accelerators[option])
        period = np.arange(periods)
        during = (period >= begin[:, None]) & (period < end[:, None]) & (lowest == highest)[:, None]
        return cls(np.where(lowest == highest, highest, -1), np.where(during, least[:, None], 0.0))

    def only(self, jobs: Ints) -> CaptiveJobs:
        """Return some of the jobs."""
        return CaptiveJobs(self.pool[jobs], self.accelerators[jobs])

    def load(self, rules: Rules) -> Floats:
        """Return what they take of each row (R,)."""
        held, mine = np.zeros((rules.goods.pools, rules.goods.periods)), self.pool >= 0
        np.add.at(held, self.pool[mine], self.accelerators[mine])
        goods = np.zeros(rules.goods.size)
        goods[rules.goods.held(np.arange(len(held))[:, None], np.arange(held.shape[1]))] = held
        return row_load(rules, goods)


def row_load(rules: Rules, goods: Floats) -> Floats:
    """Return what goods (G,) take of the rows that none relieves."""
    lowest = csr_array(rules.use).min(axis=0).toarray().ravel()
    return np.where(lowest < 0, 0.0, np.asarray(goods @ rules.use).ravel())
