"""Blocks as one mixed-integer program: for small problems, and for what no other solver knows."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from .block_accounts import objective, violation
from .block_program import block_program, block_solution
from .blocks import BlockResult, Blocks, Floats
from .programs.program import Program

TOLERANCE = 1e-6


def solve_whole(
    blocks: Blocks,
    *,
    time_limit: float,
    gap_limit: float = 1e-4,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[float | None, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
    solver: str = "highs",
) -> BlockResult:
    """Solve the whole model of ``blocks`` with HiGHS, CP-SAT or SCIP; a large one may overrun the time limit.

    ``progress`` is called once, at the end; ``stop`` is asked only by solvers that can be stopped (CP-SAT).
    """
    from .programs.request import Request
    from .programs.solve_program import solve_integer

    began = time.monotonic()
    program = block_program(blocks)
    request = Request(
        solver=solver,
        time_limit=time_limit - (time.monotonic() - began),
        gap_limit=gap_limit,
        seed=seed,
        threads=threads,
        twice=True,
        stop=stop or (lambda: False),
        watch=solver == "cp-sat" and stop is not None,
    )
    answer = solve_integer(program, request)
    x = None if answer.x is None else tidy(program, answer.x)
    solution = None if x is None else block_solution(blocks, x)
    if solution is not None and violation(blocks, solution) > TOLERANCE:
        solution = None
    value = np.inf if solution is None else objective(blocks, solution)
    if progress is not None:
        progress(None if solution is None else value, answer.bound)
    return BlockResult(
        solution=solution,
        objective=value,
        bound=np.inf if answer.infeasible else min(answer.bound, value),
        infeasible=answer.infeasible,
        method=f"whole model, {solver}",
        seconds=time.monotonic() - began,
    )


def tidy(program: Program, x: Floats) -> Floats:
    """Return ``x`` with whole integers and, for those, continuous columns that fit."""
    from .programs.solve_program import settle

    return np.clip(settle(program, x), program.lower, program.upper)
