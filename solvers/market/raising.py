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
from .steady import least_at_sites, needs_several
from .threads import each
from .units import Unit

AT_ONCE = 8
"""Units raised between two looks at the time."""
ROUNDING = 1e-9
"""Part of a gain that is granted to the errors of floating-point numbers."""


def raised_bound(market: Market, told: Appraisal, over: Callable[[], bool]) -> float:
    """Return a bound of plans that leave nothing out, at least that told, by what units pay on the whole.

    Units that keep several sites come first, as what these cost is soon told; then those that cost most more
    than was told, until it is ``over``.
    """
    if over():
        return told.complete
    offer_to, known_least = market.offering(told.goods), told.unit_least.copy()
    mine = [number for number, unit in enumerate(market.units) if not unit.entering.any()]
    cores = market.cores_for_units

    def offered(number: int) -> tuple[Unit, Offer]:
        unit = market.units[number]
        return unit, offer_to(unit, None)

    def raise_all(numbers: list[int], bound: Callable[[int], float]) -> None:
        for begin in range(0, len(numbers), AT_ONCE):
            if over():
                return
            part = numbers[begin : begin + AT_ONCE]
            known_least[part] = np.maximum(known_least[part], each(bound, part, cores))

    several = [number for number in mine if needs_several(market.units[number])]
    raise_all(several, lambda number: least_at_sites(*offered(number)))
    told_of = dict(zip(mine, each(lambda number: _told(*offered(number)), mine, cores), strict=True))
    excess = np.array([told_of[number][0].sum() - known_least[number] for number in mine])
    order = [mine[place] for place in np.argsort(-excess).tolist()]
    raise_all(order, lambda number: _raised(*offered(number), *told_of[number]))
    gain = float((known_least - told.unit_least).sum())
    return told.complete + (1 - ROUNDING) * gain


def _told(unit: Unit, offered: Offer) -> tuple[Floats, Floats]:
    """Return what some way to serve everybody costs (T,), and the bound of it that is told."""
    most = np.broadcast_to(unit.most, offered.replica.shape)
    return answer(unit, offered, most, swapping=False).cost, least_cost(unit, offered)


def _raised(unit: Unit, offered: Offer, known: Floats, least: Floats) -> float:
    """Return a bound of a unit that is at least its ``least`` cost (T,)."""
    paid, earned = without_earnings(unit, offered)
    raised = lagrangian_cost(unit, paid, known - earned) + earned
    return float(np.where(np.isfinite(raised), np.maximum(raised, least), least).sum())
