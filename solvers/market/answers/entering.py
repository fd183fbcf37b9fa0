"""Units of services that pay for sites they do not use at present: bounds of them, and whether they may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...arrays import Bools
from ...rates import Floats
from ..form.guards import NO_GUARDS
from ..form.market import Market
from ..form.offers import Offer
from ..form.units import Unit
from .least import least_cost, without_earnings
from .placing import Placement

UNREACHED = 1e30
"""Price of a request/s where there is no way; finite, as no requests cost nothing there."""


def least_in_all(unit: Unit, offered: Offer, left_out: Floats | None = None) -> float:
    """Return a lower bound of the cost of serving everybody over the horizon.

    Either no site is entered, and the slots at the others have to do, or one at least is paid for. With
    ``left_out`` (T, L), the price of leaving a whole demand out, nobody has to be served.
    """
    anywhere = float(least_cost(unit, offered, left_out).sum())
    if not unit.entering.any():
        return anywhere
    entering = anywhere + float(offered.entering[unit.entering].min())
    return min(entering, _least_staying(unit, offered, left_out))


def _least_staying(unit: Unit, offered: Offer, left_out: Floats | None) -> float:
    """Return the bound where no site is entered."""
    stay = np.flatnonzero(~unit.entering)
    if _missing_sites(unit) > 0:
        nobody = unit.demand * UNREACHED if left_out is None else left_out
        return float(nobody.sum())
    paid, earned = without_earnings(unit, offered)
    arc, each = (np.minimum(price[:, :, stay], UNREACHED) for price in (paid.arc, paid.unit))
    part = replace(paid, arc=arc, replica=paid.replica[:, stay], unit=each)
    stayed = replace(unit, rps=unit.rps[stay], guards=NO_GUARDS)
    return float((least_cost(stayed, part, left_out) + earned).sum())


def _missing_sites(unit: Unit) -> int:
    """Return how many sites the unit has to enter to serve anybody."""
    return max(0, unit.min_sites - len(np.unique(unit.site[~unit.entering])))


def dearest_entering(market: Market) -> float:
    """Return the most (weighted USD) that a unit pays for sites that it has to enter; 0 where none has to."""
    usd = market.problem.objective.money_weight * market.problem.moving.usd_per_site_entered
    return usd * max((_forced_sites(unit) for unit in market.units if unit.entering.any()), default=0)


def _forced_sites(unit: Unit) -> int:
    """Return how many sites the unit has to enter to serve all its users."""
    reached = np.zeros(len(unit.demand_id), dtype=bool)
    reached[unit.row[~unit.entering[unit.column]]] = True
    return max(_missing_sites(unit), int(not reached[unit.demand.any(axis=0)].all()))


def may_enter(placement: Placement, unit: Unit) -> Bools:
    """Return the slots (S,) whose sites the unit may use in what moves are left."""
    rules = placement.market.rules
    part = slice(*rules.use.indptr[[rules.goods.moves, rules.goods.moves + 1]])
    rows, amounts = rules.use.indices[part], rules.use.data[part]
    return ~unit.entering | placement.fits(rows, amounts)
