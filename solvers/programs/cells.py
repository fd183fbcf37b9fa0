"""Periods solved apart: every connected part of a period is a small program of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from ..arrays import Bools
from ..rates import Floats, Ints
from .program import Compact, Program


@dataclass(frozen=True)
class Cell:
    """A connected part of one period: its columns in the compact program, and what it has to solve.

    ``promising`` marks the columns to try first; ``known`` is a solution to begin with.
    """

    period: int
    columns: Ints
    program: Program
    promising: Bools
    known: Floats | None = None

    def begun(self, known: Floats) -> Cell:
        """Return the cell with a solution to begin with, whose columns are tried first, too."""
        return replace(self, promising=self.promising | (known > 0), known=known)


def cells_of(compact: Compact, period: Ints, x: Floats, likely: Bools) -> Iterator[Cell]:
    """Yield every connected part of every period."""
    program = compact.program
    by_column = csc_array(program.matrix)
    crossing = _crossing_rows(program.matrix, period)
    activity = program.matrix @ x
    parts = max(1, len(np.unique(period)))
    lower, upper = _binding_ends(program)
    for at in np.unique(period):
        columns = np.flatnonzero(period == at)
        block = csr_array(by_column[:, columns])
        rows = np.flatnonzero(np.diff(block.indptr))
        block = csr_array(block[rows])
        mine, all_of_it, shared = block @ x[columns], activity[rows], crossing[rows]
        slack = np.maximum(upper[rows] - all_of_it, 0.0) / parts
        spare = np.maximum(all_of_it - lower[rows], 0.0) / parts
        part = Program(
            cost=program.cost[columns],
            lower=program.lower[columns],
            upper=program.upper[columns],
            integer=program.integer[columns],
            matrix=block,
            row_lower=np.where(shared, mine - spare, lower[rows]),
            row_upper=np.where(shared, mine + slack, upper[rows]),
        )
        yield from _connected(int(at), columns, part, likely[columns])


def _binding_ends(program: Program) -> tuple[Floats, Floats]:
    """Return the ends of the rows, infinite where the bounds of the columns imply them."""
    up, down = program.matrix.maximum(0.0), program.matrix.minimum(0.0)
    least = up @ program.lower + down @ program.upper
    most = up @ program.upper + down @ program.lower
    return (
        np.where(least >= program.row_lower - 1e-9, -np.inf, program.row_lower),
        np.where(most <= program.row_upper + 1e-9, np.inf, program.row_upper),
    )


def _crossing_rows(matrix: csr_array, period: Ints) -> Bools:
    """Return which rows have columns of more than one period."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    first = np.full(matrix.shape[0], np.iinfo(np.int64).max)
    last = np.full(matrix.shape[0], -1)
    np.minimum.at(first, rows, period[matrix.indices])
    np.maximum.at(last, rows, period[matrix.indices])
    return np.asarray(last > first)


def _connected(period: int, columns: Ints, part: Program, likely: Bools) -> Iterator[Cell]:
    links = csr_array(abs(part.matrix.T) @ abs(part.matrix))
    count, label = connected_components(links, directed=False)
    row_label = label[part.matrix.indices[part.matrix.indptr[:-1]]]
    for number in range(count):
        mine, rows = np.flatnonzero(label == number), np.flatnonzero(row_label == number)
        program = Program(
            cost=part.cost[mine],
            lower=part.lower[mine],
            upper=part.upper[mine],
            integer=part.integer[mine],
            matrix=csr_array(part.matrix[rows][:, mine]),
            row_lower=part.row_lower[rows],
            row_upper=part.row_upper[rows],
        )
        yield Cell(period, columns[mine], program, likely[mine])
