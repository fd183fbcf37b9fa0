"""Jobs that may pause, at prices of goods: in which periods each option runs at the least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...admissible.windows import PAUSE_SLIVER_HOURS
from ...arrays import Bools
from ...rates import Floats, Ints, Rates, covered_part
from .goods import GoodPrices
from .jobs import CHUNK, Options
from .starting import flat_costs
from .threads import each

ROUNDING = 1e-9
"""Part of the room of a period by which hours may pass it."""
SLIVER_SHARE = 0.5
"""Part of the hours of a short job that is no sliver in any case."""


@dataclass(frozen=True)
class Pauses:
    """What jobs that pause cost at best (O), and a lower bound of it (O)."""

    cost: Floats
    bound: Floats


def pause_rooms(options: Options, rates: Rates) -> Floats:
    """Return the hours (O, T) that a job may run in each period, without slivers."""
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    room = np.minimum(ends, options.latest[:, None]) - np.maximum(begins, options.earliest[:, None])
    room = np.where(room > PAUSE_SLIVER_HOURS, room, 0.0)
    return np.asarray(np.minimum(room, rates.durations[None, :]))


def best_pauses(options: Options, rates: Rates, room: Floats, prices: GoodPrices, cores: int = 1) -> Pauses:
    """Return the cost of every option in its cheapest hours, see :func:`pause_hours`."""

    def priced(begin: int) -> tuple[Floats, Floats]:
        end = min(begin + CHUNK, len(options))
        return _pause_costs(options.part(begin, end), rates, room[begin:end], prices)

    parts = each(priced, range(0, max(1, len(options)), CHUNK), cores)
    cost, bound = (np.concatenate([part[k] for part in parts]) for k in range(2))
    return Pauses(cost, bound)


def pause_hours(options: Options, rates: Rates, room: Floats, prices: GoodPrices) -> Floats:
    """Return the cheapest hours (O, T) of options: periods by their price of an hour, the last in part.

    Where whole periods with one in part are cheapest, and there is room for them, these are.
    """
    paid = _pause_prices(options, rates, room, prices)
    hours = _hours(options, room, paid)
    rows, best = _in_full_periods(options, room, paid)
    fit = _fits(best, room[rows])
    hours[rows[fit]] = np.minimum(best, room[rows])[fit]
    return _without_slivers(options, hours)


@dataclass(frozen=True)
class _Hours:
    """Prices (O, T) of holding a period, of an hour in it, and what hours after the ``covered`` cost more."""

    hold: Floats
    hour: Floats
    more: Floats
    covered: Floats

    def cost(self, hours: Floats) -> Floats:
        """Return what hours (O, T) cost, without holding periods."""
        beyond = np.maximum(0.0, hours - self.covered)
        return np.asarray((self.hour * hours).sum(axis=1) + (self.more * beyond).sum(axis=1))

    def only(self, rows: Ints) -> _Hours:
        """Return the prices of some options."""
        return _Hours(self.hold[rows], self.hour[rows], self.more[rows], self.covered[rows])

    def held(self, room: Floats) -> Floats:
        """Return the part (O, T) of holding a period that falls to an hour in it; infinite without room."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(room > 0, self.hold / room, np.inf)


def _hours(options: Options, room: Floats, prices: _Hours) -> Floats:
    unit = prices.hour + prices.held(room)
    hours = _cheapest(options.hours, room, unit)
    dearer = np.flatnonzero((prices.more > 0).any(axis=1))
    if len(dearer):
        first = np.minimum(room, prices.covered)[dearer]
        rooms = np.concatenate([first, room[dearer] - first], axis=1)
        units = np.concatenate([unit[dearer], unit[dearer] + prices.more[dearer]], axis=1)
        both = _cheapest(options.hours[dearer], rooms, units)
        hours[dearer] = both[:, : room.shape[1]] + both[:, room.shape[1] :]
    return hours


def _fits(hours: Floats, room: Floats) -> Bools:
    """Return whether hours (E, T) are there, but for rounding."""
    return np.asarray((hours <= room * (1 + ROUNDING)).all(axis=1))


def _slivers(options: Options) -> Floats:
    """Return the hours (O,) up to which an option does not run in a period."""
    return np.asarray(np.minimum(PAUSE_SLIVER_HOURS, SLIVER_SHARE * options.hours))


def _without_slivers(options: Options, hours: Floats) -> Floats:
    return np.asarray(np.where(hours > _slivers(options)[:, None], hours, 0.0))


