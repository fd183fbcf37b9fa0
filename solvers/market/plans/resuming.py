"""The plan of a similar problem as a placement of a market: everything goes on where it was, where it can.

A job stays in its pools, at its start or the nearest one that is possible; users stay with the pools and
routes that serve them, with as many replicas as that takes now. What cannot go on is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....routing.plan import JobPlan, Plan
from ...rates import Floats
from ..answers.columns import Columns, joined, pause_columns, start_columns
from ..answers.placing import Placement, Priced
from ..form.jobs import Options
from ..form.market import Market
from .relieving import relieved
from .resuming_services import service_columns

SLACK = 1e-7
"""Part of a row by which it may be exceeded."""
WHOLE = 1e-9
"""Part of its hours that a job may lack: less is rounding, and would hold a further period."""
Candidate = tuple[int, int]
"""How much of what is paid for is other than it was (0 where nothing is), and the number of an option."""


def gone_on(market: Market, penalty: float, plan: Plan) -> Placement | None:
    """Return what goes on of ``plan`` and keeps every row; None where that is not found.

    Modules that nothing needs are not bought. Rows count as kept within ``SLACK``, as plans keep them within
    the tolerances of a solver.
    """
    placement = resumed(market, penalty, plan)
    kept = placement if len(placement.broken_rows(SLACK)) == 0 else relieved(_fitting(placement))
    if kept is not None:
        kept.trim_modules()
    return kept


def _fitting(placement: Placement) -> Placement:
    """Return the placement of as much as fits, what would cost most to leave out first."""
    loss = [
        (placed.cost - float(placement.out_cost[block]), block)
        for block, placed in enumerate(placement.placed)
        if placed.choice is not None
    ]
    kept = Placement(placement.market, placement.penalty, placement.modules)
    for _, block in sorted(loss):
        placed = placement.placed[block]
        if kept.fits(placed.rows, placed.amounts):
            kept.put(block, placed)
    return kept


def resumed(market: Market, penalty: float, plan: Plan) -> Placement:
    """Return what goes on of ``plan``; rows may be broken where there is less room than there was."""
    placement = Placement(market, penalty, _modules(market, plan))
    parts = [*_job_columns(market, plan), *service_columns(market, plan)]
    if parts:
        prices = np.zeros(len(market.rules.capacity))
        priced = Priced.of(market, joined(parts), prices, penalty)
        for row, block in enumerate(priced.columns.block.tolist()):
            placement.put(block, priced.placed(row))
    return placement


def _modules(market: Market, plan: Plan) -> Floats:
    bought = {each.pool: float(each.modules) for each in plan.purchases}
    pools = [market.problem.pools[pool].id for pool in market.rules.module_pool.tolist()]
    most = market.rules.widening_most[: len(pools)]
    return np.asarray(np.minimum([bought.get(pool, 0.0) for pool in pools], most))


def _job_columns(market: Market, plan: Plan) -> Iterator[Columns]:
    pools = {pool.id: number for number, pool in enumerate(market.problem.pools)}
    jobs = {job.id: number for number, job in enumerate(market.problem.jobs)}
    periods = {period.id: number for number, period in enumerate(market.problem.periods)}
    begun: list[tuple[int, float]] = []
    paused: list[tuple[int, Floats]] = []
    for entry in plan.jobs:
        held = [pools.get(place.pool, -1) for place in entry.placements]
        if entry.job not in jobs or min(held) < 0:
            continue
        kinds = [
            _option(options, jobs[entry.job], held, entry) for options in (market.running, market.pausing)
        ]
        known = [(kind, number) for kind, number in enumerate(kinds) if number is not None]
        if not known:
            continue
        kind, (_, number) = min(known, key=lambda each: each[1])
        if kind == 0:
            begun.append((number, entry.start_hours))
        else:
            paused.append((number, _hours(market, number, entry, periods)))
    yield from _begun(market, begun)
    yield from _paused(market, paused)


def _option(options: Options, job: int, held: list[int], entry: JobPlan) -> Candidate | None:
    """Return the option of a job in just the pools held that is most like what the plan has."""
    rows = np.arange(*np.searchsorted(options.job, [job, job + 1]))
    if len(rows) == 0:
        return None
    part = slice(*np.searchsorted(options.owner, [rows[0], rows[-1] + 1]))
    owner = options.owner[part] - rows[0]
    sites = np.bincount(owner, minlength=len(rows))
    there = np.bincount(owner, np.isin(options.pool[part], held), len(rows))
    rows = rows[(sites == len(held)) & (there == sites)]
    if len(rows) == 0:
        return None
    other = (options.accelerators[rows] != entry.placements[0].accelerators) * 2
    other += options.spot[rows] != entry.spot
    best = np.lexsort((options.money[rows], other))[0]
    return int(other[best]), int(rows[best])


def _begun(market: Market, begun: list[tuple[int, float]]) -> Iterator[Columns]:
    """Yield the columns of options from their starts, or from the nearest ones that are possible."""
    rows = np.array([row for row, _ in begun], dtype=np.int64)
    hours = np.array([start for _, start in begun])
    spans = market.spans
    far = np.where(spans.possible[rows], np.abs(spans.start[rows] - hours[:, None]), np.inf)
    can = np.isfinite(far.min(axis=1, initial=np.inf))
    if can.any():
        at = far[can].argmin(axis=1)
        yield start_columns(market.running, spans, market.rates, market.rules.goods, rows=rows[can], at=at)


def _paused(market: Market, paused: list[tuple[int, Floats]]) -> Iterator[Columns]:
    rows = np.array([row for row, _ in paused], dtype=np.int64)
    hours = np.array([run for _, run in paused]).reshape(len(rows), market.rates.periods)
    can = hours.sum(axis=1) >= market.pausing.hours[rows] * (1 - WHOLE)
    if can.any():
        yield pause_columns(market.pausing, market.rules.goods, market.rates, rows[can], hours[can])


def _hours(market: Market, number: int, entry: JobPlan, periods: dict[str, int]) -> Floats:
    """Return the hours (T,) of a job: those that it had, then, if that is not enough, the earliest others."""
    room, run = market.rooms[number], np.zeros(market.rates.periods)
    for each in entry.runs:
        if each.period in periods:
            run[periods[each.period]] = each.hours
    hours = float(market.pausing.hours[number])
    first = _filled(np.minimum(run, room), hours)
    missing = hours - float(first.sum())
    return first if missing <= WHOLE * hours else first + _filled(room - first, missing)


def _filled(room: Floats, hours: float) -> Floats:
    """Return so many hours in all, the earliest that there is room for."""
    before = np.cumsum(room) - room
    return np.asarray(np.clip(hours - before, 0.0, room))
