"""One scenario of a sweep, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..routing.commitments import NOTHING_SUNK, Sunk
from ..routing.comparison import Case
from ..routing.errors import RouteError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.report import plan_gap
from ..routing.scenarios import Scenario
from ..routing.text import clean, money


@dataclass(frozen=True)
class Task:
    """A scenario, its number, and the plan to begin from where that is not the one of the options."""

    number: int
    scenario: Scenario
    begin: Plan | None = None

    def options(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the options of its solve where the sweep has ``given`` ones."""
        return given if self.begin is None else {**given, "similar_plan": self.begin}


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario: its problem and plan, or why there is none.

    ``known`` is true where the plan was read from the folder of an earlier run; ``sunk`` is what is committed
    at pools that the scenario takes out.
    """

    scenario: Scenario
    problem: Problem | None
    plan: Plan | None
    error: RouteError | None = None
    known: bool = False
    sunk: Sunk = NOTHING_SUNK

    def __bool__(self) -> bool:
        """Return whether there is a plan that can be used."""
        return bool(self.plan)

    @property
    def planned(self) -> tuple[Problem, Plan] | None:
        """The problem and its plan, where there is one that can be used."""
        return (self.problem, self.plan) if self.problem is not None and self.plan else None

    def case(self) -> Case:
        """Return this outcome as a comparison takes it."""
        return Case(self.scenario.name, self.problem, self.plan, str(self.error or ""), self.sunk)

    def line(self, *, why: bool = True) -> str:
        """Return this outcome in one line, with the error where there is one and ``why`` is asked for."""
        if self.plan is None:
            return clean(f"{self.scenario.name}: {self.error if why else 'failed'}")
        where = "read from the folder" if self.known else f"{self.plan.runtime_seconds:.1f} s"
        gap = f", gap {gap}" if (gap := plan_gap(self.plan)) else ""
        left = ", leaves work out" if self.plan.left_out else ""
        cost = f"{money(self.plan.cost.total_usd)} USD" if self.plan else self.plan.status
        return clean(f"{self.scenario.name}: {cost}{gap}{left} ({where})")


def solve_scenario(problem: Problem, scenario: Scenario, **options: Any) -> Outcome:
    """Plan one scenario; an error of this library is part of the outcome."""
    from . import solve

    changed: Problem | None = None
    try:
        changed = scenario.apply(problem)
        plan = solve(changed, **options)
        return Outcome(scenario, changed, plan.model_copy(update={"scenario": scenario.line}))
    except RouteError as error:
        return Outcome(scenario, changed, None, error)


def outcome_of(problem: Problem, scenario: Scenario, plan: Plan | None, error: RouteError | None) -> Outcome:
    """Return an outcome whose plan was made elsewhere; the problem is made here rather than sent."""
    try:
        changed = scenario.apply(problem)
    except RouteError as fault:
        return Outcome(scenario, None, None, error or fault)
    return Outcome(scenario, changed, plan, error)
