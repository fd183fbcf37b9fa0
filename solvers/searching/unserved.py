"""Least unserved work, however far the weights of workloads are apart.

Solvers take reduced costs up to about 1e-7 of the largest one for none. Beside a priority of a million, all
that depends on one of 0.1 is lost in that, and what they call proven may be wrong by as much. Weights above
many times what has to be left out say nothing but "serve this": lowered to that, they bound the work left
out as well, as no weight is above the true one, and the rest becomes visible.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..programs.program import Program, affordable, lagrangian_bound, partial_program
from ..rates import Floats
from .telling import UNSERVED_TOLERANCE, Telling, lesser

SHARE, GAP = 0.5, 1e-6
"""Part of the time left for all of it, and the gap to look for."""
LOST = 1e-7
"""Part of the largest weight that solvers lose in their tolerances."""
VISIBLE = 1e3
"""Times what is left out that the largest weight may be: what is lost beside it is within usual gaps."""
ROUNDS = 4


def least_unserved(search: Telling, floor: float) -> Floats | None:
    """Return a solution that leaves out as little as was found, telling it and what is proven.

    ``floor`` is the weighted work that has to be left out in any case.
    """
    program = partial_program(search.arrays, search.arrays.unserved)
    _tell_relaxed(search, program, floor)
    ends = search.left() * (1 - SHARE)
    best, largest = search.best, _largest(program)
    for _ in range(ROUNDS):
        most = largest if best is None else min(largest, VISIBLE * _avoidable(search, best, floor))
        found, bound = _solved(search, affordable(_lowered(program, most), best), best, ends)
        best = lesser(search.arrays.unserved, found, best)
        if best is None or search.left() <= ends or search.out_of_time():
            break
        if most <= 2 * VISIBLE * _avoidable(search, best, floor):
            search.tell_bound("unserved work", bound)
            break
    return best


def _tell_relaxed(search: Telling, program: Program, floor: float) -> None:
    relaxation = search.relax(program)
    if relaxation.x is not None:
        search.tell_bound("unserved work", max(floor, lagrangian_bound(program, relaxation.duals)[0]))


def _solved(
    search: Telling, program: Program, known: Floats | None, ends: float
) -> tuple[Floats | None, float]:
    """Return the solution and the bound of a program, of which less than solvers may lose is told."""
    lost = LOST * _largest(program)
    seconds = search.left() - ends
    answer = search.integer(program, known, seconds, "unserved work", GAP, constant=-lost)
    return answer.x, -np.inf if answer.x is None else answer.bound + lost


def _largest(program: Program) -> float:
    return float(program.cost[program.upper > program.lower].max(initial=0.0))


def _lowered(program: Program, most: float) -> Program:
    """Return the program with no weight above ``most``, but of what is left out in any case."""
    is_open = program.upper > program.lower
    return replace(program, cost=np.where(is_open, np.minimum(program.cost, most), program.cost))


def _avoidable(search: Telling, x: Floats, floor: float) -> float:
    return max(float(search.arrays.unserved @ x) - floor, UNSERVED_TOLERANCE)
