"""The error that says why there is no plan where one was to be gone on with."""

from __future__ import annotations

from ..routing.errors import NoPlanError, SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.report import why_infeasible


def no_plan(plan: Plan, problem: Problem, what: str) -> SolverError:
    """Return the error for ``plan``, which is none: that there can be none, or that none was found in time.

    Parameters
    ----------
    what
        What the plan was for, to follow the words "there is no plan".
    """
    if plan.status == "infeasible":
        return NoPlanError(f"there is no plan {what}: {why_infeasible(plan, problem)}")
    return SolverError(f"no plan was found in time {what}; allow it more time")
