"""Which pools a workload may use, as masks over all pools, and the first-order reason when there is none."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...routing.plan import Reason
from ...routing.workloads import InferenceService, TrainingJob
from ..rates import Ints
from .pools import Flags, Pools
from .shapes import Shapes, fits

Test = tuple[Reason, Flags]


def job_tests(pools: Pools, job: TrainingJob, shapes: Shapes) -> Iterable[Test]:
    """Yield the tests of the pools for ``job``, in the order in which reasons are told."""
    yield "residency", pools.processing(pools.problem.residency(job.policy))
    yield "accelerator", np.asarray((~np.isnan(shapes.hours)).any(axis=1))[pools.kind]
    yield "memory", pools.memory_gb >= job.memory_gb_per_accelerator
    held = [fits(pools, shapes, sites).any(axis=1) for sites in range(1, job.max_sites + 1)]
    yield "gang", np.logical_or.reduce(held)
    yield "pinned", pools.permitted(job.id)


def service_tests(pools: Pools, service: InferenceService) -> Iterable[Test]:
    """Yield the tests of the pools for ``service``, without residency, which depends on the users."""
    yield "accelerator", pools.of_types(serving.accelerator for serving in service.serving)
    yield "memory", pools.memory_gb >= service.memory_gb_per_accelerator
    yield "gang", pools.per_replica(service) <= pools.gang
    yield "pinned", pools.permitted(service.id)


def admissible(tests: Iterable[Test]) -> tuple[Ints, Reason | None]:
    """Return the indices of what passes every test, or none and the first test that left none."""
    left: Flags | None = None
    for reason, passed in tests:
        left = passed if left is None else left & passed
        if not left.any():
            return np.zeros(0, dtype=np.int64), reason
    assert left is not None
    return np.flatnonzero(left), None
