"""Money, energy and carbon of decisions, by workload, data center, provider and owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...routing.paths import Candidate
from ...routing.plan import Breakdown, Cost, Emission
from ...routing.problem import Problem
from ..admissible.jobs import JobOptions
from ..admissible.moving import enters
from ..admissible.routebook import KB_PER_GB, Hop, hops, return_hops
from ..admissible.services import SECONDS_PER_HOUR, Services
from ..rates import Floats, Rates, long_run_usd, module_capital_usd, module_facility_usd
from .solution import Decisions, JobDecision

IDLE, NETWORK = "(idle)", "(network)"
Toll = tuple[str, str, float]
"""Where it is paid, of which kind it is, and USD per GB."""


class World(Protocol):
    """A problem after admissibility: what accounts and plans need to know of it."""

    @property
    def problem(self) -> Problem:
        """The problem."""
        ...

    @property
    def rates(self) -> Rates:
        """Prices of accelerator-hours."""
        ...

    @property
    def jobs(self) -> JobOptions:
        """Options of the jobs."""
        ...

    @property
    def services(self) -> Services:
        """Slots and arcs of the services."""
        ...


@dataclass
class Ledger:
    """Entries of money added up three ways: by workload, by data center and by kind."""

    by_workload: dict[str, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    by_site: dict[str, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    energy_kwh: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    tco2e: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def enter(self, workload: str, site: str, kind: str, usd: float) -> None:
        """Enter an amount."""
        if usd:
            self.by_workload[workload][kind] += usd
            self.by_site[site][kind] += usd

    def emit(self, workload: str, kwh: float, tco2e: float) -> None:
        """Enter energy and its carbon."""
        self.energy_kwh[workload] += kwh
        self.tco2e[workload] += tco2e

    def cost(self, workload: str) -> Cost:
        """Return the cost of one workload."""
        return _cost(self.by_workload.get(workload, {}))

    def emission(self, workload: str) -> Emission:
        """Return the emission of one workload."""
        return Emission(energy_kwh=self.energy_kwh.get(workload, 0.0), tco2e=self.tco2e.get(workload, 0.0))

    def total(self) -> Cost:
        """Return the cost of everything."""
        return _sum([_cost(kinds) for kinds in self.by_workload.values()])

    def total_emission(self) -> Emission:
        """Return the emission of everything."""
        return Emission(energy_kwh=sum(self.energy_kwh.values()), tco2e=sum(self.tco2e.values()))

    def breakdown(self, problem: Problem) -> Breakdown:
        """Return the cost cut four ways."""
        sites = {name: _cost(kinds) for name, kinds in self.by_site.items()}
        providers: dict[str, Cost] = {}
        owners: dict[str, Cost] = {}
        for name, cost in sites.items():
            site = problem.data_center.get(name)
            provider, owner = (site.provider_id, site.owner_id) if site else (name, name)
            providers[provider] = providers.get(provider, Cost()) + cost
            owners[owner] = owners.get(owner, Cost()) + cost
        return Breakdown(
            by_workload={name: _cost(kinds) for name, kinds in self.by_workload.items()},
            by_data_center=sites,
            by_provider=providers,
            by_owner=owners,
        )


def _cost(kinds: dict[str, float]) -> Cost:
    return Cost(**{f"{kind}_usd": usd for kind, usd in kinds.items()})


def _sum(costs: list[Cost]) -> Cost:
    total = Cost()
    for cost in costs:
        total = total + cost
    return total


@dataclass(frozen=True)
class PoolUser:
    """A workload's (T,) accelerator-hours in one pool."""

    workload: str
    pool: int
    hours: Floats
    spot: bool


def routes_used(variables: World, decisions: Decisions) -> dict[int, Candidate]:
    """Return a route for the number of every trip that requests take: many arcs share one."""
    services = variables.services
    trips, first = np.unique(services.arc_trip[decisions.flow_arc], return_index=True)
    arcs = decisions.flow_arc[first].tolist()
    return {trip: services.arc_route[arc] for trip, arc in zip(trips.tolist(), arcs, strict=True)}


