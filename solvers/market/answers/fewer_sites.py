"""Sites of a service that are left when those that would serve it cheapest are given up one by one.

Where several are asked for, each costs a replica in every period. Unlike a choice of the cheapest sites,
this knows how little room some have.
Letters of shapes: T periods, L demands, S slots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...rates import Floats, Ints, whole_replicas
from ..form.offers import Offer
from ..form.units import Unit
from .serving import pour
from .standing import at_all_times

MOST_SITES = 12
"""Sites to begin with at most, those that would serve most."""
TRIED = 2
"""Sites that would serve least, of which the best one to give up is sought."""
Value = tuple[float, float]
"""Requests/s left out, and cost."""


def sites_left(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None) -> Ints:
    """Return sites to serve a unit from, with so many replicas (T, S) at most; too few where no more can.

    ``cutoff`` (T, L) is the price of a request/s above which it is left out.
    """
    able = sites_for(unit, most)
    served = _Part.of(unit, offered, most, cutoff, able).value(able)[1]
    count = np.clip(np.count_nonzero(served), unit.min_sites, max(MOST_SITES, unit.min_sites))
    spare = np.array([standby(unit, offered, site) for site in able.tolist()])
    return _given_up(_Part.of(unit, offered, most, cutoff, able[np.lexsort((spare, -served))][:count]))


def sites_for(unit: Unit, most: Floats) -> Ints:
    """Return the sites that a unit may use: with room in every period where it asks for several."""
    sites = np.unique(unit.site)
    if unit.min_sites <= 1:
        return sites
    there = [(most[:, unit.site == site].max(axis=1) >= 1).all() for site in sites]
    return np.asarray(sites[np.array(there, dtype=bool)])


def standby(unit: Unit, offered: Offer, site: int) -> float:
    """Return what using a site costs whatever it serves."""
    mine = unit.site == site
    kept = offered.replica[:, mine].min(axis=1).sum() if unit.min_sites > 1 else 0.0
    return float(kept + offered.entering[mine].max())


def _given_up(part: _Part) -> Ints:
    """Return what is left of the sites of a part: none is given up that pays, but where they are too many."""
    unit, sites = part.unit, np.unique(part.unit.site)
    limit = len(sites) if unit.max_sites is None else unit.max_sites
    value, served = part.value(sites)
    while len(sites) > max(1, unit.min_sites):
        tried = [np.delete(sites, place) for place in np.argsort(served, kind="stable")[:TRIED]]
        found = [(*part.value(each), each) for each in tried]
        least = min(range(len(found)), key=lambda place: found[place][0])
        if found[least][0] > value and len(sites) <= limit:
            break
        value, served, sites = found[least]
    return sites


@dataclass(frozen=True)
class _Part:
    """Some slots of a unit, of which throughput, sites and what entering them costs are looked at."""

    unit: Unit
    offered: Offer
    most: Floats
    cutoff: Floats | None

    @classmethod
    def of(cls, unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None, sites: Ints) -> _Part:
        """Return the slots at some sites."""
        slots = np.flatnonzero(np.isin(unit.site, sites))
        part = replace(unit, rps=unit.rps[slots], site=unit.site[slots])
        return cls(part, offered.at(slots), most[:, slots], cutoff)

    def value(self, sites: Ints) -> tuple[Value, Floats]:
        """Return what serving from some of the sites comes to, and the requests/s that each of them serves.

        Requests go to the cheapest slots with room, by their part of a replica; whole replicas are paid for.
        """
        unit, offered = self.unit, self.offered
        room = np.where(np.isin(unit.site, sites), self.most, 0.0) * unit.rps
        flow, left = pour(offered.unit, unit.demand, room, self.cutoff)
        load = flow.sum(axis=1)
        replicas = whole_replicas(load, unit.rps)
        if unit.min_sites > 1:
            replicas = at_all_times(unit, offered, replicas, self.most, sites)
        at_site = unit.site == sites[:, None]
        entering = np.where(at_site, offered.entering, 0.0).max(axis=1, initial=0.0).sum()
        cost = (np.where(flow > 0, offered.arc, 0.0) * flow).sum() + (replicas * offered.replica).sum()
        return (round(float(left.sum()), 9), float(cost + entering)), at_site @ load.sum(axis=0)
