"""Training jobs: every option of each, the columns and rows of one job, and what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from computeroute.routing.sites import Pool
from computeroute.routing.workloads import TrainingJob

from .facts import CLOSE, Facts
from .paths import Path, Ways, directions, latency_ms, usd_per_gb
from .program import Program, Terms
from .totals import Route, Totals, both, choose, without_dominated

GBIT_PER_GB, SECONDS = 8, 3600


@dataclass(frozen=True)
class Option:
    """A way to run a job."""

    pools: tuple[Pool, ...]
    each: int
    """Accelerators in each pool."""
    hours: float
    spot: bool
    start: float | None
    """Hours from the beginning of the horizon; None where it may pause."""
    continuing: bool


def options(facts: Facts, ways: Ways, job: TrainingJob) -> list[Option]:
    """Return every admissible option."""
    found = []
    for pools in _clusters(facts, ways, job):
        for count, hours in _sizes(facts, job, pools):
            if count % len(pools) == 0 and all(count // len(pools) <= _largest_gang(facts, p) for p in pools):
                for spot in _prices(job, pools):
                    found += _starts(facts, job, pools, count // len(pools), hours, spot)
    return found


def _clusters(facts: Facts, ways: Ways, job: TrainingJob) -> Iterator[tuple[Pool, ...]]:
    """Yield pools of one type at different sites, each of them reached and joined with the others."""
    admissible = [
        pool
        for pool in facts.problem.pools
        if facts.may_process(job.policy, facts.site(pool).jurisdiction)
        and facts.may_be_placed(job, pool)
        and dataset_ways(ways, job, pool) is not None
    ]
    for size in range(1, job.max_sites + 1):
        for pools in combinations(admissible, size):
            sites = {pool.data_center for pool in pools}
            alike = len(sites) == size and len({pool.accelerator for pool in pools}) == 1
            if alike and all(site_ways(ways, job, *pair) for pair in combinations(pools, 2)):
                yield pools


def _sizes(facts: Facts, job: TrainingJob, pools: Sequence[Pool]) -> Iterator[tuple[int, float]]:
    """Yield counts in all and running hours: of the slowest pool, divided by the efficiency over sites."""
    kind = pools[0].accelerator
    penalty = job.multi_site.efficiency if job.multi_site and len(pools) > 1 else 1.0
    for need in job.needs or ():
        if need.accelerator == kind:
            yield need.count, need.hours / penalty
    work = job.compute
    if work and (work.accelerators is None or kind in work.accelerators):
        for count in work.counts:
            slowest = min(_efficiency(pool, count) for pool in pools)
            pflops = facts.types[kind].peak_tflops / 1000 * count * work.utilization * slowest
            yield count, work.pflop_days * 24 / pflops / penalty


def _efficiency(pool: Pool, count: int) -> float:
    """Return the scaling at a size: linear in the logarithm of it, 1 at one, flat beyond the last point."""
    points = [(point.accelerators, point.efficiency) for point in pool.scaling]
    if not points or points[0][0] > 1:
        points.insert(0, (1, 1.0))
    for (low, high_share), (high, low_share) in pairwise(points):
        if low <= count <= high:
            return high_share + (low_share - high_share) * math.log(count / low) / math.log(high / low)
    return points[-1][1]


def _largest_gang(facts: Facts, pool: Pool) -> int:
    most = facts.most_usable(pool)
    return most if pool.max_gang is None else min(most, pool.max_gang)


def _prices(job: TrainingJob, pools: Sequence[Pool]) -> list[bool]:
    offered = all(pool.spot_usd_per_accelerator_hour is not None for pool in pools)
    return [False, True] if job.interruptible and offered else [False]


def _starts(
    facts: Facts, job: TrainingJob, pools: tuple[Pool, ...], each: int, hours: float, spot: bool
) -> Iterator[Option]:
    """Yield the starts: at the beginning of a period or the earliest start, and by the deadline."""
    earliest, deadline = job.earliest_start_hours, job.deadline_hours or math.inf
    continuing = hours > facts.horizon - earliest + CLOSE
    if continuing:
        if earliest + hours <= deadline + CLOSE:
            yield Option(pools, each, hours, spot, earliest, True)
        return
    if job.interruptible:
        if sum(room(facts, job).values()) >= hours - CLOSE:
            yield Option(pools, each, hours, spot, None, False)
        return
    for start in sorted({earliest, *(begin for begin in facts.begins if begin > earliest)}):
        if start + hours <= min(deadline, facts.horizon) + CLOSE:
            yield Option(pools, each, hours, spot, start, False)


def room(facts: Facts, job: TrainingJob) -> dict[int, float]:
    """Return the hours of each period between the earliest start and the deadline or the horizon's end."""
    return overlaps(facts, job.earliest_start_hours, min(job.deadline_hours or math.inf, facts.horizon))


