"""Lower bounds of what a unit pays at prices. Letters of shapes: T periods, L demands, S slots."""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..form.offers import EPSILON, Offer
from ..form.units import Unit
from .reserve_prices import reserve_prices

SHARES = (0.0, 0.3, 0.6, 0.8, 0.9)
"""Parts of the replicas' price that users pay in proportion when replicas are bounded as whole ones."""
PARTS = (1.0, 2.0, 3.0, 4.0)
"""Whole replicas are also counted in these parts of the load."""


def least_cost(unit: Unit, offered: Offer, left_out: Floats | None = None) -> Floats:
    """Return a lower bound (T,) of the cost of serving everybody.

    With ``left_out`` (T, L), the price of leaving a whole demand out, nobody has to be served.
    """
    if (offered.replica < 0).any():
        paid, earned = without_earnings(unit, offered)
        return least_cost(unit, paid, left_out) + earned
    best = (offered.cheapest * unit.demand) if unit.demand.size else unit.demand
    found = _left_or_served(unit, best, left_out)
    reserve = reserve_prices(unit.guards.binding, unit, offered.replica / unit.rps) if unit.guards else None
    if left_out is not None and reserve is None:
        return found
    if left_out is None:
        whole = whole_cost(offered.replica, unit.rps, unit.demand.sum(axis=1))
    for share in SHARES:
        part = (offered.arc + (share * offered.replica / unit.rps)[:, None, :]).min(axis=2)
        if reserve is not None:
            safe = (part + (1 - share) * reserve) * unit.demand
            found = np.maximum(found, _left_or_served(unit, safe, left_out))
        if left_out is None:
            found = np.maximum(found, (part * unit.demand).sum(axis=1) + (1 - share) * whole)
    return found


def without_earnings(unit: Unit, offered: Offer) -> tuple[Offer, Floats]:
    """Return an offer in which no replica earns anything, and the most (T,) that all could earn: at most 0.

    A replica may stand idle, so that what it earns has nothing to do with what it serves. They do so where
    energy has a negative price, or hours raise the total of which providers have a share.
    """
    price = np.maximum(offered.replica, 0.0)
    earned = (np.minimum(offered.replica, 0.0) * unit.useful).sum(axis=1)
    unit_cost = offered.arc + (price / unit.rps)[:, None, :]
    return Offer(offered.arc, offered.via, price, unit_cost, offered.entering), earned


def _left_or_served(unit: Unit, served: Floats, left_out: Floats | None) -> Floats:
    """Return a bound (T,) where whole demands cost so much if ``served`` (T, L), or if left out."""
    if left_out is None:
        return np.asarray(served.sum(axis=1))
    found = np.minimum(served, left_out).sum(axis=1)
    if unit.guards:
        found += unit.guards.binding.forced_out(unit.demand, unit.most * unit.rps, served, left_out)
    return np.asarray(found)


def whole_cost(price: Floats, rps: Floats, total: Floats) -> Floats:
    """Return a lower bound (T,) of the cost of whole replicas for ``total`` (T,) at ``price`` (T, S).

    For any ``c > 0``: sum_s min(ceil(rps[s] / c), N) y[s] >= N with N = ceil(total / c), so the cost is at
    least N times the least price per such count (Chvátal-Gomory, with coefficients cut down to N).
    """
    price = np.maximum(price, 0.0)
    found = total * (price / rps).min(axis=1)
    kinds = np.unique(rps)[:, None] + np.zeros(len(total))
    safe = np.maximum(np.concatenate([kinds, total / np.array(PARTS)[:, None]]), EPSILON)
    count = np.ceil(total / safe - 1e-6)
    most = np.maximum(count, 1.0)[:, :, None]
    weight = np.clip(np.ceil(rps / safe[:, :, None] - EPSILON), 1.0, most)
    found = np.maximum(found, (count * (price / weight).min(axis=2)).max(axis=0))
    return np.asarray(np.where(total > EPSILON, found, 0.0))
