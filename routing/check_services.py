"""Inference services: every request served or listed, over routes and by replicas that may serve it."""

from __future__ import annotations

from collections import defaultdict

from .check_admission import Pins, remembers, serving, site_of
from .check_findings import ABSOLUTE, RELATIVE, Findings, close, figure, named
from .check_structure import Sound, SoundService
from .plan import Flow, ReplicaPlan
from .policies import Residency
from .workloads import LEAST_RATE, InferenceService, Serving


def check_services(sound: Sound, findings: Findings) -> None:
    """Check the flows, replicas and statements of every service, and that its demand is accounted for."""
    pins = Pins(sound.problem)
    for part in sound.services:
        _Service(sound, part, findings).check(pins)
    _check_demand(sound, findings)


class _Service:
    def __init__(self, sound: Sound, part: SoundService, findings: Findings) -> None:
        self.problem = sound.problem
        self.routes = sound.routes
        self.service: InferenceService = part.service
        self.part = part
        self.findings = findings
        self.policies = {d.location: d.policy or part.service.policy for d in part.service.demand}
        self.residency: dict[str, Residency] = {
            location: self.problem.residency(policy) for location, policy in self.policies.items()
        }

    def check(self, pins: Pins) -> None:
        for pool in sorted({f.pool for f in self.part.flows} | {r.pool for r in self.part.replicas}):
            self._check_pool(pool, pins)
        for flow in self.part.flows:
            self._check_flow(flow)
        self._check_replicas()
        self._check_statements()

    def _serving(self, pool: str) -> Serving | None:
        return serving(self.service, self.problem.pool[pool])

    def _check_pool(self, name: str, pins: Pins) -> None:
        pool, element = self.problem.pool[name], named(service=self.service.id, pool=name)
        if self._serving(name) is None:
            self.findings.add("accelerator", element, f"does not run on {pool.accelerator!r}")
        if not remembers(self.problem, self.service, pool):
            memory, need = (
                self.problem.accelerator[pool.accelerator].memory_gb,
                self.service.memory_gb_per_accelerator,
            )
            self.findings.add("memory", element, f"{memory:g} GB per accelerator, needs {need:g}")
        if not pins.permit(self.service.id, pool):
            self.findings.add("pin", element, "is not among its pinned places, or is forbidden")
        jurisdiction = site_of(self.problem, pool).jurisdiction
        if not any(policy.may_process(jurisdiction) for policy in set(self.residency.values())):
            self.findings.add(
                "residency", element, f"no policy of its users permits processing in {jurisdiction}"
            )

    def _element(self, flow: Flow) -> str:
        return named(service=self.service.id, location=flow.location, pool=flow.pool, period=flow.period)

    def _check_flow(self, flow: Flow) -> None:
        jurisdiction = self.problem.data_center[flow.data_center].jurisdiction
        policy = self.residency[flow.location]
        if not policy.may_process(jurisdiction):
            message = f"policy {self.policies[flow.location]!r} bars processing in {jurisdiction}"
            self.findings.add("residency", self._element(flow), message)
        if flow.route in self.routes.walks:
            self._check_route(flow)
            if bar := self.routes.barred(flow.route, policy):
                self.findings.add("transit", named(service=self.service.id, route=flow.route), bar)

    def _check_route(self, flow: Flow) -> None:
        walk = self.routes.walks[flow.route]
        if (walk.origin, walk.destination) != (flow.location, flow.data_center):
            message = f"route {flow.route!r} joins {walk.origin!r} and {walk.destination!r}"
            self.findings.add("route", self._element(flow), message)
        elif walk.one_way:
            self.findings.add("route", self._element(flow), f"route {flow.route!r} has no way back")
        way = self._serving(flow.pool)
        latency = walk.rtt_ms + (way.service_ms if way else 0.0)
        if not (close(flow.rtt_ms, walk.rtt_ms) and (way is None or close(flow.latency_ms, latency))):
            self.findings.compare("latency", self._element(flow), "rtt_ms", flow.rtt_ms, walk.rtt_ms)
            self.findings.compare("latency", self._element(flow), "latency_ms", flow.latency_ms, latency)
        self._check_limit(flow, walk.rtt_ms, self.service.max_rtt_ms, "ms round trip")
        self._check_limit(flow, latency, self.service.max_latency_ms, "ms latency")

    def _check_limit(self, flow: Flow, milliseconds: float, limit: float | None, unit: str) -> None:
        if limit is not None and milliseconds > limit:
            self.findings.bound("latency", self._element(flow), milliseconds, limit, unit)

    def _check_replicas(self) -> None:
        load: defaultdict[tuple[str, str], float] = defaultdict(float)
        served: defaultdict[str, float] = defaultdict(float)
        for flow in self.part.flows:
            load[flow.pool, flow.period] += flow.requests_per_second
            served[flow.period] += flow.requests_per_second
        for replica in self.part.replicas:
            self._check_replica(replica, load.pop((replica.pool, replica.period), 0.0))
        for (pool, period), rate in load.items():
            if rate > min(ABSOLUTE, RELATIVE * served[period]):
                message = f"{rate:.6g} requests/s are served without a replica"
                self.findings.add("replica_capacity", self._slot(pool, period), message)

    def _slot(self, pool: str, period: str) -> str:
        return named(service=self.service.id, pool=pool, period=period)

    def _check_replica(self, replica: ReplicaPlan, load: float) -> None:
        way = self._serving(replica.pool)
        if way is None:
            return
        element = self._slot(replica.pool, replica.period)
        most = self.service.target_utilization * way.requests_per_second * replica.replicas
        self.findings.limit("replica_capacity", element, load, most, "requests/s")
        needed = replica.replicas * way.accelerators_per_replica
        if replica.accelerators != needed:
            message = (
                f"{replica.accelerators} accelerators for {replica.replicas} replicas, should be {needed}"
            )
            self.findings.add("replica_capacity", element, message)
        largest = self.problem.pool[replica.pool].max_gang
        if largest is not None and way.accelerators_per_replica > largest:
            message = f"{way.accelerators_per_replica} accelerators in one replica, max_gang is {largest}"
            self.findings.add("gang", element, message)

    def _check_statements(self) -> None:
        duration = dict(zip((p.id for p in self.problem.periods), self.problem.durations_hours, strict=True))
        served = delay = 0.0
        worst: float | None = None
        for flow in self.part.flows:
            if flow.requests_per_second > 0 and (walk := self.routes.walks.get(flow.route)):
                amount = flow.requests_per_second * duration[flow.period]
                served, delay = served + amount, delay + amount * walk.rtt_ms
                worst = walk.rtt_ms if worst is None else max(worst, walk.rtt_ms)
        element, entry = named(service=self.service.id), self.part.entry
        mean, rate = (delay / served if served else None), served / self.problem.horizon_hours
        self.findings.compare("latency", element, "mean_rtt_ms", entry.mean_rtt_ms, mean)
        self.findings.compare("latency", element, "worst_rtt_ms", entry.worst_rtt_ms, worst)
        self.findings.compare("serve_demand", element, "requests_per_second", entry.requests_per_second, rate)


def _check_demand(sound: Sound, findings: Findings) -> None:
    served: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for part in sound.services:
        for flow in part.flows:
            served[part.service.id, flow.location, flow.period] += flow.requests_per_second
    missing: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for entry in sound.left_out:
        if entry.requests_per_second is not None:
            missing[entry.workload, entry.location or "", entry.period or ""] = entry.requests_per_second
    for service in sound.problem.services:
        for location, rates in sound.demand(service).items():
            for period, demand in zip(sound.problem.periods, rates, strict=True):
                key = (service.id, location, period.id)
                _check_balance(key, served[key], missing[key], demand, findings)


def _check_balance(
    key: tuple[str, str, str], served: float, missing: float, demand: float, findings: Findings
) -> None:
    is_short = served + missing < demand * (1 - RELATIVE) - LEAST_RATE
    if close(served + missing, demand) and not is_short:
        return
    message = f"{figure(served)} requests/s served and {figure(missing)} left out of {figure(demand)}"
    element = named(service=key[0], location=key[1], period=key[2])
    findings.add("serve_demand", element, message, abs(served + missing - demand))
