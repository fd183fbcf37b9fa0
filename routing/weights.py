"""How much the planner minds that work is left out: the weights of ``Plan.unserved``, by workload."""

from __future__ import annotations

from collections import defaultdict

from .plan import Plan
from .problem import Problem, per_period
from .workloads import InferenceService, TrainingJob


def weight_per_unit(problem: Problem, workload: TrainingJob | InferenceService) -> float:
    """Return what leaving out one unit of a workload weighs.

    The unit of a job is the whole job; that of a service is a request/s for an hour. A service without any
    demand weighs nothing.
    """
    if isinstance(workload, TrainingJob):
        return workload.priority
    hours = demanded_hours(problem, workload)
    return workload.priority / hours if hours else 0.0


def weight_of_all(problem: Problem, workload: TrainingJob | InferenceService) -> float:
    """Return what leaving out a whole workload weighs: its priority, 0 for a service without demand."""
    if isinstance(workload, InferenceService) and not demanded_hours(problem, workload):
        return 0.0
    return workload.priority


def demanded_hours(problem: Problem, service: InferenceService) -> float:
    """Return the demand of a service over the horizon, requests/s times hours."""
    durations = problem.durations_hours
    return sum(
        rate * hours
        for demand in service.demand
        for rate, hours in zip(per_period(demand.requests_per_second, len(durations)), durations, strict=True)
    )


def unserved_by_workload(problem: Problem, plan: Plan) -> dict[str, float]:
    """Return the weight of what ``plan`` leaves out, by workload; the sum is ``plan.unserved``."""
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    units: defaultdict[str, float] = defaultdict(float)
    for entry in plan.left_out:
        rate = 1.0 if entry.requests_per_second is None else entry.requests_per_second
        units[entry.workload] += rate * (hours[entry.period] if entry.period else 1.0)
    return {name: amount * weight_per_unit(problem, problem.workload[name]) for name, amount in units.items()}
