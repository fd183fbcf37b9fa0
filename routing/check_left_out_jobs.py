"""Reasons of a training job that is left out: the first test that nothing passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

from .check_admission import counts, ends_in_time, hours, largest_gang, remembers
from .check_alone import Share
from .check_barring import LIMITS, OPEN, Barring, PoolTest, left_by
from .check_findings import beyond
from .check_reach import Rules, is_narrow
from .sites import Pool
from .workloads import TrainingJob

PairTest = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a job could run: on so many accelerators in all, over so many sites, for so long."""

    accelerator: str
    count: int
    sites: int
    hours: float
    spot: bool = False

    @property
    def share(self) -> int:
        """Accelerators at each site."""
        return self.count // self.sites


ShapeTest = Callable[[Pool, Shape], bool]


def _any_two(_one: str, _other: str) -> bool:
    return True


def _any_shape(_pool: Pool, _shape: Shape) -> bool:
    return True


def _spans(pools: list[Pool], slowest: list[Pool], sites: int, joined: PairTest) -> bool:
    """Return whether so many data centers of the pools, one of the slowest, are all joined."""
    names, firsts = ({pool.data_center for pool in each} for each in (pools, slowest))
    if sites == 1:
        return bool(firsts)
    for first in sorted(firsts):
        near = sorted(name for name in names if name != first and joined(first, name))
        if near if sites == 2 else any(joined(*pair) for pair in combinations(near, 2)):
            return True
    return False


