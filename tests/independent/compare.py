"""Every solver beside the independent model: what is wrong with a plan, its bounds or its status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve

from .model import Best, Model
from .program import NotProvenError

SOLVERS = ("highs", "cp-sat", "scip", "decomposition", "auto")
RELATIVE = 1e-6
GAP = 1e-6
BY_THE_MODEL = {"cheaper", "bound", "false optimal", "missed"}
"""Kinds of findings that are wrong if the model is."""
KINDS = {"crash", "rejected", "routes", *BY_THE_MODEL}
NOT_WRONG = {"routes"}
"""Kinds of findings that are known: of routes that the planner does not offer."""
MISSED = 1e-4
"""Beyond it, a search that ends of itself has missed the optimum."""


@dataclass(frozen=True)
class Finding:
    """Something that cannot be."""

    kind: str
    """One of ``KINDS``."""
    message: str


class Reference:
    """What the model knows of a problem.

    Raises
    ------
    NotProvenError
        When HiGHS does not prove the optimum in time.
    """

    def __init__(self, problem: Problem, seconds: float = 20.0) -> None:
        self.problem, self.seconds = problem, seconds
        self._model = Model(problem)
        self.best = self._model.best(seconds)

    @cached_property
    def _cheapest_model(self) -> Model:
        return Model(self.problem, cheapest=True)

    @cached_property
    def with_cheapest(self) -> Best:
        """The optimum with the cheapest route of every origin and destination only."""
        return self._cheapest_model.best(self.seconds)

    def least_cost(self, unserved: float, cheapest: bool = False, slack: float = RELATIVE) -> float:
        """Return the least cost of plans that leave out no more than that.

        Within ``slack`` of the least unserved work, it is the cost of the optimum.
        """
        best, model = (self.with_cheapest, self._cheapest_model) if cheapest else (self.best, self._model)
        if best.cost is None or best.unserved is None or unserved < best.unserved - RELATIVE:
            return float("inf")
        if unserved <= best.unserved + slack:
            return best.cost
        found = model.least_cost(unserved, self.seconds)
        return best.cost if found is None else found

    def doubt(self) -> bool:
        """Return whether HiGHS finds something else without presolve: then either may be wrong."""
        other = Model(self.problem).best(self.seconds, presolve=False)
        pairs = ((self.best.unserved, other.unserved), (self.best.cost, other.cost))
        return any((a is None) != (b is None) or not _close(a or 0.0, b or 0.0) for a, b in pairs)


def plan_of(problem: Problem, solver: str, seconds: float, cores: int = 1) -> Plan | Finding:
    """Return the plan of a solver, or what went wrong."""
    try:
        return solve(problem, solver=solver, time_limit=seconds, gap_limit=GAP, cores=cores)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return Finding("crash", f"{type(error).__name__}: {error}")


def findings(reference: Reference, plan: Plan) -> list[Finding]:
    """Return all that is wrong with a plan."""
    violations = [str(each) for each in check(reference.problem, plan)]
    found = [Finding("rejected", text) for text in violations[:3]]
    best = reference.best
    if best.unserved is None or plan.objective is None:
        if (best.unserved is None) != (plan.status == "infeasible") and plan.status != "unknown":
            found.append(Finding("missed", f"status {plan.status}, the optimum is {best}"))
        return found
    found += _of_unserved(reference, plan, best.unserved)
    if plan.unserved >= best.unserved - _tolerance(best.unserved):
        found += _of_cost(reference, plan, plan.objective)
    return [*found, *_missed(plan, best)]


def _missed(plan: Plan, best: Best) -> Iterator[Finding]:
    """Yield an exact search that ended of itself far from the optimum."""
    if plan.status != "feasible" or plan.stopped_by != "gap" or "decomposition" in plan.solver:
        return
    figures = ((plan.unserved, best.unserved), (plan.objective, best.cost))
    for figure, least in figures if best.cost is not None else ():
        if abs((figure or 0.0) - (least or 0.0)) > MISSED * (1 + abs(least or 0.0)):
            yield Finding("missed", f"{plan.solver} ends by its gap at {figure}, the optimum is {least}")
            return


def _of_unserved(reference: Reference, plan: Plan, least: float) -> Iterator[Finding]:
    text = f"unserved {plan.unserved:.9g}, bound {plan.unserved_bound:.9g}, least {least:.9g}"
    if plan.unserved < least - _tolerance(least):
        yield Finding("cheaper", text)
    offered = None
    if plan.unserved_bound > least + _tolerance(least):
        offered = reference.with_cheapest.unserved
        yield Finding(_kind("bound", plan.unserved_bound, offered), text)
    if plan.status == "optimal" and plan.unserved > least + _tolerance(least) + GAP * plan.unserved:
        offered = reference.with_cheapest.unserved
        yield Finding(_kind("false optimal", plan.unserved, offered), text)


def _of_cost(reference: Reference, plan: Plan, objective: float) -> Iterator[Finding]:
    least = reference.least_cost(plan.unserved)
    text = f"objective {objective:.9g}, bound {plan.bound}, least {least:.9g} (unserved {plan.unserved:.9g})"
    if objective < least - _tolerance(least):
        least = reference.least_cost(plan.unserved, slack=0.0)  # a little less served may save as much
        if objective < least - _tolerance(least):
            yield Finding("cheaper", text)
    if plan.bound is not None and plan.bound > least + _tolerance(least):
        yield Finding(_kind("bound", plan.bound, reference.least_cost(plan.unserved, cheapest=True)), text)
    if plan.status == "optimal" and objective > least + _tolerance(least) + GAP * abs(objective):
        offered = reference.least_cost(plan.unserved, cheapest=True)
        yield Finding(_kind("false optimal", objective, offered), text)


def _kind(kind: str, figure: float, offered: float | None) -> str:
    """Return the kind of a finding, or ``routes`` where it is none with the cheapest routes only."""
    if offered is not None and figure <= offered + 2 * _tolerance(offered):
        return "routes"
    return kind


def _tolerance(figure: float) -> float:
    return RELATIVE * (1.0 + abs(figure))


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _tolerance(one)


__all__ = [
    "BY_THE_MODEL",
    "KINDS",
    "NOT_WRONG",
    "SOLVERS",
    "Finding",
    "NotProvenError",
    "Reference",
    "findings",
    "plan_of",
]