def _in_full_periods(options: Options, room: Floats, prices: _Hours) -> tuple[Ints, Floats]:
    """Return options (E,) and the hours (E, T) that cost them least if all periods with room had as much.

    Holding a period costs the same however much of it is used, so that at best all are used in full but one.
    That is so where all hours of a period cost the same; rooms are as large as the largest.
    """
    size = room.max(axis=1, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.maximum(1.0, np.ceil((options.hours - _slivers(options)) / size))
    able = (size > 0) & (count <= np.count_nonzero(room, axis=1)) & ~(prices.more > 0).any(axis=1)
    rows = np.flatnonzero(able & (prices.hold >= 0).all(axis=1))
    size, fulls = size[rows, None], count[rows, None] - 1
    rest = np.minimum(options.hours[rows, None] - fulls * size, size)
    hold, hour = (np.where(room[rows] > 0, each[rows], np.inf) for each in (prices.hold, prices.hour))
    full, part = hold + hour * size, hold + hour * rest
    order = np.argsort(full, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    first = np.where(rank < fulls, full, 0.0).sum(axis=1, keepdims=True)
    following = np.take_along_axis(full, np.take_along_axis(order, fulls.astype(np.int64), axis=1), axis=1)
    others = np.where(rank < fulls, first - np.where(rank < fulls, full, 0.0) + following, first)
    last = (part + others).argmin(axis=1)[:, None]
    among_others = rank - (rank > np.take_along_axis(rank, last, axis=1))
    hours = np.where(among_others < fulls, size, 0.0)
    np.put_along_axis(hours, last, rest, axis=1)
    return rows, hours


def _cheapest(needed: Floats, room: Floats, unit: Floats) -> Floats:
    """Return as many hours as are needed (O,) where they cost least, within the room (O, T)."""
    order = np.argsort(unit, axis=1, kind="stable")
    sorted_room = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(sorted_room, axis=1) - sorted_room
    taken = np.clip(needed[:, None] - before, 0.0, sorted_room)
    hours = np.zeros(room.shape)
    np.put_along_axis(hours, order, taken, axis=1)
    return hours


def _pause_costs(options: Options, rates: Rates, room: Floats, prices: GoodPrices) -> tuple[Floats, Floats]:
    """Return the cost of the cheapest hours, and a lower bound of it.

    A period that is used in part is held as a whole. The bound charges only the part that is used, or takes
    the cheapest whole periods as if all had as much room.
    """
    paid = _pause_prices(options, rates, room, prices)
    hours = _without_slivers(options, _hours(options, room, paid))
    used = hours > 0
    spent = paid.cost(hours)
    cost = spent + np.where(used, paid.hold, 0.0).sum(axis=1)
    bound = spent + np.where(used, hours * np.where(room > 0, paid.held(room), 0.0), 0.0).sum(axis=1)
    rows, best = _in_full_periods(options, room, paid)
    if len(rows):
        spent = paid.only(rows).cost(best) + np.where(best > 0, paid.hold[rows], 0.0).sum(axis=1)
        fit = _fits(best, room[rows])
        cost[rows[fit]] = np.minimum(cost[rows], spent)[fit]
        bound[rows] = np.maximum(bound[rows], spent)
    flat = flat_costs(options, prices)
    return cost + flat, bound + flat


def _pause_prices(options: Options, rates: Rates, room: Floats, prices: GoodPrices) -> _Hours:
    """Return what periods and hours cost at least.

    Where sites differ in what is covered, hours are dearer only after those that any of them covers.
    """
    hold, hour, more = np.zeros(room.shape), np.zeros(room.shape), np.zeros(room.shape)
    spot = options.spot[options.owner]
    part = covered_part(rates, options.pool, options.accelerators[options.owner])
    beyond = np.flatnonzero((part < 1.0) & ~spot)
    covered = np.zeros(len(options))
    np.maximum.at(covered, options.owner[beyond], part[beyond])
    dearer = prices.beyond[options.pool[beyond]] - prices.billed[options.pool[beyond]]
    np.add.at(more, options.owner[beyond], np.maximum(0.0, dearer))
    np.add.at(hour, options.owner[beyond], np.minimum(0.0, dearer))
    held = prices.held[options.seat] + np.where(spot[:, None], prices.spot_held[options.seat], 0.0)
    paid = np.where(spot[:, None], prices.spot[options.pool], prices.billed[options.pool])
    np.add.at(hold, options.owner, held)
    np.add.at(hour, options.owner, paid)
    accelerators = options.accelerators[:, None]
    hold, hour, more = hold * accelerators, hour * accelerators, more * accelerators
    if prices.traffic.any():
        hold = hold + (options.dataset @ prices.traffic) * options.transfer_gbps[:, None]
        hold = hold + (options.linking @ prices.traffic) * options.reserved_gbps[:, None]
    return _Hours(hold, hour, more, covered[:, None] * rates.durations)
