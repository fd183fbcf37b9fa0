"""One mixed-integer program in arrays, ready for a solver, and what is learnt from its relaxation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, vstack

from ..arrays import Arrays, Bools
from ..rates import Floats, Ints

ROUNDING = 1e-9
LEAST_AMOUNT, MOST_AMOUNT = 1e-3, 1e6
"""Amounts that solvers cope with: less they take for rounding, and the rounding of more for a fault."""
FORBIDDING = 1e7
"""Times a small cost of a program beyond which large ones are there to forbid something."""
MOST_COST = 1e13
"""Cost, as solvers see it, that none exceeds: HiGHS fails where some are far above."""


@dataclass(frozen=True)
class Program:
    """Minimise ``cost @ x`` over ``row_lower <= matrix @ x <= row_upper`` and the bounds of the columns."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    matrix: csr_array
    row_lower: Floats
    row_upper: Floats

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    def with_bounds(self, lower: Floats, upper: Floats) -> Program:
        """Return the program with other bounds on its columns."""
        return replace(self, lower=lower, upper=upper)

    def with_row(self, coefficients: Floats, upper: float) -> Program:
        """Return the program with one more row ``coefficients @ x <= upper``."""
        return replace(
            self,
            matrix=csr_array(vstack([self.matrix, csr_array(coefficients[None, :])])),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, upper),
        )

    def violation(self, x: Floats) -> float:
        """Return the largest violation of a row or bound by ``x``; rows are scaled to be comparable."""
        activity = self.matrix @ x
        rows = np.maximum(self.row_lower - activity, activity - self.row_upper)
        columns = np.maximum(self.lower - x, x - self.upper)
        return float(max(rows.max(initial=0.0), columns.max(initial=0.0)))

    def compact(self) -> Compact:
        """Return the program without its fixed columns and empty rows."""
        free = np.flatnonzero(self.upper > self.lower)
        fixed = np.where(self.upper > self.lower, 0.0, self.lower)
        held = self.matrix @ fixed
        matrix = self.matrix[:, free]
        used = np.flatnonzero(np.diff(matrix.indptr))
        program = Program(
            cost=self.cost[free],
            lower=self.lower[free],
            upper=self.upper[free],
            integer=self.integer[free],
            matrix=csr_array(matrix[used]),
            row_lower=(self.row_lower - held)[used],
            row_upper=(self.row_upper - held)[used],
        )
        empty = np.ones(len(held), dtype=bool)
        empty[used] = False
        slack = np.maximum(self.row_lower - held, held - self.row_upper)[empty]
        return Compact(
            program=program,
            free=free,
            rows=used,
            fixed=fixed,
            constant=float(self.cost @ fixed),
            consistent=float(slack.max(initial=0.0)) <= 1e-6,
        )


@dataclass(frozen=True)
class Compact:
    """A smaller program and the way back: ``free`` columns and ``rows`` of the whole, the rest at ``fixed``.

    ``consistent`` is false when the fixed columns alone break a row.
    """

    program: Program
    free: Ints
    rows: Ints
    fixed: Floats
    constant: float
    consistent: bool

    def whole(self, x: Floats) -> Floats:
        """Return the solution of the whole program for a solution of the smaller one."""
        found = self.fixed.copy()
        found[self.free] = x
        return found


def complete_program(arrays: Arrays) -> Program:
    """Return the least-cost program in which nothing is left out that could be placed, with its cuts."""
    slack = arrays.unserved > 0
    return Program(
        cost=arrays.cost,
        lower=arrays.lower,
        upper=np.where(slack, arrays.lower, arrays.upper),
        integer=arrays.integer,
        matrix=csr_array(vstack([arrays.matrix, arrays.cuts])),
        row_lower=np.concatenate([arrays.row_lower, arrays.cut_lower]),
        row_upper=np.concatenate([arrays.row_upper, np.full(len(arrays.cut_lower), np.inf)]),
    )


def penalised_cost(arrays: Arrays) -> Floats:
    """Return a cost by which leaving work out is dearer than any way of doing it."""
    weights = arrays.unserved[arrays.unserved > 0]
    if len(weights) == 0:
        return arrays.cost
    dearest = float(np.abs(arrays.cost * np.minimum(arrays.upper, 1.0)).max(initial=1.0))
    return arrays.cost + arrays.unserved * (2 * dearest / float(np.median(weights)))


def partial_program(arrays: Arrays, cost: Floats) -> Program:
    """Return the program in which work may be left out, with the objective ``cost``."""
    return Program(
        cost=cost,
        lower=arrays.lower,
        upper=arrays.upper,
        integer=arrays.integer,
        matrix=arrays.matrix,
        row_lower=arrays.row_lower,
        row_upper=arrays.row_upper,
    )


def affordable(program: Program, x: Floats | None) -> Program:
    """Return the program without integer columns any of which alone costs more than ``x``, if known."""
    if x is None:
        return program
    cost, lower, upper = program.cost, program.lower, program.upper
    most = float(cost @ x)
    with np.errstate(invalid="ignore"):
        least = np.where(cost >= 0, cost * lower, cost * upper).sum()
    # One more of what earns costs nothing above the least of all, which has the most of it.
    dear = (
        program.integer
        & (upper > lower)
        & (least + np.maximum(cost, 0.0) > most + ROUNDING * (1 + abs(most)))
    )
    return program.with_bounds(lower, np.where(dear, lower, upper))


def lagrangian_bound(program: Program, duals: Floats) -> tuple[float, Floats]:
    """Return a proven lower bound from row duals, whatever their quality, and the reduced costs.

    ``min c x >= sum_i y_i b_i + sum_j min over the bounds of (c - A'y)_j x_j`` with ``b_i`` the lower end of
    row i where ``y_i > 0`` and the upper end elsewhere (weak duality).
    """
    end = np.where(duals > 0, program.row_lower, program.row_upper)
    usable = np.where(np.isfinite(end), duals, 0.0)
    reduced = program.cost - program.matrix.T @ usable
    best = np.where(reduced > 0, program.lower, program.upper)
    with np.errstate(invalid="ignore"):
        columns = np.where(reduced == 0, 0.0, reduced * best)
    return float(np.where(np.isfinite(end), end, 0.0) @ usable + columns.sum()), reduced


def cost_scale(program: Program) -> float:
    """Return a power of two near the typical cost, so that tolerances of solvers mean something.

    Where many costs are so large that they stand for what is not to be, the others would be lost in these.
    """
    priced = np.abs(program.cost[program.cost != 0])
    if not len(priced):
        return 1.0
    small, large = np.quantile(priced, [0.1, 0.9])
    usual = max(large if large <= FORBIDDING * small else small, priced.max() / MOST_COST)
    return float(2.0 ** np.round(np.log2(usual)))


def usual_unit(amounts: Floats) -> float:
    """Return what to count positive amounts in: 1, unless some would be beyond what solvers cope with."""
    if not len(amounts):
        return 1.0
    return float(max(min(1.0, amounts.min() / LEAST_AMOUNT), amounts.max() / MOST_AMOUNT))
