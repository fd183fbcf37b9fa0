"""Columns: decisions of single blocks, with what they take of every good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from ...arrays import Bools
from ...rates import Floats, Ints, Rates, hours_beyond
from ..form.goods import Goods
from ..form.jobs import Options
from ..form.starting import Starts
from ..form.traffic import ArcTraffic
from ..form.units import Unit
from .serving import Answer


@dataclass(frozen=True)
class JobChoice:
    """A job's option (its number in the world), start and the hours (T,) that it runs in each period."""

    option: int
    start_hours: float
    end_hours: float
    run_hours: Floats


@dataclass(frozen=True)
class ServiceChoice:
    """Flows of a unit: arcs (numbers in the world), periods, requests/s; replicas by slot and period."""

    arc: Ints
    arc_period: Ints
    requests: Floats
    slot: Ints
    slot_period: Ints
    replicas: Floats


Choice = JobChoice | ServiceChoice | None


@dataclass(frozen=True)
class Columns:
    """Columns (C): block, goods taken (C, G), unserved work, and what each stands for (None: left out)."""

    block: Ints
    goods: csr_array
    unserved: Floats
    choice: tuple[Choice, ...]

    def __len__(self) -> int:
        return len(self.block)


def joined(parts: Sequence[Columns]) -> Columns:
    """Return all columns in one, by block."""
    block = np.concatenate([part.block for part in parts])
    order = np.argsort(block, kind="stable")
    goods = csr_array(vstack([part.goods for part in parts], format="csr"))[order]
    choices = [choice for part in parts for choice in part.choice]
    unserved = np.concatenate([part.unserved for part in parts])[order]
    return Columns(
        block[order], csr_array(goods), unserved, tuple(choices[index] for index in order.tolist())
    )


def kept(columns: Columns, rows: Ints) -> Columns:
    """Return some of the columns (ascending)."""
    return Columns(
        columns.block[rows],
        csr_array(columns.goods[rows]),
        columns.unserved[rows],
        tuple(columns.choice[row] for row in rows.tolist()),
    )


