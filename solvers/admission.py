"""Which pools a workload may use, and the first-order reason when there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from ..routing.plan import Reason
from ..routing.problem import Problem
from ..routing.sites import Pool
from ..routing.workloads import InferenceService, TrainingJob
from .rates import largest_gang

Test = tuple[Reason, Callable[[Pool], bool]]
Shape = tuple[int, float]


def admissible_pools(problem: Problem, tests: Sequence[Test]) -> tuple[list[int], Reason | None]:
    """Return the indices of the pools that pass every test, or none and the first test that left none."""
    left = list(range(len(problem.pools)))
    for reason, passes in tests:
        left = [index for index in left if passes(problem.pools[index])]
        if not left:
            return [], reason
    return left, None


def job_tests(problem: Problem, job: TrainingJob) -> list[Test]:
    """Return the tests of a pool for ``job``, in the order in which reasons are told."""
    residency = problem.residency(job.policy)
    return [
        ("residency", lambda pool: residency.may_process(problem.data_center[pool.data_center].jurisdiction)),
        ("accelerator", lambda pool: bool(job_shapes(problem, job, pool))),
        ("memory", lambda pool: _has_memory(problem, job, pool)),
        ("gang", lambda pool: any(True for _ in fitting_shapes(problem, job, pool))),
        ("pinned", _permits(problem, job.id)),
    ]


def service_tests(problem: Problem, service: InferenceService) -> list[Test]:
    """Return the tests of a pool for ``service``; residency depends on the users, so it is not among them."""
    types = {serving.accelerator: serving for serving in service.serving}

    def holds_a_replica(pool: Pool) -> bool:
        return types[pool.accelerator].accelerators_per_replica <= largest_gang(pool)

    return [
        ("accelerator", lambda pool: pool.accelerator in types),
        ("memory", lambda pool: _has_memory(problem, service, pool)),
        ("gang", holds_a_replica),
        ("pinned", _permits(problem, service.id)),
    ]


def job_shapes(problem: Problem, job: TrainingJob, pool: Pool) -> list[Shape]:
    """Return the (accelerators, hours) that ``job`` could take of ``pool``'s type, whatever its size."""
    if job.needs is not None:
        return [(need.count, need.hours) for need in job.needs if need.accelerator == pool.accelerator]
    compute = job.compute
    if compute is None or (compute.accelerators is not None and pool.accelerator not in compute.accelerators):
        return []
    peak_pflops = problem.accelerator[pool.accelerator].peak_tflops / 1000
    work = compute.pflop_days * 24 / (peak_pflops * compute.utilization)
    return [(count, work / (count * efficiency(pool, count))) for count in compute.counts]


def fitting_shapes(problem: Problem, job: TrainingJob, pool: Pool) -> Iterator[tuple[int, int, float]]:
    """Yield (sites, accelerators per site, hours) of ``job`` with ``pool`` as one of its sites."""
    gang = largest_gang(pool)
    for count, hours in job_shapes(problem, job, pool):
        for sites in range(1, job.max_sites + 1):
            if count % sites == 0 and count // sites <= gang:
                slower = job.multi_site.efficiency if job.multi_site and sites > 1 else 1.0
                yield sites, count // sites, hours / slower


def efficiency(pool: Pool, accelerators: int) -> float:
    """Return the parallel efficiency at that size: linear in ln(size) between the points of the curve."""
    low_size, low = 1, 1.0
    for point in pool.scaling:
        if accelerators <= point.accelerators:
            if point.accelerators == low_size:
                return point.efficiency
            share = math.log(accelerators / low_size) / math.log(point.accelerators / low_size)
            return low + share * (point.efficiency - low)
        low_size, low = point.accelerators, point.efficiency
    return low


def _has_memory(problem: Problem, workload: TrainingJob | InferenceService, pool: Pool) -> bool:
    return problem.accelerator[pool.accelerator].memory_gb >= workload.memory_gb_per_accelerator


def _permits(problem: Problem, workload: str) -> Callable[[Pool], bool]:
    pinned = [entry for entry in problem.limits.pinned if entry.workload == workload]
    forbidden = [entry for entry in problem.limits.forbidden if entry.workload == workload]

    @cache
    def permitted(site: str, pool: str) -> bool:
        def names(entries: list) -> bool:  # type: ignore[type-arg]
            return any(entry.pool == pool or entry.data_center == site for entry in entries)

        return (not pinned or names(pinned)) and not names(forbidden)

    return lambda pool: permitted(pool.data_center, pool.id)
