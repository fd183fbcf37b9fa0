"""Units answer anew to what the others leave: rooms, and committed hours that nobody else uses.

At prices, an answer is all of the cheapest and then all of the next: what costs less up to a number, as use
within commitments does, is taken by nobody or beyond it. Where all else stands still, it is known how many
replicas are within commitments, and what those beyond cost: slots are offered in two tiers. Units whose
periods depend on each other answer to either price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Bools
from ..rates import Floats
from .columns import Columns, joined
from .detours import OfferTo, fitting_answer
from .goods import GoodPrices
from .greedy import room_for_replicas, unit_order
from .market import Market
from .menus import beyond_prices
from .offers import Offer, Tiers, replica_prices
from .placing import Placed, Placement, Priced
from .units import Unit

LEAST_GAIN = 1e-9
"""Relative gain below which a block stays with what it does."""


@dataclass(frozen=True)
class Offering:
    """What units are offered at some prices of the rows."""

    durations: Floats
    goods: GoodPrices
    offer_to: OfferTo

    @classmethod
    def of(cls, market: Market, prices: Floats) -> Offering:
        """Return what units are offered at ``prices`` (R) of the rows."""
        goods = GoodPrices.of(market.rules.goods, market.rules.good_prices(prices))
        return cls(market.rates.durations, goods, market.offering(goods))

    def beside(self, dear: Offering, within: Floats) -> OfferTo:
        """Return what tells what a unit is offered where replicas but those ``within`` (T, S) are dearer."""

        def offer_to(unit: Unit, closed: Bools | None) -> Offer:
            beyond = replica_prices(unit, self.durations, dear.goods)
            return replace(self.offer_to(unit, closed), tiers=Tiers(within, beyond))

        return offer_to


def refill(
    placement: Placement, prices: Floats, over: Callable[[], bool], units: Sequence[int] | None = None
) -> None:
    """Let every unit (or some) answer anew, one after another, while that saves anything.

    ``prices`` (R) of the rows lead to further answers; what an answer is worth is its true cost.
    """
    market = placement.market
    full = beyond_prices(market)
    offers = [Offering.of(market, rows) for rows in (np.zeros(len(prices)), full, prices)]
    for number in unit_order(market).tolist() if units is None else units:
        if over():
            return
        _answer_anew(placement, number, offers, full)


def _answer_anew(placement: Placement, number: int, offers: list[Offering], beyond: Floats) -> None:
    market = placement.market
    blocks = market.unit_blocks[number].tolist()
    before = {block: placement.placed[block] for block in blocks}
    for block in blocks:
        placement.remove(block)
    columns = joined(list(_answers(placement, number, offers)))
    priced = Priced.of(market, columns, np.zeros(len(beyond)), placement.penalty)
    offered: dict[int, list[Placed]] = {block: [] for block in blocks}
    for row, block in enumerate(columns.block.tolist()):
        offered[block].append(priced.placed(row))
    for block in blocks:
        placement.put(block, _cheapest(placement, before[block], offered[block], beyond))


def _answers(placement: Placement, number: int, offers: list[Offering]) -> Iterator[Columns]:
    """Yield answers within commitments and at the price beyond them, and at the prices of the rows."""
    free, full, priced = offers
    room = room_for_replicas(placement, placement.market.units[number])
    if placement.market.units[number].is_whole:
        within = np.minimum(room, committed_replicas(placement, placement.market.units[number]))
        yield fitting_answer(placement, number, free.offer_to, within)
        yield fitting_answer(placement, number, full.offer_to, room)
    else:
        yield tiered_columns(placement, number, free, full)
    yield fitting_answer(placement, number, priced.offer_to, room)


def tiered_columns(placement: Placement, number: int, cheap: Offering, dear: Offering) -> Columns:
    """Return the answer of a unit that is out to what is offered within commitments, and beyond them."""
    unit = placement.market.units[number]
    room = room_for_replicas(placement, unit)
    within = np.minimum(room, committed_replicas(placement, unit))
    return fitting_answer(placement, number, cheap.beside(dear, within), room)


def committed_replicas(placement: Placement, unit: Unit) -> Floats:
    """Return how many replicas (T, S) fit into committed hours not yet used; infinite without commitments."""
    free = unused_commitments(placement)
    return np.asarray(np.floor(free[unit.pool] / unit.accelerators[:, None] + 1e-7).T)


def unused_commitments(placement: Placement) -> Floats:
    """Return the accelerators (P, T) whose committed hours are not yet used; infinite without commitments."""
    market = placement.market
    count, rows = market.rates.committed_count, market.rules.committed_rows
    free = np.full((len(count), market.rates.periods), np.inf)
    pools = np.flatnonzero(count > 0)
    unused = np.maximum(0.0, market.rules.capacity[rows] - placement.load[rows]).reshape(
        len(pools), free.shape[1]
    )
    free[pools] = unused * count[pools, None]
    return free


def _cheapest(placement: Placement, now: Placed, others: list[Placed], beyond: Floats) -> Placed:
    """Return what costs a block that is out least, use beyond commitments included, of what fits."""
    best, least = now, true_cost(placement, now, beyond)
    for each in others:
        cost = true_cost(placement, each, beyond)
        if cost < least - LEAST_GAIN * abs(least) and placement.fits(each.rows, each.amounts):
            best, least = each, cost
    return best


def true_cost(placement: Placement, placed: Placed, beyond: Floats) -> float:
    """Return what a block that is out would cost, use beyond commitments included at its prices (R)."""
    rows = placed.rows
    room = np.maximum(0.0, placement.market.rules.capacity[rows] - placement.load[rows])
    return placed.cost + float(np.maximum(0.0, placed.amounts - room) @ beyond[rows])