def overlaps(facts: Facts, start: float, end: float) -> dict[int, float]:
    """Return the hours of each period between two times."""
    within = {t: min(facts.end(t), end) - max(facts.begins[t], start) for t in facts.periods}
    return {t: hours for t, hours in within.items() if hours > CLOSE}


def dataset_ways(ways: Ways, job: TrainingJob, pool: Pool) -> list[Path] | None:
    """Return the ways of the dataset to a pool: empty where a copy is there, None where none leads there."""
    site = pool.data_center
    if job.dataset is None or site in job.dataset.at:
        return []
    found = [path for origin in job.dataset.at for path in ways.one_way(origin, site, job.policy)]
    return found or None


def site_ways(ways: Ways, job: TrainingJob, one: Pool, other: Pool) -> list[Path]:
    """Return round trips between two sites within the limit, each as one path there and back.

    Data goes both ways, so that transit rules bind both sites.
    """
    limit = job.multi_site.max_rtt_ms if job.multi_site else math.inf
    ends = (one.data_center, other.data_center)
    forth, back = (ways.round_trips(*pair, job.policy) for pair in (ends, ends[::-1]))
    trips = [*forth, *back] if forth and back else []
    return [(*trip.out, *trip.back) for trip in trips if trip.rtt_ms <= limit + CLOSE]


def most_gbps(job: TrainingJob, of_job: Sequence[Option]) -> float:
    """Return more than a job can ever put on one direction of a link."""
    rate = max((transfer_gbps(job, o)[0] * len(o.pools) for o in of_job), default=0.0)
    pairs = math.comb(job.max_sites, 2)
    return rate + (2 * pairs * job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0)


def transfer_gbps(job: TrainingJob, option: Option) -> tuple[float, float]:
    """Return the rate of a share of the dataset, and the hours that it takes."""
    if job.dataset is None:
        return 0.0, 0.0
    hours = min(job.dataset.transfer_hours or option.hours, option.hours)
    return job.dataset.gb / len(option.pools) * GBIT_PER_GB / (SECONDS * hours), hours


