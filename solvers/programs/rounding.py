"""From a solution of the master to whole replicas: jobs, sites and modules stay, periods are solved apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Arrays, Bools
from ..rates import Floats, Ints
from .cells import Cell, cells_of
from .master import can_relax, likely, rank_within, relax_replicas
from .program import Program
from .request import Request
from .small import make_small, whole_prices
from .solve_program import settle, solve_integer, solve_relaxation

PROMISING = 3
FIRST_TIME_SHARE = 0.8
COUNTING_ALTERNATIVES = 6
LINEAR_SECONDS = 5.0
"""Beside its share of the time, what is left of a period when all whole numbers are known."""


@dataclass(frozen=True, kw_only=True)
class RoundingSettings:
    """Solver and limits of the small programs; ``allowance`` is the cost that all together may waste.

    ``gather`` says that every demand has to be served, so that demands that are alike may be served as one.
    """

    solver: str
    seconds: float
    allowance: float
    gather: bool
    seed: int
    cores: int
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Rounded:
    """A solution, whole but for the periods in ``failed``, where columns marked ``broken`` have no values."""

    x: Floats
    failed: tuple[int, ...]
    broken: Bools


def round_replicas(
    arrays: Arrays, program: Program, x: Floats, settings: RoundingSettings, known: Floats | None = None
) -> Rounded | None:
    """Return a solution of ``program`` with the decisions of ``x`` and whole replicas.

    Where demands may be gathered, replicas are first counted for gathered demands, and the flows of every
    demand are solved for these; services for which that cannot be done are solved in one, then periods in
    which even that is in vain. None when the decisions alone break a row. Rows over several periods (budget,
    caps) are shared out between the periods in proportion to what ``x`` uses. ``known`` is a whole solution
    with the same decisions, where counting may begin.
    """
    fixed = fixed_decisions(arrays, program, x)
    if not fixed.compact().consistent:
        return None
    if not settings.gather:
        return _round_periods(fixed, arrays.period, x, promising(arrays, program, x), settings)
    x, prices = best_flows(arrays, program, x, settings.seconds, settings.seed)
    counted, sure = _count_replicas(arrays, fixed, x, prices, settings, known=known)
    held = fixed.with_bounds(np.where(sure, counted, fixed.lower), np.where(sure, counted, fixed.upper))
    few = promising(arrays, program, x)
    start = np.where(sure, counted, x)
    found = _round_periods(held, arrays.period, start, few, settings)
    for freed in (_services_of_broken, _failed_periods):
        if found is None or not found.failed or settings.stop():
            break
        free = freed(arrays, found)
        values = np.where(free, x, found.x)
        rest = fixed.with_bounds(np.where(free, fixed.lower, values), np.where(free, fixed.upper, values))
        found = _round_periods(rest, arrays.period, values, few, settings) or found
    return found


def _services_of_broken(arrays: Arrays, rounded: Rounded) -> Bools:
    """Return the replicas and shares of services, in their period, for whose counts there are no shares."""
    loads = arrays.replica_rows
    is_touched = (loads >= 0) & ((abs(arrays.matrix) @ rounded.broken)[loads] > 0)
    services = np.setdiff1d(arrays.replica_groups[is_touched], [-1])
    mine = is_touched | np.isin(arrays.replica_groups, services)
    free = rounded.broken.copy()
    free[arrays.matrix[loads[mine & (loads >= 0)]].indices] = True
    free[arrays.replicas[mine]] = True
    return free


def _failed_periods(arrays: Arrays, rounded: Rounded) -> Bools:
    return (arrays.period < 0) | np.isin(arrays.period, rounded.failed)


def _count_replicas(
    arrays: Arrays,
    fixed: Program,
    x: Floats,
    prices: Floats,
    settings: RoundingSettings,
    *,
    known: Floats | None,
) -> tuple[Floats, Bools]:
    """Return whole replicas that suffice for gathered demands, and for which columns they are known."""
    nothing = np.zeros(len(arrays.replicas), dtype=bool)
    small = make_small(arrays, fixed, nothing, gather=True, prices=prices, whole_replicas=True)
    period = small.periods(arrays)
    start = small.values(arrays, x)
    reduced = small.program.cost - small.program.matrix.T @ prices[small.rows]
    few = likely(small.block(arrays), start, reduced, COUNTING_ALTERNATIVES)
    begin = None if known is None else small.values(arrays, known)
    rounded = _round_periods(small.program, period, start, few, settings, known=begin)
    sure = np.zeros(arrays.columns, dtype=bool)
    if rounded is None:
        return x, sure
    sure[arrays.replicas] = ~np.isin(arrays.period[arrays.replicas], rounded.failed)
    return np.where(sure, np.round(small.whole(rounded.x)), x), sure


def _round_periods(
    fixed: Program,
    period: Ints,
    x: Floats,
    likely: Bools,
    settings: RoundingSettings,
    *,
    known: Floats | None = None,
) -> Rounded | None:
    """Return ``x`` with every period solved apart; None when what is fixed breaks a row."""
    compact = fixed.compact()
    if not compact.consistent:
        return None
    cells = list(cells_of(compact, period[compact.free], x[compact.free], likely[compact.free]))
    if known is not None:
        cells = [cell.begun(known[compact.free[cell.columns]]) for cell in cells]
    workers = settings.cores
    share = replace(
        settings,
        allowance=settings.allowance / max(len(cells), 1),
        seconds=settings.seconds * workers / max(len(cells), workers),
    )
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda cell: _solve_cell(cell, share), cells))
    found, failed, broken = x[compact.free].copy(), set[int](), np.zeros(len(x), dtype=bool)
    for cell, answer in zip(cells, answers, strict=True):
        if answer is None:
            failed.add(cell.period)
            broken[compact.free[cell.columns]] = True
        else:
            found[cell.columns] = answer
    return Rounded(compact.whole(found), tuple(sorted(failed)), broken)


def best_flows(
    arrays: Arrays, program: Program, x: Floats, seconds: float, seed: int
) -> tuple[Floats, Floats]:
    """Return the cheapest flows for the decisions in ``x`` with replicas as loads, and the duals of the rows.

    Where they do not fit, ``x`` comes back with duals of zero.
    """
    held = fixed_decisions(arrays, program, x)
    loads = make_small(arrays, held, can_relax(arrays), gather=False)
    compact = loads.program.compact()
    rows = len(program.row_lower)
    if not compact.consistent:
        return x, np.zeros(rows)
    relaxed = solve_relaxation(compact.program, max(seconds, 0.1), seed)
    if relaxed.x is None:
        return x, np.zeros(rows)
    duals = np.zeros(len(loads.program.row_lower))
    duals[compact.rows] = relaxed.duals
    return loads.whole(compact.whole(relaxed.x)), whole_prices(loads, duals, rows)


def fixed_decisions(arrays: Arrays, program: Program, x: Floats) -> Program:
    """Return ``program`` with everything but flows, replicas and overflow fixed as in ``x``."""
    free = arrays.period >= 0
    values = np.where(program.integer, np.round(x), x)
    return program.with_bounds(np.where(free, program.lower, values), np.where(free, program.upper, values))


def promising(arrays: Arrays, program: Program, x: Floats) -> Bools:
    """Return which columns to try first: shares on slots that ``x`` uses, the cheapest of every demand."""
    relaxed = relax_replicas(arrays, program, can_relax(arrays))
    price = program.cost.copy()
    price[relaxed.kept] = relaxed.program.cost
    shares = np.flatnonzero(arrays.slot >= 0)
    block = arrays.block[shares]
    order = np.lexsort((price[shares], block))
    rank = rank_within(block[order])
    likely = np.ones(program.columns, dtype=bool)
    likely[shares] = False
    likely[shares[order[rank < PROMISING]]] = True
    spot = arrays.slot[shares] * (int(arrays.period.max(initial=0)) + 1) + arrays.period[shares]
    likely[shares[np.isin(spot, spot[x[shares] > 1e-6])]] = True
    return likely


def _solve_cell(cell: Cell, settings: RoundingSettings) -> Floats | None:
    program = cell.program
    few = program.with_bounds(program.lower, np.where(cell.promising, program.upper, program.lower))
    attempts = ((program, 1.0),) if cell.promising.all() else ((few, FIRST_TIME_SHARE), (program, 0.5))
    for attempt, time_share in attempts:
        if settings.stop():
            return None
        found = _solve(attempt, replace(settings, seconds=settings.seconds * time_share), cell.known)
        if found is not None:
            return found
    return None


def _solve(program: Program, settings: RoundingSettings, known: Floats | None = None) -> Floats | None:
    compact = program.compact()
    if not compact.consistent:
        return None
    if not compact.program.integer.any():
        relaxed = solve_relaxation(compact.program, settings.seconds + LINEAR_SECONDS, settings.seed)
        return None if relaxed.x is None else compact.whole(relaxed.x)
    request = Request(
        solver=settings.solver,
        time_limit=settings.seconds,
        gap_limit=1e-5,
        absolute_gap=settings.allowance,
        seed=settings.seed,
        threads=1,
        watch=False,
        stop=settings.stop,
        hint=None if known is None else known[compact.free],
    )
    answer = solve_integer(compact.program, request)
    return None if answer.x is None else compact.whole(settle(compact.program, answer.x))
