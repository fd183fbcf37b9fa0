"""Jobs that may pause, at prices of goods: in which periods each option runs at the least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rates import Floats, Rates
from ..windows import PAUSE_SLIVER_HOURS
from .goods import GoodPrices
from .jobs import CHUNK, Options
from .starting import flat_costs
from .threads import each

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


def best_pauses(options: Options, room: Floats, prices: GoodPrices, cores: int = 1) -> Pauses:
    """Return the cost of every option in its cheapest hours, see :func:`pause_hours`."""

    def priced(begin: int) -> tuple[Floats, Floats]:
        end = min(begin + CHUNK, len(options))
        return _pause_costs(options.part(begin, end), room[begin:end], prices)

    parts = each(priced, range(0, max(1, len(options)), CHUNK), cores)
    cost, bound = (np.concatenate([part[k] for part in parts]) for k in range(2))
    return Pauses(cost, bound)


def pause_hours(options: Options, room: Floats, prices: GoodPrices) -> Floats:
    """Return the cheapest hours (O, T) of options: periods by their price of an hour, the last in part."""
    hold, hour = _pause_prices(options, room, prices)
    return _hours(options, room, _per_hour(hold, hour, room))


def _per_hour(hold: Floats, hour: Floats, room: Floats) -> Floats:
    """Return the price of an hour in each period with its part of holding the period."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(room > 0, hour + hold / room, np.inf)


def _hours(options: Options, room: Floats, unit: Floats) -> Floats:
    order = np.argsort(unit, axis=1, kind="stable")
    sorted_room = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(sorted_room, axis=1) - sorted_room
    taken = np.clip(options.hours[:, None] - before, 0.0, sorted_room)
    sliver = np.minimum(PAUSE_SLIVER_HOURS, SLIVER_SHARE * options.hours)
    taken = np.where(taken > sliver[:, None], taken, 0.0)
    hours = np.zeros(room.shape)
    np.put_along_axis(hours, order, taken, axis=1)
    return hours


def _pause_costs(options: Options, room: Floats, prices: GoodPrices) -> tuple[Floats, Floats]:
    """Return the cost of the cheapest hours, and a bound that charges only the part of a period that is used.

    A period that is used in part is held as a whole.
    """
    hold, hour = _pause_prices(options, room, prices)
    unit = _per_hour(hold, hour, room)
    hours = _hours(options, room, unit)
    fixed = flat_costs(options, prices)
    used = hours > 0
    cost = (hour * hours).sum(axis=1) + np.where(used, hold, 0.0).sum(axis=1) + fixed
    bound = np.where(used, hours * np.where(np.isfinite(unit), unit, 0.0), 0.0).sum(axis=1) + fixed
    return cost, bound


def _pause_prices(options: Options, room: Floats, prices: GoodPrices) -> tuple[Floats, Floats]:
    """Return the price (O, T) of holding a period, and of an hour in it."""
    hold, hour = np.zeros(room.shape), np.zeros(room.shape)
    spot = options.spot[options.owner]
    held = prices.held[options.pool] + np.where(spot[:, None], prices.spot_held[options.pool], 0.0)
    paid = np.where(spot[:, None], prices.spot[options.pool], prices.billed[options.pool])
    np.add.at(hold, options.owner, held)
    np.add.at(hour, options.owner, paid)
    accelerators = options.accelerators[:, None]
    hold, hour = hold * accelerators, hour * accelerators
    if prices.traffic.any():
        hold = hold + np.asarray(options.dataset @ prices.traffic) * options.transfer_gbps[:, None]
        hold = hold + np.asarray(options.reserved @ prices.traffic)
    return hold, hour
