"""Shared resources: pools, spot capacity, links and power, what is bought, and the stated use of each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from .check_admission import available, site_of, usable
from .check_findings import ABSOLUTE, Findings, exceeds, figure, named
from .check_routes import Hop
from .check_schedule import overlaps
from .check_structure import Sound, SoundService
from .plan import JobPlan, LinkUse, PoolUse, Purchase
from .problem import Problem
from .sites import DataCenter, Link, Pool
from .workloads import TrainingJob

KB_PER_S_TO_GBPS = 8e-6
Direction = tuple[str, str, str]


class Use(NamedTuple):
    """Accelerators that one workload holds in a pool in a period, and the hours it is billed for."""

    workload: str
    pool: str
    period: int
    accelerators: int
    hours: float
    spot: bool


def uses(sound: Sound) -> Iterator[Use]:
    """Yield who holds what, where and when."""
    for job, entry in sound.jobs:
        for run in entry.runs:
            for place in entry.placements if run.hours > 0 else ():
                period = sound.period[run.period]
                yield Use(job.id, place.pool, period, place.accelerators, run.hours, entry.spot)
    for part in sound.services:
        for replica in part.replicas:
            period = sound.period[replica.period]
            hours = sound.problem.durations_hours[period]
            yield Use(part.service.id, replica.pool, period, replica.accelerators, hours, False)


def check_resources(sound: Sound, held: list[Use], findings: Findings) -> None:
    """Check every limit on a shared resource, and the stated use of pools and links.

    Parameters
    ----------
    held
        What :func:`uses` yields.
    """
    _check_pools(sound, held, findings)
    _check_spot(sound, held, findings)
    _check_links(sound, findings)
    for purchase in sound.plan.purchases:
        _check_purchase(sound, purchase, findings)


def _pool_period(sound: Sound, pool: str, period: int) -> str:
    return named(pool=pool, period=sound.problem.periods[period].id)


def _check_pools(sound: Sound, held: list[Use], findings: Findings) -> None:
    used: defaultdict[tuple[str, int], int] = defaultdict(int)
    for use in held:
        used[use.pool, use.period] += use.accelerators
    for (pool, period), count in used.items():
        limit = usable(sound.problem.pool[pool], sound.modules.get(pool, 0))
        if count > limit:
            findings.add(
                "pool_capacity", _pool_period(sound, pool, period), f"{count} used of {limit}", count - limit
            )
    for site in sound.problem.data_centers:
        if site.max_power_kw is not None:
            _check_power(sound, site, site.max_power_kw, used, findings)
    _check_pool_use(sound, used, findings)


def kilowatts(problem: Problem, pool: Pool) -> float:
    """Return what one accelerator in use draws at the site's meter, kW."""
    watts = problem.accelerator[pool.accelerator].tdp_w
    return watts * pool.power_utilization * site_of(problem, pool).pue / 1000


def _check_power(
    sound: Sound, site: DataCenter, most_kw: float, used: dict[tuple[str, int], int], findings: Findings
) -> None:
    draw = {
        pool.id: kilowatts(sound.problem, pool) for pool in sound.problem.pools if pool.data_center == site.id
    }
    for period, entry in enumerate(sound.problem.periods):
        power = sum(used.get((pool, period), 0) * each for pool, each in draw.items())
        if exceeds(power, most_kw):
            findings.limit("site_power", named(data_center=site.id, period=entry.id), power, most_kw, "kW")


def _check_pool_use(sound: Sound, used: dict[tuple[str, int], int], findings: Findings) -> None:
    stated: set[tuple[str, int]] = set()
    for entry in sound.plan.pool_use:
        key = (entry.pool, sound.period.get(entry.period, -1))
        if entry.pool not in sound.problem.pool or key[1] < 0 or key in stated:
            element = named(pool=entry.pool, period=entry.period)
            findings.add(
                "utilization", element, "is listed more than once" if key in stated else "does not exist"
            )
        else:
            _check_pool_entry(sound, entry, used.get(key, 0), findings)
        stated.add(key)
    for pool in sound.problem.pools:
        for period in range(len(sound.problem.periods)):
            if (pool.id, period) not in stated:
                findings.add("utilization", _pool_period(sound, pool.id, period), "is not listed")


