"""Programs without the moves that are dearer than all else together could save: tried first.

Beside such prices, solvers lose what everything else costs among their tolerances, bounds included. A plan
that makes none of these moves costs no more than it says, and any other at least one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import Arrays, Bools
from .program import Program, lagrangian_bound

DEAR = 100.0
"""Prices of moves count as dear from so many times the largest other cost of a column on."""


@dataclass(frozen=True)
class Staying:
    """A program without dear moves, and a bound of what any solution with one of them costs."""

    program: Program
    with_moves: float


def staying(arrays: Arrays, program: Program) -> Staying | None:
    """Return ``program`` without dear moves; None where no move is dear."""
    dear = _dear(arrays, program)
    if not dear.any():
        return None
    cost = np.where(dear, program.cost - arrays.moving, program.cost)
    others, _ = lagrangian_bound(replace(program, cost=cost), np.zeros(len(program.row_lower)))
    held = program.with_bounds(program.lower, np.where(dear, 0.0, program.upper))
    return Staying(held, others + float(arrays.moving[dear].min()))


def _dear(arrays: Arrays, program: Program) -> Bools:
    others = np.abs(program.cost - arrays.moving) * np.minimum(program.upper, 1.0)
    dear = arrays.moving > DEAR * max(1.0, float(others.max(initial=0.0)))
    return np.asarray(dear & (program.upper > 0))
