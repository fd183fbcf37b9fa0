"""Openings: where and when a job fits into what others leave, all its options at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from ..answers.columns import Columns, joined, pause_columns, start_columns
from ..answers.placing import Placement, Priced
from ..form.crossings import Crossings
from ..form.goods import GoodPrices
from ..form.jobs import Options
from ..form.market import Market
from ..form.pausing import best_pauses, pause_hours
from ..form.rules import Rules
from ..form.starting import Starts, any_between
from ..pricing.appraisal import Appraisal

NEAREST = 40
"""Starts that fit, and options with hours that fit, among which a job finds its place."""
FIT = 1 - 1e-9
"""Part of what is asked for that is enough: rounding."""


@dataclass(frozen=True)
class Room:
    """What is ``left`` of the rows (R,), told when asked for: most jobs ask for a part of it."""

    rules: Rules
    left: Floats

    @classmethod
    def of(cls, placement: Placement) -> Room:
        """Return what a placement leaves."""
        return cls(placement.market.rules, placement.room - placement.load)

    @cached_property
    def held(self) -> Floats:
        """Accelerators to be held (P, T)."""
        return self.rules.enough_for(self.rules.held_use, self.left)

    @cached_property
    def spot_held(self) -> Floats:
        """Accelerators to be held at the spot price (P, T)."""
        return self.rules.enough_for(self.rules.spot_held_use, self.left)

    @cached_property
    def traffic(self) -> Floats:
        """Gbit/s (D, T)."""
        return self.rules.enough_for(self.rules.traffic_use, self.left)


def fitting_columns(placement: Placement, told: Appraisal, job: int, most: int = NEAREST) -> Priced | None:
    """Return the columns of a job that is out that cost least at the prices among those that seem to fit.

    What a column takes together, as where its dataset crosses what its sites reserve, is not looked at.
    """
    market, room = placement.market, Room.of(placement)
    parts = [*_begun(market, told, room, job, most), *_paused(market, told, room, job, most)]
    if not parts:
        return None
    columns = joined(parts) if len(parts) > 1 else parts[0]
    return Priced.of(market, columns, told.prices, placement.penalty)


def _begun(market: Market, told: Appraisal, room: Room, job: int, most: int) -> list[Columns]:
    mine = options_of(market.running, job)
    if mine.start == mine.stop:
        return []
    able = open_starts(room, market.running, market.spans, mine)
    return begun_columns(market, mine, able, told.start_costs[mine], most)


def _paused(market: Market, told: Appraisal, room: Room, job: int, most: int) -> list[Columns]:
    mine = options_of(market.pausing, job)
    if mine.start == mine.stop:
        return []
    return paused_columns(market, room, told.goods, mine, some=np.arange(mine.stop - mine.start), most=most)


def options_of(options: Options, job: int) -> slice:
    """Return which options are those of a job."""
    return slice(*np.searchsorted(options.job, [job, job + 1]).tolist())


def begun_columns(market: Market, mine: slice, able: Bools, cost: Floats, most: int) -> list[Columns]:
    """Return the columns of options ``mine`` that do not pause from ``able`` starts (O, T), none without any.

    At ``most`` so many are returned, those of least ``cost`` (O, T).
    """
    option, at = np.nonzero(able)
    near = np.argsort(cost[option, at], kind="stable")[:most]
    if len(near) == 0:
        return []
    rows, goods = mine.start + option[near], market.rules.goods
    return [start_columns(market.running, market.spans, market.rates, goods, rows=rows, at=at[near])]


def paused_columns(
    market: Market, room: Room, prices: GoodPrices, mine: slice, *, some: Ints, most: int
) -> list[Columns]:
    """Return the columns of ``some`` of the options ``mine`` that may pause, in the hours that are open.

    At ``most`` so many are returned, those that cost least at the prices, each in its cheapest hours.
    """
    hours_open = np.where(open_periods(room, market.pausing, mine), market.rooms[mine], 0.0)[some]
    able = hours_open.sum(axis=1) >= market.pausing.hours[mine][some] * FIT
    if not able.any():
        return []
    options = market.pausing.part(mine.start, mine.stop).only(some[able])
    hours_open = hours_open[able]
    hours = pause_hours(options, market.rates, hours_open, prices)
    whole = np.flatnonzero(hours.sum(axis=1) >= options.hours * FIT)
    cost = best_pauses(options.only(whole), market.rates, hours_open[whole], prices).cost
    near = np.sort(whole[np.argsort(cost, kind="stable")[:most]])
    if len(near) == 0:
        return []
    return [pause_columns(options, market.rules.goods, market.rates, near, hours[near])]


def open_starts(room: Room, options: Options, spans: Starts, mine: slice) -> Bools:
    """Return from which starts (O, T) the options ``mine`` fit into the room."""
    closed = ~_pools_open(room, options, mine) | _crowded(room, options.linking, options.reserved_gbps, mine)
    while_moved = _crowded(room, options.dataset, options.transfer_gbps, mine)
    first, last, moved = (at[mine].astype(np.int64) for at in (spans.first, spans.last, spans.moved))
    shut = any_between(closed, first, last) | any_between(while_moved, first, moved)
    return np.asarray(spans.possible[mine] & ~shut)


def open_periods(room: Room, options: Options, mine: slice) -> Bools:
    """Return in which periods (O, T) there is room for the options ``mine``, that may pause."""
    closed = _crowded(room, options.linking, options.reserved_gbps, mine)
    closed |= _crowded(room, options.dataset, options.transfer_gbps, mine)
    return _pools_open(room, options, mine) & ~closed


def _pools_open(room: Room, options: Options, mine: slice) -> Bools:
    """Return when all pools of each option have as many accelerators left as it takes (O, T)."""
    pairs = slice(*np.searchsorted(options.owner, [mine.start, mine.stop]).tolist())
    owner, pool = options.owner[pairs] - mine.start, options.pool[pairs]
    left = room.held[pool]
    spot = options.spot[mine][owner]
    if spot.any():
        left[spot] = np.minimum(left[spot], room.spot_held[pool[spot]])
    enough = left >= FIT * options.accelerators[mine][owner][:, None]
    count = mine.stop - mine.start
    if len(owner) == count:
        return np.asarray(enough)
    found = np.ones((count, enough.shape[1]), dtype=bool)
    np.logical_and.at(found, owner, enough)
    return found


def _crowded(room: Room, crossed: Crossings, gbps: Floats, mine: slice) -> Bools:
    """Return when a direction has not as much left as each of the options ``mine`` puts on it (O, T).

    ``gbps`` (all options) is the traffic on what each crosses.
    """
    found = np.zeros((mine.stop - mine.start, room.rules.goods.periods), dtype=bool)
    row, direction, times = crossed.entries(np.arange(mine.start, mine.stop))
    if len(row):
        needed = times * gbps[mine][row]
        np.logical_or.at(found, row, room.traffic[direction] < FIT * needed[:, None])
    return found
