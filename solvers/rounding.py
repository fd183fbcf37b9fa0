"""From a solution of the master to one with whole replicas: jobs, sites and modules stay, periods are solved apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from .arrays import Arrays
from .mathopt import Request, settle, solve_integer
from .program import Compact, Program
from .rates import Floats, Ints

Cell = tuple[Ints, Ints, Program]


@dataclass(frozen=True, kw_only=True)
class RoundingSettings:
    """Solver and limits of the small programs; ``allowance`` is the cost that all of them may waste together."""

    solver: str
    seconds: float
    allowance: float
    seed: int
    threads: int | None
    stop: Callable[[], bool]


def fixed_decisions(arrays: Arrays, program: Program, x: Floats) -> Program:
    """Return ``program`` with everything but flows, replicas and overflow fixed as in ``x``."""
    free = arrays.period >= 0
    values = np.where(program.integer, np.round(x), x)
    return program.with_bounds(np.where(free, program.lower, values), np.where(free, program.upper, values))


def round_replicas(arrays: Arrays, program: Program, x: Floats, settings: RoundingSettings) -> Floats | None:
    """Return a solution of ``program`` with the decisions of ``x`` and whole replicas, or None.

    Rows over several periods (budget, caps) are shared out between the periods in proportion to what ``x`` uses.
    """
    compact = fixed_decisions(arrays, program, x).compact()
    if not compact.consistent:
        return None
    cells = list(_cells(compact, arrays.period[compact.free], x[compact.free]))
    workers = settings.threads or os.cpu_count() or 1
    share = replace(
        settings,
        allowance=settings.allowance / max(len(cells), 1),
        seconds=settings.seconds * workers / max(len(cells), workers),
    )
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda cell: _solve_cell(cell[2], share), cells))
    found = np.zeros(len(compact.free))
    for (columns, _, _), answer in zip(cells, answers, strict=True):
        if answer is None:
            return None
        found[columns] = answer
    return compact.whole(found)


def _solve_cell(program: Program, settings: RoundingSettings) -> Floats | None:
    request = Request(
        solver=settings.solver,
        time_limit=settings.seconds,
        gap_limit=1e-5,
        absolute_gap=settings.allowance,
        seed=settings.seed,
        threads=1,
        watch=False,
        stop=settings.stop,
    )
    answer = None if settings.stop() else solve_integer(program, request)
    return None if answer is None or answer.x is None else settle(program, answer.x)


def _cells(compact: Compact, period: Ints, x: Floats) -> Iterator[Cell]:
    """Yield (columns, rows, program) of every connected part of every period."""
    program = compact.program
    by_column = csc_array(program.matrix)
    activity = np.zeros(len(program.row_lower))
    crossing = _crossing_rows(program.matrix, period)
    activity = program.matrix @ x
    parts = max(1, len(np.unique(period)))
    for at in np.unique(period):
        columns = np.flatnonzero(period == at)
        block = csr_array(by_column[:, columns])
        rows = np.flatnonzero(np.diff(block.indptr))
        block = csr_array(block[rows])
        mine = block @ x[columns]
        shared = crossing[rows]
        slack = np.maximum(program.row_upper[rows] - activity[rows], 0.0) / parts
        upper = np.where(shared & np.isfinite(program.row_upper[rows]), mine + slack, program.row_upper[rows])
        spare = np.maximum(activity[rows] - program.row_lower[rows], 0.0) / parts
        lower = np.where(shared & np.isfinite(program.row_lower[rows]), mine - spare, program.row_lower[rows])
        yield from _connected(program, columns, block, lower, upper)


def _crossing_rows(matrix: csr_array, period: Ints) -> np.ndarray:
    """Return which rows have columns of more than one period."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    first = np.full(matrix.shape[0], np.iinfo(np.int64).max)
    last = np.full(matrix.shape[0], -1)
    np.minimum.at(first, rows, period[matrix.indices])
    np.maximum.at(last, rows, period[matrix.indices])
    return np.asarray(last > first)


def _connected(program: Program, columns: Ints, block: csr_array, lower: Floats, upper: Floats) -> Iterator[Cell]:
    links = csr_array(abs(block.T) @ abs(block))
    count, label = connected_components(links, directed=False)
    row_label = label[block.indices[block.indptr[:-1]]]
    for part in range(count):
        mine, rows = np.flatnonzero(label == part), np.flatnonzero(row_label == part)
        chosen = columns[mine]
        yield (
            chosen,
            rows,
            Program(
                cost=program.cost[chosen],
                lower=program.lower[chosen],
                upper=program.upper[chosen],
                integer=program.integer[chosen],
                matrix=csr_array(block[rows][:, mine]),
                row_lower=lower[rows],
                row_upper=upper[rows],
            ),
        )
