"""Units answer anew to what the others leave: rooms, and committed hours that nobody else uses.

At prices, an answer is all of the cheapest and then all of the next: what costs less up to a number, as use
within commitments does, is taken by nobody or beyond it. Where all else stands still, both sides of such a
kink are known: answers that keep within it, and answers that pay the full price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..rates import Floats
from .columns import Columns, joined
from .detours import OfferTo, fitting_answer
from .goods import GoodPrices
from .greedy import room_for_replicas, unit_order
from .menus import beyond_prices
from .placing import Placed, Placement, Priced
from .units import Unit

LEAST_GAIN = 1e-9
"""Relative gain below which a block stays with what it does."""


def refill(
    placement: Placement, prices: Floats, over: Callable[[], bool], units: Sequence[int] | None = None
) -> None:
    """Let every unit (or some) answer anew, one after another, while that saves anything.

    ``prices`` (R) of the rows lead to further answers; what an answer is worth is its true cost.
    """
    market = placement.market
    full = beyond_prices(market)
    rows = [np.zeros(len(prices)), full, prices]
    prices_of = (GoodPrices.of(market.rules.goods, market.rules.good_prices(each)) for each in rows)
    offers = [market.offering(each) for each in prices_of]
    for number in unit_order(market).tolist() if units is None else units:
        if over():
            return
        _answer_anew(placement, number, offers, full)


def _answer_anew(placement: Placement, number: int, offers: list[OfferTo], beyond: Floats) -> None:
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


def _answers(placement: Placement, number: int, offers: list[OfferTo]) -> Iterator[Columns]:
    """Yield answers within commitments, at the price beyond them, and at the prices of the rows."""
    market = placement.market
    unit = market.units[number]
    room = room_for_replicas(placement, unit)
    within = np.minimum(room, committed_replicas(placement, unit))
    for offer_to, most in zip(offers, (within, room, room), strict=True):
        yield fitting_answer(placement, number, offer_to, most)


def committed_replicas(placement: Placement, unit: Unit) -> Floats:
    """Return how many replicas (T, S) fit into committed hours not yet used; infinite without commitments."""
    market = placement.market
    count, rows = market.rates.committed_count, market.rules.committed_rows
    free = np.full((len(count), market.rates.periods), np.inf)
    pools = np.flatnonzero(count > 0)
    unused = np.maximum(0.0, market.rules.capacity[rows] - placement.load[rows]).reshape(
        len(pools), free.shape[1]
    )
    free[pools] = unused * count[pools, None]
    return np.asarray(np.floor(free[unit.pool] / unit.accelerators[:, None] + 1e-7).T)


def _cheapest(placement: Placement, now: Placed, others: list[Placed], beyond: Floats) -> Placed:
    """Return what costs a block that is out least, use beyond commitments included, of what fits."""
    best, least = now, _true_cost(placement, now, beyond)
    for each in others:
        cost = _true_cost(placement, each, beyond)
        if cost < least - LEAST_GAIN * abs(least) and placement.fits(each.rows, each.amounts):
            best, least = each, cost
    return best


def _true_cost(placement: Placement, placed: Placed, beyond: Floats) -> float:
    rows = placed.rows
    room = np.maximum(0.0, placement.market.rules.capacity[rows] - placement.load[rows])
    return placed.cost + float(np.maximum(0.0, placed.amounts - room) @ beyond[rows])
