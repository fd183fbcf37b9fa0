"""The slots and arcs of every inference service: where replicas may stand and which users they may serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..routing.paths import Candidate
from ..routing.plan import Reason
from ..routing.problem import Problem, per_period
from ..routing.sites import Pool
from ..routing.workloads import Demand, InferenceService
from .admission import Test, admissible_pools, service_tests
from .rates import Floats, Ints, Rates, most_accelerators
from .routebook import KB_PER_GB, RouteBook, demand_residency, service_request

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Services:
    """Arrays of all services. D demands (service, location), S slots (service, pool), A arcs, T periods.

    Attributes
    ----------
    demand
        (D, T) requests/s.
    demand_service, demand_weight
        (D,) index of the service; priority over the service's requests in the horizon.
    slot_service, slot_pool
        (S,) indices.
    slot_rps, slot_accelerators
        (S,) usable throughput of one replica (target utilisation taken off) and its accelerators.
    arc_demand, arc_slot
        (A,) indices.
    arc_route
        Route of each arc.
    arc_usd
        (A,) price of one request on the arc: link, egress and latency, with the money weight.
    arc_money
        (A,) the part of it that is money, unweighted.
    barred
        First-order reason of each demand that no arc serves.
    """

    demand: Floats
    demand_service: Ints
    demand_weight: Floats
    slot_service: Ints
    slot_pool: Ints
    slot_rps: Floats
    slot_accelerators: Ints
    arc_demand: Ints
    arc_slot: Ints
    arc_route: tuple[Candidate, ...]
    arc_usd: Floats
    arc_money: Floats
    barred: dict[int, Reason]

    @property
    def arcs_service(self) -> Ints:
        """(A,) index of each arc's service."""
        return np.asarray(self.slot_service[self.arc_slot], dtype=np.int64)


class _Collector:
    """Gathers slots and arcs service by service."""

    def __init__(self, problem: Problem, book: RouteBook) -> None:
        self.problem = problem
        self.book = book
        self.slots: list[tuple[int, int, float, int]] = []
        self.arcs: list[tuple[int, int]] = []
        self.routes: list[Candidate] = []
        self.prices: list[tuple[float, float]] = []
        self.barred: dict[int, Reason] = {}
        self.demands = 0

    def add(self, index: int, service: InferenceService) -> None:
        """Take in one service: a slot for every pool that may serve some users, and the arcs to them."""
        pools, _ = admissible_pools(self.problem, service_tests(self.problem, service))
        served = [list(self._reached(service, demand, pools)) for demand in service.demand]
        numbers = self._add_slots(index, service, sorted({pool for reached in served for pool, _ in reached}))
        for demand, reached in zip(service.demand, served, strict=True):
            if not reached:
                self.barred[self.demands] = self._why(service, demand)
            for pool, route in reached:
                self.arcs.append((self.demands, numbers[pool]))
                self.routes.append(route)
                self.prices.append(self._price(service, route))
            self.demands += 1

    def _add_slots(self, index: int, service: InferenceService, pools: list[int]) -> dict[int, int]:
        profiles = {serving.accelerator: serving for serving in service.serving}
        numbers = {}
        for pool in pools:
            serving = profiles[self.problem.pools[pool].accelerator]
            usable = serving.requests_per_second * service.target_utilization
            numbers[pool] = len(self.slots)
            self.slots.append((index, pool, usable, serving.accelerators_per_replica))
        return numbers

    def _reached(
        self, service: InferenceService, demand: Demand, pools: list[int]
    ) -> Iterator[tuple[int, Candidate]]:
        residency = demand_residency(self.problem, service, demand)
        profiles = {serving.accelerator: serving for serving in service.serving}
        for index in pools:
            pool = self.problem.pools[index]
            if residency.may_process(self._jurisdiction(pool)):
                serving = profiles[pool.accelerator]
                request = service_request(self.problem, service, demand, serving, pool.data_center)
                for route in self.book.candidates(request):
                    yield index, route

    def _price(self, service: InferenceService, route: Candidate) -> tuple[float, float]:
        out = service.request_kb / KB_PER_GB * (route.out_link_usd_per_gb + route.out_egress_usd_per_gb)
        back = service.response_kb / KB_PER_GB * (route.back_link_usd_per_gb + route.back_egress_usd_per_gb)
        objective = self.problem.objective
        weighted = objective.money_weight * (out + back) + objective.usd_per_ms_request * route.rtt_ms
        return weighted, out + back

    def _why(self, service: InferenceService, demand: Demand) -> Reason:
        residency = demand_residency(self.problem, service, demand)
        at_rest: Test = ("residency", lambda pool: residency.may_process(self._jurisdiction(pool)))
        left, reason = admissible_pools(self.problem, [at_rest, *service_tests(self.problem, service)])
        return reason or self._route_reason(service, demand, left)

    def _jurisdiction(self, pool: Pool) -> str:
        return self.problem.data_center[pool.data_center].jurisdiction

    def _route_reason(self, service: InferenceService, demand: Demand, pools: list[int]) -> Reason:
        profiles = {serving.accelerator: serving for serving in service.serving}
        reasons: set[Reason | None] = set()
        for pool in pools:
            serving, site = (
                profiles[self.problem.pools[pool].accelerator],
                self.problem.pools[pool].data_center,
            )
            reasons.add(
                self.book.finder.why_not(service_request(self.problem, service, demand, serving, site))
            )
        order: tuple[Reason, ...] = ("latency", "transit", "route")
        return next(name for name in order if name in reasons)