class _Entries:
    """Triplets (column, good, amount) under construction."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Floats]] = []

    def add(self, column: Ints, good: Ints, amount: Floats) -> None:
        self._parts.append((column, good, np.broadcast_to(amount, column.shape)))

    def matrix(self, height: int, width: int) -> csr_array:
        """Return what columns take, summed: scipy does that too, but takes long where it is little."""
        column, good, amount = (np.concatenate([part[k] for part in self._parts]) for k in range(3))
        key = column * width + good
        order = np.argsort(key, kind="stable")
        key, amount = key[order], amount[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        taken = np.add.reduceat(amount, first) if len(first) else amount
        first, taken = first[taken != 0], taken[taken != 0]
        ends = np.searchsorted(key[first], width * np.arange(height + 1))
        return csr_array((taken, key[first] % width, ends), shape=(height, width))


def start_columns(
    options: Options, spans: Starts, rates: Rates, goods: Goods, *, rows: Ints, at: Ints
) -> Columns:
    """Return the columns of options ``rows`` from their starts ``at``."""
    hours = _run_hours(options, spans, rates, rows, at)
    entries = _Entries()
    _hold(options, rates, goods, entries, (rows, hours))
    moved = spans.moved[rows, at]
    periods = np.arange(rates.periods)
    moving = (periods >= spans.first[rows, at][:, None]) & (periods < moved[:, None])
    _carry(options, goods, entries, rows, (moving, hours > 0))
    _pay(options, goods, entries, rows)
    start = spans.start[rows, at]
    end = start + options.hours[rows]
    source = options.source[rows].tolist()
    choices = [JobChoice(*each) for each in zip(source, start.tolist(), end.tolist(), hours, strict=True)]
    nothing = np.zeros(len(rows))
    return Columns(options.job[rows], entries.matrix(len(rows), goods.size), nothing, tuple(choices))


def _run_hours(options: Options, spans: Starts, rates: Rates, rows: Ints, at: Ints) -> Floats:
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    start = spans.start[rows, at][:, None]
    hours = np.minimum(ends, start + options.hours[rows][:, None]) - np.maximum(begins, start)
    return np.asarray(np.where(hours > 1e-9, hours, 0.0))


def pause_columns(options: Options, goods: Goods, rates: Rates, rows: Ints, hours: Floats) -> Columns:
    """Return the columns of options ``rows`` that run for ``hours`` (rows, T) in each period."""
    entries = _Entries()
    _hold(options, rates, goods, entries, (rows, hours))
    _carry(options, goods, entries, rows, (hours > 0, hours > 0))
    _pay(options, goods, entries, rows)
    choices = [_pause_choice(options, rates, row, run) for row, run in zip(rows.tolist(), hours, strict=True)]
    nothing = np.zeros(len(rows))
    return Columns(options.job[rows], entries.matrix(len(rows), goods.size), nothing, tuple(choices))


def _pause_choice(options: Options, rates: Rates, row: int, run: Floats) -> JobChoice:
    first, last = np.flatnonzero(run)[[0, -1]]
    earliest = float(options.earliest[row])
    start = max(float(rates.boundaries[first]), earliest)
    end = max(float(rates.boundaries[last]), earliest) + float(run[last])
    return JobChoice(int(options.source[row]), start, end, run)


def pool_pairs(options: Options, rows: Ints) -> tuple[Ints, Ints]:
    """Return (column, pair) for every pair of an option and a pool of the columns ``rows``."""
    first = np.searchsorted(options.owner, rows)
    sizes = np.searchsorted(options.owner, rows, side="right") - first
    column = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(column)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return column, np.repeat(first, sizes) + within


def _hold(options: Options, rates: Rates, goods: Goods, entries: _Entries, run: tuple[Ints, Floats]) -> None:
    """Enter the accelerators of options and their hours; ``run`` are their rows and hours (rows, T)."""
    rows, hours = run
    pair, place = pool_pairs(options, rows)
    at, period = np.nonzero(hours[pair])
    column, pool, seat = pair[at], options.pool[place[at]], options.seat[place[at]]
    count = options.accelerators[rows[column]]
    spot = options.spot[rows[column]]
    entries.add(column, goods.held(seat, period), count)
    entries.add(column[spot], goods.spot_held(seat, period)[spot], count[spot])
    for some, at_spot in ((~spot, False), (spot, True)):
        of, where, when = column[some], pool[some], period[some]
        amount = count[some] * hours[of, when]
        if at_spot:
            entries.add(of, goods.spot(where, when), amount)
        else:
            _bill(rates, goods, entries, of, (where, when, amount))


def _bill(
    rates: Rates, goods: Goods, entries: _Entries, column: Ints, used: tuple[Ints, Ints, Floats]
) -> None:
    """Enter accelerator-hours at the ordinary price: in which pool and period, and how many."""
    pool, period, hours = used
    beyond = hours_beyond(rates, pool, period, hours)
    entries.add(column, goods.billed(pool, period), hours - beyond)
    some = np.flatnonzero(beyond)
    entries.add(column[some], goods.beyond(pool[some], period[some]), beyond[some])


def _carry(options: Options, goods: Goods, entries: _Entries, rows: Ints, when: tuple[Bools, Bools]) -> None:
    """Enter the traffic of datasets, in the first periods given, and of several sites, in the second."""
    for crossed, rate, active in (
        (options.dataset, options.transfer_gbps[rows], when[0]),
        (options.linking, options.reserved_gbps[rows], when[1]),
    ):
        row, direction, times = crossed.entries(rows)
        at, period = np.nonzero(active[row])
        column = row[at]
        entries.add(column, goods.traffic(direction[at], period), times[at] * rate[column])


def _pay(options: Options, goods: Goods, entries: _Entries, rows: Ints) -> None:
    column = np.arange(len(rows))
    entries.add(column, np.full(len(rows), goods.money), options.money[rows])
    entries.add(column, np.full(len(rows), goods.other), options.other[rows])
    entries.add(column, np.full(len(rows), goods.moves), options.moved[rows])


def answer_columns(
    unit: Unit,
    reply: Answer,
    via: Ints,
    rates: Rates,
    goods: Goods,
    *,
    blocks: Ints,
    traffic: ArcTraffic | None,
) -> Columns:
    """Return the columns of a unit's answer: one per period, or one in all where ``blocks`` has one entry.

    ``via`` (T, L, S) are the arcs that its flows take; ``traffic`` is that of a request/s on every arc of the
    world.
    """
    at, user, slot = np.nonzero(reply.flow > 0)
    arc, rps = via[at, user, slot], reply.flow[at, user, slot]
    served = Served(at, arc, rps, reply.replicas, reply.unserved)
    return served_columns(unit, served, rates, goods, blocks=blocks, traffic=traffic)


@dataclass(frozen=True)
class Served:
    """What a unit does: flows by period (ascending), arc of the unit and requests/s.

    ``replicas`` (T, S) stand, and ``unserved`` (T, L) requests/s are left out.
    """

    period: Ints
    arc: Ints
    rps: Floats
    replicas: Floats
    unserved: Floats


def served_columns(
    unit: Unit,
    served: Served,
    rates: Rates,
    goods: Goods,
    *,
    blocks: Ints,
    traffic: ArcTraffic | None,
) -> Columns:
    """Return the columns of what a unit does; parameters as for :func:`answer_columns`."""
    periods = len(unit.demand)
    number = np.zeros(periods, dtype=np.int64) if len(blocks) == 1 else np.arange(periods)
    at, arc, rps, replicas = served.period, served.arc, served.rps, served.replicas
    entries = _Entries()
    _stand(unit, (replicas, number), rates, goods, entries)
    _enter(unit, replicas, goods, entries)
    requested = rps * rates.durations[at]
    for good, charge in zip((goods.money, goods.other), unit.charges(arc), strict=True):
        entries.add(number[at], np.full(len(at), good), requested * charge)
    if traffic is not None:
        row, direction, gbps = traffic.crossings(unit.arc_id[arc])
        entries.add(number[at[row]], goods.traffic(direction, at[row]), gbps * rps[row])
    share = served.unserved / np.maximum(unit.demand, 1e-300)
    work = np.bincount(number, (share * unit.weight).sum(axis=1), len(blocks)).astype(float)
    standing = np.nonzero(replicas)
    stands = (unit.slot_id[standing[1]], standing[0], replicas[standing])
    choices = _split((unit.arc_id[arc], at, rps), stands, number, len(blocks))
    return Columns(blocks, entries.matrix(len(blocks), goods.size), work, choices)


def _stand(unit: Unit, standing: tuple[Floats, Ints], rates: Rates, goods: Goods, entries: _Entries) -> None:
    """Enter the replicas (T, S) that stand; the second of ``standing`` is the column of each period."""
    replicas, number = standing
    period, slot = np.nonzero(replicas)
    count = replicas[period, slot] * unit.accelerators[slot]
    pool = unit.pool[slot]
    entries.add(number[period], goods.held(unit.seat[slot], period), count)
    entries.add(number[period], goods.billed(pool, period), count * rates.durations[period])


def _enter(unit: Unit, replicas: Floats, goods: Goods, entries: _Entries) -> None:
    """Enter what entering sites costs and that it is a move; units that may have one column only."""
    sites = np.unique(unit.site[unit.entering & (replicas > 0).any(axis=0)])
    if len(sites):
        column = np.zeros(2, dtype=np.int64)
        taken = np.array([len(sites) * unit.usd_per_site_entered, 1.0])
        entries.add(column, np.array([goods.money, goods.moves]), taken)


def _split(
    flows: tuple[Ints, Ints, Floats], stands: tuple[Ints, Ints, Floats], number: Ints, size: int
) -> tuple[ServiceChoice, ...]:
    """Return the choice of every column; flows and stands are in order of their periods."""
    flow_ends = np.searchsorted(number[flows[1]], np.arange(size + 1))
    stand_ends = np.searchsorted(number[stands[1]], np.arange(size + 1))
    found = []
    for k in range(size):
        some, there = slice(*flow_ends[k : k + 2]), slice(*stand_ends[k : k + 2])
        arc, at, rps = flows[0][some], flows[1][some], flows[2][some]
        found.append(ServiceChoice(arc, at, rps, stands[0][there], stands[1][there], stands[2][there]))
    return tuple(found)
