"""Bounds of units whose services keep replicas at several sites all along, whatever these serve.

A part of the price of each replica counts for what it serves. The rest counts for standing: there is one
replica at least in every period at each of ``min_sites`` sites, the same ones in all periods.
Letters of shapes: T periods, L demands, S slots, V sites.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...rates import Floats
from ..form.offers import EPSILON, Offer
from ..form.units import Unit
from .ascent import ascended
from .least import least_cost, without_earnings

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Parts of the replicas' price that count for what they serve."""


def needs_several(unit: Unit) -> bool:
    """Return whether serving everybody takes replicas at several sites."""
    return unit.min_sites > 1 and bool((unit.demand > EPSILON).any())


def least_at_sites(unit: Unit, offered: Offer) -> float:
    """Return a lower bound of the cost of serving everybody, with replicas at ``min_sites`` sites.

    That is the better one of two: replicas counted whole, by the cheapest sites of every period, and what
    users offer to pay for the sites that they need, by dual ascent. What they do not pay of a site is due all
    the same if it is one of those.
    """
    if (offered.replica < 0).any():
        paid, earned = without_earnings(unit, offered)
        return least_at_sites(unit, paid) + float(earned.sum())
    stands = _stands(unit, offered)
    raised = [_ascended(unit, _in_part(unit, offered, share), (1 - share) * stands) for share in SHARES[:-1]]
    return max(_counted(unit, offered, stands), *raised)


def _counted(unit: Unit, offered: Offer, stands: Floats) -> float:
    """Return the bound by whole replicas for what is served, with the best share in every period."""
    served = np.stack([least_cost(unit, _in_part(unit, offered, share)) for share in SHARES])
    rest = 1 - np.array(SHARES)[:, None]
    fewest = np.sort(stands, axis=1)[:, : unit.min_sites].sum(axis=1)
    best = (served + rest * fewest).argmax(axis=0)
    return float(served[best, np.arange(len(best))].sum()) + _fewest(unit, rest[best] * stands)


def _ascended(unit: Unit, offered: Offer, budget: Floats) -> float:
    """Return what users pay, and what is left of the ``budget`` (T, V) of the sites where that is least."""
    cost = np.stack([offered.unit[:, :, mine].min(axis=2) for mine in _slots(unit)], axis=2)
    paid = ascended(cost, unit.demand, budget)
    spent = (np.maximum(paid[:, :, None] - cost, 0.0) * unit.demand[:, :, None]).sum(axis=1)
    return float((paid * unit.demand).sum()) + _fewest(unit, budget - spent)


def _fewest(unit: Unit, stands: Floats) -> float:
    """Return what as many sites as are asked for cost at least, at costs of standing (T, V)."""
    return float(np.sort(stands.sum(axis=0))[: unit.min_sites].sum())


def _slots(unit: Unit) -> list[np.ndarray]:
    """Return the slots at each site."""
    return [np.flatnonzero(unit.site == site) for site in np.unique(unit.site)]


def _stands(unit: Unit, offered: Offer) -> Floats:
    """Return the cost (T, V) of one replica at each site."""
    return np.stack([offered.replica[:, mine].min(axis=1) for mine in _slots(unit)], axis=1)


def _in_part(unit: Unit, offered: Offer, share: float) -> Offer:
    """Return an offer of replicas at a part of their price."""
    replica = share * offered.replica
    return replace(offered, replica=replica, unit=offered.arc + (replica / unit.rps)[:, None, :])