def _check_pool_entry(sound: Sound, entry: PoolUse, used: int, findings: Findings) -> None:
    total = available(sound.problem.pool[entry.pool], sound.modules.get(entry.pool, 0))
    share = used / total if total else 0.0
    if (entry.used, entry.available) == (used, total) and abs(entry.utilization - share) <= ABSOLUTE:
        return
    element = named(pool=entry.pool, period=entry.period)
    findings.compare("utilization", element, "used", entry.used, used)
    findings.compare("utilization", element, "available", entry.available, total)
    findings.compare("utilization", element, "utilization", entry.utilization, share)


def _check_spot(sound: Sound, held: list[Use], findings: Findings) -> None:
    used: defaultdict[tuple[str, int], int] = defaultdict(int)
    for use in held:
        if use.spot:
            used[use.pool, use.period] += use.accelerators
    for (pool, period), count in used.items():
        most = sound.problem.pool[pool].spot_count
        if most is not None and count > most:
            findings.add(
                "spot_capacity", _pool_period(sound, pool, period), f"{count} used of {most}", count - most
            )


def _check_purchase(sound: Sound, purchase: Purchase, findings: Findings) -> None:
    pool = sound.problem.pool.get(purchase.pool)
    if pool is None or pool.expansion is None:
        return  # reported with the structure
    element, expansion = named(pool=pool.id), pool.expansion
    findings.limit("purchase", element, purchase.modules, expansion.max_modules, "modules")
    accelerators = purchase.modules * expansion.module_accelerators
    findings.compare("purchase", element, "accelerators", purchase.accelerators, accelerators)
    findings.compare("purchase", element, "capital_usd", purchase.capital_usd, capital_usd(sound, pool))
    findings.compare("purchase", element, "facility_usd", purchase.facility_usd, facility_usd(sound, pool))


def capital_usd(sound: Sound, pool: Pool) -> float:
    """Return what the modules bought for ``pool`` cost over the horizon."""
    if pool.expansion is None:
        return 0.0
    rate, years = pool.expansion.discount_rate, pool.expansion.lifetime_years
    discount = -math.expm1(
        -years * math.log1p(rate)
    )  # 1 - (1 + rate)^-years, exact for the smallest rates too
    yearly = pool.expansion.capital_usd_per_module * (rate / discount if discount else 1 / years)
    return sound.modules.get(pool.id, 0) * yearly * sound.problem.horizon_hours / 8760


def facility_usd(sound: Sound, pool: Pool) -> float:
    """Return what space and staff for the modules bought for ``pool`` cost over the horizon."""
    if pool.expansion is None:
        return 0.0
    count = sound.modules.get(pool.id, 0) * pool.expansion.module_accelerators
    watts = count * sound.problem.accelerator[pool.accelerator].tdp_w * pool.power_utilization
    usd_per_kw_year = pool.expansion.space_usd_per_kw_year + pool.expansion.staff_usd_per_kw_year
    return watts / 1000 * usd_per_kw_year * sound.problem.horizon_hours / 8760


def _check_links(sound: Sound, findings: Findings) -> None:
    traffic = _Traffic(sound)
    for part in sound.services:
        traffic.add_service(part)
    for job, entry in sound.jobs:
        traffic.add_job(job, entry)
    for (name, source, target, period), gbps in traffic.gbps.items():
        link = sound.problem.link[name]
        most = link.bandwidth_gbps * (1 - link.reserve_fraction)
        if exceeds(gbps, most):
            element = _direction(link, source, target, sound.problem.periods[period].id)
            findings.limit("link_capacity", element, gbps, most, "Gbit/s")
    _check_link_use(sound, traffic.gbps, findings)


