"""The whole model through HiGHS or CP-SAT with the same time and threads, checked in the same way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from computeroute.solvers.blocks import BlockResult, Blocks

from benchmarks.families import Family, Limits, family, opened
from benchmarks.single import Outcome, checked, outcome, stdout_to_stderr

SOLVERS = ("highs", "cp-sat")


def solve_whole_file(name: str, path: Path, instance: str | None, limits: Limits, solver: str) -> Outcome:
    """Solve one instance as one program with ``solver`` (``highs``, ``cp-sat``)."""
    from computeroute.solvers.whole import solve_whole

    kind = family(name)
    blocks, context = opened(kind, path, instance)
    began = time.monotonic()
    with stdout_to_stderr():
        if kind.program is not None:
            result = _program_result(kind, blocks, context, limits, solver)
        else:
            result = solve_whole(
                blocks,
                time_limit=limits.seconds,
                gap_limit=limits.gap,
                seed=limits.seed,
                threads=limits.threads,
                solver=solver,
            )
    seconds = time.monotonic() - began
    objective = None
    if result.solution is not None:
        objective = checked(kind, path, instance, kind.to_solution(result.solution, context))
    return outcome(instance or path.stem, name, result, objective, seconds)


def _program_result(kind: Family, blocks: Blocks, context: Any, limits: Limits, solver: str) -> BlockResult:
    """Solve the program that a family brings itself."""
    from computeroute.solvers.programs.request import Request
    from computeroute.solvers.programs.solve_program import solve_integer

    assert kind.program is not None
    whole = kind.program(blocks, context)
    answer = solve_integer(
        whole.program, Request(solver=solver, time_limit=limits.seconds, watch=False, threads=limits.threads)
    )
    value = np.inf if answer.x is None else float(whole.program.cost @ answer.x)
    bound = np.inf if answer.infeasible else min(answer.bound, value)
    solution = None if answer.x is None else whole.solution(answer.x)
    return BlockResult(solution, value, bound, answer.infeasible, f"whole model, {solver}", 0.0)
