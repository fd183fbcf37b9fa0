"""Candidates: the few decisions of every block that are nearest to its best at some prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from ...programs.master import rank_within
from ...rates import Floats, Ints
from ..answers.columns import Columns, answer_columns, joined, pause_columns, start_columns
from ..answers.protecting import kept_safe, limited
from ..answers.serving import Answer, answer
from ..answers.sites import whole_answer
from ..answers.tiers import tiered_answer
from ..form.jobs import CHUNK
from ..form.market import Market
from ..form.offers import Offer
from ..form.threads import each
from ..form.units import Unit
from .appraisal import Appraisal

STARTS = 3
"""Starts of one option among the candidates of a job, at most."""


def job_columns(market: Market, told: Appraisal, most: int, jobs: Ints | None = None) -> Columns:
    """Return up to ``most`` columns of every job (or of some): those that cost least at the prices.

    Of all jobs, few starts of an option are looked at; of some, all are.
    """
    running, pausing = market.running, market.pausing
    options = np.arange(len(running)) if jobs is None else np.flatnonzero(np.isin(running.job, jobs))
    rows, at, cost = _best_starts(told.start_costs[options], STARTS if jobs is None else market.rates.periods)
    rows = options[rows]
    job = np.concatenate([running.job[rows], pausing.job])
    price = np.concatenate([cost, told.pauses.cost])
    chosen = nearest(job, price, most)
    if jobs is not None:
        chosen = chosen[np.isin(job[chosen], jobs)]
    paused = chosen[chosen >= len(rows)] - len(rows)
    begun = chosen[chosen < len(rows)]
    goods, rates = market.rules.goods, market.rates
    parts = []
    if len(begun):
        parts.append(start_columns(running, market.spans, rates, goods, rows=rows[begun], at=at[begun]))
    if len(paused):
        parts.append(pause_columns(pausing, goods, rates, paused, market.pause_hours(told.goods, paused)))
    return joined(parts) if parts else _nothing(market)


def _nothing(market: Market) -> Columns:
    none = np.zeros(0, dtype=np.int64)
    return Columns(none, csr_array((0, market.rules.goods.size)), np.zeros(0), ())


def _best_starts(costs: Floats, most: int) -> tuple[Ints, Ints, Floats]:
    """Return the cheapest possible starts of every option: option, period, cost."""
    count = min(most, costs.shape[1])
    parts = np.array_split(costs, max(1, len(costs) // CHUNK))
    at = np.concatenate([np.argpartition(part, count - 1, axis=1)[:, :count] for part in parts])
    rows = np.repeat(np.arange(len(costs)), count)
    cost = np.take_along_axis(costs, at, axis=1).ravel()
    possible = np.isfinite(cost)
    return rows[possible], at.ravel()[possible].astype(np.int64), cost[possible]


def nearest(owner: Ints, price: Floats, most: int) -> Ints:
    """Return the entries (ascending) that are among the ``most`` cheapest of their owner."""
    order = np.lexsort((price, owner))
    return np.sort(order[rank_within(owner[order]) < most])


def unit_columns(
    market: Market, number: int, offered: Offer, most: Floats, *, swapping: bool = True
) -> Columns:
    """Return the columns of a unit's answer with at most ``most`` (T, S) replicas."""
    reply = unit_reply(market.units[number], offered, most, swapping=swapping)
    return reply_columns(market, number, reply, offered.via)


def unit_reply(
    unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None, *, swapping: bool = True
) -> Answer:
    """Return a unit's answer with at most ``most`` (T, S) replicas, see :func:`.serving.answer`."""
    able = limited(unit, most) if unit.guards else unit
    if unit.is_whole:
        found = whole_answer(able, offered, most, cutoff, swapping=swapping)
    elif offered.tiers is not None:
        found = tiered_answer(able, offered, most, cutoff, swapping=swapping)
    else:
        found = answer(able, offered, most, cutoff, swapping=swapping)
    if not unit.guards:
        return found
    kept = kept_safe(able, offered, found, most, cutoff)
    return replace(kept, unserved=kept.unserved + (unit.demand - able.demand))


def reply_columns(market: Market, number: int, reply: Answer, via: Ints) -> Columns:
    """Return the columns of a unit's answer that takes the arcs ``via`` (T, L, S)."""
    blocks, goods = market.unit_blocks[number], market.rules.goods
    unit, traffic = market.units[number], market.traffic
    return answer_columns(unit, reply, via, market.rates, goods, blocks=blocks, traffic=traffic)


def service_columns(
    market: Market, told: Appraisal, units: Sequence[int] | None = None, *, swapping: bool = True
) -> Columns:
    """Return the answers of all units (or of some) at the prices, see :func:`.serving.answer`."""
    offer_to = market.offering(told.goods)

    def answered(number: int) -> Columns:
        unit = market.units[number]
        offered = offer_to(unit, None)
        most = np.broadcast_to(unit.most, offered.replica.shape)
        return unit_columns(market, number, offered, most, swapping=swapping)

    numbers = range(len(market.units)) if units is None else units
    parts = each(answered, numbers, market.cores_for_units)
    return joined(parts) if parts else _nothing(market)
