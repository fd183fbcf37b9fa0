"""From decisions to the parts of a :class:`Plan`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from ...routing.paths import Candidate
from ...routing.plan import (
    Emission,
    Flow,
    JobPlan,
    JobRun,
    LinkUse,
    Placement,
    PoolUse,
    Purchase,
    ReplicaPlan,
    Route,
    ServicePlan,
)
from ...routing.problem import Problem
from ...routing.workloads import Demand, InferenceService
from ..admissible.services import SECONDS_PER_HOUR
from ..rates import module_capital_usd, module_facility_usd
from .accounting import Ledger, World, account, in_all_extra, pool_users, route_key, routes_used
from .in_use import accelerators_held, traffic_gbps
from .left_out import left_out
from .limits_used import limits_used
from .solution import Decisions, JobDecision


class Assembler:
    """Builds the tables of a plan; routes are shared between them."""

    def __init__(self, variables: World, decisions: Decisions) -> None:
        self.variables, self.decisions = variables, decisions
        self.problem: Problem = variables.problem
        self.periods = [period.id for period in self.problem.periods]
        self.candidates = routes_used(variables, decisions)
        self.ledger: Ledger = account(variables, decisions, self.candidates)
        self.routes: dict[Any, Route] = {}
        self.by_trip: dict[int, Route] = {}

    def tables(self) -> dict[str, Any]:
        """Return the fields of the plan that tell what is done and what it costs."""
        jobs = tuple(self._job(decision) for decision in self.decisions.jobs)
        services = tuple(self._services())
        cost = self.ledger.total()
        in_all = cost
        for decision in self.decisions.jobs:
            in_all = in_all + in_all_extra(self.variables, decision)
        emission = self.ledger.total_emission()
        limits = limits_used(self.problem, (cost, emission), (jobs, services))
        return {
            "cost": cost,
            "cost_in_all": in_all,
            "emission": emission,
            "breakdown": self.ledger.breakdown(self.problem),
            "jobs": jobs,
            "services": services,
            "left_out": tuple(left_out(self.variables, self.decisions, limits)),
            "purchases": tuple(self._purchases()),
            "routes": tuple(self.routes.values()),
            "pool_use": tuple(self._pool_use()),
            "link_use": tuple(self._link_use()),
        }

    def _route(self, route: Candidate) -> Route:
        key = route_key(route)
        if key not in self.routes:
            self.routes[key] = _stated(self.problem, route, f"r{len(self.routes) + 1}")
        return self.routes[key]

    def _arc_route(self, arc: int) -> Route:
        trip = int(self.variables.services.arc_trip[arc])
        if trip not in self.by_trip:
            self.by_trip[trip] = self._route(self.candidates[trip])
        return self.by_trip[trip]

    def _job(self, decision: JobDecision) -> JobPlan:
        option = decision.option
        job = self.problem.jobs[option.job]
        cost = self.ledger.cost(job.id)
        return JobPlan(
            job=job.id,
            placements=tuple(self._placement(pool, option.accelerators) for pool in option.pools),
            spot=option.spot,
            start_hours=decision.start_hours,
            end_hours=decision.end_hours,
            hours=option.hours,
            runs=tuple(
                JobRun(period=self.periods[t], hours=float(decision.run_hours[t]))
                for t in np.flatnonzero(decision.run_hours)
            ),
            continuing=option.continuing,
            dataset_routes=tuple(self._dataset_route(route) for route in option.routes),
            transfer_gbps=option.rate_gbps,
            transfer_hours=option.transfer_hours,
            inter_site_routes=tuple(self._route(route).id for route in option.inter_site),
            checkpoint_routes=tuple(self._dataset_route(route) for route in option.checkpoint),
            cost=cost,
            cost_in_all=cost + in_all_extra(self.variables, decision),
            emission=self.ledger.emission(job.id),
        )

    def _dataset_route(self, route: Candidate | None) -> str | None:
        return self._route(route).id if route is not None and route.links else None

    def _placement(self, pool: int, accelerators: int) -> Placement:
        entry = self.problem.pools[pool]
        return Placement(pool=entry.id, data_center=entry.data_center, accelerators=accelerators)

    def _services(self) -> Iterator[ServicePlan]:
        flows = self._flows()
        replicas = self._replicas()
        for index, service in enumerate(self.problem.services):
            mine = flows[index]
            served, mean, worst = self._service_figures(mine)
            yield ServicePlan(
                service=service.id,
                replicas=tuple(replicas[index]),
                flows=tuple(flow for _, flow in mine),
                requests_per_second=served,
                mean_rtt_ms=mean,
                worst_rtt_ms=worst,
                cost=self.ledger.cost(service.id),
                emission=self.ledger.emission(service.id),
            )

    def _service_figures(self, flows: list[tuple[float, Flow]]) -> tuple[float, float | None, float | None]:
        if not flows:
            return 0.0, None, None
        requests = [hours * flow.requests_per_second for hours, flow in flows]
        weighted = sum(amount * flow.rtt_ms for amount, (_, flow) in zip(requests, flows, strict=True))
        worst = max(flow.rtt_ms for _, flow in flows)
        return sum(requests) / self.variables.rates.horizon, weighted / sum(requests), worst

    def _flows(self) -> dict[int, list[tuple[float, Flow]]]:
        variables, services, decisions = self.variables, self.variables.services, self.decisions
        found: dict[int, list[tuple[float, Flow]]] = defaultdict(list)
        flow_of = TypeAdapter(Flow).validate_python
        demands = [(service, demand) for service in self.problem.services for demand in service.demand]
        durations, ways = variables.rates.durations.tolist(), {}
        order = np.lexsort((decisions.flow_arc, decisions.flow_period))
        columns = (decisions.flow_arc, decisions.flow_period, decisions.flow_rps)
        for arc, period, rps in zip(*(column[order].tolist() for column in columns), strict=True):
            if arc not in ways:
                ways[arc] = self._way(arc, *demands[services.arc_demand[arc]])
            index, way = ways[arc]
            flow = flow_of({"period": self.periods[period], "requests_per_second": rps, **way})
            found[index].append((durations[period], flow))
        return found

    def _way(self, arc: int, service: InferenceService, demand: Demand) -> tuple[int, dict[str, Any]]:
        """Return the index of the service that an arc belongs to, and what its flows have in common."""
        services, route = self.variables.services, self._arc_route(arc)
        slot = int(services.arc_slot[arc])
        pool = self.problem.pools[services.slot_pool[slot]]
        service_ms = next(s.service_ms for s in service.serving if s.accelerator == pool.accelerator)
        return int(services.slot_service[slot]), {
            "location": demand.location,
            "pool": pool.id,
            "data_center": pool.data_center,
            "route": route.id,
            "rtt_ms": route.rtt_ms,
            "latency_ms": route.rtt_ms + service_ms,
        }

    def _replicas(self) -> dict[int, list[ReplicaPlan]]:
        services = self.variables.services
        found: dict[int, list[ReplicaPlan]] = defaultdict(list)
        for period, slot in zip(*np.nonzero(self.decisions.replicas.T), strict=True):
            count = int(self.decisions.replicas[slot, period])
            pool = self.problem.pools[services.slot_pool[slot]]
            found[int(services.slot_service[slot])].append(
                ReplicaPlan(
                    period=self.periods[period],
                    pool=pool.id,
                    data_center=pool.data_center,
                    replicas=count,
                    accelerators=count * int(services.slot_accelerators[slot]),
                )
            )
        return found

    def _purchases(self) -> Iterator[Purchase]:
        for index in np.flatnonzero(self.decisions.modules):
            pool, modules = self.problem.pools[index], int(self.decisions.modules[index])
            yield Purchase(
                pool=pool.id,
                modules=modules,
                accelerators=modules * (pool.expansion.module_accelerators if pool.expansion else 0),
                capital_usd=modules * module_capital_usd(self.problem, pool),
                facility_usd=modules * module_facility_usd(self.problem, pool),
            )

    def _pool_use(self) -> Iterator[PoolUse]:
        used = accelerators_held(self.variables, self.decisions)
        for index, pool in enumerate(self.problem.pools):
            bought = int(self.decisions.modules[index]) * (
                pool.expansion.module_accelerators if pool.expansion else 0
            )
            available = pool.count + bought
            for period, held in zip(self.periods, used[index].tolist(), strict=True):
                share = held / available if available else 0.0
                yield PoolUse(
                    pool=pool.id, period=period, used=int(held), available=available, utilization=share
                )

    def _link_use(self) -> Iterator[LinkUse]:
        traffic = traffic_gbps(self.variables, self.decisions)
        for direction, period in zip(*np.nonzero(traffic > 0), strict=True):
            link = self.problem.links[direction // 2]
            ends = (link.source, link.target) if direction % 2 == 0 else (link.target, link.source)
            gbps = float(traffic[direction, period])
            yield LinkUse(
                link=link.id,
                source=ends[0],
                target=ends[1],
                period=self.periods[period],
                gbps=gbps,
                bandwidth_gbps=link.bandwidth_gbps,
                utilization=gbps / link.bandwidth_gbps,
            )


def _stated(problem: Problem, route: Candidate, name: str) -> Route:
    nodes = {problem.nodes[node].jurisdiction for node in (*route.nodes, *route.return_nodes)}
    links = {
        code for link in (*route.links, *route.return_links) for code in problem.link[link].jurisdictions
    }
    return Route(
        id=name,
        origin=route.nodes[0],
        destination=route.nodes[-1],
        nodes=route.nodes,
        links=route.links,
        return_links=route.return_links,
        return_nodes=route.return_nodes,
        latency_ms=route.latency_ms,
        rtt_ms=route.rtt_ms,
        jurisdictions=tuple(sorted(nodes | links)),
    )


def unserved_share(variables: World, decisions: Decisions) -> float:
    """Return the priority-weighted share of work that is left out."""
    placed = {decision.option.job for decision in decisions.jobs}
    jobs = sum(job.priority for index, job in enumerate(variables.problem.jobs) if index not in placed)
    hours = decisions.unserved @ variables.rates.durations
    return float(jobs + hours @ variables.services.demand_weight)


__all__ = ["SECONDS_PER_HOUR", "Assembler", "Emission", "World", "pool_users", "unserved_share"]
