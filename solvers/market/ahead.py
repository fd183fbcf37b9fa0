"""Prices of a large problem sought in a process beside this one while its market is still built.

To build a market of tens of thousands of workloads takes as long as to find good prices of a sample of these,
and needs one core. A sample is drawn from the workloads themselves, so that its market is small from the
beginning; what it tells holds for the whole as what :mod:`.representing` draws does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO

import numpy as np

from ...routing.editing import without_workloads
from ...routing.paths import PathFinder
from ...routing.problem import Problem, per_period
from ...routing.workloads import InferenceService, TrainingJob
from ..options import Options
from ..processes import write_frame
from ..watch import Watch
from .beside import FINER, LEAST_BOX, ROUGH
from .copies import Copy, may_copy
from .form.market import Market
from .opening import plain_market
from .pricing.foretelling import WIDER, Foretold
from .pricing.prices import Seeker
from .pricing.representing import JOBS, UNITS, counting_for, counts, has_many_workloads

PENALTY = 1.0
"""Price of unserved work in a sample, in which all that is left out counts by its cost."""


class PricesAhead(Copy[Foretold]):
    """Seeks prices of a sample of a problem, ever finer, until it is closed."""

    def __init__(self, problem: Problem, options: Options) -> None:
        """Begin. Raises OSError where the system has no room for a copy."""
        super().__init__(lambda stream: _seek(problem, options, stream))

    def wait(self, over: Callable[[], bool]) -> None:
        """Wait until prices are settled, or it is ``over``."""
        self.wait_for(lambda told: told.is_settled, over)


@contextmanager
def sought_ahead(problem: Problem, options: Options) -> Iterator[PricesAhead | None]:
    """Seek prices within a context; None where no sample may stand for a problem, or no core is free."""
    found = None
    if has_many_workloads(problem) and options.usable_cores > 1 and may_copy():
        with suppress(OSError):
            found = PricesAhead(problem, options)
    try:
        yield found
    finally:
        if found is not None:
            found.close()


def _seek(problem: Problem, options: Options, stream: IO[bytes]) -> None:
    """Seek prices of a few workloads first, then of more at these."""
    seeker = Seeker.begin(sampled(problem, options, JOBS, UNITS), PENALTY)
    seeker.may_leave = True
    for _ in seeker.steps_until(Watch(options.time_limit), ROUGH):
        write_frame(stream, Foretold.of(seeker, is_settled=False))
    write_frame(stream, Foretold.of(seeker))
    finer = Seeker.begin(sampled(problem, options, *FINER), PENALTY, seeker.told.prices, WIDER * seeker.box)
    finer.may_leave = True
    while finer.box >= LEAST_BOX:
        finer.step()
        write_frame(stream, Foretold.of(finer))


def sampled(problem: Problem, options: Options, most_jobs: int, most_services: int) -> Market:
    """Return a market of about so many workloads, drawn by size, each counting for as many as it must.

    It does not count pieces: which it would depends on who is drawn.
    """
    of_jobs = counts(np.array([_job_size(problem, job) for job in problem.jobs]), most_jobs)
    of_services = counts(np.array([_service_size(problem, each) for each in problem.services]), most_services)
    every = zip((*problem.jobs, *problem.services), (*of_jobs, *of_services), strict=True)
    sample = without_workloads(problem, {workload.id for workload, count in every if count == 0})
    market = plain_market(sample, PathFinder(sample), replace(options, progress=None))
    many = of_services[of_services > 0][[unit.service for unit in market.units]]
    plain = replace(market, closes=False, rules=market.rules.uncounted())
    return counting_for(plain, of_jobs[of_jobs > 0], many, PENALTY)


def _job_size(problem: Problem, job: TrainingJob) -> float:
    """Return the most accelerator-hours of a job within the horizon, sites and scaling not looked at."""
    horizon = problem.horizon_hours
    if job.compute is None:
        return max(need.count * min(need.hours, horizon) for need in job.needs or ())
    most = max(job.compute.counts) * horizon
    types = job.compute.accelerators or problem.accelerator
    pflops = job.compute.utilization * min(problem.accelerator[name].peak_tflops for name in types) / 1e3
    return min(most, 24.0 * job.compute.pflop_days / pflops)


def _service_size(problem: Problem, service: InferenceService) -> float:
    """Return about how many accelerators a service takes, summed over the periods."""
    periods = len(problem.periods)
    requests = sum(sum(per_period(each.requests_per_second, periods)) for each in service.demand)
    per_request = [kind.accelerators_per_replica / kind.requests_per_second for kind in service.serving]
    return requests * float(np.mean(per_request))
