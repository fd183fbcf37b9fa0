"""Services that decide a part of the cost answer anew by integer programs, in one period or in all."""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..answers.columns import Columns, Served, kept, served_columns
from ..answers.placing import Placement, Priced
from ..answers.serving_program import ServingProgram
from ..answers.whole_program import WholeProgram, is_small
from ..form.market import Market
from ..form.offers import Offer
from ..plans.greedy import room_for_replicas
from ..pricing.appraisal import Appraisal
from .commitments import TwoPrices, committed_replicas

DECIDING = 5e-4
"""Part of the cost of all that a unit has in a period which decides."""
LOSING = 1e-5
"""The same of what a unit whose periods depend on each other pays above what is proven of it."""
Pair = tuple[int, int | None]
"""A unit, and a period or None for all of them together."""


def deciding_pairs(placement: Placement, told: Appraisal) -> list[Pair]:
    """Return which units decide in which periods at the prices told, those that pay most first.

    Units whose periods depend on each other come before, those first that pay most above what is proven of
    them. Those that keep to guards answer in other ways.
    """
    market, total = placement.market, placement.value()
    paid = np.array([placed.cost_at(told.prices) for placed in placement.placed])
    losing, found = list[tuple[float, int, int | None]](), list[tuple[float, int, int | None]]()
    for number, unit in enumerate(market.units):
        blocks = market.unit_blocks[number]
        if unit.guards or (unit.is_whole and not is_small(unit)):
            continue
        if unit.is_whole:
            excess = float(paid[blocks[0]] - told.unit_least[number])
            losing.extend([(excess, number, None)] if excess > LOSING * abs(total) else [])
            continue
        costs = zip(paid[blocks].tolist(), range(len(blocks)), strict=True)
        found.extend((cost, number, period) for cost, period in costs if cost > DECIDING * abs(total))
    return [(number, period) for part in (losing, found) for _, number, period in _ranked(part)]


def _ranked(found: list[tuple[float, int, int | None]]) -> list[tuple[float, int, int | None]]:
    return sorted(found, key=lambda each: (-each[0], each[1], each[2] or 0))


def answer_exactly(placement: Placement, pair: Pair, paid: TwoPrices) -> None:
    """Let a unit answer anew in a period, or in all; what an answer is worth is its true cost."""
    market, (number, period) = placement.market, pair
    block = int(market.unit_blocks[number][period or 0])
    now = placement.placed[block]
    placement.remove(block)
    columns = _answered(placement, number, period, paid)
    if columns is not None:
        priced = Priced.of(market, columns, paid.prices, placement.penalty)
        now = paid.cheapest(placement, now, [priced.placed(0)])
    placement.put(block, now)


def _answered(placement: Placement, number: int, period: int | None, paid: TwoPrices) -> Columns | None:
    """Return the column of a unit's best answer to what the others leave; None without any."""
    unit = placement.market.units[number]
    room = room_for_replicas(placement, unit)
    offered = paid.offer_both(np.minimum(room, committed_replicas(placement, unit)))(unit, None)
    when = slice(None) if period is None else slice(period, period + 1)
    if (offered.replica[when] < 0).any() or not unit.demand[when].any():
        return None
    return _best(placement.market, number, offered, np.minimum(room, unit.useful), period)


def _best(market: Market, number: int, offered: Offer, most: Floats, period: int | None) -> Columns | None:
    """Return the column of a unit's best answer to an offer, with at most so many replicas (T, S)."""
    unit, seconds = market.units[number], market.program_seconds
    flow, replicas = np.zeros(offered.arc.shape), np.zeros(offered.replica.shape)
    if period is None:
        found = WholeProgram.of(unit, offered, most).best(seconds)
        if found is not None:
            flow, replicas = found
    else:
        found = ServingProgram.of(unit, offered, period, most[period]).best(seconds)
        if found is not None:
            flow[period], replicas[period] = found
    if found is None:
        return None
    at, user, slot = np.nonzero(flow)
    served = Served(
        period=at,
        arc=offered.via[at, user, slot],
        rps=flow[at, user, slot],
        replicas=replicas,
        unserved=np.zeros(unit.demand.shape),
    )
    blocks, goods = market.unit_blocks[number], market.rules.goods
    columns = served_columns(unit, served, market.rates, goods, blocks=blocks, traffic=market.traffic)
    return columns if period is None else kept(columns, np.array([period]))
