"""What each pool admits, read off the problem for the verifier: pins, gangs, counts and hours."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from .check_findings import beyond
from .problem import Problem
from .sites import DataCenter, Pool
from .workloads import Compute, InferenceService, Serving, TrainingJob

LATE_HOURS = 1e-9
"""What ends so much after its latest end is in time."""
SLIVER_HOURS = 1e-6
"""So little of a period is of no use to a job that pauses."""


class Pins:
    """Where each workload must, and must not, be."""

    def __init__(self, problem: Problem) -> None:
        self._pinned: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
        self._forbidden: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
        for table, entries in (
            (self._pinned, problem.limits.pinned),
            (self._forbidden, problem.limits.forbidden),
        ):
            for entry in entries:
                table[entry.workload].add((entry.data_center, entry.pool))

    def bind(self, workload: str) -> bool:
        """Return whether ``workload`` is pinned or forbidden anywhere."""
        return workload in self._pinned or workload in self._forbidden

    def permit(self, workload: str, pool: Pool) -> bool:
        """Return whether ``workload`` may be in ``pool``; several pins permit each of their places."""
        names = {(pool.data_center, None), (None, pool.id)}
        pinned, forbidden = self._pinned.get(workload), self._forbidden.get(workload)
        return (pinned is None or bool(names & pinned)) and (forbidden is None or not names & forbidden)


def site_of(problem: Problem, pool: Pool) -> DataCenter:
    """Return the data center of ``pool``."""
    return problem.data_center[pool.data_center]


def remembers(problem: Problem, workload: TrainingJob | InferenceService, pool: Pool) -> bool:
    """Return whether the pool's accelerators have the memory that the workload asks for."""
    return problem.accelerator[pool.accelerator].memory_gb >= workload.memory_gb_per_accelerator


def usable(pool: Pool, modules: int) -> int:
    """Return how many accelerators plans may use once ``modules`` are bought: the reserve is taken off."""
    return math.floor(available(pool, modules) * (1 - pool.reserve_fraction) + 1e-9)


def available(pool: Pool, modules: int) -> int:
    """Return the count of the pool once ``modules`` are bought."""
    return pool.count + (pool.expansion.module_accelerators * modules if pool.expansion else 0)


def largest_gang(pool: Pool) -> int:
    """Return the most accelerators that one job can ever have in the pool."""
    most = usable(pool, pool.expansion.max_modules if pool.expansion else 0)
    return most if pool.max_gang is None else min(most, pool.max_gang)


def efficiency(pool: Pool, accelerators: int) -> float:
    """Return the parallel efficiency at a size.

    It is linear in the logarithm of the size from (1, 1.0) through the points, and flat after the last.
    """
    points = {1: 1.0} | {point.accelerators: point.efficiency for point in pool.scaling}
    for (low, at_low), (high, at_high) in pairwise(sorted(points.items())):
        if accelerators <= high:
            share = math.log(accelerators / low) / math.log(high / low)
            return at_low + (at_high - at_low) * share
    return points[max(points)]


def counts(job: TrainingJob, accelerator: str) -> Iterator[int]:
    """Yield the counts in all that ``job`` may have of one type of accelerator."""
    if job.needs is not None:
        yield from (need.count for need in job.needs if need.accelerator == accelerator)
    elif job.compute is not None and accelerator in (job.compute.accelerators or (accelerator,)):
        yield from job.compute.counts


def hours(problem: Problem, job: TrainingJob, pools: Sequence[Pool], count: int) -> float | None:
    """Return how long the job runs on ``count`` accelerators, split evenly over ``pools`` of one type.

    None where the job cannot have that many of that type.
    """
    accelerator = pools[0].accelerator
    if count not in counts(job, accelerator):
        return None
    penalty = job.multi_site.efficiency if job.multi_site and len(pools) > 1 else 1.0
    if job.compute is not None:
        worst = min(efficiency(pool, count) for pool in pools)
        return (
            _compute_hours(job.compute, problem.accelerator[accelerator].peak_tflops, count, worst) / penalty
        )
    needs = job.needs or ()
    return next(n.hours for n in needs if (n.accelerator, n.count) == (accelerator, count)) / penalty


def _compute_hours(compute: Compute, peak_tflops: float, count: int, parallel: float) -> float:
    return compute.pflop_days * 24 / (peak_tflops / 1000 * count * compute.utilization * parallel)


def continues(problem: Problem, job: TrainingJob, running_hours: float) -> bool:
    """Return whether a job of that length outlasts the horizon even from its earliest start."""
    return running_hours > problem.horizon_hours - job.earliest_start_hours + LATE_HOURS


def ends_in_time(problem: Problem, job: TrainingJob, running_hours: float) -> bool:
    """Return whether a job of that length that begins at once, or runs whenever it may, ends in time."""
    if job.interruptible and not continues(problem, job, running_hours):
        return sum(room_hours(problem, job)) >= running_hours - LATE_HOURS
    return job.deadline_hours is None or not is_late(
        job.earliest_start_hours + running_hours, job.deadline_hours
    )


def is_late(end_hours: float, latest_hours: float) -> bool:
    """Return whether an end is after the latest one: both follow from the problem, so to a rounding error."""
    return end_hours > latest_hours + LATE_HOURS


def room_hours(problem: Problem, job: TrainingJob) -> Iterator[float]:
    """Yield the hours of each period in which a job that may pause can run."""
    horizon = problem.horizon_hours
    latest = horizon if job.deadline_hours is None else min(job.deadline_hours, horizon)
    for begin, end in pairwise(problem.boundaries_hours):
        room = min(end, latest) - max(begin, job.earliest_start_hours)
        yield room if room > SLIVER_HOURS else 0.0


def serving(service: InferenceService, pool: Pool) -> Serving | None:
    """Return how the service runs in the pool, or None where it cannot."""
    return next((way for way in service.serving if way.accelerator == pool.accelerator), None)


def in_time(service: InferenceService, pool: Pool, rtt_ms: float) -> bool:
    """Return whether the pool answers over such a round trip, if there is one, within the limits."""
    way = serving(service, pool)
    if way is None or rtt_ms == math.inf:
        return False
    limits = (service.max_rtt_ms, rtt_ms), (service.max_latency_ms, rtt_ms + way.service_ms)
    return not any(limit is not None and beyond(value, limit) for limit, value in limits)


def even(parts: Iterable[int]) -> bool:
    """Return whether all parts are the same."""
    return len(set(parts)) <= 1
