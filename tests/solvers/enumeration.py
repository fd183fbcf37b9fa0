"""The best plan of a small problem (see ``small_worlds``), by listing all; no code of the solvers is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product
from math import floor, inf

from computeroute.routing import Problem
from computeroute.routing.problem import per_period
from computeroute.routing.sites import Link, Pool
from computeroute.routing.workloads import InferenceService, Need, TrainingJob

Score = tuple[Fraction | float, float]
"""Unserved work, exact so that ties are ties, and cost: the lesser the better."""


@dataclass(frozen=True)
class Choice:
    """One way to run a job, or not to run it."""

    cost: float = 0.0
    unserved: Fraction = Fraction(0)
    held: dict[tuple[int, int], int] = field(default_factory=dict)
    """Accelerators by pool and period."""
    billed: dict[tuple[int, int], float] = field(default_factory=dict)
    """Accelerator-hours at the ordinary price by pool and period."""
    spot: dict[tuple[int, int], int] = field(default_factory=dict)
    gbps: dict[tuple[str, str, int], float] = field(default_factory=dict)
    """Traffic by link, the node it leaves and period."""


class Enumeration:
    """All plans of a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.hours = problem.durations_hours
        self.begins = problem.boundaries_hours
        self.periods = range(len(self.hours))
        self.weight = problem.objective.money_weight
        self.site = [problem.data_center[pool.data_center] for pool in problem.pools]
        self.kw = [
            problem.accelerator[pool.accelerator].tdp_w * pool.power_utilization * site.pue / 1000
            for pool, site in zip(problem.pools, self.site, strict=True)
        ]
        self.running = [[self._running_usd(pool, t) for t in self.periods] for pool in range(len(self.site))]

    def _running_usd(self, index: int, period: int) -> float:
        """Return the weighted energy and carbon of an accelerator-hour."""
        pool, site, count = self.problem.pools[index], self.site[index], len(self.periods)
        included = site.kind == "cloud" if pool.energy_included is None else pool.energy_included
        usd_per_kwh = 0.0 if included else per_period(site.usd_per_kwh, count)[period]
        tonnes_per_kwh = per_period(site.g_per_kwh, count)[period] / 1e6
        carbon = tonnes_per_kwh * self.problem.objective.usd_per_tco2e
        return self.kw[index] * (self.weight * usd_per_kwh + carbon)

    def best(self) -> Score:
        """Return the least unserved work and the least cost with it."""
        best = (inf, inf)
        grids = [
            range(pool.expansion.max_modules + 1 if pool.expansion else 1) for pool in self.problem.pools
        ]
        splits = [self._service_options(period) for period in self.periods]
        choices = [list(self._job_choices(job)) for job in self.problem.jobs]
        for modules in product(*grids):
            best = min(best, self._best_with(modules, choices, splits))
        return best

    def _best_with(
        self,
        modules: tuple[int, ...],
        choices: list[list[Choice]],
        splits: list[dict[tuple[int, ...], Score]],
    ) -> Score:
        best = (inf, inf)
        yearly = map(self._module_usd_per_year, self.problem.pools)
        owned = sum(bought * usd for bought, usd in zip(modules, yearly, strict=True))
        capital = self.weight * owned * self.problem.horizon_hours / 8760
        known: dict[tuple[object, ...], Score] = {}
        for chosen in product(*choices):
            if self._shares_fit(chosen):
                unserved, cost = self._over_periods(chosen, modules, splits, known)
                unserved += sum(choice.unserved for choice in chosen)
                cost += capital + sum(choice.cost for choice in chosen)
                best = min(best, (unserved, cost))
        return best

    def _module_usd_per_year(self, pool: Pool) -> float:
        """Return what a module costs a year: its annuity, and space and staff per kW."""
        bought = pool.expansion
        if bought is None:
            return 0.0
        kw = bought.module_accelerators * self.problem.accelerator[pool.accelerator].tdp_w / 1000
        per_kw = bought.space_usd_per_kw_year + bought.staff_usd_per_kw_year
        return bought.annuity_usd_per_module_year + kw * pool.power_utilization * per_kw

    def _shares_fit(self, chosen: tuple[Choice, ...]) -> bool:
        """Return whether the jobs leave links and spot offers enough."""
        for link in self.problem.links:
            for node, period in product((link.source, link.target), self.periods):
                gbps = sum(choice.gbps.get((link.id, node, period), 0.0) for choice in chosen)
                if gbps > link.bandwidth_gbps * (1 + 1e-9):
                    return False
        for index, pool in enumerate(self.problem.pools):
            offered = inf if pool.spot_count is None else pool.spot_count
            if any(sum(c.spot.get((index, t), 0) for c in chosen) > offered for t in self.periods):
                return False
        return True

    def _over_periods(
        self,
        chosen: tuple[Choice, ...],
        modules: tuple[int, ...],
        splits: list[dict[tuple[int, ...], Score]],
        known: dict[tuple[object, ...], Score],
    ) -> Score:
        unserved: Fraction | float = Fraction(0)
        cost = 0.0
        for period in self.periods:
            pools = range(len(self.site))
            held = tuple(sum(c.held.get((pool, period), 0) for c in chosen) for pool in pools)
            billed = tuple(round(sum(c.billed.get((pool, period), 0.0) for c in chosen), 9) for pool in pools)
            key = (period, held, billed)
            if key not in known:
                known[key] = self._best_split(period, held, billed, modules, splits[period])
            unserved, cost = unserved + known[key][0], cost + known[key][1]
        return unserved, cost

    def _best_split(
        self,
        period: int,
        held: tuple[int, ...],
        billed: tuple[float, ...],
        modules: tuple[int, ...],
        splits: dict[tuple[int, ...], Score],
    ) -> Score:
        best = (inf, inf)
        for serving, (unserved, cost) in splits.items():
            used = [one + other for one, other in zip(held, serving, strict=True)]
            if self._fits(used, modules):
                best = min(best, (unserved, cost + self._compute_usd(period, billed, serving)))
        return best

    def _fits(self, used: list[int], modules: tuple[int, ...]) -> bool:
        for pool, count, bought in zip(self.problem.pools, used, modules, strict=True):
            added = bought * pool.expansion.module_accelerators if pool.expansion else 0
            if count > floor((pool.count + added) * (1 - pool.reserve_fraction) + 1e-9):
                return False
        for site in self.problem.data_centers:
            drawn = sum(n * kw for n, kw, at in zip(used, self.kw, self.site, strict=True) if at is site)
            if drawn > (inf if site.max_power_kw is None else site.max_power_kw) + 1e-9:
                return False
        return True

    def _compute_usd(self, period: int, billed: tuple[float, ...], serving: tuple[int, ...]) -> float:
        """Return the weighted price of ordinary accelerator-hours, and energy and carbon of the replicas."""
        cost, hours = 0.0, self.hours[period]
        for index, pool in enumerate(self.problem.pools):
            paid = pool.committed_count * hours
            over = max(0.0, billed[index] + serving[index] * hours - paid)
            committed_usd = paid * (pool.committed_usd_per_accelerator_hour or 0.0)
            cost += self.weight * (committed_usd + over * pool.usd_per_accelerator_hour)
            cost += serving[index] * hours * self.running[index][period]
        return cost

    def _job_choices(self, job: TrainingJob) -> Iterator[Choice]:
        yield Choice(unserved=Fraction(job.priority))
        for index, pool in enumerate(self.problem.pools):
            policy = self.problem.residency(job.policy)
            for need in job.needs or ():
                if need.accelerator == pool.accelerator and policy.may_process(self.site[index].jurisdiction):
                    yield from self._in_pool(job, need, index)

    def _in_pool(self, job: TrainingJob, need: Need, index: int) -> Iterator[Choice]:
        prices = [False]
        if job.interruptible and self.problem.pools[index].spot_usd_per_accelerator_hour is not None:
            prices.append(True)
        for hours, spot in product(self._schedules(job, need), prices):
            for link, origin, usd in self._ways(job, self.site[index].id):
                yield self._choice(job, need, index, hours, spot, (link, origin, usd))

    def _schedules(self, job: TrainingJob, need: Need) -> Iterator[list[float]]:
        """Yield the hours that the job runs in each period."""
        horizon, earliest = self.begins[-1], job.earliest_start_hours
        deadline = inf if job.deadline_hours is None else job.deadline_hours
        continuing = need.hours > horizon - earliest + 1e-9
        if job.interruptible and not continuing:
            yield from self._pausing(need.hours, earliest, min(deadline, horizon))
            return
        for period in self.periods:
            start = max(self.begins[period], earliest)
            late = start + need.hours > (deadline if continuing else min(deadline, horizon)) + 1e-9
            if self.begins[period + 1] > earliest + 1e-9 and not late:
                yield self._overlap(start, start + need.hours)
                if continuing:
                    return

    def _overlap(self, start: float, end: float) -> list[float]:
        within = [min(self.begins[t + 1], end) - max(self.begins[t], start) for t in self.periods]
        return [hours if hours > 1e-9 else 0.0 for hours in within]

    def _pausing(self, hours: float, earliest: float, latest: float) -> Iterator[list[float]]:
        """Yield the corners of the possible schedules: whole periods, and one that holds the rest."""
        room = self._overlap(earliest, latest)
        for size in range(len(room)):
            for whole in combinations(self.periods, size):
                rest = hours - sum(room[t] for t in whole)
                for last in set(self.periods) - set(whole):
                    if 1e-9 < rest <= room[last] + 1e-9 and all(room[t] > 0 for t in whole):
                        yield [rest if t == last else room[t] if t in whole else 0.0 for t in self.periods]

    def _ways(self, job: TrainingJob, site: str) -> Iterator[tuple[Link | None, str, float]]:
        """Yield the links over which the dataset may come, the node it leaves and USD per GB."""
        if job.dataset is None or site in job.dataset.at:
            yield None, "", 0.0
            return
        for origin, link in product(job.dataset.at, self.problem.links):
            ends = {(link.source, link.target)} | (set() if link.directed else {(link.target, link.source)})
            if (origin, site) in ends:
                yield link, origin, link.usd_per_gb + self.problem.data_center[origin].egress_usd_per_gb

    def _choice(
        self,
        job: TrainingJob,
        need: Need,
        index: int,
        hours: list[float],
        spot: bool,
        way: tuple[Link | None, str, float],
    ) -> Choice:
        pool, count = self.problem.pools[index], need.count
        active = [t for t in self.periods if hours[t] > 0]
        cost = sum(count * hours[t] * self.running[index][t] for t in active)
        cost += self._beyond_usd(pool, index, count, need.hours - sum(hours), spot)
        if spot:
            cost += self.weight * count * sum(hours) * (pool.spot_usd_per_accelerator_hour or 0.0)
        gb = job.dataset.gb if job.dataset else 0.0
        held = {(index, t): count for t in active}
        return Choice(
            cost=cost + self.weight * gb * way[2],
            held=held,
            billed={} if spot else {(index, t): count * hours[t] for t in active},
            spot=held if spot else {},
            gbps=self._traffic(job, need.hours, active, way),
        )

    def _beyond_usd(self, pool: Pool, index: int, count: int, hours: float, spot: bool) -> float:
        """Return what a job that goes on after the horizon costs there."""
        if hours <= 1e-9:
            return 0.0
        price: float | None = pool.usd_per_accelerator_hour
        if spot:
            price = pool.spot_usd_per_accelerator_hour
        elif count <= pool.committed_count:
            price = pool.committed_usd_per_accelerator_hour
        mean = sum(usd * h for usd, h in zip(self.running[index], self.hours, strict=True)) / sum(self.hours)
        return count * hours * (self.weight * (price or 0.0) + mean)

    def _traffic(
        self, job: TrainingJob, hours: float, active: list[int], way: tuple[Link | None, str, float]
    ) -> dict[tuple[str, str, int], float]:
        link, origin, _ = way
        if link is None or job.dataset is None:
            return {}
        within = min(job.dataset.transfer_hours or hours, hours)
        pauses = job.interruptible and hours <= self.begins[-1] - job.earliest_start_hours + 1e-9
        start = max(self.begins[active[0]], job.earliest_start_hours)
        moving = active if pauses else [t for t in active if self.begins[t] < start + within - 1e-9]
        return {(link.id, origin, t): job.dataset.gb * 8 / (3600 * within) for t in moving}

    def _service_options(self, period: int) -> dict[tuple[int, ...], Score]:
        """Return the best score by accelerators held in each pool, of all ways to share out the requests."""
        found = {(0,) * len(self.site): (Fraction(0), 0.0)}
        for service in self.problem.services:
            options = self._options_of(service, period)
            merged: dict[tuple[int, ...], Score] = {}
            for (one, (lost, cost)), (other, (more, usd)) in product(found.items(), options.items()):
                key = tuple(a + b for a, b in zip(one, other, strict=True))
                merged[key] = min(merged.get(key, (inf, inf)), (lost + more, cost + usd))
            found = merged
        return found

    def _options_of(self, service: InferenceService, period: int) -> dict[tuple[int, ...], Score]:
        count = len(self.periods)
        rates = [per_period(demand.requests_per_second, count) for demand in service.demand]
        total = sum(rate * hours for each in rates for rate, hours in zip(each, self.hours, strict=True))
        part = Fraction(service.priority * self.hours[period])
        weight = part / Fraction(total) if total else Fraction(0)
        ways = [
            list(self._splits(service, demand.location, int(each[period])))
            for demand, each in zip(service.demand, rates, strict=True)
        ]
        found: dict[tuple[int, ...], Score] = {}
        for shares in product(*ways):
            load = [sum(parts[0][pool] for parts in shares) for pool in range(len(self.site))]
            held = tuple(self._accelerators(service, pool, rps) for pool, rps in enumerate(load))
            cost = sum(parts[2] for parts in shares) * self.hours[period]
            score = (sum(parts[1] for parts in shares) * weight, cost)
            found[held] = min(found.get(held, (inf, inf)), score)
        return found

    def _accelerators(self, service: InferenceService, index: int, rps: int) -> int:
        if rps == 0:
            return 0
        serving = next(s for s in service.serving if s.accelerator == self.problem.pools[index].accelerator)
        return -int(-rps // serving.requests_per_second) * serving.accelerators_per_replica

    def _splits(
        self, service: InferenceService, location: str, rps: int
    ) -> Iterator[tuple[tuple[int, ...], int, float]]:
        """Yield (requests/s by pool, left out, USD per hour)."""
        price = [self._request_usd(service, location, index) for index in range(len(self.site))]
        ranges = [range(rps + 1) if usd is not None else range(1) for usd in price]
        for shares in product(*ranges):
            if sum(shares) <= rps:
                usd = sum(3600 * n * (each or 0.0) for n, each in zip(shares, price, strict=True))
                yield shares, rps - sum(shares), usd

    def _request_usd(self, service: InferenceService, location: str, index: int) -> float | None:
        """Return the weighted price of one request from there in that pool; None where it must not be."""
        pool, site = self.problem.pools[index], self.site[index]
        serving = next((s for s in service.serving if s.accelerator == pool.accelerator), None)
        link = next((k for k in self.problem.links if {k.source, k.target} == {location, site.id}), None)
        permitted = self.problem.residency(service.policy).may_process(site.jurisdiction)
        if serving is None or link is None or not permitted:
            return None
        rtt_ms, limit = 2 * link.latency_ms, service.max_latency_ms
        if rtt_ms > (service.max_rtt_ms or inf) or rtt_ms + serving.service_ms > (limit or inf):
            return None
        gb = service.response_kb * 1e-6
        money = gb * (link.usd_per_gb + site.egress_usd_per_gb)
        return self.weight * money + self.problem.objective.usd_per_ms_request * rtt_ms
