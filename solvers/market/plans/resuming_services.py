"""Services that go on as in the plan of a similar problem, as columns of a market."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ....routing.paths import Candidate
from ....routing.plan import Plan, Route
from ...rates import Floats, Ints
from ..answers.columns import Columns, Served, served_columns
from ..answers.protecting import covered
from ..answers.serving import replicas_for
from ..form.market import Market
from ..form.units import Unit

ROUNDING = 1e-9
"""Share of a demand that is no flow: no replica stands for it where it is all that is served."""


@dataclass(frozen=True)
class _Flows:
    """Flows (F) of requests on arcs of the world, and replicas (S, T) of its slots that stood for them."""

    arc: Ints
    period: Ints
    rps: Floats
    standing: Floats


def service_columns(market: Market, plan: Plan) -> Iterator[Columns]:
    """Yield the columns of all units that ``plan`` serves in part; each user has the parts that it had."""
    flows = _flows(market, plan)
    unit_of = np.full(len(market.services.arc_demand), -1, dtype=np.int64)
    for number, unit in enumerate(market.units):
        unit_of[unit.arc_id] = number
    order = np.lexsort((flows.period, unit_of[flows.arc]))
    ends = np.searchsorted(unit_of[flows.arc][order], np.arange(len(market.units) + 1))
    for number, unit in enumerate(market.units):
        mine = order[ends[number] : ends[number + 1]]
        found = _unit_columns(market, number, unit, flows, mine) if len(mine) else None
        if found is not None:
            yield found


def _unit_columns(market: Market, number: int, unit: Unit, flows: _Flows, mine: Ints) -> Columns | None:
    """Return the columns of a unit, None where it would break its limits on sites."""
    arc = np.searchsorted(unit.arc_id, flows.arc[mine])
    period, rps = flows.period[mine], flows.rps[mine]
    load, served = np.zeros((len(unit.demand), len(unit.slot_id))), np.zeros(unit.demand.shape)
    np.add.at(load, (period, unit.column[arc]), rps)
    np.add.at(served, (period, unit.row[arc]), rps)
    replicas = replicas_for(unit, load)
    if _keeps_idle(market, unit):
        replicas = np.maximum(replicas, flows.standing[unit.slot_id].T)
    if unit.guards:
        price, most = (np.broadcast_to(each, load.shape) for each in (unit.accelerators, unit.most))
        replicas = covered(unit, price, served, replicas, most)
        if unit.guards.missing(served, replicas * unit.rps).any():
            return None
    if not _keeps_sites(unit, replicas):
        return None
    done = Served(period, arc, rps, replicas, np.maximum(unit.demand - served, 0.0))
    blocks, goods = market.unit_blocks[number], market.rules.goods
    return served_columns(unit, done, market.rates, goods, blocks=blocks, traffic=market.traffic)


def _keeps_idle(market: Market, unit: Unit) -> bool:
    """Return whether replicas without a load may serve a purpose: for sites, losses, shares of providers."""
    survives = market.problem.services[unit.service].survive is not None
    return unit.min_sites > 1 or survives or bool(market.problem.limits.max_provider_share)


def _keeps_sites(unit: Unit, replicas: Floats) -> bool:
    """Return whether a unit uses as many sites as it may, where several are asked for in every period."""
    sites = np.unique(unit.site)
    stands = np.stack([(replicas[:, unit.site == site] > 0).any(axis=1) for site in sites], axis=1)
    used = stands.any(axis=0)
    if unit.min_sites > 1 and not (used.sum() >= unit.min_sites and stands[:, used].all()):
        return False
    return unit.max_sites is None or bool(used.sum() <= unit.max_sites)


def _flows(market: Market, plan: Plan) -> _Flows:
    """Return the flows of ``plan`` as parts of the demand of now."""
    problem, services = market.problem, market.services
    demands = [(service.id, each.location) for service in problem.services for each in service.demand]
    number = {pair: at for at, pair in enumerate(demands)}
    names, pools = [service.id for service in problem.services], [pool.id for pool in problem.pools]
    slots = zip(services.slot_service.tolist(), services.slot_pool.tolist(), strict=True)
    slot = {(names[service], pools[pool]): at for at, (service, pool) in enumerate(slots)}
    period = {each.id: at for at, each in enumerate(problem.periods)}
    rows = [
        (number[service.service, flow.location], slot[service.service, flow.pool], period[flow.period], flow)
        for service in plan.services
        for flow in service.flows
        if (service.service, flow.location) in number
        and (service.service, flow.pool) in slot
        and flow.period in period
    ]
    demand, at, when = (np.array([row[k] for row in rows], dtype=np.int64) for k in range(3))
    rps = np.array([row[3].requests_per_second for row in rows])
    before = _demand_before(plan, number, period, services.demand.shape)
    now = rps * services.demand[demand, when] / np.maximum(before[demand, when], 1e-300)
    arc = _arcs(market, demand, at, [_ways(plan.route[row[3].route]) for row in rows])
    known = (arc >= 0) & (now > ROUNDING * services.demand[demand, when])
    standing = np.zeros((len(services.slot_pool), len(period)))
    for service in plan.services:
        for held in service.replicas:
            if (service.service, held.pool) in slot and held.period in period:
                standing[slot[service.service, held.pool], period[held.period]] = held.replicas
    return _Flows(arc[known], when[known], now[known], standing)


def _demand_before(
    plan: Plan, number: dict[tuple[str, str], int], period: dict[str, int], shape: tuple[int, ...]
) -> Floats:
    """Return (D, T) requests/s that the plan serves or leaves out."""
    found = np.zeros(shape)
    for service in plan.services:
        for flow in service.flows:
            if (service.service, flow.location) in number and flow.period in period:
                at = number[service.service, flow.location], period[flow.period]
                found[at] += flow.requests_per_second
    for entry in plan.left_out:
        if (entry.workload, entry.location) in number and entry.period in period:
            at = number[entry.workload, entry.location or ""], period[entry.period or ""]
            found[at] += entry.requests_per_second or 0.0
    return found


Ways = tuple[tuple[str, ...], tuple[str, ...]]
"""Links there and back."""


def _ways(route: Route | Candidate) -> Ways:
    return route.links, route.return_links


def _arcs(market: Market, demand: Ints, slot: Ints, ways: list[Ways]) -> Ints:
    """Return (F,) the arc from each demand to each slot, by its links where it has several; else -1."""
    services = market.services
    wide = max(1, len(services.slot_pool))
    key = services.arc_demand * wide + services.arc_slot
    order = np.argsort(key, kind="stable")
    first, last = (np.searchsorted(key[order], demand * wide + slot, side=side) for side in ("left", "right"))
    found = np.full(len(demand), -1, dtype=np.int64)
    found[last > first] = order[first[last > first]]
    for flow in np.flatnonzero(last - first > 1).tolist():
        several = order[first[flow] : last[flow]].tolist()
        alike = [arc for arc in several if _ways(services.arc_route[arc]) == ways[flow]]
        found[flow] = (alike or several)[0]
    return found
