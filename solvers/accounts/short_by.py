"""By how much left-out work misses what bars it: memory, the largest cluster, time; in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import takewhile

import numpy as np

from ...routing.errors import quoted
from ...routing.plan import Reason
from ...routing.problem import Problem
from ...routing.text import number
from ...routing.workloads import InferenceService, TrainingJob
from ..admissible.admission import Test, admissible, job_tests, service_tests
from ..admissible.pools import Pools
from ..admissible.shapes import Shapes, fits, job_shapes
from ..rates import Floats, Ints

MEASURED = frozenset({"memory", "gang", "deadline"})
"""Reasons that are a matter of how much."""


class ShortBy:
    """What the pools of a problem have of what bars work; found when it is asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def pools(self) -> Pools:
        """The pools as arrays."""
        return Pools(self.problem)

    def of_job(self, job: TrainingJob, reason: Reason) -> str:
        """Return what a job that one site may hold asks for, and what there is; nothing where not told."""
        if reason not in MEASURED or (job.max_sites > 1 and reason != "memory"):
            return ""
        shapes = job_shapes(self.pools, job)
        pools = _left_before(reason, job_tests(self.pools, job, shapes))
        if reason == "memory":
            return self._memory(job.memory_gb_per_accelerator, pools)
        return self._cluster(shapes, pools) if reason == "gang" else self._time(job, shapes, pools)

    def of_service(self, service: InferenceService, policy: str | None, reason: Reason) -> str:
        """Return the memory that a service of users with a policy asks for, and what there is."""
        if reason != "memory":
            return ""
        residency: Test = ("residency", self.pools.processing(self.problem.residency(policy)))
        pools = _left_before(reason, [residency, *service_tests(self.pools, service)])
        return self._memory(service.memory_gb_per_accelerator, pools)

    def _memory(self, needed_gb: float, pools: Ints) -> str:
        most_gb = self.pools.memory_gb[pools].max()
        return f": it needs {needed_gb:g} GB, and the largest has {most_gb:g}"

    def _cluster(self, shapes: Shapes, pools: Ints) -> str:
        offered = ~np.isnan(shapes.hours)[self.pools.kind[pools]]
        needed = np.where(offered, shapes.count, np.inf).min(axis=1)
        best = int(np.argmax(self.pools.gang[pools] / needed))
        largest, name = self.pools.gang[pools[best]], self.problem.pools[pools[best]].id
        return f": {number(needed[best])} are needed where {quoted(name)} holds {number(largest)}"

    def _time(self, job: TrainingJob, shapes: Shapes, pools: Ints) -> str:
        held = fits(self.pools, shapes, 1)[pools]
        hours: Floats = np.where(held, shapes.hours[self.pools.kind[pools]], np.inf)
        begin, end, fastest = job.earliest_start_hours, job.deadline_hours, float(hours.min())
        latest = self.problem.horizon_hours if end is None else end
        if fastest <= latest - begin:  # there is no way to the fastest pool, or it opens too late
            return ""
        first, last, least = (number(each, 2) for each in (begin, latest, fastest))
        until = "the horizon" if end is None else "its deadline"
        return f": at its fastest it takes {least} h, and it may run from {first} h to {until} at {last} h"


def _left_before(reason: Reason, tests: Iterable[Test]) -> Ints:
    """Return the pools that pass all tests before that of a reason."""
    before: Iterator[Test] = takewhile(lambda test: test[0] != reason, tests)
    return admissible(before)[0]
