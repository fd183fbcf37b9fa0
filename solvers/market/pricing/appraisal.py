"""What prices tell: every block's cheapest answer on its own, and the bounds that follow (Lagrange)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...rates import Floats
from ..answers.entering import least_in_all
from ..form.goods import GoodPrices
from ..form.market import Market
from ..form.pausing import Pauses
from ..form.threads import each
from ..form.units import Unit

ROUNDING = 1e-11
"""Relative error that sums of floating-point numbers are granted; bounds are lowered by it."""


@dataclass(frozen=True)
class Appraisal:
    """What ``prices`` of the rows (R) tell.

    Attributes
    ----------
    goods
        Prices of the goods.
    start_costs, pauses
        Costs of the options of jobs at these prices, infinite where captives leave no room.
    job_least
        (J,) least cost of every job in plans that leave nothing out, 0 for those that have no option.
    unit_least
        (U,) lower bound of what every unit pays for serving everybody, or for what is served where replicas
        count as fractional.
    complete
        Proven bound of the cost of plans that leave nothing out that has an option.
    partial
        Proven bound of the cost plus ``penalty`` times the work left out of those blocks, for any plan.
    """

    prices: Floats
    goods: GoodPrices
    start_costs: Floats
    pauses: Pauses
    job_least: Floats
    unit_least: Floats
    penalty: float
    complete: float
    partial: float


def appraise(market: Market, prices: Floats, penalty: float, *, whole: bool = True) -> Appraisal:
    """Return what ``prices`` (R), none negative, tell; without ``whole``, replicas count as fractional."""
    rules = market.rules
    goods = rules.goods_at(prices)
    costs, pauses = market.start_costs(goods), market.pauses(goods)
    least = any_least = job_least(market, costs, pauses.bound)
    closed = market.captives.closed
    if closed.any():
        costs[closed] = np.inf
        least = job_least(market, costs, pauses.bound)
    out = penalty * market.left_out_work[: len(least)]
    leaving = any_least if market.stands_for is None else least
    complete, partial = float(least.sum()), float(np.minimum(leaving, out).sum())
    offer_to = market.offering(goods)

    def bounds(unit: Unit) -> tuple[float, float]:
        offered = offer_to(unit, None)
        served = least_in_all(unit, offered, penalty * unit.weight)
        return served, least_in_all(unit, offered) if whole else served

    of_units = np.array(each(bounds, market.units, market.cores_for_units)).reshape(-1, 2)
    partial += float(of_units[:, 0].sum())
    complete += float(of_units[:, 1].sum())
    idle = rules.idle(prices)
    error = ROUNDING * (abs(complete) + abs(idle) + float(prices @ np.abs(rules.capacity)))
    return Appraisal(
        prices=prices,
        goods=goods,
        start_costs=costs,
        pauses=pauses,
        job_least=least,
        unit_least=of_units[:, 1],
        penalty=penalty,
        complete=complete + idle - error,
        partial=partial + idle - error,
    )


def job_least(market: Market, costs: Floats, pauses: Floats) -> Floats:
    """Return the least of the costs (O, T) and (O,) of every job's options, 0 where it has none."""
    found = np.full(len(market.problem.jobs), np.inf)
    if len(costs):
        np.minimum.at(found, market.running.job, costs.min(axis=1))
    np.minimum.at(found, market.pausing.job, pauses)
    return np.where(np.isfinite(found), found, 0.0)
