"""Money and emissions, recomputed: what each workload costs by kind, and where it is paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .check_admission import site_of
from .check_resources import Use, capital_usd, facility_usd, kilowatts
from .check_routes import Hop
from .check_structure import Sound, SoundService
from .plan import Cost, JobPlan
from .problem import per_period
from .sites import DataCenter, Pool
from .workloads import TrainingJob

KINDS = tuple(Cost.model_fields)
IDLE = "(idle)"
NETWORK = "(network)"
KB_TO_GB = 1e-6
Tally = defaultdict[str, float]
"""USD by kind."""


def tally() -> Tally:
    """Return an empty tally."""
    return defaultdict(float)


def money(costs: Tally) -> float:
    """Return what is paid: everything but the prices of carbon and latency."""
    return sum(costs[kind] for kind in KINDS if kind not in ("carbon_usd", "latency_usd"))


@dataclass
class Ledger:
    """Every booking, cut by workload, data center, provider and owner."""

    by_workload: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(tally))
    by_data_center: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(tally))
    by_provider: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(tally))
    by_owner: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(tally))
    beyond: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(tally))
    """What continuing jobs cost after the horizon."""
    energy_kwh: defaultdict[str, float] = field(default_factory=tally)
    tco2e: defaultdict[str, float] = field(default_factory=tally)
    accelerator_hours: defaultdict[str, float] = field(default_factory=tally)
    """Billed within the horizon, by pool."""

    def book(self, workload: str, site: DataCenter | None, kind: str, usd: float) -> None:
        """Book an amount that is paid at ``site``, or between sites where that is None."""
        self.by_workload[workload][kind] += usd
        self.by_data_center[site.id if site else NETWORK][kind] += usd
        self.by_provider[site.provider_id if site else NETWORK][kind] += usd
        self.by_owner[site.owner_id if site else NETWORK][kind] += usd

    def total(self) -> Tally:
        """Return all bookings within the horizon by kind."""
        return _sum(self.by_workload.values())

    def total_in_all(self) -> Tally:
        """Return all bookings with continuing jobs to their ends."""
        return _sum([*self.by_workload.values(), *self.beyond.values()])


def _sum(tallies: Iterable[Tally]) -> Tally:
    result = tally()
    for each in tallies:
        for kind, usd in each.items():
            result[kind] += usd
    return result


def settle(sound: Sound, held: list[Use]) -> Ledger:
    """Return every cost and emission of the sound parts of a plan.

    Parameters
    ----------
    held
        Who holds what, where and when, as :func:`check_resources.uses` yields it.
    """
    ledger = Ledger()
    by_pool: defaultdict[str, list[Use]] = defaultdict(list)
    for use in held:
        by_pool[use.pool].append(use)
    for pool in sound.problem.pools:
        _Pool(sound, pool, ledger).settle(by_pool[pool.id])
    prices = Prices(sound)
    for part in sound.services:
        _settle_flows(sound, part, prices, ledger)
    for job, entry in sound.jobs:
        _settle_dataset(job, entry, prices, ledger)
        _settle_beyond(sound, job, entry, ledger)
    return ledger


def pays_energy(pool: Pool, site: DataCenter) -> bool:
    """Return whether energy is paid besides the price of the pool."""
    return site.kind != "cloud" if pool.energy_included is None else not pool.energy_included


class _Pool:
    """The bookings of one pool."""

    def __init__(self, sound: Sound, pool: Pool, ledger: Ledger) -> None:
        problem = sound.problem
        self.sound = sound
        self.pool = pool
        self.site = site_of(problem, pool)
        self.ledger = ledger
        self.kilowatts = kilowatts(sound.problem, pool)
        periods = len(problem.periods)
        paid = self.site.usd_per_kwh if pays_energy(pool, self.site) else 0.0
        self.usd_per_kwh, self.g_per_kwh = per_period(paid, periods), per_period(self.site.g_per_kwh, periods)
        self.usd_per_tco2e = problem.objective.usd_per_tco2e

    def settle(self, held: list[Use]) -> None:
        price = self._prices(held)
        amounts: defaultdict[str, Tally] = defaultdict(tally)
        for use in held:
            self._add(amounts[use.workload], use, price[use.period])
        for workload, amount in amounts.items():
            self._book_use(workload, amount)
        hours = {workload: amount["hours"] for workload, amount in amounts.items()}
        self._book_modules("capital_usd", capital_usd(self.sound, self.pool), hours)
        self._book_modules("facility_usd", facility_usd(self.sound, self.pool), hours)

    def _prices(self, held: list[Use]) -> list[float]:
        """Return what an accelerator-hour off spot costs in each period; book idle committed hours."""
        hours = [0.0] * len(self.usd_per_kwh)
        for use in held:
            if not use.spot:
                hours[use.period] += use.accelerators * use.hours
        committed_usd = self.pool.committed_usd_per_accelerator_hour or 0.0
        prices = []
        for used, duration in zip(hours, self.sound.problem.durations_hours, strict=True):
            committed = min(used, self.pool.committed_count * duration)
            idle = self.pool.committed_count * duration - committed
            self.ledger.book(IDLE, self.site, "compute_usd", idle * committed_usd)
            usd = committed * committed_usd + (used - committed) * self.pool.usd_per_accelerator_hour
            prices.append(usd / used if used > 0 else 0.0)
        return prices

    def _add(self, amount: Tally, use: Use, price: float) -> None:
        accelerator_hours = use.accelerators * use.hours
        kwh = accelerator_hours * self.kilowatts
        spot = self.pool.spot_usd_per_accelerator_hour
        if use.spot:
            price = self.pool.usd_per_accelerator_hour if spot is None else spot
        amount["hours"] += accelerator_hours
        amount["compute_usd"] += accelerator_hours * price
        amount["kwh"] += kwh
        amount["energy_usd"] += kwh * self.usd_per_kwh[use.period]
        amount["tco2e"] += kwh * self.g_per_kwh[use.period] / 1e6

    def _book_use(self, workload: str, amount: Tally) -> None:
        for kind in ("compute_usd", "energy_usd"):
            self.ledger.book(workload, self.site, kind, amount[kind])
        self.ledger.book(workload, self.site, "carbon_usd", amount["tco2e"] * self.usd_per_tco2e)
        self.ledger.energy_kwh[workload] += amount["kwh"]
        self.ledger.tco2e[workload] += amount["tco2e"]
        self.ledger.accelerator_hours[self.pool.id] += amount["hours"]

    def _book_modules(self, kind: str, usd: float, hours: dict[str, float]) -> None:
        """Share what the modules cost between the users of the pool."""
        total = sum(hours.values())
        for workload, share in hours.items() if total > 0 else [(IDLE, 1.0)]:
            self.ledger.book(workload, self.site, kind, usd * share / (total or 1.0))


class Prices:
    """What one GB over a way costs: on the links, and to leave each data center passed."""

    def __init__(self, sound: Sound) -> None:
        self.sites = sound.problem.data_center
        self._known: dict[tuple[str, bool], tuple[float, dict[str, float]]] = {}
        self.walks = sound.routes.walks

    def of(self, route: str, back: bool) -> tuple[float, dict[str, float]]:
        """Return USD per GB on links, and as egress by data center."""
        key = (route, back)
        if key not in self._known:
            walk = self.walks[route]
            self._known[key] = self._add_up(walk.back if back else walk.out)
        return self._known[key]

    def _add_up(self, hops: tuple[Hop, ...]) -> tuple[float, dict[str, float]]:
        egress = tally()
        for hop in hops:
            if site := self.sites.get(hop.source):
                own = hop.link.egress_usd_per_gb
                egress[site.id] += site.egress_usd_per_gb if own is None else own
        return sum(hop.link.usd_per_gb for hop in hops), egress

    def book(self, ledger: Ledger, workload: str, route: str, back: bool, gb: float) -> None:
        """Book ``gb`` over one way of a route."""
        link_usd, egress = self.of(route, back)
        ledger.book(workload, None, "link_usd", gb * link_usd)
        for site, usd in egress.items():
            ledger.book(workload, self.sites[site], "egress_usd", gb * usd)


def _settle_flows(sound: Sound, part: SoundService, prices: Prices, ledger: Ledger) -> None:
    requests: defaultdict[tuple[str, str], float] = defaultdict(float)
    for flow in part.flows:
        if flow.route in prices.walks:
            seconds = sound.problem.durations_hours[sound.period[flow.period]] * 3600
            requests[flow.route, flow.data_center] += flow.requests_per_second * seconds
    service, usd_per_ms = part.service, sound.problem.objective.usd_per_ms_request
    for (route, site), count in requests.items():
        prices.book(ledger, service.id, route, False, count * service.request_kb * KB_TO_GB)
        prices.book(ledger, service.id, route, True, count * service.response_kb * KB_TO_GB)
        delay_usd = count * prices.walks[route].rtt_ms * usd_per_ms
        ledger.book(service.id, sound.problem.data_center[site], "latency_usd", delay_usd)


def _settle_dataset(job: TrainingJob, entry: JobPlan, prices: Prices, ledger: Ledger) -> None:
    for route in entry.dataset_routes if job.dataset else ():
        if job.dataset and route in prices.walks:
            prices.book(ledger, job.id, route or "", False, job.dataset.gb / len(entry.placements))


def _settle_beyond(sound: Sound, job: TrainingJob, entry: JobPlan, ledger: Ledger) -> None:
    """Note what a continuing job costs after the horizon, at mean prices of energy and carbon."""
    left = entry.hours - sum(run.hours for run in entry.runs)
    problem, beyond = sound.problem, ledger.beyond[job.id]
    for place in entry.placements if entry.continuing else ():
        pool = problem.pool[place.pool]
        site, hours = site_of(problem, pool), place.accelerators * left
        kwh = hours * kilowatts(sound.problem, pool)
        compute_usd, energy_usd = hour_beyond_usd(sound, pool, place.accelerators, entry.spot)
        beyond["compute_usd"] += hours * compute_usd
        beyond["energy_usd"] += hours * energy_usd
        tco2e = kwh * _mean(sound)(site.g_per_kwh) / 1e6
        beyond["carbon_usd"] += tco2e * problem.objective.usd_per_tco2e_beyond


def hour_beyond_usd(sound: Sound, pool: Pool, accelerators: int, spot: bool) -> tuple[float, float]:
    """Return what an hour of one of so many accelerators costs after the horizon: compute, mean energy."""
    site = site_of(sound.problem, pool)
    usd_per_kwh = _mean(sound)(site.usd_per_kwh) if pays_energy(pool, site) else 0.0
    return _price_beyond(pool, accelerators, spot), kilowatts(sound.problem, pool) * usd_per_kwh


def _price_beyond(pool: Pool, accelerators: int, spot: bool) -> float:
    if spot and pool.spot_usd_per_accelerator_hour is not None:
        return pool.spot_usd_per_accelerator_hour
    committed = pool.committed_usd_per_accelerator_hour
    if committed is not None and accelerators <= pool.committed_count:
        return committed
    return pool.usd_per_accelerator_hour


def _mean(sound: Sound) -> Callable[[float | tuple[float, ...]], float]:
    durations = sound.problem.durations_hours

    def mean(values: float | tuple[float, ...]) -> float:
        each = per_period(values, len(durations))
        return sum(v * d for v, d in zip(each, durations, strict=True)) / sum(durations)

    return mean