def account(variables: World, decisions: Decisions, routes: Mapping[int, Candidate]) -> Ledger:
    """Return the ledger of ``decisions`` over the horizon; ``routes`` are those of the trips used."""
    ledger = Ledger()
    users = pool_users(variables, decisions)
    _enter_compute(variables, users, ledger)
    _enter_energy(variables, users, ledger)
    _enter_capital(variables, users, decisions, ledger)
    for decision in decisions.jobs:
        _enter_transfer(variables.problem, decision, ledger)
        _enter_move(variables.problem, decision, ledger)
    _enter_entered(variables, decisions, ledger)
    _enter_flows(variables, decisions, routes, ledger)
    return ledger


def pool_users(variables: World, decisions: Decisions) -> list[PoolUser]:
    """Return who uses which pool for how many accelerator-hours."""
    problem, services = variables.problem, variables.services
    users = [
        PoolUser(problem.jobs[d.option.job].id, pool, d.option.accelerators * d.run_hours, d.option.spot)
        for d in decisions.jobs
        for pool in d.option.pools
    ]
    for slot in np.flatnonzero(decisions.replicas.any(axis=1)):
        hours = decisions.replicas[slot] * services.slot_accelerators[slot] * variables.rates.durations
        name = problem.services[services.slot_service[slot]].id
        users.append(PoolUser(name, int(services.slot_pool[slot]), hours, False))
    return users


def _enter_compute(variables: World, users: list[PoolUser], ledger: Ledger) -> None:
    """Share committed capacity between its users in proportion; what none uses is idle."""
    problem, rates = variables.problem, variables.rates
    ordinary = np.zeros((len(problem.pools), rates.periods))
    for user in users:
        if not user.spot:
            ordinary[user.pool] += user.hours
    committed = rates.committed_count[:, None] * rates.durations
    covered = np.minimum(ordinary, committed)
    paid = covered * rates.committed_usd[:, None] + (ordinary - covered) * rates.compute_usd[:, None]
    price = np.divide(paid, ordinary, out=np.zeros_like(paid), where=ordinary > 0)
    for user in users:
        usd = user.hours.sum() * rates.spot_usd[user.pool] if user.spot else user.hours @ price[user.pool]
        ledger.enter(user.workload, problem.pools[user.pool].data_center, "compute", float(usd))
    for pool, idle in enumerate(((committed - covered) * rates.committed_usd[:, None]).sum(axis=1)):
        ledger.enter(IDLE, problem.pools[pool].data_center, "compute", float(idle))


def _enter_energy(variables: World, users: list[PoolUser], ledger: Ledger) -> None:
    problem, rates = variables.problem, variables.rates
    for user in users:
        site = problem.pools[user.pool].data_center
        tco2e = float(user.hours @ rates.tco2e[user.pool])
        ledger.emit(user.workload, float(user.hours.sum() * rates.kw[user.pool]), tco2e)
        ledger.enter(user.workload, site, "energy", float(user.hours @ rates.energy_usd[user.pool]))
        ledger.enter(user.workload, site, "carbon", tco2e * problem.objective.usd_per_tco2e)


def _enter_capital(variables: World, users: list[PoolUser], decisions: Decisions, ledger: Ledger) -> None:
    problem = variables.problem
    total = np.zeros(len(problem.pools))
    for user in users:
        total[user.pool] += user.hours.sum()
    for pool in np.flatnonzero(decisions.modules):
        modules, entry = int(decisions.modules[pool]), problem.pools[pool]
        shares = [(user.workload, float(user.hours.sum())) for user in users if user.pool == pool]
        hours = float(total[pool])
        for workload, share in shares if hours > 0 else [(IDLE, 1.0)]:
            part = modules * share / (hours or 1.0)
            ledger.enter(workload, entry.data_center, "capital", part * module_capital_usd(problem, entry))
            ledger.enter(workload, entry.data_center, "facility", part * module_facility_usd(problem, entry))


def _enter_transfer(problem: Problem, decision: JobDecision, ledger: Ledger) -> None:
    job, option = problem.jobs[decision.option.job], decision.option
    if job.dataset is not None:
        for route in option.routes:
            if route is not None:
                tolls, gb = _tolls(problem, hops(route)), job.dataset.gb / len(option.pools)
                _enter_tolls(job.id, tolls, gb, ledger)