def build_services(problem: Problem, book: RouteBook) -> Services:
    """Return the slots and arcs of the services of ``problem``."""
    collector = _Collector(problem, book)
    for index, service in enumerate(problem.services):
        collector.add(index, service)
    slots = np.array(collector.slots, dtype=float).reshape(-1, 4)
    arcs = np.array(collector.arcs, dtype=np.int64).reshape(-1, 2)
    prices = np.array(collector.prices, dtype=float).reshape(-1, 2)
    demand, owner, weight = _demands(problem)
    return Services(
        demand=demand,
        demand_service=owner,
        demand_weight=weight,
        slot_service=slots[:, 0].astype(np.int64),
        slot_pool=slots[:, 1].astype(np.int64),
        slot_rps=slots[:, 2],
        slot_accelerators=slots[:, 3].astype(np.int64),
        arc_demand=arcs[:, 0],
        arc_slot=arcs[:, 1],
        arc_route=tuple(collector.routes),
        arc_usd=prices[:, 0],
        arc_money=prices[:, 1],
        barred=collector.barred,
    )


def _demands(problem: Problem) -> tuple[Floats, Ints, Floats]:
    periods = len(problem.periods)
    rows, owners, weights = [], [], []
    hours = np.array(problem.durations_hours)
    for index, service in enumerate(problem.services):
        block = np.array(
            [per_period(demand.requests_per_second, periods) for demand in service.demand], dtype=float
        )
        total = float((block @ hours).sum())
        rows.append(block)
        owners += [index] * len(block)
        weights += [service.priority / total if total > 0 else 0.0] * len(block)
    demand = np.vstack(rows) if rows else np.zeros((0, periods))
    return demand, np.array(owners, dtype=np.int64), np.array(weights)


def replica_limits(problem: Problem, rates: Rates, services: Services) -> Floats:
    """Return (S, T) upper bounds of the replicas: what the arcs could bring and what the pool could hold."""
    reachable = np.zeros((len(services.slot_pool), rates.periods))
    pairs = np.unique(np.stack([services.arc_slot, services.arc_demand], axis=1), axis=0)
    np.add.at(reachable, pairs[:, 0], services.demand[pairs[:, 1]])
    held = np.array([most_accelerators(problem.pools[pool]) for pool in services.slot_pool], dtype=float)
    most = np.floor(held / np.maximum(services.slot_accelerators, 1))
    needed = np.ceil(reachable / services.slot_rps[:, None] - 1e-9)
    steady = np.array([problem.services[index].min_sites > 1 for index in services.slot_service], dtype=float)
    limits: Floats = np.minimum(np.maximum(needed, steady[:, None]), most[:, None])
    return limits
