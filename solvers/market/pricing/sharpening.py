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
SCALES = 6
"""Times that prices of the rows are lowered at most, each so many times."""
ROUNDING = 1e-9
STEP_TIMES = 3.0
IDLE = 4
"""Steps of prices in vain after which better ones are not sought."""


def limited_cost(market: Market, told: Appraisal, unserved: float, watch: Watch, *, seeks: bool) -> float:
    """Return a bound of the cost of plans that leave at most so much out; with ``seeks`` at better prices."""
    bound = -np.inf
    if market.rules.has_negative_costs:
        bound = _beside(market, np.zeros(len(told.prices)), 0.0, unserved)
    prices, found = _scaled(market, told, unserved, watch)
    best = max(found, key=lambda price: found[price])
    for price in [best * each for each in FINE]:
        if not watch.over():
            found[price] = _beside(market, prices, price, unserved)
    best = max(found, key=lambda price: found[price])
    bound = max(bound, found[best])
    if not seeks or watch.over():
        return bound
    return max(bound, _beside(market, _leaving(market, prices, best, watch), best, unserved))


def _scaled(
    market: Market, told: Appraisal, unserved: float, watch: Watch
) -> tuple[Floats, dict[float, float]]:
    """Return the part of the prices told that tells most, and what it tells by the price of unserved work.

    Where not all can be served, what plans that serve all cost has no bound, and their prices none either.
    """
    prices, found = told.prices, _tried(market, told.prices, told.penalty, unserved, watch)
    for _ in range(SCALES):
        if watch.over():
            break
        lower = _tried(market, prices / COARSE, told.penalty, unserved, watch)
        if max(lower.values()) <= max(found.values()):
            break
        prices, found = prices / COARSE, lower
    return prices, found


def _tried(
    market: Market, prices: Floats, penalty: float, unserved: float, watch: Watch
) -> dict[float, float]:
    """Return what prices tell beside prices of unserved work, from ``penalty`` downwards."""
    found: dict[float, float] = {}
    for step in range(STEPS):
        price = penalty / COARSE**step
        found[price] = _beside(market, prices, price, unserved)
        if watch.over():
            break
    return found


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
