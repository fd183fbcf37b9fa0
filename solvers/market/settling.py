"""Jobs answer anew to what the others leave: starts and hours that fit, within commitments first.

Hours within commitments cost less, and how many are left is known while all else stands still: for a job, an
hour costs what the part of its accelerators that goes beyond them adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..rates import Floats, Ints
from .appraisal import Appraisal
from .columns import Columns, joined, pause_columns, start_columns
from .goods import GoodPrices
from .jobs import start_costs
from .menus import beyond_prices
from .openings import FIT, Room, open_periods, open_starts
from .pausing import best_pauses, pause_hours
from .placing import Placed, Placement, Priced
from .refilling import true_cost, unused_commitments

NEAREST = 8
"""Starts, and options that pause, of as many accelerators that are looked at, those that cost least."""
LEAST_GAIN = 1e-9
"""Relative gain below which a job stays with what it does."""


@dataclass
class Settler:
    """Finds places for jobs of a placement.

    ``prices`` (R) of rows are added to what jobs cost, none of committed use; ``beyond`` (R) are those of use
    beyond commitments.
    """

    placement: Placement
    prices: Floats
    beyond: Floats
    cheap: GoodPrices
    dear: GoodPrices

    @classmethod
    def of(cls, placement: Placement, prices: Floats) -> Settler:
        """Return what finds places at ``prices`` (R) of the rows, those of committed use not counted."""
        rules, beyond = placement.market.rules, beyond_prices(placement.market)
        prices = np.where(beyond > 0, 0.0, prices)
        both = (GoodPrices.of(rules.goods, rules.good_prices(each)) for each in (prices, prices + beyond))
        return cls(placement, prices, beyond, *both)

    def settle(self, job: int) -> None:
        """Let a job that is out do what costs least of what fits, or stay out."""
        self.placement.put(job, self._best(job, self.placement.nothing(job)))

    def resettle(self, job: int) -> None:
        """Let a job do what costs least, if that is not what it does."""
        now = self.placement.placed[job]
        self.placement.remove(job)
        self.placement.put(job, self._best(job, now))

    def _best(self, job: int, now: Placed) -> Placed:
        """Return what costs a job that is out least of what fits, ``now`` where nothing costs less."""
        placement = self.placement
        best, least = now, self._cost(now)
        parts = list(self._columns(job))
        if not parts:
            return best
        priced = Priced.of(placement.market, joined(parts), self.prices, placement.penalty)
        for place in range(len(priced.cost)):
            each = priced.placed(place)
            cost = self._cost(each)
            if cost < least - LEAST_GAIN * abs(least) and placement.fits(each.rows, each.amounts):
                best, least = each, cost
        return best

    def _cost(self, placed: Placed) -> float:
        paid = true_cost(self.placement, placed, self.beyond)
        return paid + float(self.prices[placed.rows] @ placed.amounts)

    def _columns(self, job: int) -> Iterator[Columns]:
        """Yield the columns of a job that is out that cost least among those that seem to fit."""
        market, room, free = (
            self.placement.market,
            Room.of(self.placement),
            unused_commitments(self.placement),
        )
        for options, some in ((market.running, self._begun), (market.pausing, self._paused)):
            mine = slice(*np.searchsorted(options.job, [job, job + 1]).tolist())
            counts = options.accelerators[mine]
            for count in np.unique(counts).tolist():
                yield from some(room, self._marginal(free, count), mine, np.flatnonzero(counts == count))

    def _marginal(self, free: Floats, accelerators: float) -> GoodPrices:
        """Return prices at which so many ``accelerators`` use what is ``free`` (P, T) first."""
        part = np.clip(1.0 - free / accelerators, 0.0, 1.0)
        return replace(self.cheap, billed=self.cheap.billed + part * (self.dear.billed - self.cheap.billed))

    def _begun(self, room: Room, goods: GoodPrices, mine: slice, rows: Ints) -> Iterator[Columns]:
        """Yield the columns of some options ``rows`` of those of a job that do not pause."""
        market = self.placement.market
        options = market.running.part(mine.start, mine.stop).only(rows)
        spans = market.spans.part(mine.start, mine.stop).only(rows)
        able = open_starts(room, market.running, market.spans, mine)[rows]
        cost = np.where(able, start_costs(options, spans, market.rates, goods), np.inf)
        near = np.argsort(cost, axis=None, kind="stable")[:NEAREST]
        option, at = np.unravel_index(near[np.isfinite(cost.ravel()[near])], cost.shape)
        if len(option):
            every = market.running, market.spans, market.rates, market.rules.goods
            yield start_columns(*every, rows=mine.start + rows[option], at=at)

    def _paused(self, room: Room, goods: GoodPrices, mine: slice, rows: Ints) -> Iterator[Columns]:
        """Yield the columns of some options ``rows`` of those of a job that pause."""
        market = self.placement.market
        options, able = (
            market.pausing.part(mine.start, mine.stop).only(rows),
            open_periods(room, market.pausing, mine),
        )
        hours_open = np.where(able, market.rooms[mine], 0.0)[rows]
        hours = pause_hours(options, hours_open, goods)
        whole = np.flatnonzero(hours.sum(axis=1) >= options.hours * FIT)
        cost = best_pauses(options.only(whole), hours_open[whole], goods).cost
        near = np.sort(whole[np.argsort(cost, kind="stable")[:NEAREST]])
        if len(near):
            yield pause_columns(options, market.rules.goods, market.rates, near, hours[near])


def resettle(placement: Placement, jobs: Iterable[int], over: Callable[[], bool]) -> None:
    """Let jobs answer anew, one after another."""
    settler = Settler.of(placement, np.zeros(len(placement.load)))
    for job in jobs:
        if over():
            return
        settler.resettle(job)


def losing_jobs(placement: Placement, told: Appraisal) -> Ints:
    """Return the jobs, those first that pay most above the least at the prices told."""
    jobs = len(told.job_least)
    paid = np.array([placement.placed[job].cost_at(told.prices) for job in range(jobs)])
    return np.argsort(told.job_least - paid, kind="stable")
