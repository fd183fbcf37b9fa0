"""What follows from the fields of a file: prices, power, residency, places. No limits between workloads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from computeroute.routing.problem import Problem
from computeroute.routing.sites import DataCenter, Pool
from computeroute.routing.workloads import InferenceService, Serving, TrainingJob

CLOSE = 1e-9
HOURS_PER_YEAR = 8760


class Facts:
    """A problem with the few figures that every part of the model needs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.jobs = [work for work in problem.workloads if isinstance(work, TrainingJob)]
        self.services = [work for work in problem.workloads if isinstance(work, InferenceService)]
        self.periods = range(len(problem.periods))
        self.hours = [period.hours * period.weight for period in problem.periods]
        self.begins = [sum(self.hours[:t]) for t in self.periods]
        self.horizon = sum(self.hours)
        self.sites = {site.id: site for site in problem.data_centers}
        self.pools = {pool.id: pool for pool in problem.pools}
        self.types = {each.id: each for each in problem.accelerators}

    def end(self, t: int) -> float:
        """Return the end of a period, hours from the beginning of the horizon."""
        return self.begins[t] + self.hours[t]

    def site(self, pool: Pool) -> DataCenter:
        """Return where a pool is."""
        return self.sites[pool.data_center]

    def each_period(self, value: float | Sequence[float]) -> list[float]:
        """Return one number per period."""
        return list(value) if isinstance(value, Sequence) else [value for _ in self.periods]

    def mean(self, values: Sequence[float]) -> float:
        """Return the mean over the horizon, weighted by duration."""
        return sum(value * hours for value, hours in zip(values, self.hours, strict=True)) / self.horizon

    def kw(self, pool: Pool) -> float:
        """Return what an accelerator in use draws at the meter."""
        return self.types[pool.accelerator].tdp_w * pool.power_utilization * self.site(pool).pue / 1000

    def energy_usd(self, pool: Pool) -> list[float]:
        """Return the energy price of an accelerator-hour in each period."""
        site = self.site(pool)
        included = site.kind == "cloud" if pool.energy_included is None else pool.energy_included
        return [0.0 if included else self.kw(pool) * usd for usd in self.each_period(site.usd_per_kwh)]

    def tonnes(self, pool: Pool) -> list[float]:
        """Return the tCO2e of an accelerator-hour in each period."""
        return [self.kw(pool) * grams / 1e6 for grams in self.each_period(self.site(pool).g_per_kwh)]

    def demand(self, service: InferenceService) -> dict[str, list[float]]:
        """Return requests/s by location and period."""
        return {each.location: self.each_period(each.requests_per_second) for each in service.demand}

    def usable(self, pool: Pool, modules: int) -> int:
        """Return the accelerators that may be used, less the reserve."""
        count = pool.count + (pool.expansion.module_accelerators * modules if pool.expansion else 0)
        return math.floor(count * (1 - pool.reserve_fraction) + CLOSE)

    def most_usable(self, pool: Pool) -> int:
        """Return the accelerators that may be used with all modules bought."""
        return self.usable(pool, pool.expansion.max_modules if pool.expansion else 0)

    def module_usd(self, pool: Pool) -> float:
        """Return what a module costs within the horizon: capital (annuity), space and staff."""
        if (bought := pool.expansion) is None:
            return 0.0
        rate, years = bought.discount_rate, bought.lifetime_years
        factor = rate / (1 - (1 + rate) ** -years) if rate else 1 / years
        kw = bought.module_accelerators * self.types[pool.accelerator].tdp_w * pool.power_utilization / 1000
        yearly = bought.capital_usd_per_module * factor
        yearly += kw * (bought.space_usd_per_kw_year + bought.staff_usd_per_kw_year)
        return yearly * self.horizon / HOURS_PER_YEAR

    def hour_beyond_usd(self, pool: Pool, accelerators: int, spot: bool) -> float:
        """Return the compute price of an accelerator-hour after the horizon, where one job holds so many."""
        if spot:
            return pool.spot_usd_per_accelerator_hour or 0.0
        if pool.committed_count >= accelerators:
            return pool.committed_usd_per_accelerator_hour or 0.0
        return pool.usd_per_accelerator_hour

    def may_be_placed(self, work: TrainingJob | InferenceService, pool: Pool) -> bool:
        """Return whether pins and memory permit a workload in a pool."""
        places = {("site", pool.data_center), ("pool", pool.id)}
        pinned, forbidden = (
            {
                ("site", e.data_center) if e.data_center else ("pool", e.pool)
                for e in entries
                if e.workload == work.id
            }
            for entries in (self.problem.limits.pinned, self.problem.limits.forbidden)
        )
        enough = self.types[pool.accelerator].memory_gb >= work.memory_gb_per_accelerator
        return enough and not places & forbidden and (not pinned or bool(places & pinned))

    def may_process(self, policy: str | None, jurisdiction: str) -> bool:
        """Return whether data may be at rest there."""
        rules = self._policy(policy)
        return rules is None or self._permits(rules.allow, rules.deny, jurisdiction)

    def may_pass(self, policy: str | None, jurisdiction: str) -> bool:
        """Return whether data may be in transit there."""
        rules = self._policy(policy)
        return rules is None or self._permits(rules.transit_allow, rules.transit_deny, jurisdiction)

    def _policy(self, name: str | None):
        return next((policy for policy in self.problem.policies if policy.id == name), None)

    def _permits(self, allow: Iterable[str] | None, deny: Iterable[str], jurisdiction: str) -> bool:
        if self._is_among(deny, jurisdiction):
            return False
        return allow is None or self._is_among(allow, jurisdiction)

    def _is_among(self, names: Iterable[str], jurisdiction: str) -> bool:
        return any(
            self._is_among(self.problem.groups[name], jurisdiction)
            if name in self.problem.groups
            else name in (jurisdiction, jurisdiction.split("-", maxsplit=1)[0])
            for name in names
        )


def serving(service: InferenceService, pool: Pool) -> Serving | None:
    """Return how a service runs in a pool, None where it does not."""
    return next((each for each in service.serving if each.accelerator == pool.accelerator), None)
