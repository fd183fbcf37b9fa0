"""The room that a plan leaves in pools, modules included that it could still buy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from .check_admission import counts, hours, serving, usable
from .plan import Plan
from .problem import Problem
from .sites import Pool
from .workloads import InferenceService, TrainingJob


class Room:
    """What is free in the pools of a problem beside a plan for it."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._problem = problem
        self._used = {(use.pool, use.period): use.used for use in plan.pool_use}

    def adds(self, service: InferenceService, pool: Pool, period: str) -> bool:
        """Return whether another replica fits into the pool in a period."""
        way = serving(service, pool)
        return way is not None and self._free(pool, period) >= way.accelerators_per_replica

    def holds(self, job: TrainingJob, pool: Pool) -> bool:
        """Return whether a share of the job fits into the pool for long enough, now or later."""
        return any(
            self._longest(job, pool, share) >= min(needed, self._left(job)) * (1 - ROUNDING)
            for share, needed in _shares(self._problem, job, pool)
        )

    def _free(self, pool: Pool, period: str) -> int:
        return _most(pool) - self._used.get((pool.id, period), 0)

    def _left(self, job: TrainingJob) -> float:
        return self._problem.horizon_hours - job.earliest_start_hours

    def _longest(self, job: TrainingJob, pool: Pool, share: int) -> float:
        """Return the hours in which so many are free: in all if the job may pause, else at a stretch."""
        periods = zip(self._problem.periods, self._problem.durations_hours, strict=True)
        fits = [(self._free(pool, period.id) >= share, duration) for period, duration in periods]
        stretches = [
            sum(duration for _, duration in stretch)
            for is_free, stretch in groupby(fits, key=lambda each: each[0])
            if is_free
        ]
        return sum(stretches) if job.interruptible else max(stretches, default=0.0)


ROUNDING = 1e-9


def _most(pool: Pool) -> int:
    """Return how many accelerators of a pool plans could use once all its modules are bought."""
    return usable(pool, pool.expansion.max_modules if pool.expansion else 0)


def is_too_small(problem: Problem, job: TrainingJob, pool: Pool) -> bool:
    """Return whether no share of the job fits into the pool even where nothing else is in it."""
    return all(share > _most(pool) for share, _ in _shares(problem, job, pool))


def _shares(problem: Problem, job: TrainingJob, pool: Pool) -> Iterator[tuple[int, float]]:
    """Yield how many accelerators a site of the job may take in such a pool, and for how many hours."""
    for count in counts(job, pool.accelerator):
        for sites in range(1, job.max_sites + 1):
            needed = hours(problem, job, [pool] * sites, count)
            if count % sites == 0 and needed is not None:
                yield count // sites, needed
