"""Ways that are barred, too narrow or too long for work, in figures for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import permutations

from .check_admission import in_time, serving
from .check_barring import OPEN, Barring
from .check_reach import Rules
from .errors import quoted
from .reasons import listed
from .sites import Pool
from .text import number
from .workloads import Demand, InferenceService, TrainingJob

Pair = tuple[str, str]


class WayFigures:
    """Tells of the ways that there are between data, users and sites, and of what bars them."""

    def __init__(self, barring: Barring) -> None:
        self.problem, self.reach = barring.problem, barring.reach

    def of_job(self, job: TrainingJob, reason: str, pools: list[Pool], gbps: list[float]) -> str:
        """Return what the ways of a job lack: those of its data, or else those between its sites.

        ``gbps`` are the rates at which its data may come.
        """
        rules = Rules(policy=self.problem.residency(job.policy))
        copies, sites = job.dataset.at if job.dataset else (), _sites(pools)
        data, between = [(copy, site) for copy in copies for site in sites], list(permutations(sites, 2))
        if reason == "route":
            return (
                f": there is none from {listed(copies)} to {listed(sites)}" if self._none(data, OPEN) else ""
            )
        if reason == "transit":
            return self._barred(data, rules) or self._barred(between, rules)
        if reason == "bandwidth":
            return self._narrow(data, rules, min(gbps, default=0.0)) or self._narrow(
                between, rules, _asked(job)
            )
        return self._apart(between, rules, job) if reason == "latency" else ""

    def of_service(self, service: InferenceService, demand: Demand, reason: str, pools: list[Pool]) -> str:
        """Return what the ways of users lack."""
        rules = Rules(policy=self.problem.residency(demand.policy or service.policy))
        sites = _sites(pools)
        if reason == "route":
            return f": there is none from {quoted(demand.location)} to {listed(sites)} and back"
        if reason == "transit":
            return self._barred([(demand.location, site) for site in sites], rules)
        return self._slow(service, demand.location, rules, pools) if reason == "latency" else ""

    def fed(self, job: TrainingJob, pools: list[Pool]) -> list[Pool]:
        """Return the pools that the data of a job can come to."""
        rules, dataset = Rules(policy=self.problem.residency(job.policy)), job.dataset
        if dataset is None:
            return pools
        return [
            pool for pool in pools if not self._none([(copy, pool.data_center) for copy in dataset.at], rules)
        ]

    def near(self, service: InferenceService, demand: Demand, pools: list[Pool]) -> list[Pool]:
        """Return the pools that answer a location in time."""
        rules = Rules(policy=self.problem.residency(demand.policy or service.policy))
        trip = self.reach.round_trip
        return [
            pool
            for pool in pools
            if in_time(service, pool, trip(demand.location, pool.data_center, rules)[0])
        ]

    def _none(self, pairs: Iterable[Pair], rules: Rules) -> bool:
        return all(self.reach.to_site(*pair, rules) == math.inf for pair in pairs)

    def _barred(self, pairs: list[Pair], rules: Rules) -> str:
        """Tell what bars the shortest of some ways, where all of them are barred."""
        if not pairs or not self._none(pairs, rules):
            return ""
        start, end = min(pairs, key=lambda pair: self.reach.to_site(pair[0], pair[1], OPEN))
        for name, laws, kind in self._passed(start, end):
            law = next((law for law in laws if rules.policy and not rules.policy.may_pass(law)), None)
            if law is not None:
                way, at = f"the shortest, from {quoted(start)} to {quoted(end)}", f"{kind} {quoted(name)}"
                return f": {way}, passes {law} at {at}"
        return ""

    def _passed(self, start: str, end: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Yield each link and node that the shortest way passes, with where it lies."""
        for node, link in self.reach.way(start, end, OPEN):
            yield link, self.problem.link[link].jurisdictions, "link"
            yield node, (self.problem.nodes[node].jurisdiction,), "node"

    def _narrow(self, pairs: list[Pair], rules: Rules, needed_gbps: float) -> str:
        """Tell of the widest of some ways, where all of them are too narrow."""
        if not pairs:
            return ""
        start, end = max(pairs, key=lambda pair: self.reach.widest_gbps(pair[0], pair[1], rules))
        usable = self.reach.widest_gbps(start, end, rules)
        if usable >= needed_gbps:
            return ""
        asked, there = number(needed_gbps, 3), number(usable, 3)
        widest = f"the widest way, from {quoted(start)} to {quoted(end)}, has {there}"
        return f": {asked} Gbit/s are needed, and {widest}"

    def _apart(self, pairs: list[Pair], rules: Rules, job: TrainingJob) -> str:
        if not pairs or job.multi_site is None:
            return ""
        wide, most_ms = replace(rules, least_gbps=_asked(job)), job.multi_site.max_rtt_ms
        start, end = min(pairs, key=lambda pair: self.reach.round_trip(pair[0], pair[1], wide)[0])
        least_ms = self.reach.round_trip(start, end, wide)[0]
        if least_ms <= most_ms:  # of three sites, others are too far apart
            return ""
        least, most = number(least_ms, 1), number(most_ms, 1)
        between = f"between {quoted(start)} and {quoted(end)}"
        return f": the least round trip, {between}, takes {least} ms of at most {most}"

    def _slow(self, service: InferenceService, user: str, rules: Rules, pools: list[Pool]) -> str:
        """Tell of the pool that answers first, by the limit that it misses."""
        trips = [(self.reach.round_trip(user, pool.data_center, rules)[0], pool) for pool in pools]
        near = [(rtt_ms, pool) for rtt_ms, pool in trips if rtt_ms < math.inf]
        if not near:
            return ""
        rtt_ms, pool = min(near, key=lambda each: each[0])
        if service.max_rtt_ms is not None and rtt_ms > service.max_rtt_ms:
            least, most = number(rtt_ms, 1), number(service.max_rtt_ms, 1)
            to = quoted(pool.data_center)
            return f": the least round trip, to {to}, takes {least} ms of at most {most}"
        served = [(rtt_ms, way.service_ms, pool) for rtt_ms, pool in near if (way := serving(service, pool))]
        rtt_ms, service_ms, pool = min(served, key=lambda each: each[0] + each[1])
        least, most = (number(ms, 1) for ms in (rtt_ms + service_ms, service.max_latency_ms))
        of = f"{number(service_ms, 1)} of them to serve it"
        return f": the first answer, from {quoted(pool.id)}, takes {least} ms, {of}, of at most {most}"

    def is_slow(self, service: InferenceService, pools: list[Pool]) -> bool:
        """Return whether a request takes too long wherever it could run, whatever the way there."""
        return not any(in_time(service, pool, 0.0) for pool in pools)


def _sites(pools: list[Pool]) -> list[str]:
    return list(dict.fromkeys(pool.data_center for pool in pools))


def _asked(job: TrainingJob) -> float:
    """Return the bandwidth that a job asks for between two sites, Gbit/s."""
    return job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0
