"""The starts of jobs at prices of goods: what every option costs from every start, in bulk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...admissible.windows import TOLERANCE_HOURS
from ...arrays import Bools
from ...rates import Floats, Ints, Rates, covered_part
from .goods import GoodPrices
from .jobs import CHUNK, Options
from .threads import each


@dataclass(frozen=True)
class Starts:
    """The starts (O, T) of options that do not pause, and what they span.

    ``first`` and ``last`` are the first period of each run and the one after its last; ``moved`` the one
    after the last period of the transfer.
    """

    possible: Bools
    start: Floats
    first: NDArray[np.int16]
    last: NDArray[np.int16]
    moved: NDArray[np.int16]

    def only(self, rows: Ints) -> Starts:
        """Return those of some of the options."""
        return Starts(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def part(self, begin: int, end: int) -> Starts:
        """Return those of the options from ``begin`` to before ``end``."""
        return Starts(*(getattr(self, name)[begin:end] for name in self.__dataclass_fields__))


def starts(options: Options, rates: Rates) -> Starts:
    """Return where each option may start: at its earliest hour, and at the begin of every later period."""
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    start = np.maximum(begins[None, :], options.earliest[:, None])
    finish = start + options.hours[:, None]
    possible = (ends > options.earliest[:, None] + TOLERANCE_HOURS) & (
        finish <= options.latest[:, None] + TOLERANCE_HOURS
    )
    possible &= ~options.continuing[:, None] | (begins <= options.earliest[:, None] + TOLERANCE_HOURS)
    first = np.broadcast_to(np.arange(rates.periods), start.shape)
    last = np.searchsorted(begins, finish - TOLERANCE_HOURS)
    moved = np.searchsorted(begins, start + options.transfer_hours[:, None] - TOLERANCE_HOURS)
    small = (each.astype(np.int16) for each in (first, last, np.minimum(moved, last)))
    return Starts(possible, start, *small)


def any_between(closed: Bools, first: Ints, last: Ints) -> Bools:
    """Return whether any period from ``first`` to before ``last`` (O, T) is closed (O, T)."""
    sums = np.concatenate([np.zeros((len(closed), 1), dtype=np.int64), np.cumsum(closed, axis=1)], axis=1)
    ends, begins = (np.take_along_axis(sums, at, axis=1) for at in (last, first))
    return np.asarray(ends > begins)


def start_costs(options: Options, spans: Starts, rates: Rates, prices: GoodPrices, cores: int = 1) -> Floats:
    """Return the cost (O, T) of every option from every start at prices of goods; infinite where impossible.

    Money and other cost are those of the option; the rest follows from running sums over the periods.
    """
    run = _running(rates, prices)
    found = np.empty(spans.start.shape)

    def fill(begin: int) -> None:
        rows = slice(begin, min(begin + CHUNK, len(options)))
        found[rows] = _chunk_costs(options, spans, rates, run, rows)

    each(fill, range(0, len(options), CHUNK), cores)
    _add_hours_beyond(found, options, spans, rates, prices)
    found += flat_costs(options, prices)[:, None]
    if prices.traffic.any():
        _add_traffic_costs(found, options, spans, prices.traffic)
    return np.where(spans.possible, found, np.inf)


def flat_costs(options: Options, prices: GoodPrices) -> Floats:
    """Return the cost (O,) of every option that does not depend on when it runs."""
    paid = options.money * prices.money + options.other * prices.other
    return np.asarray(paid + options.moved * prices.moves)


@dataclass(frozen=True)
class _Running:
    """Sums over the periods before each boundary (N or P, T + 1), and rates per hour (P, T)."""

    held: Floats
    spot_held: Floats
    billed: Floats
    spot: Floats
    billed_rate: Floats
    spot_rate: Floats


def _running(rates: Rates, prices: GoodPrices) -> _Running:
    hours = rates.durations[None, :]
    return _Running(
        held=_sums(prices.held),
        spot_held=_sums(prices.held + prices.spot_held),
        billed=_sums(prices.billed * hours),
        spot=_sums(prices.spot * hours),
        billed_rate=prices.billed,
        spot_rate=prices.spot,
    )


def _sums(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _chunk_costs(options: Options, spans: Starts, rates: Rates, run: _Running, rows: slice) -> Floats:
    """Return what holding and paying for accelerators costs from every start."""
    mine = slice(*np.searchsorted(options.owner, [rows.start, rows.stop]))
    owner, pool, seat = options.owner[mine], options.pool[mine], options.seat[mine]
    spot = options.spot[owner]
    first, last = spans.first[owner].astype(np.int64), spans.last[owner].astype(np.int64)
    start = spans.start[owner]
    finish = np.minimum(start + options.hours[owner][:, None], rates.horizon)
    cost = np.empty(start.shape)
    for paid_spot in (False, True):
        at = np.flatnonzero(spot == paid_spot)
        if len(at) == 0:
            continue
        held, paid, rate = (
            (run.spot_held, run.spot, run.spot_rate) if paid_spot else (run.held, run.billed, run.billed_rate)
        )
        place, sitting = pool[at][:, None], seat[at][:, None]
        holding = held[sitting, last[at]] - held[sitting, first[at]]
        tail = np.maximum(last[at] - 1, 0)
        upto = paid[place, tail] + rate[place, tail] * (finish[at] - rates.boundaries[tail])
        before = paid[place, first[at]] + rate[place, first[at]] * (
            start[at] - rates.boundaries[:-1][first[at]]
        )
        cost[at] = holding + upto - before
    cost *= options.accelerators[owner][:, None]
    total = np.zeros((rows.stop - rows.start, start.shape[1]))
    np.add.at(total, owner - rows.start, cost)
    return total


def _add_hours_beyond(
    cost: Floats, options: Options, spans: Starts, rates: Rates, prices: GoodPrices
) -> None:
    """Add what hours that no commitment covers cost more (O, T) than those that one may cover."""
    covered = covered_part(rates, options.pool, options.accelerators[options.owner])
    pairs = np.flatnonzero((covered < 1.0) & ~options.spot[options.owner])
    more = prices.beyond - prices.billed
    sums = _sums(more * rates.durations)
    for some in np.split(pairs, range(CHUNK, len(pairs), CHUNK)):
        owner = options.owner[some]
        extra = _beyond_costs(options, spans.only(owner), rates, (more, sums), some)
        np.add.at(cost, owner, extra)


def _beyond_costs(
    options: Options, spans: Starts, rates: Rates, prices: tuple[Floats, Floats], pairs: Ints
) -> Floats:
    """Return what hours beyond commitments cost more, for some pairs (N, T) of option and pool.

    ``prices`` are those of an hour (P, T) and their sums (P, T + 1); ``spans`` are those of the pairs.
    """
    more, sums = prices
    owner, pool = options.owner[pairs], options.pool[pairs]
    count = options.accelerators[owner]
    first, tail = spans.first.astype(np.int64), np.maximum(spans.last.astype(np.int64) - 1, 0)
    finish = np.minimum(spans.start + options.hours[owner][:, None], rates.horizon)
    place, covered = pool[:, None], covered_part(rates, pool, count)[:, None]

    def at_end(period: Ints, hours: Floats) -> Floats:
        return more[place, period] * np.maximum(0.0, hours - covered * rates.durations[period])

    between = (1.0 - covered) * (sums[place, tail] - sums[place, np.minimum(first + 1, tail)])
    found = at_end(first, np.minimum(finish, rates.boundaries[1:][first]) - spans.start) + between
    found += np.where(tail > first, at_end(tail, finish - rates.boundaries[tail]), 0.0)
    return np.asarray(found * count[:, None])


def _add_traffic_costs(cost: Floats, options: Options, spans: Starts, traffic: Floats) -> None:
    """Add what traffic costs at prices (D, T), none negative, to the options that have any."""
    sums = _sums(traffic)
    moved = (options.dataset @ sums[:, -1]) * options.transfer_gbps
    kept = (options.linking @ sums[:, -1]) * options.reserved_gbps
    paying = np.flatnonzero(moved + kept > 0)
    for rows in np.split(paying, range(CHUNK, len(paying), CHUNK)):
        cost[rows] += _traffic_costs(options, spans, sums, rows)


def _traffic_costs(options: Options, spans: Starts, sums: Floats, rows: Ints) -> Floats:
    """Return what traffic costs some options from every start; ``sums`` (D, T + 1) of its prices."""
    moved = (options.dataset[rows] @ sums) * options.transfer_gbps[rows][:, None]
    kept = (options.linking[rows] @ sums) * options.reserved_gbps[rows][:, None]
    first, last = spans.first[rows].astype(np.int64), spans.last[rows].astype(np.int64)
    until = spans.moved[rows].astype(np.int64)
    carried = np.take_along_axis(moved, until, axis=1) - np.take_along_axis(moved, first, axis=1)
    held = np.take_along_axis(kept, last, axis=1) - np.take_along_axis(kept, first, axis=1)
    return np.asarray(carried + held)
