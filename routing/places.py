"""Where work runs in a plan: one count for comparisons, frontiers and alternatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from .plan import Plan
from .problem import Problem, per_period

Places = Mapping[str, Mapping[str, float]]
"""Parts of work at data centers, by workload and data center."""


def parts_of_asked(problem: Problem, plan: Plan) -> Places:
    """Return the part at each data center of all that a workload asks for.

    Jobs count by accelerators, services by requests over the horizon. What is left out is nowhere, so parts
    may sum up to less than 1.
    """
    found: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for job in plan.jobs:
        total = sum(place.accelerators for place in job.placements)
        for place in job.placements:
            found[job.job][place.data_center] += place.accelerators / total
    hours = {period.id: period.duration_hours for period in problem.periods}
    asked = requests_asked(problem)
    for service in plan.services:
        for flow in service.flows:
            part = flow.requests_per_second * hours[flow.period] / asked[service.service]
            found[service.service][flow.data_center] += part
    return found


def parts_of_running(problem: Problem, plan: Plan) -> Places:
    """Return the part at each data center of what runs of a workload: parts sum up to 1.

    Replicas on standby are no place of work; what does not run at all is missing.
    """
    return {
        name: {place: part / whole for place, part in parts.items() if part > 0}
        for name, parts in parts_of_asked(problem, plan).items()
        if (whole := sum(parts.values())) > 0
    }


def requests_asked(problem: Problem) -> dict[str, float]:
    """Return the requests of each service over the horizon, as requests/s times hours."""
    hours, count = problem.durations_hours, len(problem.periods)
    return {
        service.id: sum(
            rate * each
            for demand in service.demand
            for rate, each in zip(per_period(demand.requests_per_second, count), hours, strict=True)
        )
        for service in problem.services
    }
