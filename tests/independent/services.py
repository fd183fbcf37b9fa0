"""Inference services: who is served from where by which way, replicas, sites, and what losses leave."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from computeroute.routing.sites import Pool
from computeroute.routing.workloads import InferenceService

from .facts import CLOSE, Facts, serving
from .paths import Trip, Ways, directions, usd_per_gb
from .program import Program, Terms
from .totals import Route, Totals, without_dominated

GB_PER_KB, GBPS_PER_KB_PER_S, SECONDS = 1e-6, 8e-6, 3600
LEAST_RATE = 1e-9


class ServiceModel:
    """The columns and rows of one service."""

    def __init__(
        self, facts: Facts, ways: Ways, program: Program, totals: Totals, service: InferenceService
    ) -> None:
        self.facts, self.program, self.totals, self.service = facts, program, totals, service
        self.narrow, self.cheapest = (lambda _link: True), False
        self.demand = facts.demand(service)
        self.policy = {each.location: each.policy or service.policy for each in service.demand}
        self.losses = list(self._losses())
        self.reach = {user: self._trips(ways, user) for user in self.demand}
        self.users = [user for user in self.demand if any(self.demand[user]) and self._is_safe(user)]
        self.pools = [pool for pool in facts.problem.pools if self._may_hold(pool)]
        self.sites = {pool.data_center: program.binary() for pool in self.pools}
        self.replicas: dict[tuple[str, int], int] = {}
        self.unserved: dict[tuple[str, int], int] = {}

    def _trips(self, ways: Ways, user: str) -> dict[str, list[Trip]]:
        """Return the pools that a user may be served from, each with the round trips within every limit."""
        found = {}
        for pool in self.facts.problem.pools:
            site, way = self.facts.site(pool), serving(self.service, pool)
            if (
                way is not None
                and self.facts.may_process(self.policy[user], site.jurisdiction)
                and self.facts.may_be_placed(self.service, pool)
            ):
                trips = ways.round_trips(user, site.id, self.policy[user])
                if near := [trip for trip in trips if self._is_in_time(trip, way.service_ms)]:
                    found[pool.id] = near
        return found

    def _is_in_time(self, trip: Trip, service_ms: float) -> bool:
        most_rtt, most_latency = self.service.max_rtt_ms, self.service.max_latency_ms
        if most_rtt is not None and trip.rtt_ms > most_rtt + CLOSE:
            return False
        return most_latency is None or trip.rtt_ms + service_ms <= most_latency + CLOSE

    def _losses(self) -> Iterator[tuple[str, dict[str, set[str]]]]:
        """Yield what may be lost (empty for links), with the pools that every user reaches after it."""
        links = self.facts.problem.links
        if self.service.survive == "link":
            lost = [("", {link.id}) for link in links]
        elif self.service.survive == "site":
            sites = self.facts.problem.data_centers
            lost = [(site.id, {k.id for k in links if site.id in (k.source, k.target)}) for site in sites]
        else:
            lost = []
        for site, gone in lost:
            left = Ways(self.facts, frozenset(gone))
            users = [user for user in self.demand if user != site]
            yield site, {user: self._left(left, user, site) for user in users}

    def _left(self, left: Ways, user: str, lost_site: str) -> set[str]:
        return {name for name in self._trips(left, user) if self.facts.pools[name].data_center != lost_site}

    def _is_safe(self, user: str) -> bool:
        """Return whether some pool is left to a user after every loss."""
        return all(left[user] for _, left in self.losses if user in left)

    def _may_hold(self, pool: Pool) -> bool:
        """Return whether users could be served there; where sites count, those left out for losses too."""
        several = self.service.min_sites > 1
        users = [user for user in self.demand if any(self.demand[user])] if several else self.users
        return any(pool.id in self.reach[user] for user in users)

    def most_gbps(self) -> float:
        """Return more than the service can ever put on one direction of a link."""
        kb = self.service.request_kb + self.service.response_kb
        return (
            max(sum(each[t] for each in self.demand.values()) for t in self.facts.periods)
            * kb
            * GBPS_PER_KB_PER_S
        )

    def add(self) -> None:
        """Add everything."""
        self._add_replicas()
        self._serve_demand()
        self._spread()
        self._survive()
        self._move()

    def _capacity(self, pool: Pool) -> float:
        """Return the requests/s of a replica at the target utilisation."""
        way = serving(self.service, pool)
        return self.service.target_utilization * way.requests_per_second if way else 0.0

    def _each(self, pool: Pool) -> int:
        way = serving(self.service, pool)
        return way.accelerators_per_replica if way else 1

    def _most(self, pool: Pool, t: int) -> int:
        """Return the most replicas: what users there could ask for, one where sites keep one all along."""
        asked = sum(self.demand[user][t] for user in self.users if pool.id in self.reach[user])
        most = math.ceil(asked / self._capacity(pool) - CLOSE)
        kept = 1 if self.service.min_sites > 1 else 0
        return min(max(most, kept), self.facts.most_usable(pool) // self._each(pool))

    def _add_replicas(self) -> None:
        for pool in self.pools:
            for t in self.facts.periods:
                y = self.program.column(self._most(pool, t), whole=True)
                each, hours = self._each(pool), self.facts.hours[t]
                self.replicas[pool.id, t] = y
                self.totals.held[pool.id, t][y] += each
                self.totals.run(self.facts, pool.id, t, y, each * hours, spot=False)

    def _serve_demand(self) -> None:
        """Add ``sum_p f[l,p,t] + unserved[l,t] = demand[l,t]``, and what requests take on their way."""
        in_all = sum(
            rate * h for each in self.demand.values() for rate, h in zip(each, self.facts.hours, strict=True)
        )
        load: defaultdict[tuple[str, int], Terms] = defaultdict(Terms)
        for user, rates in self.demand.items():
            for t in self.facts.periods:
                if rates[t] < LEAST_RATE:
                    continue
                left_out = self.unserved[user, t] = self.program.column(rates[t])
                self.totals.unserved[left_out] += self.service.priority * self.facts.hours[t] / in_all
                served = Terms().add({left_out: 1.0})
                for pool in self.pools if user in self.users else ():
                    for f in self._flows(user, pool, t):
                        served[f] += 1
                        load[pool.id, t][f] += 1
                self.program.equal(served, rates[t])
        self._replica_capacity(load)

    def _flows(self, user: str, pool: Pool, t: int) -> list[int]:
        """Return a column of requests/s for each route."""
        columns = []
        for route in self._routes(self.reach[user].get(pool.id, ()), t):
            f = self.program.column(self.demand[user][t])
            self.totals.usd[f] += route.usd
            self.totals.milliseconds[f] += route.milliseconds
            for (link, node), gbps in route.load.items():
                self.totals.gbps[link, node, t][f] += gbps
            columns.append(f)
        return columns

    def _routes(self, trips: Sequence[Trip], t: int) -> list[Route]:
        requests = SECONDS * self.facts.hours[t]
        objective, found = self.facts.problem.objective, []
        for trip in trips:
            usd = self.service.request_kb * usd_per_gb(self.facts, trip.out)
            usd += self.service.response_kb * usd_per_gb(self.facts, trip.back)
            usd *= GB_PER_KB * requests
            milliseconds = trip.rtt_ms * requests
            cost = objective.money_weight * usd + objective.usd_per_ms_request * milliseconds
            found.append(Route(usd, cost, self._load(trip), milliseconds))
        return without_dominated(found, self.narrow, self.cheapest)

    def _load(self, trip: Trip) -> Counter[tuple[str, str]]:
        load: Counter[tuple[str, str]] = Counter()
        for path, kb in ((trip.out, self.service.request_kb), (trip.back, self.service.response_kb)):
            for direction, times in directions(path).items():
                load[direction] += times * kb * GBPS_PER_KB_PER_S  # type: ignore[assignment]
        return load

    def _replica_capacity(self, load: dict[tuple[str, int], Terms]) -> None:
        """Add ``sum_l f[l,p,t] <= target_utilization * requests_per_second * y[p,t]``."""
        for (pool, t), flows in load.items():
            y, capacity = self.replicas[pool, t], self._capacity(self.facts.pools[pool])
            self.program.at_most(Terms().add(flows).add({y: -capacity}), 0)

    def _spread(self) -> None:
        """Limit the sites over the whole horizon, see ``spread``."""
        for pool in self.pools:
            for t in self.facts.periods:
                used = {
                    self.replicas[pool.id, t]: 1.0,
                    self.sites[pool.data_center]: -float(self._most(pool, t)),
                }
                self.program.at_most(Terms().add(used), 0)
        sites = Terms().add(dict.fromkeys(self.sites.values(), 1.0))
        if self.service.max_sites is not None:
            self.program.at_most(sites, self.service.max_sites)
        if self.service.min_sites > 1:
            self._keep_several(sites)

    def _keep_several(self, sites: Terms) -> None:
        on = self.program.binary()
        self.program.at_least(Terms().add(sites).add({on: -float(self.service.min_sites)}), 0)
        for site, v in self.sites.items():
            self.program.at_most(Terms().add({v: 1.0, on: -1.0}), 0)
            for t in self.facts.periods:
                there = {self.replicas[pool.id, t]: 1.0 for pool in self.pools if pool.data_center == site}
                self.program.at_least(Terms().add(there).add({v: -1.0}), 0)

    def _survive(self) -> None:
        """Add, for every loss and period, flows ``g`` that serve all that is served, see ``survive_site``."""
        for _, left in self.losses:
            for t in self.facts.periods:
                load: defaultdict[str, Terms] = defaultdict(Terms)
                for user in set(self.users) & set(left):
                    if self.demand[user][t] >= LEAST_RATE:
                        rescue = {pool: self.program.column(self.demand[user][t]) for pool in left[user]}
                        for pool, g in rescue.items():
                            load[pool][g] += 1
                        served = Terms().add(dict.fromkeys(rescue.values(), 1.0))
                        served[self.unserved[user, t]] += 1
                        self.program.equal(served, self.demand[user][t])
                self._replica_capacity({(pool, t): flows for pool, flows in load.items()})

    def _move(self) -> None:
        """Pay for every site that the service enters; it moves if it enters any."""
        held = self.facts.problem.present.services.get(self.service.id)
        if held is None:
            return
        there = {self.facts.pools[name].data_center for name in held if name in self.facts.pools}
        moved = self.program.binary()
        self.totals.moves[moved] += 1
        for site, v in self.sites.items():
            if site not in there:
                self.totals.usd[v] += self.facts.problem.moving.usd_per_site_entered
                self.program.at_most(Terms().add({v: 1.0, moved: -1.0}), 0)
