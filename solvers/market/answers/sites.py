"""Answers of units whose service limits the number of its sites over the whole horizon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...rates import Floats, Ints
from ..form.offers import Offer
from ..form.units import Unit
from .serving import Answer, answer

MOST_ADDED = 6
"""Sites added beyond those that cost least, where these have too little room."""


def whole_answer(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None) -> Answer:
    """Return an answer within the unit's limits on sites, which hold over all periods together.

    Where entering a site matters, that is the better one of staying, entering where it pays on the whole, and
    going where it is cheapest.
    """
    found = _whole_answer(unit, offered, most, cutoff)
    if not unit.entering.any():
        return found
    free = replace(offered, entering=np.zeros(len(offered.entering)))
    staying = _whole_answer(unit, free, np.where(unit.entering, 0.0, most), cutoff)
    others = (staying, _whole_answer(unit, free, most, cutoff))
    return min((found, *others), key=lambda each: rank(unit, offered, each))


def rank(unit: Unit, offered: Offer, found: Answer) -> tuple[float, float]:
    """Return what an answer leaves out and what it costs, the sites entered included."""
    used = (found.replicas > 0).any(axis=0)
    prices = {int(unit.site[slot]): float(offered.entering[slot]) for slot in np.flatnonzero(used)}
    return round(float(found.unserved.sum()), 9), float(found.cost.sum()) + sum(prices.values())


def _whole_answer(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None) -> Answer:
    """Return an answer within the unit's limits on sites.

    Sites are added one by one, that which lowers the cost most first; where several sites are asked for, each
    keeps a replica in every period.
    """
    steady = unit.min_sites > 1
    sites = _choose_sites(unit, offered, most, steady)
    if len(sites) < unit.min_sites:
        return nothing(unit)
    sites, found = _answer_from(unit, offered, most, cutoff, sites)
    allowed = np.where(np.isin(unit.site, sites), most, 0.0)
    return _standing(unit, offered, found, allowed, sites) if steady else found


def _answer_from(
    unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None, sites: Ints
) -> tuple[Ints, Answer]:
    """Return the answer from ``sites``, and from as many more as it takes to serve everybody."""
    limit = len(np.unique(unit.site)) if unit.max_sites is None else unit.max_sites
    found = answer(unit, offered, np.where(np.isin(unit.site, sites), most, 0.0), cutoff)
    for _ in range(MOST_ADDED):
        more = _next_site(unit, offered, most, found, sites)
        if more is None or len(sites) >= limit:
            break
        sites = np.append(sites, more)
        found = answer(unit, offered, np.where(np.isin(unit.site, sites), most, 0.0), cutoff)
    return sites, found


def _next_site(unit: Unit, offered: Offer, most: Floats, found: Answer, sites: Ints) -> int | None:
    """Return the site that could serve most of what is left, at least cost; None where nothing is left."""
    if not (found.unserved > 0).any():
        return None
    usable = np.where((most >= 1)[:, None, :], offered.unit, np.inf)
    best: tuple[float, float, int] | None = None
    for site in np.setdiff1d(unit.site, sites).tolist():
        mine = unit.site == site
        if unit.min_sites > 1 and (most[:, mine].max(axis=1) < 1).any():
            continue
        cost = usable[:, :, mine].min(axis=2)
        reached = np.where(np.isfinite(cost), found.unserved, 0.0)
        served = np.minimum(reached.sum(axis=1), (most[:, mine] * unit.rps[mine]).sum(axis=1)).sum()
        paid = float((np.where(np.isfinite(cost), cost, 0.0) * reached).sum())
        if served > 0 and (best is None or (-served, paid, site) < best):
            best = (-float(served), paid, site)
    return None if best is None else best[2]


def nothing(unit: Unit) -> Answer:
    """Return the answer that serves nobody."""
    periods, users = unit.demand.shape
    slots = len(unit.slot_id)
    flow, replicas = np.zeros((periods, users, slots)), np.zeros((periods, slots))
    return Answer(flow, replicas, np.zeros(periods), unit.demand.copy())


def _choose_sites(unit: Unit, offered: Offer, most: Floats, steady: bool) -> Ints:
    sites = np.unique(unit.site)
    if steady:
        there = [(most[:, unit.site == site].max(axis=1) >= 1).all() for site in sites]
        sites = sites[np.array(there, dtype=bool)]
    limit = len(sites) if unit.max_sites is None else min(unit.max_sites, len(sites))
    usable = np.where((most >= 1)[:, None, :], offered.unit, np.inf)
    costs = [usable[:, :, unit.site == site].min(axis=2) for site in sites]
    standby = [_standby(unit, offered, site, steady=steady) for site in sites.tolist()]
    dear = 1e3 * float(np.max(offered.unit, initial=1.0, where=np.isfinite(offered.unit)))
    now = np.full(unit.demand.shape, dear)
    chosen: list[int] = []
    while len(chosen) < limit:
        totals = [
            np.inf if k in chosen else (np.minimum(now, costs[k]) * unit.demand).sum() + standby[k]
            for k in range(len(sites))
        ]
        best = int(np.argmin(totals))
        if len(chosen) >= unit.min_sites and totals[best] >= (now * unit.demand).sum():
            break
        chosen.append(best)
        now = np.minimum(now, costs[best])
    return np.asarray(sites[np.array(chosen, dtype=np.int64)], dtype=np.int64)


def _standby(unit: Unit, offered: Offer, site: int, *, steady: bool) -> float:
    """Return what using a site costs whatever it serves."""
    mine = unit.site == site
    kept = offered.replica[:, mine].min(axis=1).sum() if steady else 0.0
    return float(kept + offered.entering[mine].max())


def _standing(unit: Unit, offered: Offer, found: Answer, most: Floats, sites: Ints) -> Answer:
    """Return the answer with at least one replica at every site in every period."""
    replicas = at_all_times(unit, offered, found.replicas, most, sites)
    cost = found.cost + ((replicas - found.replicas) * offered.replica).sum(axis=1)
    return Answer(found.flow, replicas, cost, found.unserved)


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
