"""The end of every solve: a plan that the verifier rejects is not handed out."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from typing import IO

from ..routing.errors import RejectedPlanError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.verifier import check


def verified(problem: Problem, plan: Plan, solver: str) -> Plan:
    """Return ``plan`` once the verifier accepts it.

    Raises
    ------
    RejectedPlanError
        When it does not; problem, plan and violations are then in one file in the folder for temporary files.
    """
    violations = [str(violation) for violation in check(problem, plan)]
    if violations:
        raise RejectedPlanError(solver, violations, _keep(problem, plan, violations))
    return plan


def _keep(problem: Problem, plan: Plan, violations: Sequence[str]) -> str:
    """Write what is needed to find the defect; return the file, empty where nothing can be written."""
    try:
        number, file = tempfile.mkstemp(prefix="computeroute-rejected-", suffix=".json")
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            _write(stream, problem, plan, violations)
    except OSError:
        return ""
    return file


def _write(stream: IO[str], problem: Problem, plan: Plan, violations: Sequence[str]) -> None:
    parts = {"problem": problem, "plan": plan}
    kept = {name: part.model_dump(mode="json", exclude_none=True) for name, part in parts.items()}
    json.dump({"violations": list(violations), **kept}, stream, ensure_ascii=False, indent=1)
