"""Problems of which nothing can be planned, since their commitments alone exceed the budget."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..routing.commitments import over_budget
from ..routing.plan import LeftOut, Plan
from ..routing.problem import Problem, per_period
from ..routing.workloads import InferenceService
from .options import Options


def refused(problem: Problem, options: Options, solver: str) -> Plan | None:
    """Return the plan of nothing, all work left out, where commitments exceed the budget; else None."""
    detail = over_budget(problem)
    if detail is None:
        return None
    from .accounts.header import Header

    header = Header(problem, options, solver, "gap", time.monotonic())
    entries = tuple(_everything(problem, detail))
    left_out = {entry.workload for entry in entries}
    unserved = float(sum(work.priority for work in problem.workloads if work.id in left_out))
    return header.no_plan(unserved, proven=True, unserved=unserved, left_out=entries)


def _everything(problem: Problem, detail: str) -> Iterator[LeftOut]:
    for job in problem.jobs:
        yield LeftOut(workload=job.id, reason="budget", detail=detail)
    for service in problem.services:
        yield from _requests(problem, service, detail)


def _requests(problem: Problem, service: InferenceService, detail: str) -> Iterator[LeftOut]:
    for demand in service.demand:
        rates = per_period(demand.requests_per_second, len(problem.periods))
        for period, rps in zip(problem.periods, rates, strict=True):
            if rps > 0:
                yield LeftOut(
                    workload=service.id,
                    location=demand.location,
                    period=period.id,
                    requests_per_second=rps,
                    reason="budget",
                    detail=detail,
                )
