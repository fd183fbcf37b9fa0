"""Answers of units whose service survives losses: with spare replicas, and flows that need few of these.

Which replicas stand is a covering problem in every period: every guard asks for so many requests/s of the
slots that it names. Requests need no more of them than the guards do, so covers are sought first, spread over
few or more sites, as n sites need n / (n - 1) times what is served; then requests go to what stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...rates import Floats, Ints
from ..form.guards import Guards
from ..form.offers import EPSILON, Offer, rounding
from ..form.units import Unit
from .serving import Answer, cheaper, pour, priced, replicas_for
from .sites import rank
from .standing import at_all_times

SPREADS = (2, 3, 4, 6)
"""Sites over which replicas are spread evenly, in turn."""
FREE = 1e-6
"""Price of an accelerator that costs nothing, so that fewer are better."""
DEAR = 1e3
"""Times the dearest way of serving that one from a site out of reach counts as."""


def kept_safe(unit: Unit, offered: Offer, found: Answer, most: Floats, cutoff: Floats | None) -> Answer:
    """Return an answer that serves after losses what it serves, of at most ``most`` (T, S) replicas.

    That is ``found`` with spare replicas, or one that is spread over several sites from the start. What
    cannot be kept safe is left out.
    """
    if unit.min_sites > 1 or unit.max_sites is not None:
        others = [_within_sites(unit, offered, found, most), *_at_few_sites(unit, offered, most, cutoff)]
        return min(others, key=lambda each: rank(unit, offered, each))
    best = protected(unit, offered, found, most)
    for other in _spread(unit, offered, most, cutoff):
        best = cheaper(best, other, unit, np.ones(len(most), dtype=bool))
    return best


def limited(unit: Unit, most: Floats) -> Unit:
    """Return the unit with the demand that ``most`` replicas can keep safe; the same where that is all."""
    demand = _safe_flow(unit, unit.demand[:, :, None], unit.demand, most)[:, :, 0]
    if (demand >= unit.demand).all():
        return unit
    part = demand / np.where(unit.demand > 0, unit.demand, 1.0)
    return replace(unit, demand=demand, weight=unit.weight * part)


def protected(unit: Unit, offered: Offer, found: Answer, most: Floats) -> Answer:
    """Return an answer with the spare replicas that it lacks, and without what these cannot keep safe."""
    served = unit.demand - found.unserved
    replicas = covered(unit, offered.replica, served, found.replicas, most)
    flow = _safe_flow(unit, found.flow, served, replicas)
    if flow is not found.flow:
        served = flow.sum(axis=2)
        replicas = _lean(unit, offered.replica, served, replicas_for(unit, flow.sum(axis=1)), replicas)
    return _rerouted(unit, offered, _told(unit, offered, flow, replicas))


def _rerouted(unit: Unit, offered: Offer, found: Answer) -> Answer:
    """Return the answer with flows to the nearest of the replicas that stand, where these carry them."""
    served = unit.demand - found.unserved
    flow, left = pour(offered.arc, served, found.replicas * unit.rps, None)
    other = _told(unit, offered, flow, found.replicas)
    return cheaper(found, other, unit, np.asarray(~left.any(axis=1)))


def covered(unit: Unit, price: Floats, served: Floats, replicas: Floats, most: Floats) -> Floats:
    """Return the ``replicas`` (T, S) and, while there is room, those that guards lack for what is ``served``.

    ``price`` (T, S) is that of a replica. Slots that help most of those that lack most for their price come
    first; what is not needed in the end goes.
    """
    guards = unit.guards
    found, limit = replicas.copy(), np.minimum(most, np.maximum(unit.useful, replicas))
    worth = unit.rps / np.maximum(price, FREE * unit.accelerators)
    lack = guards.missing(served, found * unit.rps)
    busy = np.flatnonzero(lack.any(axis=1))
    lack = lack[busy]
    while len(busy):
        score = np.where(found[busy] < limit[busy], (lack @ guards.slots) * worth[busy], 0.0)
        best = score.argmax(axis=1)
        able = score[np.arange(len(busy)), best] > 0
        if not able.all():
            busy, best, lack = busy[able], best[able], lack[able]
        inside = guards.slots[:, best].T > 0
        least = np.where(inside & (lack > 0), lack, np.inf).min(axis=1, initial=np.inf)
        count = np.maximum(1.0, np.floor(least / unit.rps[best]))
        count = np.minimum(count, limit[busy, best] - found[busy, best])
        found[busy, best] += count
        lack = np.where(inside, lack - (count * unit.rps[best])[:, None], lack)
        lack = np.where(lack > guards.rounding(served[busy]), lack, 0.0)
        some = lack.any(axis=1)
        if not some.all():
            busy, lack = busy[some], lack[some]
    return _lean(unit, price, served, replicas, found)


def _lean(unit: Unit, price: Floats, served: Floats, least: Floats, replicas: Floats) -> Floats:
    """Return the replicas without those, the dearest first, that no guard needs; at least ``least`` stay."""
    guards = unit.guards
    found = replicas.copy()
    left = found * unit.rps @ guards.slots.T - served @ guards.users.T
    order = np.argsort(-(price / unit.rps).sum(axis=0), kind="stable")
    more = np.asarray((found > least).any(axis=0))
    for slot in order[more[order]].tolist():
        mine = np.flatnonzero(guards.slots[:, slot])
        spare = left[:, mine].min(axis=1, initial=np.inf)
        most = np.minimum(np.floor(spare / unit.rps[slot] + EPSILON), found[:, slot] - least[:, slot])
        gone = np.maximum(most, 0.0)
        found[:, slot] -= gone
        left[:, mine] -= (gone * unit.rps[slot])[:, None]
    return found


def _safe_flow(unit: Unit, flow: Floats, served: Floats, replicas: Floats) -> Floats:
    """Return the flows (T, L, S), less of those whose guards lack replicas; the same where none does.

    Guards of few users come first: what these lose, those of more users do not ask for any more.
    """
    guards = unit.guards
    found, fewest = flow, 1.0 / guards.users.sum(axis=1)
    for _ in range(len(guards.users)):
        lack = guards.missing(served, replicas * unit.rps)
        busy = np.flatnonzero(lack.any(axis=1))
        if len(busy) == 0:
            break
        if found is flow:
            found, served = flow.copy(), served.copy()
        worst = np.where(lack[busy] > 0, fewest, 0.0).argmax(axis=1)
        mine = guards.users[worst] > 0
        asked = np.where(mine, served[busy], 0.0).sum(axis=1)
        part = 1.0 - lack[busy, worst] / np.maximum(asked, lack[busy, worst])
        kept = np.where(mine, part[:, None], 1.0)
        found[busy] *= kept[:, :, None]
        served[busy] *= kept
    return found


def _told(unit: Unit, offered: Offer, flow: Floats, replicas: Floats) -> Answer:
    missed = unit.demand - flow.sum(axis=2)
    rounded = np.where(missed > rounding(unit.demand), missed, 0.0)
    return priced(offered, flow, replicas, rounded)


def _spread(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None) -> Iterator[Answer]:
    """Yield answers whose replicas are spread evenly over sites, those that serve all users cheaply first."""
    slots = _ranked(unit, offered, most)
    for count in SPREADS:
        if count <= slots.shape[1]:
            yield _spread_over(unit, offered, most, cutoff, slots[:, :count])


def _spread_over(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None, slots: Ints) -> Answer:
    """Return the answer whose replicas are spread evenly over ``slots`` (T, N) before they are mended."""
    start, nothing = np.zeros(most.shape), np.zeros(most.shape)
    total = unit.demand.sum(axis=1, keepdims=True) / (slots.shape[1] - 1)
    needed = np.minimum(np.ceil(total / unit.rps[slots] - EPSILON), np.take_along_axis(most, slots, axis=1))
    np.put_along_axis(start, slots, needed, axis=1)
    replicas = covered(unit, offered.replica, unit.demand, start, most)
    replicas = _lean(unit, offered.replica, unit.demand, nothing, replicas)
    flow, _ = pour(offered.unit, unit.demand, replicas * unit.rps, cutoff)
    return protected(unit, offered, _told(unit, offered, flow, replicas), most)


def _at_few_sites(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None) -> Iterator[Answer]:
    """Yield answers spread over the same few sites in all periods, those that serve all users cheaply."""
    slots, steady = _ranked(unit, offered, most), unit.min_sites > 1
    sites = _in_sum(unit.site[slots])
    if steady:
        there = [(most[:, unit.site == site].max(axis=1) >= 1).all() for site in sites]
        sites = sites[np.array(there, dtype=bool)]
    limit = min(SPREADS[-1], len(sites) if unit.max_sites is None else unit.max_sites)
    for count in range(max(unit.min_sites, 2), min(limit, len(sites)) + 1):
        chosen = sites[:count]
        allowed = np.where(np.isin(unit.site, chosen), most, 0.0)
        among = slots[np.isin(unit.site[slots], chosen)].reshape(len(slots), count)
        found = _spread_over(unit, offered, allowed, cutoff, among)
        replicas = at_all_times(unit, offered, found.replicas, allowed, chosen) if steady else found.replicas
        yield _told(unit, offered, found.flow, replicas)


def _in_sum(ranked: Ints) -> Ints:
    """Return what rows (T, N) rank, each in an order of its own, by the sums of the places."""
    names = np.sort(ranked[0])
    places = np.argsort(ranked, axis=1)
    return np.asarray(names[np.argsort(places.sum(axis=0), kind="stable")])


def _ranked(unit: Unit, offered: Offer, most: Floats) -> Ints:
    """Return the cheapest slot of each site (T, sites), those that serve all users cheaply first."""
    finite = np.isfinite(offered.unit)
    dear = DEAR * float(np.max(offered.unit, initial=1.0, where=finite))
    cost = (np.where(finite, offered.unit, dear) * unit.demand[:, :, None]).sum(axis=1)
    cost = np.where(most >= 1, cost, np.inf)
    slots = [np.flatnonzero(unit.site == site) for site in np.unique(unit.site)]
    best = np.stack([mine[cost[:, mine].argmin(axis=1)] for mine in slots], axis=1)
    order = np.argsort(np.take_along_axis(cost, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _within_sites(unit: Unit, offered: Offer, found: Answer, most: Floats) -> Answer:
    """Return an answer kept safe at the sites that it uses, and at more while it may use more."""
    guards = unit.guards
    sites = np.unique(unit.site[(found.replicas > 0).any(axis=0)])
    limit = len(np.unique(unit.site)) if unit.max_sites is None else unit.max_sites
    served = unit.demand - found.unserved
    while True:
        allowed = np.where(np.isin(unit.site, sites), most, 0.0)
        replicas = covered(unit, offered.replica, served, found.replicas, allowed)
        lack = guards.missing(served, replicas * unit.rps)
        more = _helping(unit, guards, lack, sites, most) if len(sites) < limit else None
        if more is None:
            break
        sites = np.append(sites, more)
    if unit.min_sites > 1:
        used = np.unique(unit.site[(replicas > 0).any(axis=0)])
        replicas = at_all_times(unit, offered, replicas, allowed, used)
    flow = _safe_flow(unit, found.flow, served, replicas)
    return _rerouted(unit, offered, _told(unit, offered, flow, replicas))


def _helping(unit: Unit, guards: Guards, lack: Floats, sites: Ints, most: Floats) -> int | None:
    """Return the site that helps most where guards lack replicas, None where none does."""
    help_of = ((lack @ guards.slots) * np.minimum(most, 1.0)).sum(axis=0)
    if unit.min_sites > 1:
        help_of = np.where((most >= 1).all(axis=0), help_of, 0.0)
    help_of[np.isin(unit.site, sites)] = 0.0
    slot = int(help_of.argmax())
    return int(unit.site[slot]) if help_of[slot] > 0 else None