class JobModel:
    """The columns and rows of one job."""

    def __init__(self, facts: Facts, ways: Ways, program: Program, totals: Totals, job: TrainingJob) -> None:
        self.facts, self.ways, self.program, self.totals, self.job = facts, ways, program, totals, job
        self.narrow, self.cheapest = (lambda _link: True), False
        self.options: dict[int, Option] = {}
        """By the column ``x``."""

    def place_once(self, of_job: Sequence[Option]) -> None:
        """Add ``sum_o x[o] + unplaced = 1``, and what each option takes."""
        unplaced = self.program.column(1)
        self.totals.unserved[unplaced] += self.job.priority
        once = Terms().add({unplaced: 1.0})
        for option in of_job:
            x = self.program.binary()
            once[x] += 1
            self.options[x] = option
            active = self._run_hours(x, option) if option.start is None else self._steady(x, option)
            self._transfer(x, option, active)
            self._join_sites(x, option, active)
            self._move(x, option)
        self.program.equal(once, 1)

    def _hold(self, column: int, option: Option, t: int) -> None:
        for pool in option.pools:
            self.totals.held[pool.id, t][column] += option.each
            if option.spot:
                self.totals.spot[pool.id, t][column] += option.each

    def _run(self, column: int, option: Option, t: int, hours: float) -> None:
        for pool in option.pools:
            self.totals.run(self.facts, pool.id, t, column, option.each * hours, option.spot)

    def _steady(self, x: int, option: Option) -> dict[int, int]:
        """Run without a pause; what is left after the horizon is extrapolated."""
        start = option.start or 0.0
        running = overlaps(self.facts, start, start + option.hours)
        for t, hours in running.items():
            self._hold(x, option, t)
            self._run(x, option, t, hours)
        if option.continuing:
            self._go_on(x, option, option.hours - sum(running.values()))
        return dict.fromkeys(running, x)

    def _go_on(self, x: int, option: Option, hours: float) -> None:
        for pool in option.pools:
            usd = self._long_run_usd(pool, option)
            self.totals.usd_beyond[x] += option.each * hours * usd
            self.totals.tonnes_beyond[x] += option.each * hours * self.facts.mean(self.facts.tonnes(pool))

    def _long_run_usd(self, pool: Pool, option: Option) -> float:
        compute = self.facts.hour_beyond_usd(pool, option.each, option.spot)
        return compute + self.facts.mean(self.facts.energy_usd(pool))

    def _run_hours(self, x: int, option: Option) -> dict[int, int]:
        """Add ``sum_t run[t] = hours x``, ``run[t] <= min(room[t], hours) a[t]`` and ``a[t] <= x``."""
        active = {}
        hours_in_all = Terms().add({x: -option.hours})
        for t, hours in room(self.facts, self.job).items():
            a, run, most = self.program.binary(), self.program.column(), min(hours, option.hours)
            self.program.at_most(Terms().add({run: 1.0, a: -most}), 0)
            self.program.at_most(Terms().add({a: 1.0, x: -1.0}), 0)
            hours_in_all[run] += 1
            self._hold(a, option, t)
            self._run(run, option, t, 1.0)
            active[t] = a
        self.program.equal(hours_in_all, 0)
        return active

    def _transfer(self, x: int, option: Option, active: dict[int, int]) -> None:
        """Carry a share of the dataset to each site, over a route of its own."""
        gbps, hours = transfer_gbps(self.job, option)
        if option.start is not None:
            active = dict.fromkeys(overlaps(self.facts, option.start, option.start + hours), x)
        for pool in option.pools:
            paths = dataset_ways(self.ways, self.job, pool)
            gb = self.job.dataset.gb / len(option.pools) if paths and self.job.dataset else 0.0
            usd = [gb * usd_per_gb(self.facts, path) for path in paths or ()]
            routes = [Route(u, u, directions(path)) for u, path in zip(usd, paths or (), strict=True)]
            self._take(x, routes, gbps, active)

    def _join_sites(self, x: int, option: Option, active: dict[int, int]) -> None:
        """Reserve bandwidth between each two sites, both ways, in every period in which the job runs."""
        for pair in combinations(option.pools, 2):
            paths = site_ways(self.ways, self.job, *pair)
            cost = self._rank if self.cheapest else lambda _path: 0.0
            routes = [Route(0.0, cost(path), directions(path)) for path in paths]
            self._take(
                x, routes, self.job.multi_site.min_bandwidth_gbps if self.job.multi_site else 0.0, active
            )

    def _rank(self, path: Path) -> float:
        return usd_per_gb(self.facts, path) + 1e-6 * latency_ms(path)

    def _take(self, x: int, routes: Sequence[Route], gbps: float, active: dict[int, int]) -> None:
        for column, route in choose(self.program, x, self._offered(routes)) if routes else ():
            self.totals.usd[column] += route.usd
            for t, a in active.items():
                here = column if a == x else a if column == x else both(self.program, column, a)
                for (link, node), times in route.load.items():
                    self.totals.gbps[link, node, t][here] += gbps * times

    def _offered(self, routes: Sequence[Route]) -> list[Route]:
        return without_dominated(routes, self.narrow, self.cheapest)

    def _move(self, x: int, option: Option) -> None:
        """Pay for a job that is not in just the pools that it holds at present."""
        held = self.facts.problem.present.jobs.get(self.job.id)
        if held is None or set(held) == {pool.id for pool in option.pools}:
            return
        moving = self.facts.problem.moving
        usd = moving.usd_per_job
        usd += sum(
            moving.restart_hours * option.each * self._long_run_usd(pool, option) for pool in option.pools
        )
        origins = {self.facts.pools[name].data_center for name in held if name in self.facts.pools}
        for site in {pool.data_center for pool in option.pools} - origins:
            paths = [p for origin in origins for p in self.ways.one_way(origin, site, self.job.policy)]
            usd += moving.checkpoint_gb * min((usd_per_gb(self.facts, path) for path in paths), default=0.0)
        self.totals.usd[x] += usd
        self.totals.moves[x] += 1
