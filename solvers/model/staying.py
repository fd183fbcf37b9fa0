"""Programs with as few moves as may be, where these are dearer than all else could save: tried first.

Beside such prices, solvers lose what everything else costs among their tolerances, bounds included. So moves
are counted, and what else is paid is sought at their least number, without their price.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Arrays, Bools
from ..programs.program import Program, lagrangian_bound
from ..rates import Floats

DEAR = 100.0
"""Prices of moves count as dear from so many times the largest other cost of a column on."""


@dataclass(frozen=True)
class Staying:
    """A program with dear moves.

    Attributes
    ----------
    others
        The program without their price: its cost is all else.
    price
        The least price of a dear move.
    count
        How many of these each column costs, whole numbers; the rest of its price counts as another cost.
    least
        A bound of the other costs.
    """

    others: Program
    price: float
    count: Floats
    least: float

    @property
    def counting(self) -> Program:
        """The program whose cost is the number of dear moves."""
        return replace(self.others, cost=self.count)

    def with_moves(self, most: int) -> Program:
        """Return the program of the other costs with at most so many dear moves."""
        if most > 0:
            return self.others.with_row(self.count, most + 0.5)
        return self.others.with_bounds(self.others.lower, np.where(self.count > 0, 0.0, self.others.upper))

    def with_more(self, moves: int) -> float:
        """Return a bound of what any solution with more moves costs."""
        return self.least + (moves + 1) * self.price


def staying(arrays: Arrays, program: Program) -> Staying | None:
    """Return what is dear in ``program``; None where no move is."""
    dear = _dear(arrays, program)
    if not dear.any():
        return None
    price = float(arrays.moving[dear].min())
    count = np.where(dear, np.floor(arrays.moving / price), 0.0)
    others = replace(program, cost=program.cost - price * count)
    least, _ = lagrangian_bound(others, np.zeros(len(program.row_lower)))
    return Staying(others, price, count, least)


def _dear(arrays: Arrays, program: Program) -> Bools:
    others = np.abs(program.cost - arrays.moving) * np.minimum(program.upper, 1.0)
    dear = arrays.moving > DEAR * max(1.0, float(others.max(initial=0.0)))
    return np.asarray(dear & (program.upper > 0))
