"""Owning and renting planned anew at every value of one number, to find where owning starts to pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..routing.commitments import Commitments
from ..routing.errors import Fault, InputError, quoted
from ..routing.owning import Sweep, range_of
from ..routing.problem import Problem
from ..routing.scenarios import Scenario, with_commitments
from .bisection import Breakeven, Case, Point, StoppedError, find_breakeven
from .known_plans import KnownPlans
from .no_plan import no_plan
from .options import CancelToken

MOST_TIMES = 1_000_000
"""Of what is varied, as scenarios may multiply it."""


def breakeven(
    problem: Problem,
    sweep: Sweep,
    own: Scenario,
    cloud: Scenario,
    *,
    low: float | None = None,
    high: float | None = None,
    tolerance: float | None = None,
    points: int = 9,
    commitments: Commitments = "keep",
    done: Callable[[Point], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Breakeven:
    """Return where ``own`` starts to be better than ``cloud`` as ``sweep`` goes from ``low`` to ``high``.

    Parameters
    ----------
    low, high, tolerance
        Range of the number, and width to narrow the break-even to: a thousandth of the range where absent.
    points
        How many evenly spread values show the curve, at least 2.
    commitments
        ``keep``: what is committed at pools that a case takes out is still paid. ``drop``: it is not.
    done
        Called with every point as it is there.
    cancel
        Once set, the points found so far make the answer.
    **options
        Those of :func:`.solve`, for each plan. A narrow proof needs a small ``gap_limit``.

    Raises
    ------
    InputError
        For a range or tolerance that is none, or when the sweep or a case does not fit the problem.
    SolverError
        When no plan was found for a case; its NoPlanError where that is proven.
    """
    usual = range_of(sweep, problem)
    low, high = usual[0] if low is None else low, usual[1] if high is None else high
    tolerance = (high - low) / 1000 if tolerance is None else tolerance
    _require_range(low, high, tolerance, points)
    own, cloud = with_commitments(problem, (own, cloud), commitments)
    plan = _Planner(problem, sweep, own, cloud, KnownPlans({"cancel": cancel, **options}), done)
    stop: Callable[[], bool] = cancel.is_set if cancel else lambda: False
    return find_breakeven(plan, low, high, tolerance, points=points, stop=stop, improved=plan.improved)


def _require_range(low: float, high: float, tolerance: float, points: int) -> None:
    beyond = f"must be above 'from', which is {low:g}, and at most {MOST_TIMES:,}"
    checks = {
        "from": (0 < low < float("inf"), "must be a number above 0"),
        "to": (low < high <= MOST_TIMES, beyond),
        "tolerance": (0 < tolerance < float("inf") or not low < high, "must be a number above 0"),
        "points": (2 <= points <= 1000, "must be between 2 and 1000"),
    }
    faults = [Fault(name, message) for name, (fine, message) in checks.items() if not fine]
    if faults:
        raise InputError(faults, "options")


@dataclass
class _Planner:
    """Plans both cases at a value; a problem that was planned before is not planned again."""

    problem: Problem
    sweep: Sweep
    own: Scenario
    cloud: Scenario
    plans: KnownPlans
    done: Callable[[Point], None] | None
    known: dict[str, Case] = field(default_factory=dict)

    def __call__(self, value: float) -> Point:
        changed = self.sweep.apply(self.problem, value)
        point = Point(value, self._case(self.own, changed, value), self._case(self.cloud, changed, value))
        if point.own.plan.problem_digest == point.cloud.plan.problem_digest:
            raise InputError([_nothing_to_own(self.own.name, self.cloud.name)])
        if self.done is not None:
            self.done(point)
        return point

    def improved(self, point: Point) -> Point:
        """Return a point with the best plans that are known of both cases."""
        own, cloud = self._improved(point.own), self._improved(point.cloud)
        is_same = own is point.own and cloud is point.cloud
        return point if is_same else replace(point, own=own, cloud=cloud)

    def _improved(self, case: Case) -> Case:
        plan = self.plans.improved(case.problem, case.plan)
        return case if plan is case.plan else replace(case, plan=plan)

    def _case(self, scenario: Scenario, changed: Problem, value: float) -> Case:
        problem = scenario.apply(changed)
        if problem.digest not in self.known:
            plan = self.plans.solve(problem)
            if not plan:
                where = f"for {quoted(scenario.name)} at {self.sweep.name} {value:g}"
                if self.plans.is_stopped():
                    raise StoppedError(f"stopped before there was a plan {where}")
                raise no_plan(plan, problem, where)
            self.known[problem.digest] = Case(problem, plan, scenario.sunk(changed))
        return self.known[problem.digest]


def _nothing_to_own(own: str, cloud: str) -> str:
    return (
        f"{quoted(own)} and {quoted(cloud)} are the same problem, so there is nothing to own; give a pool an "
        "expansion, or add sites that are not of kind 'cloud'"
    )
