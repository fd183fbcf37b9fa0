"""A stronger bound of plans that leave nothing out, by what units pay on the whole at given prices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..rates import Floats
from .appraisal import Appraisal
from .lagrange import lagrangian_cost
from .market import Market
from .serving import Offer, answer, least_cost, without_earnings
from .units import Unit

ROUNDING = 1e-9
"""Part of a gain that is granted to the errors of floating-point numbers."""


def raised_bound(market: Market, told: Appraisal, over: Callable[[], bool]) -> float:
    """Return a bound of plans that leave nothing out, at least that told, by what units pay on the whole.

    Units that cost most more than was told come first, until it is ``over``.
    """
    offer_to, gain = market.offering(told.goods), 0.0
    units = [unit for unit in market.units if not unit.entering.any()]
    known = [_known_cost(unit, offer_to(unit, None)) for unit in units]
    least = [least_cost(unit, offer_to(unit, None)) for unit in units]
    excess = [float((one - other).sum()) for one, other in zip(known, least, strict=True)]
    for number in np.argsort(excess)[::-1].tolist():
        if over():
            break
        gain += _gained(units[number], offer_to(units[number], None), known[number], least[number])
    return told.complete + (1 - ROUNDING) * gain


def _known_cost(unit: Unit, offered: Offer) -> Floats:
    """Return what some way to serve everybody costs (T,)."""
    most = np.broadcast_to(unit.most, offered.replica.shape)
    return answer(unit, offered, most, swapping=False).cost


def _gained(unit: Unit, offered: Offer, known: Floats, least: Floats) -> float:
    """Return by how much the bound of a unit rises above its ``least`` cost."""
    paid, earned = without_earnings(unit, offered)
    raised = lagrangian_cost(unit, paid, known - earned) + earned
    return float(np.maximum(0.0, raised - least).sum())
