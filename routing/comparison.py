"""Plans side by side: what each costs, emits and serves, and who runs elsewhere than in the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .check_admission import usable
from .commitments import NOTHING_SUNK, Sunk
from .moves import Move, moves_between
from .plan import Cost, Plan
from .problem import Problem


@dataclass(frozen=True)
class Case:
    """A named plan and the problem that it is for; where there is no plan, ``error`` says why.

    ``sunk`` is what is committed at pools that the scenario takes out.
    """

    name: str
    problem: Problem | None
    plan: Plan | None
    error: str = ""
    sunk: Sunk = NOTHING_SUNK


@dataclass(frozen=True)
class Figures:
    """What counts of one plan.

    Attributes
    ----------
    cost, cost_in_all
        USD by kind, within the horizon and with continuing jobs to their ends.
    tco2e
        Within the horizon.
    mean_rtt_ms, worst_rtt_ms
        Over all requests served; None where nothing is served.
    unserved
        Priority-weighted share of work left out.
    utilization
        Accelerator-hours in use over those that may be, bought modules included; None without any. What
        reserves hold back or a scenario takes away may not be used.
    used_hours, available_hours
        The two.
    objective, bound, gap
        Of the plan: costs in all, with money by ``money_weight``.
    """

    cost: Cost
    cost_in_all: Cost
    tco2e: float
    mean_rtt_ms: float | None
    worst_rtt_ms: float | None
    unserved: float
    used_hours: float
    available_hours: float
    objective: float | None
    bound: float | None
    gap: float | None
    money_weight: float = 1.0

    @property
    def utilization(self) -> float | None:
        """Share of the accelerator-hours that is in use."""
        return self.used_hours / self.available_hours if self.available_hours > 0 else None


@dataclass(frozen=True)
class Compared:
    """One case, its figures (None without a plan), and what moves against the first case."""

    case: Case
    figures: Figures | None
    moves: tuple[Move, ...] = ()


def compare(cases: Sequence[Case]) -> list[Compared]:
    """Return the figures of every case, and the moves of its workloads against the first case with a plan."""
    base = next((case for case in cases if case.plan), None)
    return [_compared(case, base) for case in cases]


def _compared(case: Case, base: Case | None) -> Compared:
    if not case.plan or case.problem is None:
        return Compared(case, None)
    found: tuple[Move, ...] = ()
    if base is not None and base is not case and base.plan and base.problem:
        found = moves_between(base.problem, base.plan, case.problem, case.plan)
    return Compared(case, figures(case.problem, case.plan), found)


def figures(problem: Problem, plan: Plan) -> Figures:
    """Return what counts of a plan for ``problem``."""
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    served = [(service.requests_per_second, service.mean_rtt_ms) for service in plan.services]
    return Figures(
        cost=plan.cost,
        cost_in_all=plan.cost_in_all,
        tco2e=plan.emission.tco2e,
        mean_rtt_ms=_mean((rate, rtt) for rate, rtt in served if rtt is not None),
        worst_rtt_ms=max((s.worst_rtt_ms for s in plan.services if s.worst_rtt_ms is not None), default=None),
        unserved=plan.unserved,
        used_hours=sum(use.used * hours[use.period] for use in plan.pool_use),
        available_hours=_available_hours(problem, plan),
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        money_weight=problem.objective.money_weight,
    )


def _mean(weighted: Iterable[tuple[float, float]]) -> float | None:
    listed = list(weighted)
    total = sum(weight for weight, _ in listed)
    return sum(weight * value for weight, value in listed) / total if total > 0 else None


def _available_hours(problem: Problem, plan: Plan) -> float:
    """Return the accelerator-hours that plans may use of all pools, with the modules of this one."""
    bought = {purchase.pool: purchase.modules for purchase in plan.purchases}
    return sum(usable(pool, bought.get(pool.id, 0)) for pool in problem.pools) * problem.horizon_hours
