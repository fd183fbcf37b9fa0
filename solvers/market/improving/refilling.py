"""Units answer anew to what the others leave: rooms, and committed hours that nobody else uses.

At prices, an answer is all of the cheapest and then all of the next: what costs less up to a number, as use
within commitments does, is taken by nobody or beyond it. Where all else stands still, it is known how many
replicas are within commitments, and what those beyond cost: slots are offered in two tiers. Units whose
periods depend on each other answer to either price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...rates import Floats
from ..answers.columns import Columns, joined
from ..answers.placing import Placed, Placement, Priced
from ..plans.detours import OfferTo, fitting_answer
from ..plans.greedy import room_for_replicas, unit_order
from .commitments import TwoPrices, committed_replicas


def refill(
    placement: Placement, prices: Floats, over: Callable[[], bool], units: Sequence[int] | None = None
) -> None:
    """Let every unit (or some) answer anew, one after another, while that saves anything.

    ``prices`` (R) of the rows lead to further answers; what an answer is worth is its true cost.
    """
    market = placement.market
    paid, at_prices = TwoPrices.of(market, np.zeros(len(prices))), market.rules.goods_at(prices)
    offer_to = market.offering(at_prices)
    for number in unit_order(market).tolist() if units is None else units:
        if over():
            return
        _answer_anew(placement, number, paid, offer_to)


def _answer_anew(placement: Placement, number: int, paid: TwoPrices, at_prices: OfferTo) -> None:
    market = placement.market
    blocks = market.unit_blocks[number].tolist()
    before = {block: placement.placed[block] for block in blocks}
    for block in blocks:
        placement.remove(block)
    columns = joined(list(_answers(placement, number, paid, at_prices)))
    priced = Priced.of(market, columns, paid.prices, placement.penalty)
    offered: dict[int, list[Placed]] = {block: [] for block in blocks}
    for row, block in enumerate(columns.block.tolist()):
        offered[block].append(priced.placed(row))
    for block in blocks:
        placement.put(block, paid.cheapest(placement, before[block], offered[block]))


def _answers(placement: Placement, number: int, paid: TwoPrices, at_prices: OfferTo) -> Iterator[Columns]:
    """Yield answers within commitments and at the price beyond them, and at the prices of the rows."""
    unit = placement.market.units[number]
    room = room_for_replicas(placement, unit)
    if unit.is_whole:
        within = np.minimum(room, committed_replicas(placement, unit))
        yield fitting_answer(placement, number, paid.offer_within, within)
        yield fitting_answer(placement, number, paid.offer_beyond, room)
    else:
        yield tiered_columns(placement, number, paid)
    yield fitting_answer(placement, number, at_prices, room)


def tiered_columns(placement: Placement, number: int, paid: TwoPrices) -> Columns:
    """Return the answer of a unit that is out to what is offered within commitments, and beyond them."""
    unit = placement.market.units[number]
    room = room_for_replicas(placement, unit)
    within = np.minimum(room, committed_replicas(placement, unit))
    return fitting_answer(placement, number, paid.offer_both(within), room)
