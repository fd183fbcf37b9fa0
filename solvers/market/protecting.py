"""Answers of units whose service survives losses: with spare replicas, and flows that need few of these.

Which replicas stand is a covering problem in every period: every guard asks for so many requests/s of the
slots that it names. Requests need no more of them than the guards do, so covers are sought first, spread over
few or more sites, as n sites need n / (n - 1) times what is served; then requests go to what stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..rates import Floats, Ints
from .guards import Guards
from .serving import Answer, Offer, cheaper, pour, replicas_for
from .sites import rank
from .units import Unit

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
    assert unit.guards is not None
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
    assert guards is not None
    found, limit = replicas.copy(), np.minimum(most, np.maximum(_useful(unit), replicas))
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


def _useful(unit: Unit) -> Floats:
    """Return the most replicas (T, S) of which each could serve somebody."""
    reach = np.zeros((len(unit.demand_id), len(unit.slot_id)))
    reach[unit.row, unit.column] = 1.0
    return np.asarray(np.ceil(unit.demand @ reach / unit.rps - 1e-9))


def _lean(unit: Unit, price: Floats, served: Floats, least: Floats, replicas: Floats) -> Floats:
    """Return the replicas without those, the dearest first, that no guard needs; at least ``least`` stay."""
    guards = unit.guards
    assert guards is not None
    found = replicas.copy()
    left = found * unit.rps @ guards.slots.T - served @ guards.users.T
    order = np.argsort(-(price / unit.rps).sum(axis=0), kind="stable")
    more = np.asarray((found > least).any(axis=0))
    for slot in order[more[order]].tolist():
        mine = np.flatnonzero(guards.slots[:, slot])
        spare = left[:, mine].min(axis=1, initial=np.inf)
        most = np.minimum(np.floor(spare / unit.rps[slot] + 1e-9), found[:, slot] - least[:, slot])
        gone = np.maximum(most, 0.0)
        found[:, slot] -= gone
        left[:, mine] -= (gone * unit.rps[slot])[:, None]
    return found


def _safe_flow(unit: Unit, flow: Floats, served: Floats, replicas: Floats) -> Floats:
    """Return the flows (T, L, S), less of those whose guards lack replicas; the same where none does.

    Guards of few users come first: what these lose, those of more users do not ask for any more.
    """
    guards = unit.guards
    assert guards is not None
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
    way = (np.where(flow > 0, offered.arc, 0.0) * flow).sum(axis=(1, 2))
    missed = unit.demand - flow.sum(axis=2)
    missed = np.where(missed > 1e-9 * np.maximum(1.0, unit.demand), missed, 0.0)
    return Answer(flow, replicas, way + (replicas * offered.replica).sum(axis=1), missed)


def _spread(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None) -> Iterator[Answer]:
    """Yield answers whose replicas are spread evenly over sites, those that serve all users cheaply first."""
    sites = len(np.unique(unit.site))
    yield from (_spread_over(unit, offered, most, cutoff, count) for count in SPREADS if count <= sites)


def _spread_over(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None, count: int) -> Answer:
    """Return the answer whose replicas are spread evenly over so many sites before they are mended."""
    best_slot, order = _ranked(unit, offered, most)
    total, start, nothing = unit.demand.sum(axis=1), np.zeros(most.shape), np.zeros(most.shape)
    for place in range(count):
        slot = np.take_along_axis(best_slot, order[:, place : place + 1], axis=1)[:, 0]
        needed = np.ceil(total / (count - 1) / unit.rps[slot] - 1e-9)
        at = np.arange(len(most)), slot
        start[at] = np.minimum(needed, most[at])
    lean = _lean(unit, offered.replica, unit.demand, nothing, start)
    replicas = covered(unit, offered.replica, unit.demand, lean, most)
    replicas = _lean(unit, offered.replica, unit.demand, nothing, replicas)
    flow, _ = pour(offered.unit, unit.demand, replicas * unit.rps, cutoff)
    return protected(unit, offered, _told(unit, offered, flow, replicas), most)


def _at_few_sites(unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None) -> Iterator[Answer]:
    """Yield answers spread over the same few sites in all periods, those that serve all users cheaply."""
    best_slot, order = _ranked(unit, offered, most)
    sites, steady = np.unique(unit.site), unit.min_sites > 1
    places = np.argsort(order, axis=1, kind="stable").sum(axis=0).astype(float)
    if steady:
        there = (np.take_along_axis(most, best_slot, axis=1) >= 1).all(axis=0)
        places = np.where(there, places, np.inf)
    able = int(np.isfinite(places).sum())
    limit = min(able, SPREADS[-1], able if unit.max_sites is None else unit.max_sites)
    for count in range(max(unit.min_sites, 2), limit + 1):
        chosen = sites[np.argsort(places, kind="stable")[:count]]
        allowed = np.where(np.isin(unit.site, chosen), most, 0.0)
        found = _spread_over(unit, offered, allowed, cutoff, count)
        replicas = _at_all_times(unit, offered, found.replicas, allowed, chosen) if steady else found.replicas
        yield _told(unit, offered, found.flow, replicas)


def _ranked(unit: Unit, offered: Offer, most: Floats) -> tuple[Ints, Ints]:
    """Return the cheapest slot of each site and the order of the sites, by period (T, sites)."""
    finite = np.isfinite(offered.unit)
    dear = DEAR * float(np.max(offered.unit, initial=1.0, where=finite))
    cost = (np.where(finite, offered.unit, dear) * unit.demand[:, :, None]).sum(axis=1)
    cost = np.where(most >= 1, cost, np.inf)
    sites = np.unique(unit.site)
    slots = [np.flatnonzero(unit.site == site) for site in sites]
    best_slot = np.stack([mine[cost[:, mine].argmin(axis=1)] for mine in slots], axis=1)
    least = np.take_along_axis(cost, best_slot, axis=1)
    return best_slot, np.argsort(least, axis=1, kind="stable")


def _within_sites(unit: Unit, offered: Offer, found: Answer, most: Floats) -> Answer:
    """Return an answer kept safe at the sites that it uses, and at more while it may use more."""
    guards = unit.guards
    assert guards is not None
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
        replicas = _at_all_times(unit, offered, replicas, allowed, used)
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


def _at_all_times(unit: Unit, offered: Offer, replicas: Floats, allowed: Floats, sites: Ints) -> Floats:
    """Return the replicas, and one in every period at each of the sites that has none then."""
    found = replicas.copy()
    for site in sites.tolist():
        mine = np.flatnonzero(unit.site == site)
        empty = np.flatnonzero(found[:, mine].sum(axis=1) < 1)
        price = np.where(allowed[np.ix_(empty, mine)] >= 1, offered.replica[np.ix_(empty, mine)], np.inf)
        found[empty, mine[price.argmin(axis=1)] if len(empty) else mine[:0]] = 1.0
    return found