class JobReasons:
    """The reasons of one job."""

    def __init__(self, barring: Barring, job: TrainingJob) -> None:
        self.barring = barring
        self.problem = barring.problem
        self.job = job
        self.rules = Rules(policy=barring.problem.residency(job.policy))
        self._known_hours: dict[object, float | None] = {}

    def find(self) -> tuple[str, ...]:
        """Return the reasons that hold; more than one only where the least round trips are not known."""
        if any(map(self._can_be_in, self.problem.pools)):
            return ("capacity",)  # the common case, told without the order of tests
        return tuple(dict.fromkeys(self._first(loose) for loose in (False, True)))

    def _can_be_in(self, pool: Pool) -> bool:
        """Return whether the whole job can be in the pool, were it empty."""
        tests = (test for _, test in self._pool_tests())
        if not all(test(pool) for test in tests) or not self.barring.pins.permit(self.job.id, pool):
            return False
        fits = self._carries_within(LIMITS)
        return self._is_fed(pool, self.rules) and any(
            self._holds(pool, shape) is not None and fits(pool, shape) for shape in self._shapes_in(pool, 1)
        )

    def _first(self, loose: bool) -> str:
        pools, reason = left_by(self._pool_tests(), list(self.problem.pools))
        if reason:
            return reason
        return next((reason for reason, fails in self._option_tests(pools, loose) if fails), "capacity")

    def _pool_tests(self) -> Iterator[tuple[str, PoolTest]]:
        yield "residency", self.barring.at_rest(self.rules)
        yield "accelerator", lambda pool: any(True for _ in counts(self.job, pool.accelerator))
        yield "memory", lambda pool: remembers(self.problem, self.job, pool)

    def _option_tests(self, pools: list[Pool], loose: bool) -> Iterator[tuple[str, bool]]:
        """Yield whether each test fails; ``loose`` takes the upper bounds of round trips."""
        yield "gang", not self._exists(pools)
        pools = [pool for pool in pools if self.barring.pins.permit(self.job.id, pool)]
        yield "pinned", not self._exists(pools)
        for reason, rules in (("route", OPEN), ("transit", self.rules)):
            fed = [pool for pool in pools if self._is_fed(pool, rules)]
            yield reason, not self._exists(fed, self._joined(rules, float("inf"), loose))
        limits = self.job.multi_site
        wide = replace(self.rules, least_gbps=limits.min_bandwidth_gbps if limits else 0.0)
        yield "bandwidth", not self._exists(fed, self._joined(wide, float("inf"), loose), self._carries)
        joined = self._joined(wide, limits.max_rtt_ms if limits else 0.0, loose)
        yield "latency", not self._exists(fed, joined, self._carries)
        for step, reason in enumerate(("deadline", *LIMITS)):
            yield reason, not self._exists(fed, joined, self._carries_within(LIMITS[:step]))

    def _is_fed(self, pool: Pool, rules: Rules) -> bool:
        """Return whether the dataset can come to the pool."""
        dataset, reach = self.job.dataset, self.barring.reach
        return dataset is None or any(
            reach.to_site(copy, pool.data_center, rules) < float("inf") for copy in dataset.at
        )

    def _carries(self, pool: Pool, shape: Shape) -> bool:
        """Return whether some way of the dataset to the pool is wide enough for its rate, were it empty."""
        dataset, reach = self.job.dataset, self.barring.reach
        if dataset is None:
            return True
        window_hours = min(dataset.transfer_hours or shape.hours, shape.hours)
        gbps = dataset.gb / shape.sites * 8 / (3600 * window_hours)
        widest = max(reach.widest_gbps(copy, pool.data_center, self.rules) for copy in dataset.at)
        return not is_narrow(widest, gbps)

    def _joined(self, rules: Rules, most_ms: float, loose: bool) -> PairTest:
        """Return the test of two sites: a round trip of at most ``most_ms``, and either may be reached."""
        trip = self.barring.reach.round_trip

        def test(one: str, other: str) -> bool:
            rtts_ms = trip(one, other, rules)[loose], trip(other, one, rules)[loose]
            return max(rtts_ms) < float("inf") and not (
                most_ms < float("inf") and beyond(min(rtts_ms), most_ms)
            )

        return test

    def _carries_within(self, limits: tuple[str, ...]) -> ShapeTest:
        return lambda pool, shape: self._carries(pool, shape) and self._within(pool, shape, limits)

    def _within(self, pool: Pool, shape: Shape, limits: tuple[str, ...]) -> bool:
        """Return whether a site of the job ends in time and, alone, keeps those of the limits."""
        if not ends_in_time(self.problem, self.job, shape.hours):
            return False
        within = min(shape.hours, self.problem.horizon_hours - self.job.earliest_start_hours)
        share = Share(pool, shape.share, within, spot=shape.spot)
        return not set(limits) & set(self.barring.alone.barring(share))

    def _holds(self, pool: Pool, shape: Shape) -> float | None:
        """Return how long the job takes in such pools, or None where this one cannot be one of them."""
        if pool.accelerator != shape.accelerator or shape.share > largest_gang(pool):
            return None
        if shape.spot and pool.spot_usd_per_accelerator_hour is None:
            return None
        return self._hours(pool, shape.count, shape.sites)

    def _shapes_in(self, pool: Pool, most_sites: int) -> Iterator[Shape]:
        """Yield how the job could run in pools as fast as this one."""
        for count, sites in product(counts(self.job, pool.accelerator), range(1, most_sites + 1)):
            running = self._hours(pool, count, sites) if count % sites == 0 else None
            if running is not None:
                for spot in {False, self.job.interruptible}:
                    yield Shape(pool.accelerator, count, sites, running, spot)

    def _hours(self, pool: Pool, count: int, sites: int) -> float | None:
        key = pool.accelerator, pool.scaling, count, sites
        if key not in self._known_hours:
            self._known_hours[key] = hours(self.problem, self.job, [pool] * sites, count)
        return self._known_hours[key]

    @cached_property
    def _shapes(self) -> list[Shape]:
        found = (self._shapes_in(pool, self.job.max_sites) for pool in self.problem.pools)
        return list(dict.fromkeys(shape for shapes in found for shape in shapes))

    def _exists(self, pools: list[Pool], joined: PairTest = _any_two, fits: ShapeTest = _any_shape) -> bool:
        """Return whether the job has an option over ``pools``: enough sites, all joined with each other."""
        for shape in self._shapes:
            running = {pool.id: self._holds(pool, shape) for pool in pools}
            holding = [
                pool
                for pool in pools
                if (own := running[pool.id]) is not None and own <= shape.hours and fits(pool, shape)
            ]
            slowest = [pool for pool in holding if running[pool.id] == shape.hours]
            if _spans(holding, slowest, shape.sites, joined):
                return True
        return False