def _enter_move(problem: Problem, decision: JobDecision, ledger: Ledger) -> None:
    """Enter what a job pays for moving: at its new sites, and between sites for its checkpoint."""
    job, option = problem.jobs[decision.option.job].id, decision.option
    for pool, usd in zip(option.pools, option.moving_usd, strict=False):
        ledger.enter(job, problem.pools[pool].data_center, "moving", usd)
    for route in option.checkpoint:
        usd = sum(usd for *_, usd in _tolls(problem, hops(route))) if route is not None else 0.0
        ledger.enter(job, NETWORK, "moving", usd * problem.moving.checkpoint_gb)


def _enter_entered(variables: World, decisions: Decisions, ledger: Ledger) -> None:
    """Enter what services pay for the sites that they enter."""
    problem, services = variables.problem, variables.services
    usd = problem.moving.usd_per_site_entered
    standing = np.flatnonzero(decisions.replicas.any(axis=1))
    pairs = np.stack([services.slot_service[standing], variables.rates.site[services.slot_pool[standing]]])
    owner, site = np.unique(pairs, axis=1).astype(np.int64)
    entered = enters(problem, owner, site)
    for service, at in zip(owner[entered].tolist(), site[entered].tolist(), strict=True):
        ledger.enter(problem.services[service].id, problem.data_centers[at].id, "moving", usd)


def _tolls(problem: Problem, crossed: Iterable[Hop]) -> list[Toll]:
    """Return what links charge for a GB, and the sites that it leaves."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for name, origin, _ in crossed:
        link, site = problem.link[name], problem.data_center.get(origin)
        found[NETWORK, "link"] += link.usd_per_gb
        if site is not None:
            own = link.egress_usd_per_gb
            found[site.id, "egress"] += site.egress_usd_per_gb if own is None else own
    return [(place, kind, usd) for (place, kind), usd in found.items() if usd]


def _enter_tolls(workload: str, tolls: Iterable[Toll], gb: float, ledger: Ledger) -> None:
    for place, kind, usd in tolls:
        ledger.enter(workload, place, kind, gb * usd)


def _enter_flows(
    variables: World, decisions: Decisions, routes: Mapping[int, Candidate], ledger: Ledger
) -> None:
    problem, services = variables.problem, variables.services
    requests = decisions.flow_rps * variables.rates.durations[decisions.flow_period] * SECONDS_PER_HOUR
    per_arc = np.bincount(decisions.flow_arc, weights=requests, minlength=len(services.arc_route))
    used = np.flatnonzero(per_arc)
    tolls = {
        trip: (_tolls(problem, hops(route)), _tolls(problem, return_hops(route)))
        for trip, route in routes.items()
    }
    columns = (services.arc_trip[used], services.arc_slot[used], per_arc[used])
    for trip, slot, count in zip(*(column.tolist() for column in columns), strict=True):
        out, back = tolls[trip]
        service = problem.services[services.slot_service[slot]]
        _enter_tolls(service.id, out, count / KB_PER_GB * service.request_kb, ledger)
        _enter_tolls(service.id, back, count / KB_PER_GB * service.response_kb, ledger)
        delay = routes[trip].rtt_ms * count * problem.objective.usd_per_ms_request
        ledger.enter(service.id, problem.pools[services.slot_pool[slot]].data_center, "latency", delay)


def in_all_extra(variables: World, decision: JobDecision) -> Cost:
    """Return what a continuing job costs beyond the horizon, at long-run prices, mean energy and carbon."""
    option, rates = decision.option, variables.rates
    if not option.continuing:
        return Cost()
    pools = list(option.pools)
    hours = option.accelerators * (option.hours - float(decision.run_hours.sum()))
    price = long_run_usd(rates, np.array(pools), np.array(option.accelerators), np.array(option.spot))
    carbon = rates.mean(rates.tco2e)[pools].sum() * variables.problem.objective.usd_per_tco2e_beyond
    return Cost(
        compute_usd=float(hours * price.sum()),
        energy_usd=float(hours * rates.mean(rates.energy_usd)[pools].sum()),
        carbon_usd=float(hours * carbon),
    )


def route_key(route: Candidate) -> tuple[tuple[str, ...], ...]:
    """Return what makes a route the same as another."""
    return (route.nodes, route.links, route.return_nodes, route.return_links)
