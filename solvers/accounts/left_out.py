"""Work that a plan leaves out, with the first reason that bars it, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...routing.barred import Barred
from ...routing.errors import quoted
from ...routing.plan import LeftOut
from ...routing.reasons import DETAILS
from .accounting import World
from .limits_used import NO_LIMITS, LimitsUsed
from .most_room import MostRoom, Short
from .solution import Decisions

Told = Callable[[int], str]
"""What work lacks, by its number."""


def left_out(variables: World, decisions: Decisions, limits: LimitsUsed = NO_LIMITS) -> Iterator[LeftOut]:
    """Yield what is left out with its first-order reason.

    ``limits`` tells how much of the limits over the whole plan is used: those may be what capacity lacks.
    """
    room, barred = MostRoom(variables, decisions, limits), Barred(variables.problem)

    def short(told: Short) -> str:
        return limits.beside(told.limit, f"{told.room}; {DETAILS['capacity']}")

    yield from _jobs(variables, decisions, barred, lambda index: short(room.of_job(index)))
    yield from _requests(variables, decisions, barred, lambda row: short(room.of_demand(row)))


def _jobs(variables: World, decisions: Decisions, barred: Barred, short: Told) -> Iterator[LeftOut]:
    placed = {decision.option.job for decision in decisions.jobs}
    for index, job in enumerate(variables.problem.jobs):
        if index not in placed:
            reason = variables.jobs.barred.get(index, "capacity")
            detail = short(index) if reason == "capacity" else barred.of_job(job, reason)
            yield LeftOut(workload=job.id, reason=reason, detail=detail)


def _requests(variables: World, decisions: Decisions, barred: Barred, short: Told) -> Iterator[LeftOut]:
    problem, services = variables.problem, variables.services
    demands = [(service, demand) for service in problem.services for demand in service.demand]
    for row in np.flatnonzero((decisions.unserved > 0).any(axis=1)).tolist():
        service, demand = demands[row]
        reason = services.barred.get(row, "capacity")
        if reason == "capacity":
            detail = short(row)
        else:
            detail = barred.of_service(service, demand, reason, quoted(services.exposed.get(row, "")))
        for period in np.flatnonzero(decisions.unserved[row] > 0).tolist():
            yield LeftOut(
                workload=service.id,
                location=demand.location,
                period=problem.periods[period].id,
                requests_per_second=float(decisions.unserved[row, period]),
                reason=reason,
                detail=detail,
            )
