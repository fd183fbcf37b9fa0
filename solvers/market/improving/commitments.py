"""Committed hours: what others leave of them, and what use within them and beyond costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...arrays import Bools
from ...rates import Floats
from ..answers.menus import beyond_prices, cost_at
from ..answers.placing import Placed, Placement
from ..form.goods import GoodPrices
from ..form.market import Market
from ..form.offers import Offer, Tiers, replica_prices
from ..form.units import Unit
from ..plans.detours import OfferTo

LEAST_GAIN = 1e-9
"""Relative gain below which a block stays with what it does."""


def unused_commitments(placement: Placement) -> Floats:
    """Return the accelerators (P, T) whose committed hours are not yet used; infinite without commitments."""
    market = placement.market
    count, rows = market.rates.committed_count, market.rules.committed_rows
    free = np.full((len(count), market.rates.periods), np.inf)
    pools = np.flatnonzero(count > 0)
    unused = np.maximum(0.0, market.rules.capacity[rows] - placement.load[rows])
    free[pools] = unused.reshape(len(pools), free.shape[1]) * count[pools, None]
    return free


def committed_replicas(placement: Placement, unit: Unit) -> Floats:
    """Return how many replicas (T, S) fit into committed hours not yet used; infinite without commitments."""
    free = unused_commitments(placement)
    return np.asarray(np.floor(free[unit.pool] / unit.accelerators[:, None] + 1e-7).T)


@dataclass(frozen=True)
class TwoPrices:
    """What goods cost within commitments and beyond them.

    ``prices`` (R) of the rows are added to what they cost, but for rows of committed use; of these, use
    ``beyond`` (R) them is paid for in full.
    """

    market: Market
    prices: Floats
    beyond: Floats
    within_goods: GoodPrices
    beyond_goods: GoodPrices

    @classmethod
    def of(cls, market: Market, prices: Floats) -> TwoPrices:
        """Return both at ``prices`` (R) of the rows, those of committed use not counted."""
        rules, beyond = market.rules, beyond_prices(market)
        prices = prices.copy()
        prices[rules.committed_rows] = 0.0
        return cls(market, prices, beyond, rules.goods_at(prices), rules.goods_at(prices + beyond))

    @cached_property
    def offer_within(self) -> OfferTo:
        """What tells what a unit is offered if all of it is within commitments."""
        return self.market.offering(self.within_goods)

    @cached_property
    def offer_beyond(self) -> OfferTo:
        """What tells what a unit is offered if all of it is beyond commitments."""
        return self.market.offering(self.beyond_goods)

    def offer_both(self, within: Floats) -> OfferTo:
        """Return what tells what a unit is offered: replicas ``within`` (T, S), and others at full price."""
        durations = self.market.rates.durations

        def offer_to(unit: Unit, closed: Bools | None) -> Offer:
            dear = replica_prices(unit, durations, self.beyond_goods)
            return replace(self.offer_within(unit, closed), tiers=Tiers(within, dear))

        return offer_to

    def marginal(self, free: Floats, accelerators: float) -> GoodPrices:
        """Return prices at which so many ``accelerators`` use what is ``free`` (P, T) first.

        Those that no commitment of the pool could cover have a price of their own.
        """
        count = self.market.rates.committed_count
        shared = np.where(count > 0, np.minimum(accelerators, count), accelerators)[:, None]
        part = np.clip(1.0 - free / shared, 0.0, 1.0)
        cheap, dear = self.within_goods, self.beyond_goods
        return replace(cheap, billed=cheap.billed + part * (dear.billed - cheap.billed))

    def cost(self, placement: Placement, placed: Placed) -> float:
        """Return what a block that is out would cost."""
        paid = cost_at(placed, placement.load, self.market.rules.capacity, self.beyond)
        return paid + float(self.prices[placed.rows] @ placed.amounts)

    def cheapest(self, placement: Placement, now: Placed, others: Iterable[Placed]) -> Placed:
        """Return what costs a block that is out least of what fits, ``now`` where nothing costs less."""
        best, least = now, self.cost(placement, now)
        for each in others:
            cost = self.cost(placement, each)
            if cost < least - LEAST_GAIN * abs(least) and placement.fits(each.rows, each.amounts):
                best, least = each, cost
        return best
