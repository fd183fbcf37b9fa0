"""Reasons of a training job that is left out: the first test that nothing passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations

from .check_admission import counts, ends_in_time, hours, largest_gang, remembers
from .check_alone import Share
from .check_barring import ANY, LIMITS, OPEN, Barring, PoolTest, left_by
from .check_findings import exceeds
from .check_reach import Rules
from .sites import Pool
from .workloads import TrainingJob

PairTest = Callable[[str, str], bool]
SizeTest = Callable[[Pool, int, int], bool]


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


class JobReasons:
    """The reasons of one job."""

    def __init__(self, barring: Barring, job: TrainingJob) -> None:
        self.barring = barring
        self.problem = barring.problem
        self.job = job
        self.rules = Rules(policy=barring.problem.residency(job.policy))

    def find(self) -> tuple[str, ...]:
        """Return the reasons that hold; more than one only where the order of tests leaves it open."""
        if any(map(self._can_be_in, self.problem.pools)):
            return ("capacity",)  # the common case, told without the order of tests
        return tuple(dict.fromkeys(self._first(loose) for loose in (False, True)))

    def _can_be_in(self, pool: Pool) -> bool:
        """Return whether the whole job can be in the pool, were it empty."""
        sizes = counts(self.job, pool.accelerator)
        return (
            any(_fits_gang(pool, count, 1) and self._within(pool, count, 1) for count in sizes)
            and all(test(pool) for _, test in self._pool_tests())
            and self.barring.pins.permit(self.job.id, pool)
            and bool(self._fed([pool], self.rules))
        )

    def permitted(self) -> Iterator[Pool]:
        """Yield the pools in which a part of the job may be by policy, type, memory and pins."""
        tests = [test for _, test in self._pool_tests()]
        for pool in self.problem.pools:
            if all(test(pool) for test in tests) and self.barring.pins.permit(self.job.id, pool):
                yield pool

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
        """Yield whether each test fails; ``loose`` asks of gangs and pins one pool only, not one per site."""
        holds = self._has_pool if loose else self._exists
        yield "gang", not holds(pools)
        pools = [pool for pool in pools if self.barring.pins.permit(self.job.id, pool)]
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
        copies, reach = self.job.dataset.at, self.barring.reach
        reached = {
            site
            for site in {pool.data_center for pool in pools}
            if any(reach.to_site(copy, site, rules) < float("inf") for copy in copies)
        }
        return [pool for pool in pools if pool.data_center in reached]

    def _joined(self, rules: Rules, most_ms: float, loose: bool) -> PairTest:
        """Return the test of two sites: a round trip of at most ``most_ms``, from either to the other."""
        trip = self.barring.reach.round_trip

        def test(one: str, other: str) -> bool:
            rtt_ms = min(trip(one, other, rules)[loose], trip(other, one, rules)[loose])
            return rtt_ms < float("inf") and not (most_ms < float("inf") and exceeds(rtt_ms, most_ms))

        return test

    def _in_time(self, pool: Pool, count: int, sites: int) -> bool:
        running = hours(self.problem, self.job, [pool] * sites, count)
        return running is not None and ends_in_time(self.problem, self.job, running)

    def _within(self, pool: Pool, count: int, sites: int, limits: tuple[str, ...] = LIMITS) -> bool:
        """Return whether a site of the job ends in time and, alone, keeps those of the limits."""
        running = hours(self.problem, self.job, [pool] * sites, count)
        if running is None or not self._in_time(pool, count, sites):
            return False
        within = min(running, self.problem.horizon_hours - self.job.earliest_start_hours)
        share = Share(pool, count // sites, within, spot=self.job.interruptible)
        return not set(limits) & set(self.barring.alone.barring(share))

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
