"""Solve a :class:`Program`: HiGHS, CP-SAT or SCIP for integers, HiGHS (or GLOP, where it fails) without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...routing.errors import SolverError
from ..rates import Floats
from .program import ROUNDING, Program
from .request import Answer, Relaxation, Request

DOUBTED_COLUMNS = 20_000
"""Relaxations up to this size are solved again without presolve before they are believed infeasible: the
presolve of HiGHS has been seen to err where a row leaves room of about its tolerance only."""
SETTLE_SECONDS = 10.0
BROKEN = 1e-6
"""Part of the amounts in a row by which a solution breaks it."""


def solve_integer(program: Program, request: Request) -> Answer:
    """Solve a mixed-integer program with the solver of that name.

    Raises
    ------
    SolverError
        When the solver refuses the model or ends without telling anything.
    """
    if not program.columns:
        return Answer(np.zeros(0), 0.0, False) if _zeros_fit(program) else Answer(None, -np.inf, True)
    if request.solver == "cp-sat":
        from .mathopt import solve_on_grid as solve
    elif request.solver == "scip":
        from .mathopt import solve_as_given as solve
    else:
        from .highs import solve_by_highs as solve
    return solve(program, request)


def solve_relaxation(program: Program, time_limit: float, seed: int = 0) -> Relaxation:
    """Solve the linear relaxation (HiGHS, by what method it sees fit; GLOP where that fails)."""
    if not program.columns:
        fits, rows = _zeros_fit(program), len(program.row_lower)
        return Relaxation(np.zeros(0) if fits else None, np.zeros(rows), not fits)
    relaxed = replace(program, integer=np.zeros(program.columns, dtype=bool))
    found = _solve_linear(relaxed, time_limit, seed, presolve=True)
    if found.infeasible and program.columns <= DOUBTED_COLUMNS:
        return _solve_linear(relaxed, time_limit, seed, presolve=False)
    return found


def _zeros_fit(program: Program) -> bool:
    """Return whether all rows hold where all columns are 0."""
    return bool(((program.row_lower <= ROUNDING) & (program.row_upper >= -ROUNDING)).all())


def _solve_linear(program: Program, time_limit: float, seed: int, *, presolve: bool) -> Relaxation:
    """Solve with HiGHS, or with GLOP where that fails: as with costs from 1e-6 to 1e6."""
    from .highs_calls import relax_by_highs

    try:
        return relax_by_highs(program, time_limit, seed, presolve=presolve)
    except SolverError:
        from .mathopt import relax_by_glop

        return relax_by_glop(program, time_limit)


def settle(program: Program, x: Floats) -> Floats:
    """Return ``x`` with its integers rounded and its continuous columns optimal for them, where possible."""
    rounded = np.where(program.integer, np.round(x), x)
    lower = np.where(program.integer, rounded, program.lower)
    upper = np.where(program.integer, rounded, program.upper)
    compact = program.with_bounds(lower, upper).compact()
    if not compact.consistent or compact.program.columns == 0:
        return rounded
    polished = solve_relaxation(compact.program, SETTLE_SECONDS)
    return rounded if polished.x is None else compact.whole(polished.x)


def keeps_rows(program: Program, x: Floats) -> bool:
    """Return whether ``x`` keeps all rows, which CP-SAT widens where they have continuous columns."""
    used = program.matrix @ x
    over = np.maximum(program.row_lower - used, used - program.row_upper)
    return bool((over <= BROKEN * (abs(program.matrix) @ np.abs(x)) + BROKEN**2).all())
