"""A small market that stands for a large one: large blocks as they are, a few small ones for all of these.

Few workloads take most of the capacity, and prices follow these. So every job and unit is drawn with a chance
in proportion to its size, large ones for certain, and counts for as many as the chance is one in. Sums over
blocks are then those of the large market on average, and vary little. Not so on links: each carries few of
those drawn, which count for many, so that prices would rise where there is room; links are left free.
Source: W. G. Madow, On the theory of systematic sampling, II, Annals of Mathematical Statistics 20 (1949)
333-354.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....routing.problem import Problem
from ...rates import Floats
from ..answers.least import least_cost
from ..form.jobs import Options
from ..form.market import Market
from ..form.rules import Rules
from ..form.units import Unit
from .appraisal import appraise

JOBS, UNITS = 1200, 200
"""Jobs and units drawn."""
WORTH = 3
"""Times as many blocks that a market has when it is worth being stood for."""
DEAR = 100.0
"""Times its least cost at which a block is left out."""
FREE = 1e6
"""Times their capacity that links have in a small market, and rows that count pieces."""
TINY = 1e-300


def representative(
    market: Market, penalty: float, most_jobs: int = JOBS, most_units: int = UNITS
) -> Market | None:
    """Return a market of few blocks that stands for ``market``, None where that has few itself.

    Where by chance those drawn want more than there is, prices would rise without end; so every block is left
    out at a multiple of its cost.

    Parameters
    ----------
    market
        The large one.
    penalty
        Price of a unit of unserved work.
    most_jobs, most_units
        About how many jobs and units are drawn.
    """
    if not has_many_blocks(market, most_jobs, most_units):
        return None
    count, many = counts(_job_sizes(market), most_jobs), counts(_unit_sizes(market), most_units)
    running = np.flatnonzero(count[market.running.job] > 0)
    pausing = np.flatnonzero(count[market.pausing.job] > 0)
    drawn = np.flatnonzero(many)
    small = replace(
        market,
        stands_for=market,
        running=market.running.only(running),
        spans=market.spans.only(running),
        pausing=market.pausing.only(pausing),
        rooms=market.rooms[pausing],
        units=tuple(market.units[number] for number in drawn.tolist()),
    )
    return counting_for(small, count, many[drawn], penalty)


def counting_for(market: Market, count: Floats, many: Floats, penalty: float) -> Market:
    """Return a market in which every job counts for so many (J,), and every unit (U,); links are free."""
    small = replace(
        market,
        rules=_with_free_rows(market.rules),
        running=_scaled(market.running, count),
        pausing=_scaled(market.pausing, count),
        units=tuple(_times(*each) for each in zip(market.units, many.tolist(), strict=True)),
    )
    return _left_out_at_cost(small, penalty)


def has_many_workloads(problem: Problem) -> bool:
    """Return whether a problem has so many jobs or services that a small market may stand for it."""
    return len(problem.jobs) > WORTH * JOBS or len(problem.services) > WORTH * UNITS


def has_many_blocks(market: Market, most_jobs: int = JOBS, most_units: int = UNITS) -> bool:
    """Return whether there are so many jobs or units that about so many may stand for them."""
    jobs = np.count_nonzero(market.placeable)
    return bool(jobs > WORTH * most_jobs or len(market.units) > WORTH * most_units)


def _with_free_rows(rules: Rules) -> Rules:
    """Return rules in which links and pieces are free: few that are drawn take many at once."""
    links = np.unique(rules.traffic_use[0])
    capacity = rules.capacity.copy()
    capacity[links[links < len(capacity)]] *= FREE
    capacity[rules.counting] *= FREE
    return replace(rules, capacity=capacity)


def _times(unit: Unit, many: float) -> Unit:
    """Return a unit that takes as much as so many."""
    return replace(unit, demand=unit.demand * many, most=np.floor(unit.most * many))


def _left_out_at_cost(market: Market, penalty: float) -> Market:
    """Return the market with unserved work at which leaving out costs a multiple of the least cost."""
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty, whole=False)
    dear = DEAR / penalty
    units = []
    for _, unit, offered in market.offers(told.goods):
        cost = least_cost(unit, offered)[:, None] * dear
        units.append(
            replace(
                unit, weight=cost * unit.demand / np.maximum(unit.demand.sum(axis=1, keepdims=True), TINY)
            )
        )
    return replace(market, units=tuple(units), job_work=dear * told.job_least)


def _job_sizes(market: Market) -> Floats:
    """Return the most accelerator-hours of every job within the horizon (J), 0 where it has no option."""
    found = np.zeros(len(market.problem.jobs))
    for options in (market.running, market.pausing):
        np.maximum.at(
            found, options.job, options.accelerators * np.minimum(options.hours, market.rates.horizon)
        )
    return found


def _unit_sizes(market: Market) -> Floats:
    """Return about how many accelerators every unit takes, summed over the periods."""
    sizes = [unit.demand.sum() * np.mean(unit.accelerators / unit.rps) for unit in market.units]
    return np.array(sizes, dtype=float)


def counts(sizes: Floats, most: int) -> Floats:
    """Return how many each of about ``most`` counts for that are drawn by size; 0 for those not drawn."""
    chance = _chances(sizes, most)
    whole = np.floor(np.cumsum(chance) + 0.5)
    drawn = np.diff(whole, prepend=0.0) > 0
    return np.where(drawn, 1.0 / np.where(drawn, chance, 1.0), 0.0)


def _chances(sizes: Floats, most: int) -> Floats:
    """Return the chance of each to be drawn: in proportion to its size, at most 1, ``most`` in sum."""
    chance, open_ = (sizes > 0).astype(float), np.flatnonzero(sizes > 0)
    left = float(most)
    while len(open_) > left > 0:
        part = sizes[open_] * left / sizes[open_].sum()
        if (part <= 1).all():
            chance[open_] = part
            break
        left -= np.count_nonzero(part > 1)
        open_ = open_[part <= 1]
    return chance


def _scaled(options: Options, count: Floats) -> Options:
    """Return options that take and cost as much as all those do that their jobs count for."""
    times = count[options.job]
    names = ("accelerators", "money", "other", "moved", "transfer_gbps", "reserved_gbps")
    return replace(options, **{name: getattr(options, name) * times for name in names})