class _Traffic:
    """Gbit/s by link, direction and period."""

    def __init__(self, sound: Sound) -> None:
        self.sound = sound
        self.gbps: defaultdict[tuple[str, str, str, int], float] = defaultdict(float)

    def _add(self, hops: tuple[Hop, ...], period: int, gbps: float) -> None:
        for hop in hops if gbps else ():
            self.gbps[hop.link.id, hop.source, hop.target, period] += gbps

    def add_service(self, part: SoundService) -> None:
        rates: defaultdict[tuple[str, str], float] = defaultdict(float)
        for flow in part.flows:
            rates[flow.route, flow.period] += flow.requests_per_second
        for (route, period), rate in rates.items():
            if walk := self.sound.routes.walks.get(route):
                index = self.sound.period[period]
                self._add(walk.out, index, rate * part.service.request_kb * KB_PER_S_TO_GBPS)
                self._add(walk.back, index, rate * part.service.response_kb * KB_PER_S_TO_GBPS)

    def add_job(self, job: TrainingJob, entry: JobPlan) -> None:
        running = [self.sound.period[run.period] for run in entry.runs if run.hours > 0]
        pauses = job.interruptible and not entry.continuing
        arrival = entry.start_hours + entry.transfer_hours
        window = overlaps(self.sound.problem, entry.start_hours, arrival)
        for period in running if pauses else [period for period, _ in window]:
            for route in entry.dataset_routes:
                walk = self.sound.routes.walks.get(route) if route is not None else None
                self._add(walk.out if walk else (), period, entry.transfer_gbps)
        if job.multi_site is not None:
            for walk in filter(None, map(self.sound.routes.walks.get, entry.inter_site_routes)):
                for period in running:
                    self._add((*walk.out, *walk.back), period, job.multi_site.min_bandwidth_gbps)


def _direction(link: Link, source: str, target: str, period: str) -> str:
    return f"{named(link=link.id)} {source} -> {target}, {named(period=period)}"


def _check_link_use(sound: Sound, gbps: dict[tuple[str, str, str, int], float], findings: Findings) -> None:
    stated: set[tuple[str, str, str, int]] = set()
    for entry in sound.plan.link_use:
        key = (entry.link, entry.source, entry.target, sound.period.get(entry.period, -1))
        if fault := _link_use_fault(sound, entry) or ("is listed more than once" if key in stated else None):
            findings.add(
                "utilization", named(link=entry.link, source=entry.source, period=entry.period), fault
            )
        else:
            _check_link_entry(sound, entry, gbps.get(key, 0.0), findings)
        stated.add(key)
    for (name, source, target, period), traffic in gbps.items():
        if (name, source, target, period) not in stated and traffic > ABSOLUTE:
            element = _direction(sound.problem.link[name], source, target, sound.problem.periods[period].id)
            findings.add("utilization", element, f"is not listed and carries {figure(traffic)} Gbit/s")


def _link_use_fault(sound: Sound, entry: LinkUse) -> str | None:
    link = sound.problem.link.get(entry.link)
    if link is None or entry.period not in sound.period:
        return "does not exist"
    if {entry.source, entry.target} != {link.source, link.target}:
        return f"joins {link.source!r} and {link.target!r}, not {entry.source!r} and {entry.target!r}"
    return None


def _check_link_entry(sound: Sound, entry: LinkUse, gbps: float, findings: Findings) -> None:
    link = sound.problem.link[entry.link]
    element = _direction(link, entry.source, entry.target, entry.period)
    findings.compare("utilization", element, "gbps", entry.gbps, gbps)
    findings.compare("utilization", element, "bandwidth_gbps", entry.bandwidth_gbps, link.bandwidth_gbps)
    findings.compare("utilization", element, "utilization", entry.utilization, gbps / link.bandwidth_gbps)
