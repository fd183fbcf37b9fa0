"""Stronger bounds where work is left out: of the cost of plans that leave no more out, and of that work.

For any prices of rows and of unserved work, the bound with these less what so much unserved work costs is a
bound of the cost of plans that leave no more out. Which price of that work tells most is found first, then
better prices of the rows at it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...rates import Floats, Ints
from ...watch import Watch
from ..form.market import Market
from .appraisal import Appraisal, appraise
from .prices import Seeker
from .raising import raised_bounds
from .scarcity import costless

STEPS, COARSE, FINE = 8, 4.0, (0.4, 0.6, 1.6, 2.5)
"""Prices of unserved work tried, each so many times less than the one before, and multiples of the best."""
ROUNDING = 1e-9
STEP_TIMES = 3.0
IDLE = 4
"""Steps of prices in vain after which better ones are not sought."""


def limited_cost(market: Market, told: Appraisal, unserved: float, watch: Watch, *, seeks: bool) -> float:
    """Return a bound of the cost of plans that leave at most so much out; with ``seeks`` at better prices."""
    found: dict[float, float] = {}
    if market.rules.has_negative_costs:
        found[0.0] = _beside(market, np.zeros(len(told.prices)), 0.0, unserved)
    for step in range(STEPS):
        price = told.penalty / COARSE**step
        found[price] = _beside(market, told.prices, price, unserved)
        if watch.over():
            return max(found.values())
    best = max(found, key=lambda price: found[price])
    for price in [best * each for each in FINE]:
        if not watch.over():
            found[price] = _beside(market, told.prices, price, unserved)
    best = max(found, key=lambda price: found[price])
    if not seeks or watch.over():
        return found[best]
    return max(found[best], _beside(market, _leaving(market, told.prices, best, watch), best, unserved))


def _beside(market: Market, prices: Floats, price: float, unserved: float) -> float:
    return appraise(market, prices, price, whole=False).partial - price * (unserved + ROUNDING)


def cost_of_others(market: Market, told: Appraisal, jobs: Ints, watch: Watch) -> float:
    """Return a bound of the cost of plans that leave out nobody but some of the ``jobs``."""
    free = replace(market, closes=False)
    now = appraise(free, told.prices, told.penalty)
    return max(raised_bounds(free, now, watch)) - float(np.maximum(now.job_least[jobs], 0.0).sum())


def least_left_out(market: Market, told: Appraisal, watch: Watch, *, seeks: bool) -> float:
    """Return a bound of the work with options that must be left out: what remains where all else is free."""
    prices = [told.prices]
    if seeks and not watch.over():
        prices.append(_leaving(market, told.prices, told.penalty, watch))
    alike = costless(market)
    return max(0.0, *(appraise(alike, each / told.penalty, 1.0, whole=False).partial for each in prices))


def _leaving(market: Market, prices: Floats, price: float, watch: Watch) -> Floats:
    """Return better prices for plans that may leave work out at a price.

    A step, which cannot be interrupted, takes some times as long as to begin.
    """
    left = watch.left
    seeker, idle = Seeker.begin(replace(market, closes=False), price, prices), 0
    least = STEP_TIMES * (left - watch.left)
    seeker.may_leave = True
    while idle < IDLE and not watch.over() and watch.left > least:
        idle = idle + 1 if seeker.step() <= 0 else 0
    return seeker.told.prices
