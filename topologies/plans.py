"""Reading plans from files."""

from __future__ import annotations

import os

from ..routing.damage import require_own
from ..routing.errors import InputError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.verifier import check
from .sources import open_source


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan from a JSON file, such as ``route compare --folder`` keeps, or from standard input (``-``).

    Raises
    ------
    InputError
        With every fault: a file that cannot be read, is not JSON or is not a plan.
    """
    source = open_source(path, or_sample=False)
    return Plan.from_json(source.text, source.name)


def load_plan_of(problem: Problem, path: str | os.PathLike[str], *, or_none: bool = False) -> Plan:
    """Read a plan that something is to be built on: one of ``problem`` that can be used and verifies.

    With ``or_none`` it may also say that there is no plan.

    Raises
    ------
    InputError
        As :func:`load_plan`, and where it is of another problem, holds nothing, or breaks a rule.
    """
    plan = load_plan(path)
    try:
        if or_none:
            plan.require_of(problem)
        else:
            require_own(problem, plan)
        _require_verified(problem, plan)
    except InputError as error:
        raise InputError(error.faults, os.fspath(path)) from None
    return plan


def _require_verified(problem: Problem, plan: Plan) -> None:
    violations = check(problem, plan)
    if violations:
        first = violations[0]
        message = f"the plan does not verify: {first.constraint}, {first.element}: {first.message}"
        more = f" (and {len(violations) - 1:,} more)" if len(violations) > 1 else ""
        raise InputError([f"{message}{more}; see route verify"])
