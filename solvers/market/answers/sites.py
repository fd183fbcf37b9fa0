"""Answers of units whose service limits the number of its sites over the whole horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...rates import Floats, Ints
from ..form.offers import Offer, Tiers
from ..form.units import Unit
from .fewer_sites import sites_for, sites_left, standby
from .serving import Answer, answer, cheaper, priced
from .standing import at_all_times
from .tiers import tiered_answer

MOST_ADDED = 6
"""Sites added beyond those that cost least, where these have too little room."""


@dataclass(frozen=True)
class _Asked:
    """What an answer may use: replicas (T, S), and the price (T, L) above which requests are left out."""

    unit: Unit
    most: Floats
    cutoff: Floats | None
    swapping: bool

    @property
    def is_steady(self) -> bool:
        """Whether each site keeps a replica in every period."""
        return self.unit.min_sites > 1

    def from_sites(self, offered: Offer, sites: Ints) -> Answer:
        """Return the answer from some sites, with a replica at each where several are asked for."""
        unit, slots = self.unit, np.flatnonzero(np.isin(self.unit.site, sites))
        part = replace(unit, rps=unit.rps[slots], site=unit.site[slots])
        mine = replace(self, unit=part, most=self.most[:, slots])
        some = mine.steadily(offered.at(slots), sites) if self.is_steady else mine.freely(offered.at(slots))
        flow, replicas = np.zeros(offered.arc.shape), np.zeros(offered.replica.shape)
        flow[:, :, slots], replicas[:, slots] = some.flow, some.replicas
        return Answer(flow, replicas, some.cost, some.unserved)

    def freely(self, offered: Offer) -> Answer:
        """Return the answer that does not mind where a replica stands all along."""
        return answer(self.unit, offered, self.most, self.cutoff, swapping=self.swapping)

    def steadily(self, offered: Offer, sites: Ints) -> Answer:
        """Return the answer with a replica at every site in every period.

        That is the better one in each period of two: they stand beside those that serve, or serve first, as
        they are paid for in any case.
        """
        unit, nothing_yet = self.unit, np.zeros(offered.replica.shape)
        kept = at_all_times(unit, offered, nothing_yet, self.most, sites)
        at_hand = np.where(kept > 0, 0.0, offered.replica)
        each = offered.arc + (at_hand / unit.rps)[:, None, :]
        tiers = Tiers(kept, offered.replica)
        first = replace(offered, replica=at_hand, unit=each, tiers=tiers)
        found = tiered_answer(unit, first, self.most, self.cutoff, swapping=self.swapping)
        beside = _standing(self, offered, self.freely(offered), sites)
        serving = _standing(self, offered, found, sites)
        return cheaper(beside, serving, unit, np.asarray((serving.replicas <= self.most).all(axis=1)))


def whole_answer(
    unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None, *, swapping: bool = True
) -> Answer:
    """Return an answer within the unit's limits on sites, which hold over all periods together.

    Where entering a site matters, that is the better one of staying, entering where it pays on the whole, and
    going where it is cheapest.
    """
    asked = _Asked(unit, most, cutoff, swapping)
    found = _whole_answer(asked, offered)
    if not unit.entering.any():
        return found
    free = replace(offered, entering=np.zeros(len(offered.entering)))
    staying = _whole_answer(replace(asked, most=np.where(unit.entering, 0.0, most)), free)
    others = (staying, _whole_answer(asked, free))
    return min((found, *others), key=lambda each: rank(unit, offered, each))


def rank(unit: Unit, offered: Offer, found: Answer) -> tuple[float, float]:
    """Return what an answer leaves out and what it costs, the sites entered included."""
    used = (found.replicas > 0).any(axis=0)
    prices = {int(unit.site[slot]): float(offered.entering[slot]) for slot in np.flatnonzero(used)}
    return round(float(found.unserved.sum()), 9), float(found.cost.sum()) + sum(prices.values())


def _whole_answer(asked: _Asked, offered: Offer) -> Answer:
    """Return an answer within the unit's limits on sites, with a replica at each where several are asked for.

    That is the better one of two: from sites that are added one by one, that which lowers the cost most first
    if it had room for all, and from those that are left when the cheapest are given up one by one.
    """
    unit, most = asked.unit, asked.most
    added, found = _choose_sites(unit, offered, most), nothing(unit)
    if len(added) >= unit.min_sites:
        added, found = _answer_from(asked, offered, added)
    left = sites_left(unit, offered, most, asked.cutoff)
    if len(left) < unit.min_sites or set(left.tolist()) == set(added.tolist()):
        return found
    return min(found, asked.from_sites(offered, left), key=lambda each: rank(unit, offered, each))


def _answer_from(asked: _Asked, offered: Offer, sites: Ints) -> tuple[Ints, Answer]:
    """Return the answer from ``sites``, and from as many more as it takes to serve everybody."""
    unit = asked.unit
    limit = len(np.unique(unit.site)) if unit.max_sites is None else unit.max_sites
    found = asked.from_sites(offered, sites)
    for _ in range(MOST_ADDED):
        more = _next_site(unit, offered, asked.most, found, sites)
        if more is None or len(sites) >= limit:
            break
        sites = np.append(sites, more)
        found = asked.from_sites(offered, sites)
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


def _choose_sites(unit: Unit, offered: Offer, most: Floats) -> Ints:
    sites = sites_for(unit, most)
    limit = len(sites) if unit.max_sites is None else min(unit.max_sites, len(sites))
    usable = np.where((most >= 1)[:, None, :], offered.unit, np.inf)
    costs = [usable[:, :, unit.site == site].min(axis=2) for site in sites]
    waiting = [standby(unit, offered, site) for site in sites.tolist()]
    dear = 1e3 * float(np.max(offered.unit, initial=1.0, where=np.isfinite(offered.unit)))
    now = np.full(unit.demand.shape, dear)
    chosen: list[int] = []
    while len(chosen) < limit:
        totals = [
            np.inf if k in chosen else (np.minimum(now, costs[k]) * unit.demand).sum() + waiting[k]
            for k in range(len(sites))
        ]
        best = int(np.argmin(totals))
        if len(chosen) >= unit.min_sites and totals[best] >= (now * unit.demand).sum():
            break
        chosen.append(best)
        now = np.minimum(now, costs[best])
    return np.asarray(sites[np.array(chosen, dtype=np.int64)], dtype=np.int64)


def _standing(asked: _Asked, offered: Offer, found: Answer, sites: Ints) -> Answer:
    """Return the answer at the prices offered, with a replica at every site in every period."""
    replicas = at_all_times(asked.unit, offered, found.replicas, asked.most, sites)
    return priced(offered, found.flow, replicas, found.unserved)
