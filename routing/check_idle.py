"""Idle replicas: a plan holds none that nobody could use, whatever idle ones would earn or loosen."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from .check_admission import in_time, serving, site_of
from .check_findings import Findings, named
from .check_reach import Reach, Rules
from .check_structure import Sound, SoundService
from .plan import ReplicaPlan
from .sites import Pool

ROUNDING = 1e-9
"""Part of a replica by which a sum of requests may err."""


def check_idle(sound: Sound, findings: Findings) -> None:
    """Check that every pool holds at most the replicas that all users in its reach could ask for.

    Users whom no plan can serve do not count. Where a service has two sites or more, each of them has a
    replica even when nobody asks.
    """
    reach = Reach(sound.problem)
    barred: defaultdict[str, set[str]] = defaultdict(set)
    for entry in sound.left_out:
        if entry.reason != "capacity":
            barred[entry.workload].add(entry.location or "")
    for part in sound.services:
        _Service(sound, part, reach, barred[part.service.id]).check(findings)


class _Service:
    def __init__(self, sound: Sound, part: SoundService, reach: Reach, barred: set[str]) -> None:
        self.problem, self.part, self.service, self.reach = sound.problem, part, part.service, reach
        self.period, self.demand = sound.period, sound.demand(part.service)
        self.users = [users for users in part.service.demand if users.location not in barred]

    def check(self, findings: Findings) -> None:
        idle = list(self._idle())
        in_reach = {name: self._in_reach(name) for name in {replica.pool for replica in idle}}
        for replica in idle:
            most = self._count(replica.pool, self._asked(in_reach[replica.pool], replica.period))
            most = max(most, int(self.service.min_sites > 1 and bool(in_reach[replica.pool])))
            if replica.replicas > most:
                element = named(service=self.service.id, pool=replica.pool, period=replica.period)
                message = f"{replica.replicas} replicas, all users in reach ask for at most {most}"
                findings.add("replica_capacity", element, message, replica.replicas - most)

    def _idle(self) -> Iterator[ReplicaPlan]:
        """Yield the replicas that are more than the requests sent there ask for."""
        load: defaultdict[tuple[str, str], float] = defaultdict(float)
        for flow in self.part.flows:
            load[flow.pool, flow.period] += flow.requests_per_second
        for replica in self.part.replicas:
            if replica.replicas > self._count(replica.pool, load[replica.pool, replica.period]):
                yield replica

    def _count(self, pool: str, requests_per_second: float) -> int:
        """Return how many replicas answer so much."""
        way = serving(self.service, self.problem.pool[pool])
        each = self.service.target_utilization * way.requests_per_second if way else math.inf
        return max(math.ceil(requests_per_second / each - ROUNDING), int(requests_per_second > 0))

    def _asked(self, locations: list[str], period: str) -> float:
        return sum(self.demand[location][self.period[period]] for location in locations)

    def _in_reach(self, name: str) -> list[str]:
        """Return the locations that the pool may serve."""
        pool = self.problem.pool[name]
        return [users.location for users in self.users if self._serves(pool, users.location, users.policy)]

    def _serves(self, pool: Pool, location: str, policy: str | None) -> bool:
        residency = self.problem.residency(policy or self.service.policy)
        site = site_of(self.problem, pool)
        least_ms, _ = self.reach.round_trip(location, site.id, Rules(policy=residency))
        return residency.may_process(site.jurisdiction) and in_time(self.service, pool, least_ms)
