"""What units lean towards: what of every pool they would take, spread over slots that cost nearly the same.

At good prices many slots cost a unit about the same, and its best answer says little of where it ends up.
"""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..form.market import Market
from ..form.offers import Offer
from ..form.units import Unit
from ..pricing.appraisal import Appraisal

SPREAD = 0.08
"""Part of what a request costs a unit on average by which a slot may be dearer at e-fold fewer requests."""
TINY = 1e-300


def leaning(market: Market, told: Appraisal) -> Floats:
    """Return what units lean to take of every row (R,) for their replicas, at the prices told."""
    rows, amounts = market.rules.held_use
    found = np.zeros(len(market.rules.capacity) + 1)
    offer_to = market.offering(told.goods)
    for unit in market.units:
        held = (_replicas(unit, offer_to(unit, None)) * unit.accelerators).T[:, :, None]
        np.add.at(found, rows[unit.pool], held * amounts[unit.pool])
    return found[:-1]


def _replicas(unit: Unit, offered: Offer) -> Floats:
    """Return the replicas (T, S), not whole, when the share of a slot falls as it is dearer than the best."""
    least = offered.unit.min(axis=2, keepdims=True, initial=np.inf)
    served = np.isfinite(least)
    if not served.any():
        return np.zeros(offered.replica.shape)
    scale = max(SPREAD * float(np.abs(least[served]).mean()), TINY)
    dearer = np.where(np.isfinite(offered.unit), offered.unit - np.where(served, least, 0.0), np.inf)
    weight = np.exp(-dearer / scale)
    share = weight / np.maximum(weight.sum(axis=2, keepdims=True), TINY)
    return np.asarray((share * unit.demand[:, :, None]).sum(axis=1) / unit.rps)
