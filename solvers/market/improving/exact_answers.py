"""Services that decide a part of the cost in one period answer anew by an integer program."""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..answers.columns import Columns, Served, kept, served_columns
from ..answers.placing import Placement, Priced
from ..answers.serving_program import ServingProgram
from ..plans.greedy import room_for_replicas
from .commitments import TwoPrices, committed_replicas

DECIDING = 5e-4
"""Part of the cost of all that a unit has in a period which decides."""
Pair = tuple[int, int]
"""A unit and a period."""


def deciding_pairs(placement: Placement, prices: Floats) -> list[Pair]:
    """Return which units decide in which periods at ``prices`` (R), those that pay most first.

    Units whose periods depend on each other or that keep to guards answer in other ways.
    """
    market, total = placement.market, placement.value()
    paid = np.array([placed.cost_at(prices) for placed in placement.placed])
    found = [
        (float(paid[block]), number, period)
        for number, unit in enumerate(market.units)
        if not unit.is_whole and not unit.guards
        for period, block in enumerate(market.unit_blocks[number].tolist())
        if paid[block] > DECIDING * abs(total)
    ]
    return [(number, period) for _, number, period in sorted(found, reverse=True)]


def answer_exactly(placement: Placement, pair: Pair, paid: TwoPrices) -> None:
    """Let a unit answer anew in a period; what an answer is worth is its true cost."""
    market, (number, period) = placement.market, pair
    block = int(market.unit_blocks[number][period])
    now = placement.placed[block]
    placement.remove(block)
    columns = _answered(placement, number, period, paid)
    if columns is not None:
        priced = Priced.of(market, columns, paid.prices, placement.penalty)
        now = paid.cheapest(placement, now, [priced.placed(0)])
    placement.put(block, now)


def _answered(placement: Placement, number: int, period: int, paid: TwoPrices) -> Columns | None:
    """Return the column of a unit's best answer in a period to what the others leave; None without any."""
    market, unit = placement.market, placement.market.units[number]
    room = room_for_replicas(placement, unit)
    offered = paid.offer_both(np.minimum(room, committed_replicas(placement, unit)))(unit, None)
    if (offered.replica[period] < 0).any() or not unit.demand[period].any():
        return None
    program = ServingProgram.of(unit, offered, period, np.minimum(room, unit.useful)[period])
    found = program.best(market.program_seconds)
    if found is None:
        return None
    flow, replicas = found
    user, slot = np.nonzero(flow)
    standing = np.zeros(offered.replica.shape)
    standing[period] = replicas
    served = Served(
        period=np.full(len(user), period),
        arc=offered.via[period][user, slot],
        rps=flow[user, slot],
        replicas=standing,
        unserved=np.zeros(unit.demand.shape),
    )
    blocks, goods = market.unit_blocks[number], market.rules.goods
    columns = served_columns(unit, served, market.rates, goods, blocks=blocks, traffic=market.traffic)
    return kept(columns, np.array([period]))
