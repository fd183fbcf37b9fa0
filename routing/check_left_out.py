"""Reasons of left-out work: the first test, in the documented order, that nothing passes.

Residency, accelerator, memory, gang, pinned, route, transit, bandwidth, latency, deadline, power, carbon,
budget, sites, survival; what passes all of them was left out for want of capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations, product

from .check_admission import Pins, counts, hours, in_time, largest_gang, remembers, serving, site_of
from .check_alone import Alone, Share
from .check_findings import Findings, exceeds
from .check_reach import Reach, Rules
from .check_structure import Sound, left_out_element
from .check_survival import Loss, Losses
from .plan import LeftOut
from .sites import Pool
from .workloads import InferenceService, TrainingJob

ANY = Rules(flags=False)
OPEN = Rules()
LIMITS = ("power", "carbon", "budget")
Likeness = tuple[str, str | None]
PoolTest = Callable[[Pool], bool]
PairTest = Callable[[str, str], bool]
SizeTest = Callable[[Pool, int, int], bool]


def check_left_out(sound: Sound, findings: Findings) -> None:
    """Check that each entry of left-out work names the reason that bars it."""
    if not sound.left_out:
        return
    reasons = _Reasons(sound)
    for entry in sound.left_out:
        true = reasons.of(entry)
        if entry.reason not in true:
            message = f"reason is {entry.reason!r}, should be {' or '.join(map(repr, true))}"
            findings.add("left_out", left_out_element(entry), message)


class _Reasons:
    """The reasons that may be given; more than one only where the order of tests leaves it open."""

    def __init__(self, sound: Sound) -> None:
        self.sound = sound
        self.problem = sound.problem
        self.pins = Pins(sound.problem)
        self.reach = Reach(sound.problem)
        self.alone = Alone(sound)
        self.losses = Losses(sound.problem)
        self.shortest_hours = min(sound.problem.durations_hours)
        self._known: dict[Likeness, tuple[str, ...]] = {}
        self._tested: dict[tuple[str, str, bool, bool], tuple[list[Pool], str]] = {}

    def of(self, entry: LeftOut) -> tuple[str, ...]:
        """Return the reasons that hold for an entry."""
        workload = self.problem.workload[entry.workload]
        key = self._likeness(workload, entry.location)
        if key not in self._known:
            self._known[key] = self._find(workload, entry.location or "")
        return self._known[key]

    def _find(self, workload: TrainingJob | InferenceService, location: str) -> tuple[str, ...]:
        if isinstance(workload, TrainingJob):
            return _JobReasons(self, workload).find()
        return self._service_reasons(workload, location)

    def _likeness(self, workload: TrainingJob | InferenceService, location: str | None) -> Likeness:
        """Return what work has in common that is barred for the same reasons."""
        if isinstance(workload, InferenceService):
            return (workload.id, location)
        same = workload.model_dump_json(exclude={"id", "name", "owner", "priority"})
        return (same, workload.id if self.pins.bind(workload.id) else None)

    def _service_reasons(self, service: InferenceService, location: str) -> tuple[str, ...]:
        found = (self._reason(service, location, *reading) for reading in product((False, True), repeat=2))
        return tuple(dict.fromkeys(found))

    def _reason(self, service: InferenceService, location: str, gang: bool, loose: bool) -> str:
        pools, reason = self._serving(service, location, gang, loose)
        if not pools:
            return reason
        places = (demand.location for demand in service.demand) if service.min_sites > 1 else (location,)
        serving = [pool for place in places for pool in self._serving(service, place, gang, loose)[0]]
        few = len({pool.data_center for pool in serving}) < service.min_sites
        if few:
            return "sites"
        return "survival" if self._is_exposed(service, location, pools, loose) else "capacity"

    def _is_exposed(self, service: InferenceService, location: str, pools: list[Pool], loose: bool) -> bool:
        """Return whether a loss that the service is to survive leaves none of the pools in reach."""
        demand = next(d for d in service.demand if d.location == location)
        rules = Rules(policy=self.problem.residency(demand.policy or service.policy))

        def stays(loss: Loss, pool: Pool) -> bool:
            if pool.data_center == loss.site:
                return False
            trip = loss.round_trip(location, pool.data_center, rules)
            return trip[loose] < float("inf") and in_time(service, pool, trip[loose])

        losses = self.losses(service.survive) if service.survive else ()
        return any(loss.site != location and not any(stays(loss, pool) for pool in pools) for loss in losses)

    def _serving(
        self, service: InferenceService, location: str, gang: bool, loose: bool
    ) -> tuple[list[Pool], str]:
        """Return the pools that may serve a location, or none and the first test that left none.

        A service at several sites asks this of all its locations for each of them, so it is tested once.
        """
        key = (service.id, location, gang, loose)
        if key not in self._tested:
            self._tested[key] = self._test(service, location, gang, loose)
        return self._tested[key]

    def _test(
        self, service: InferenceService, location: str, gang: bool, loose: bool
    ) -> tuple[list[Pool], str]:
        pools = list(self.problem.pools)
        for reason, test in self._service_tests(service, location, gang, loose):
            pools = [pool for pool in pools if test(pool)]
            if not pools:
                return [], reason
        return pools, ""

    def _service_tests(
        self, service: InferenceService, location: str, gang: bool, loose: bool
    ) -> Iterator[tuple[str, PoolTest]]:
        """Yield the tests; ``gang`` and ``loose`` take the other readings where the order leaves one open."""
        demand = next(d for d in service.demand if d.location == location)
        rules = Rules(policy=self.problem.residency(demand.policy or service.policy))
        yield "residency", self.at_rest(rules)
        yield "accelerator", lambda pool: serving(service, pool) is not None
        yield "memory", lambda pool: remembers(self.problem, service, pool)
        if gang:
            yield "gang", lambda pool: self._fits_a_replica(service, pool)
        yield "pinned", lambda pool: self.pins.permit(service.id, pool)
        yield "route", lambda pool: self._trip(location, pool, ANY if loose else OPEN)[0] < float("inf")
        yield "transit", lambda pool: self._trip(location, pool, rules)[0] < float("inf")
        yield "latency", lambda pool: in_time(service, pool, self._trip(location, pool, rules)[loose])
        yield "power", lambda pool: "power" not in self._barring(service, pool)
        yield "carbon", lambda pool: "carbon" not in self._barring(service, pool)
        yield "budget", lambda pool: "budget" not in self._barring(service, pool)

    def _barring(self, service: InferenceService, pool: Pool) -> list[str]:
        """Return the limits that a single replica, in the shortest period, breaks."""
        way = serving(service, pool)
        share = Share(pool, way.accelerators_per_replica if way else 0, self.shortest_hours)
        return list(self.alone.barring(share))

    def at_rest(self, rules: Rules) -> PoolTest:
        """Return the test of residency at rest."""
        policy = rules.policy
        return lambda pool: policy is None or policy.may_process(site_of(self.problem, pool).jurisdiction)

    def _fits_a_replica(self, service: InferenceService, pool: Pool) -> bool:
        way = serving(service, pool)
        return way is not None and way.accelerators_per_replica <= largest_gang(pool)

    def _trip(self, location: str, pool: Pool, rules: Rules) -> tuple[float, float]:
        return self.reach.round_trip(location, pool.data_center, rules)


def _fits_gang(pool: Pool, count: int, sites: int) -> bool:
    return count // sites <= largest_gang(pool)


def _any_two(one: str, other: str) -> bool:
    return one != other


def _spans(pools: list[Pool], sites: int, joined: PairTest) -> bool:
    """Return whether that many data centers of the pools are all joined with each other."""
    names = sorted({pool.data_center for pool in pools})
    if sites == 1:
        return bool(names)
    near = {name: {other for other in names if other != name and joined(name, other)} for name in names}
    pairs = ((one, other) for one, other in combinations(names, 2) if other in near[one])
    return any(sites == 2 or near[one] & near[other] for one, other in pairs)


class _JobReasons:
    def __init__(self, reasons: _Reasons, job: TrainingJob) -> None:
        self.reasons = reasons
        self.problem = reasons.problem
        self.job = job
        self.rules = Rules(policy=reasons.problem.residency(job.policy))

    def find(self) -> tuple[str, ...]:
        if any(map(self._can_be_in, self.problem.pools)):
            return ("capacity",)  # the common case, told without the order of tests
        return tuple(dict.fromkeys(self._first(loose) for loose in (False, True)))

    def _can_be_in(self, pool: Pool) -> bool:
        """Return whether the whole job can be in the pool, were it empty."""
        sizes = counts(self.job, pool.accelerator)
        return (
            any(_fits_gang(pool, count, 1) and self._within(pool, count, 1) for count in sizes)
            and all(test(pool) for _, test in self._pool_tests())
            and self.reasons.pins.permit(self.job.id, pool)
            and bool(self._fed([pool], self.rules))
        )

    def _first(self, loose: bool) -> str:
        pools = list(self.problem.pools)
        for reason, test in self._pool_tests():
            pools = [pool for pool in pools if test(pool)]
            if not pools:
                return reason
        return next((reason for reason, fails in self._option_tests(pools, loose) if fails), "capacity")

    def _pool_tests(self) -> Iterator[tuple[str, PoolTest]]:
        yield "residency", self.reasons.at_rest(self.rules)
        yield "accelerator", lambda pool: any(True for _ in counts(self.job, pool.accelerator))
        yield "memory", lambda pool: remembers(self.problem, self.job, pool)

    def _option_tests(self, pools: list[Pool], loose: bool) -> Iterator[tuple[str, bool]]:
        """Yield whether each test fails; ``loose`` asks of gangs and pins one pool only, not one per site."""
        holds = self._has_pool if loose else self._exists
        yield "gang", not holds(pools)
        pools = [pool for pool in pools if self.reasons.pins.permit(self.job.id, pool)]
        yield "pinned", not holds(pools)
        for reason, rules in (("route", ANY if loose else OPEN), ("transit", self.rules)):
            yield reason, not self._exists(self._fed(pools, rules), self._joined(rules, float("inf"), loose))
        pools, limits = self._fed(pools, self.rules), self.job.multi_site
        wide = replace(self.rules, least_gbps=limits.min_bandwidth_gbps if limits else 0.0)
        yield "bandwidth", not self._exists(pools, self._joined(wide, float("inf"), loose))
        joined = self._joined(wide, limits.max_rtt_ms if limits else 0.0, loose)
        yield "latency", not self._exists(pools, joined)
        yield "deadline", not self._exists(pools, joined, self._in_time)
        for step, reason in enumerate(LIMITS, 1):
            fits = partial(self._within, limits=LIMITS[:step])
            yield reason, not self._exists(pools, joined, fits)

    def _fed(self, pools: list[Pool], rules: Rules) -> list[Pool]:
        """Return the pools that the dataset can come to."""
        if self.job.dataset is None:
            return pools
        copies, reach = self.job.dataset.at, self.reasons.reach
        reached = {
            site
            for site in {pool.data_center for pool in pools}
            if any(reach.to_site(copy, site, rules) < float("inf") for copy in copies)
        }
        return [pool for pool in pools if pool.data_center in reached]

    def _joined(self, rules: Rules, most_ms: float, loose: bool) -> PairTest:
        """Return the test of two sites: a round trip of at most ``most_ms``, from either to the other."""
        trip = self.reasons.reach.round_trip

        def test(one: str, other: str) -> bool:
            rtt_ms = min(trip(one, other, rules)[loose], trip(other, one, rules)[loose])
            return rtt_ms < float("inf") and not (most_ms < float("inf") and exceeds(rtt_ms, most_ms))

        return test

    def _in_time(self, pool: Pool, count: int, sites: int) -> bool:
        running, latest = hours(self.problem, self.job, [pool] * sites, count), self.job.deadline_hours
        if running is None or latest is None:
            return running is not None
        return not exceeds(self.job.earliest_start_hours + running, latest)

    def _within(self, pool: Pool, count: int, sites: int, limits: tuple[str, ...] = LIMITS) -> bool:
        """Return whether a site of the job ends in time and, alone, keeps those of the limits."""
        running = hours(self.problem, self.job, [pool] * sites, count)
        if running is None or not self._in_time(pool, count, sites):
            return False
        within = min(running, self.problem.horizon_hours - self.job.earliest_start_hours)
        share = Share(pool, count // sites, within, spot=self.job.interruptible)
        return not set(limits) & set(self.reasons.alone.barring(share))

    def _shares(self, pools: list[Pool], fits: SizeTest = _fits_gang) -> Iterator[tuple[int, list[Pool]]]:
        """Yield, per type, count and number of sites, the pools that can hold an even share."""
        sizes = {(pool.accelerator, count) for pool in pools for count in counts(self.job, pool.accelerator)}
        for accelerator, count in sorted(sizes):
            same = [pool for pool in pools if pool.accelerator == accelerator]
            for sites in range(1, self.job.max_sites + 1):
                if count % sites == 0:
                    yield sites, [p for p in same if _fits_gang(p, count, sites) and fits(p, count, sites)]

    def _has_pool(self, pools: list[Pool]) -> bool:
        """Return whether some pool holds a share of the job."""
        return any(holding for _, holding in self._shares(pools))

    def _exists(self, pools: list[Pool], joined: PairTest = _any_two, fits: SizeTest = _fits_gang) -> bool:
        """Return whether the job has an option over ``pools``: enough sites, all joined with each other."""
        return any(_spans(holding, sites, joined) for sites, holding in self._shares(pools, fits))
