"""Work that a plan leaves out, with the first reason that bars it, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain

import numpy as np

from ...routing.errors import quoted
from ...routing.plan import LeftOut, Reason
from ...routing.problem import Problem
from ...routing.reasons import DETAILS, job_details
from ...routing.workloads import InferenceService, TrainingJob
from ..admissible.routebook import rtt_limit_ms
from ..rates import largest_gang
from .accounting import World
from .limits_used import NO_LIMITS, LimitsUsed
from .most_room import MostRoom
from .short_by import ShortBy
from .solution import Decisions

Empty = Callable[[str | None, tuple[str, ...] | None], bool]
"""Whether all pools that a policy permits, of some types (of all where None), hold nothing."""
EMPTY = "no pool that it can use has any accelerators, as after a loss"
SLOW = "the service time alone exceeds its latency limit on every accelerator type that it can use"


def left_out(variables: World, decisions: Decisions, limits: LimitsUsed = NO_LIMITS) -> Iterator[LeftOut]:
    """Yield what is left out with its first-order reason.

    ``limits`` tells how much of the limits over the whole plan is used: those may be what capacity lacks.
    """
    is_empty = cache(partial(_are_empty, variables.problem))
    room = MostRoom(variables, decisions)
    found = chain(
        _jobs(variables, decisions, is_empty, room), _requests(variables, decisions, is_empty, room)
    )
    for entry in found:
        is_short = entry.reason == "capacity"
        yield entry.model_copy(update={"detail": limits.beside(entry.detail)}) if is_short else entry


def _jobs(variables: World, decisions: Decisions, is_empty: Empty, room: MostRoom) -> Iterator[LeftOut]:
    placed, short = {decision.option.job for decision in decisions.jobs}, ShortBy(variables.problem)
    for index, job in enumerate(variables.problem.jobs):
        if index not in placed:
            reason = variables.jobs.barred.get(index, "capacity")
            detail = _job_detail(job, reason, is_empty)
            detail += short.of_job(job, reason) if detail != EMPTY else ""
            detail = f"{room.of_job(index)}; {detail}" if reason == "capacity" else detail
            yield LeftOut(workload=job.id, reason=reason, detail=detail)


def _job_detail(job: TrainingJob, reason: Reason, is_empty: Empty) -> str:
    named = job.compute.accelerators if job.compute else tuple(need.accelerator for need in job.needs or ())
    if reason == "gang" and is_empty(job.policy, named):
        return EMPTY
    return job_details(job)[reason]


def _requests(variables: World, decisions: Decisions, is_empty: Empty, room: MostRoom) -> Iterator[LeftOut]:
    problem, barred, exposed = variables.problem, variables.services.barred, variables.services.exposed
    demands = [(service, demand) for service in problem.services for demand in service.demand]
    short = ShortBy(problem)
    for row in np.flatnonzero((decisions.unserved > 0).any(axis=1)).tolist():
        service, demand = demands[row]
        reason = barred.get(row, "capacity")
        policy = demand.policy or service.policy
        detail = _service_detail(problem, service, policy, reason, is_empty)
        detail += short.of_service(service, policy, reason)
        detail = f"{room.of_demand(row)}; {detail}" if reason == "capacity" else detail
        detail = detail.format(quoted(exposed[row])) if reason == "survival" else detail
        for period in np.flatnonzero(decisions.unserved[row] > 0).tolist():
            yield LeftOut(
                workload=service.id,
                location=demand.location,
                period=problem.periods[period].id,
                requests_per_second=float(decisions.unserved[row, period]),
                reason=reason,
                detail=detail,
            )


def _service_detail(
    problem: Problem, service: InferenceService, policy: str | None, reason: Reason, is_empty: Empty
) -> str:
    if reason == "gang" and is_empty(policy, tuple(serving.accelerator for serving in service.serving)):
        return EMPTY
    return SLOW if reason == "latency" and _serves_too_slowly(problem, service) else DETAILS[reason]


def _are_empty(problem: Problem, policy: str | None, types: tuple[str, ...] | None) -> bool:
    """Return whether all pools of these types (of all, where None) that the policy permits hold nothing."""
    residency = problem.residency(policy)
    return not any(
        largest_gang(pool) > 0
        for pool in problem.pools
        if (types is None or pool.accelerator in types)
        and residency.may_process(problem.data_center[pool.data_center].jurisdiction)
    )


def _serves_too_slowly(problem: Problem, service: InferenceService) -> bool:
    """Return whether a request takes too long wherever it could run, whatever the way there."""
    offered = {pool.accelerator for pool in problem.pools}
    limits = [rtt_limit_ms(service, serving) for serving in service.serving if serving.accelerator in offered]
    return all(limit is not None and limit < 0 for limit in limits)
