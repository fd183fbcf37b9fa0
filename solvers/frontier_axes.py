"""What cost can be traded against: how it is read from a plan, and how a problem limits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..routing.errors import InputError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.workloads import InferenceService, TrainingJob

MOST_USD_PER_TCO2E = 1e6
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Axis:
    """The axis beside cost.

    Attributes
    ----------
    name, unit, heading
        The word on the command line, the unit, and what it is, for people.
    value
        Reads it from a plan.
    usd
        Cost of a plan by the objective of a problem that :attr:`unpriced` made, whatever objective the plan
        was made for.
    unpriced
        Returns the problem whose objective has no price for this axis, so that cost does not contain it.
    capped
        Returns the problem in which it is at most so much, or less where the problem says so already.
    """

    name: str
    unit: str
    heading: str
    value: Callable[[Plan], float]
    usd: Callable[[Problem, Plan], float]
    unpriced: Callable[[Problem], Problem]
    capped: Callable[[Problem, float], Problem]


def tco2e(plan: Plan) -> float:
    """Return what a plan emits within the horizon."""
    return plan.emission.tco2e


def worst_rtt_ms(plan: Plan) -> float:
    """Return the longest round trip of any request that a plan serves."""
    return max((service.worst_rtt_ms or 0.0 for service in plan.services), default=0.0)


def carbon_capped(problem: Problem, cap: float) -> Problem:
    """Return the problem that emits at most ``cap`` tonnes."""
    own = problem.limits.carbon_cap_tco2e
    limit = cap if own is None else min(own, cap)
    return problem.replace(limits=problem.limits.replace(carbon_cap_tco2e=limit))


def rtt_capped(problem: Problem, cap: float) -> Problem:
    """Return the problem in which every service answers within ``cap`` ms of round trip."""
    return problem.replace(workloads=tuple(_within(work, cap) for work in problem.workloads))


def _within(work: TrainingJob | InferenceService, cap: float) -> TrainingJob | InferenceService:
    if not isinstance(work, InferenceService):
        return work
    return work.replace(max_rtt_ms=cap if work.max_rtt_ms is None else min(work.max_rtt_ms, cap))


def carbon_unpriced(problem: Problem) -> Problem:
    """Return the problem without a price of carbon; money counts in any case."""
    return problem.replace(
        objective=problem.objective.replace(usd_per_tco2e=0.0, money_weight=_weight(problem))
    )


def rtt_unpriced(problem: Problem) -> Problem:
    """Return the problem without a price of delay; money counts in any case."""
    if not problem.services:
        raise InputError(["there is no inference service, so that no request has a round trip"], "axes")
    protected = [service.id for service in problem.services if service.survive]
    if protected:
        what = "a limit of round trips holds after a loss too, while a plan tells those without one"
        raise InputError(
            [f"service {protected[0]!r} survives losses: {what}; see scenario 'unprotected'"], "axes"
        )
    objective = problem.objective.replace(usd_per_ms_request=0.0, money_weight=_weight(problem))
    return problem.replace(objective=objective)


def _weight(problem: Problem) -> float:
    return problem.objective.money_weight or 1.0


def carbon_priced(problem: Problem, usd_per_tco2e: float, *, alone: bool = False) -> Problem:
    """Return the problem that emits less where that costs little, or ``alone`` looks at nothing else.

    As a cap, the price counts what is emitted within the horizon.
    """
    price = min(usd_per_tco2e, MOST_USD_PER_TCO2E)
    aim = problem.objective.replace(usd_per_tco2e=price, carbon_beyond_horizon=False)
    if alone:
        aim = aim.replace(money_weight=0.0, usd_per_ms_request=0.0)
    return problem.replace(objective=aim)


def _usd_but_carbon(problem: Problem, plan: Plan) -> float:
    """Return the weighted money and the price of delay, which is counted from the requests."""
    requests = SECONDS_PER_HOUR * problem.horizon_hours
    ms = sum(each.requests_per_second * (each.mean_rtt_ms or 0.0) * requests for each in plan.services)
    objective = problem.objective
    return objective.money_weight * plan.cost_in_all.money_usd + objective.usd_per_ms_request * ms


def _usd_but_delay(problem: Problem, plan: Plan) -> float:
    return problem.objective.money_weight * plan.cost_in_all.money_usd + plan.cost_in_all.carbon_usd


AXES: Mapping[str, Axis] = MappingProxyType(
    {
        each.name: each
        for each in (
            Axis("carbon", "tCO2e", "emissions within the horizon", tco2e, _usd_but_carbon, carbon_unpriced,
                 carbon_capped),
            Axis("latency", "ms", "longest round trip of a request", worst_rtt_ms, _usd_but_delay,
                 rtt_unpriced, rtt_capped),
        )
    }
)  # fmt: skip
"""The axes by name."""
