"""Prices as a unit sees them: of ways and of replicas. Letters of shapes: T periods, L demands, S slots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...rates import Floats, Ints
from .goods import GoodPrices
from .units import Unit

EPSILON = 1e-10
"""What counts as nothing, of requests/s and of throughput, where a demand is 1 or more."""


@dataclass(frozen=True)
class Tiers:
    """Replicas (T, S) at the price offered, and the price (T, S) of those beyond them."""

    within: Floats
    beyond: Floats


@dataclass(frozen=True)
class Offer:
    """Prices as a unit sees them.

    Attributes
    ----------
    arc
        (T, L, S) cost of a request/s for a period on the cheapest arc; infinite where there is none.
    via
        (T, L, S) that arc, as an index into the arcs of the unit.
    replica
        (T, S) cost of a whole replica for a period.
    unit
        (T, L, S) cost of a request/s, its part of a replica included.
    entering
        (S,) cost of entering the site of each slot, 0 where that is none or does not matter.
    tiers
        Where only so many replicas have that cost, and others cost more.
    """

    arc: Floats
    via: Ints
    replica: Floats
    unit: Floats
    entering: Floats
    tiers: Tiers | None = None

    @cached_property
    def cheapest(self) -> Floats:
        """The least cost (T, L) of a request/s, its part of a replica included."""
        return np.asarray(self.unit.min(axis=2))

    def during(self, when: Ints) -> Offer:
        """Return what is offered in some periods."""
        tiers = self.tiers and Tiers(self.tiers.within[when], self.tiers.beyond[when])
        of_periods = self.arc[when], self.via[when], self.replica[when], self.unit[when]
        return Offer(*of_periods, self.entering, tiers)

    def at(self, slots: Ints) -> Offer:
        """Return what is offered at some slots, of the first tier."""
        arc, via, each = self.arc[:, :, slots], self.via[:, :, slots], self.unit[:, :, slots]
        return Offer(arc, via, self.replica[:, slots], each, self.entering[slots])


def trifle(demand: Floats) -> float:
    """Return how many requests/s count as nothing beside a unit's demand: less where all of it is little."""
    return EPSILON * min(1.0, float(demand.max(initial=0.0)) or 1.0)


def rounding(demand: Floats) -> Floats:
    """Return what counts as nothing beside each of some demands of a unit, or beside sums of them."""
    return np.asarray(np.maximum(trifle(demand), EPSILON * demand))


def offer(unit: Unit, durations: Floats, prices: GoodPrices, traffic: Floats | None) -> Offer:
    """Return the prices for ``unit``; ``traffic`` (A, T) is the price of a request/s on each arc."""
    money, other = unit.charges(slice(None))
    flat = money * prices.money + other * prices.other
    price = flat[None, :] * durations[:, None]
    if traffic is not None:
        price = price + traffic.T
    shape = (len(unit.demand_id), len(unit.slot_id))
    arc, via = _cheapest_arcs(unit, price, shape)
    replica = replica_prices(unit, durations, prices)
    entering = np.where(unit.entering, unit.usd_per_site_entered * prices.money + prices.moves, 0.0)
    return Offer(arc, via, replica, arc + (replica / unit.rps)[:, None, :], entering)


def replica_prices(unit: Unit, durations: Floats, prices: GoodPrices) -> Floats:
    """Return the cost (T, S) of a whole replica for a period."""
    held = prices.held[unit.seat] + prices.billed[unit.pool] * durations
    return np.asarray((held * unit.accelerators[:, None]).T)


def _cheapest_arcs(unit: Unit, price: Floats, shape: tuple[int, int]) -> tuple[Floats, Ints]:
    """Return the least price of the arcs of each demand and slot (T, L, S), and which arc that is."""
    periods = len(price)
    arc = np.full((periods, shape[0] * shape[1]), np.inf)
    if unit.cells is not None:
        arc[:, unit.cells] = price
        return arc.reshape(periods, *shape), np.broadcast_to(unit.only_arcs, (periods, *shape))
    order, first, places = unit.arcs_by_cell
    grouped = price[:, order]
    least = np.minimum.reduceat(grouped, first, axis=1)
    many = np.diff(np.append(first, len(order)))
    is_best = grouped == np.repeat(least, many, axis=1)
    best = np.minimum.reduceat(np.where(is_best, np.arange(len(order)), len(order)), first, axis=1)
    via = np.zeros(arc.shape, dtype=np.int64)
    arc[:, places], via[:, places] = least, order[best]
    return arc.reshape(periods, *shape), via.reshape(periods, *shape)
