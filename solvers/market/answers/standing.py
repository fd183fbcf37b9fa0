"""Replicas of services that keep one at each of their sites all along. Letters: T periods, S slots."""

from __future__ import annotations

import numpy as np

from ...rates import Floats, Ints
from ..form.offers import Offer
from ..form.units import Unit


def at_all_times(unit: Unit, offered: Offer, replicas: Floats, most: Floats, sites: Ints) -> Floats:
    """Return the replicas (T, S), and one in every period at each of the sites that has none then."""
    found = replicas.copy()
    for site in sites.tolist():
        mine = np.flatnonzero(unit.site == site)
        empty = np.flatnonzero(found[:, mine].sum(axis=1) < 1)
        price = np.where(most[np.ix_(empty, mine)] >= 1, offered.replica[np.ix_(empty, mine)], np.inf)
        found[empty, mine[price.argmin(axis=1)] if len(empty) else mine[:0]] = 1.0
    return found


def still_standing(unit: Unit, before: Floats, replicas: Floats) -> Floats:
    """Return the ``replicas`` (T, S), and one wherever ``before`` (T, S) a site had some and now has none."""
    found = replicas.copy()
    for site in np.unique(unit.site[(before > 0).any(axis=0)]).tolist():
        mine = np.flatnonzero(unit.site == site)
        empty = np.flatnonzero((replicas[:, mine].sum(axis=1) < 1) & (before[:, mine].sum(axis=1) >= 1))
        found[empty, mine[before[np.ix_(empty, mine)].argmax(axis=1)]] = 1.0
    return found
