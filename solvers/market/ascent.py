"""A stronger bound of serving the users of a unit: dual ascent over the replicas that they need in common.

A replica is paid for by what it could serve, and a whole one as soon as anybody uses it. So part of its price
is charged by the request, and of the rest users may together pay no more than all: each raises what it pays
until a slot that it could use is paid for. Letters of shapes: T periods, L demands, S slots.
Source: D. Erlenkotter, A dual-based procedure for uncapacitated facility location, Operations Research 26
(1978) 992-1009.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..rates import Floats
from .appraisal import Appraisal
from .market import Market
from .serving import EPSILON, Offer, least_cost, without_earnings
from .units import Unit

BY_REQUEST = (0.0, 0.8)
"""Parts of the replicas' price that are charged by the request; the best counts."""
ROUNDS = 12
"""Times that every demand may raise what it pays to the cost of its next slot."""
ROUNDING = 1e-9
"""Part of a gain that is granted to the errors of floating-point numbers."""


def raised_bound(market: Market, told: Appraisal, over: Callable[[], bool]) -> float:
    """Return a bound of plans that leave nothing out, at least that told, by what units pay on the whole.

    Units that need few replicas come first, as whole ones matter most there, until it is ``over``.
    """
    offer_to, gain = market.offering(told.goods), 0.0
    for unit in sorted(market.units, key=_replicas):
        if over():
            break
        if not unit.entering.any():
            offered = offer_to(unit, None)
            gain += float(np.maximum(0.0, raised_cost(unit, offered) - least_cost(unit, offered)).sum())
    return told.complete + (1 - ROUNDING) * gain


def _replicas(unit: Unit) -> float:
    """Return about how many replicas a unit needs on average."""
    return float(unit.demand.sum(axis=1).mean() / unit.rps.mean())


def raised_cost(unit: Unit, offered: Offer) -> Floats:
    """Return a lower bound (T,) of the cost of serving everybody in each period, rounding not allowed for."""
    found = np.full(len(unit.demand), -np.inf)
    offered, earned = without_earnings(unit, offered)
    for part in BY_REQUEST:
        cost = offered.arc + (part * offered.replica / unit.rps)[:, None, :]
        paid = _ascended(cost, unit.demand, (1 - part) * offered.replica)
        found = np.maximum(found, (paid * unit.demand).sum(axis=1))
    return found + earned


def _ascended(cost: Floats, demand: Floats, budget: Floats) -> Floats:
    """Return what each demand pays for a request/s (T, L).

    Per slot, demands together pay no more above its ``cost`` (T, L, S) than the ``budget`` (T, S).
    """
    paid, left = cost.min(axis=2), budget.copy()
    rising = np.flatnonzero(demand.any(axis=0)).tolist()
    for _ in range(ROUNDS):
        rising = [user for user in rising if _rise(cost[:, user], demand[:, user], paid[:, user], left)]
    return np.where(np.isfinite(paid), paid, 0.0)


def _rise(cost: Floats, demand: Floats, paid: Floats, left: Floats) -> bool:
    """Let one demand pay (T,) up to the cost (T, S) of its next slot, within what is ``left`` (T, S).

    Both are changed in place. Returns whether it pays more now; who does not will not later either.
    """
    using = cost <= paid[:, None] + EPSILON
    following = np.where(using, np.inf, cost).min(axis=1)
    most = np.where(using, left, np.inf).min(axis=1) / np.maximum(demand, EPSILON)
    more = np.minimum(following - paid, most)
    more = np.where((demand > EPSILON) & np.isfinite(more), more, 0.0)
    left -= np.where(using, (more * demand)[:, None], 0.0)
    np.maximum(left, 0.0, out=left)
    paid += more
    return bool((more > EPSILON).any())
