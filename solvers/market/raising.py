"""A stronger bound of plans that leave nothing out, by what units pay on the whole at given prices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..rates import Floats
from .appraisal import Appraisal
from .lagrange import lagrangian_cost
from .least import least_cost, without_earnings
from .market import Market
from .offers import Offer
from .serving import answer
from .threads import each
from .units import Unit

AT_ONCE = 8
"""Units raised between two looks at the time."""
ROUNDING = 1e-9
"""Part of a gain that is granted to the errors of floating-point numbers."""


def raised_bound(market: Market, told: Appraisal, over: Callable[[], bool]) -> float:
    """Return a bound of plans that leave nothing out, at least that told, by what units pay on the whole.

    Units that cost most more than was told come first, until it is ``over``.
    """
    if over():
        return told.complete
    offer_to, gain = market.offering(told.goods), 0.0
    units = [unit for unit in market.units if not unit.entering.any()]
    cores = market.cores_for_units
    told_of = each(lambda unit: _told(unit, offer_to(unit, None)), units, cores)
    excess = [float((known - least).sum()) for known, least in told_of]
    order = np.argsort(excess)[::-1].tolist()

    def gained(number: int) -> float:
        return _gained(units[number], offer_to(units[number], None), *told_of[number])

    for begin in range(0, len(order), AT_ONCE):
        if over():
            break
        gain += sum(each(gained, order[begin : begin + AT_ONCE], cores))
    return told.complete + (1 - ROUNDING) * gain


def _told(unit: Unit, offered: Offer) -> tuple[Floats, Floats]:
    """Return what some way to serve everybody costs (T,), and the bound of it that is told."""
    most = np.broadcast_to(unit.most, offered.replica.shape)
    return answer(unit, offered, most, swapping=False).cost, least_cost(unit, offered)


def _gained(unit: Unit, offered: Offer, known: Floats, least: Floats) -> float:
    """Return by how much the bound of a unit rises above its ``least`` cost."""
    paid, earned = without_earnings(unit, offered)
    raised = lagrangian_cost(unit, paid, known - earned) + earned
    more = np.maximum(0.0, raised - least)
    return float(more[np.isfinite(more)].sum())
