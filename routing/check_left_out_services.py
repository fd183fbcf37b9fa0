"""Reasons of what is left out of a service at a location: the first test that no pool passes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from .check_admission import in_time, largest_gang, remembers, serving
from .check_alone import Share
from .check_barring import LIMITS, OPEN, Barring, PoolTest, left_by
from .check_reach import Rules
from .check_survival import Loss
from .sites import Pool
from .workloads import InferenceService

Found = tuple[list[Pool], str]
"""The pools that pass some tests, or none and the first test that left none."""


class ServiceReasons:
    """The reasons of one service.

    A service at several sites asks of all its locations for each of them, and many locations share a policy:
    what is the same for them is tested once.
    """

    def __init__(self, barring: Barring, service: InferenceService) -> None:
        self.barring = barring
        self.problem = barring.problem
        self.service = service
        self._places = {demand.location: demand for demand in service.demand}
        self._holding = cache(self._test_holding)
        self._serving = cache(self._test_serving)
        self._sites = cache(self._serving_sites)
        self._limits = cache(self._breaks)

    def find(self, location: str) -> tuple[str, ...]:
        """Return the reasons that hold; more than one only where the least round trips are not known."""
        if self._is_plainly_free(location):
            return ("capacity",)  # the common case, told without the order of tests
        return tuple(dict.fromkeys(self._reason(location, loose) for loose in (False, True)))

    def _is_plainly_free(self, location: str) -> bool:
        """Return whether some pool passes all tests at their strictest, so that no order matters."""
        if self.service.min_sites > 1 or self.service.survive:
            return False
        pools, _ = self._holding(self._policy(location))
        tests = [test for _, test in self._reaching_tests(location, loose=True)]
        return any(all(test(pool) for test in tests) for pool in pools)

    def _reason(self, location: str, loose: bool) -> str:
        pools, reason = self._serving(location, loose)
        if not pools:
            return reason
        if self.service.min_sites > 1 and len(self._sites(loose)) < self.service.min_sites:
            return "sites"
        return "survival" if self._is_exposed(location, pools, loose) else "capacity"

    def _serving_sites(self, loose: bool) -> set[str]:
        """Return the data centers that may serve any of its locations that ask for something."""
        asking = [place for place, demand in self._places.items() if not demand.is_empty]
        return {pool.data_center for place in asking for pool in self._serving(place, loose)[0]}

    def _is_exposed(self, location: str, pools: list[Pool], loose: bool) -> bool:
        """Return whether a loss that the service is to survive leaves none of the pools in reach."""
        rules = self._rules(location)

        def stays(loss: Loss, pool: Pool) -> bool:
            if pool.data_center == loss.site:
                return False
            trip = loss.round_trip(location, pool.data_center, rules)
            return trip[loose] < float("inf") and in_time(self.service, pool, trip[loose])

        losses = self.barring.losses(self.service.survive) if self.service.survive else ()
        return any(loss.site != location and not any(stays(loss, pool) for pool in pools) for loss in losses)

    def _policy(self, location: str) -> str | None:
        return self._places[location].policy or self.service.policy

    def _rules(self, location: str) -> Rules:
        return Rules(policy=self.problem.residency(self._policy(location)))

    def _test_serving(self, location: str, loose: bool) -> Found:
        """Test which pools may serve a location; ``loose`` takes the upper bounds of round trips."""
        pools, reason = self._holding(self._policy(location))
        return (pools, reason) if reason else left_by(self._reaching_tests(location, loose), pools)

    def _test_holding(self, policy: str | None) -> Found:
        """Test which pools may hold the service, wherever its users are."""
        return left_by(self._holding_tests(policy), list(self.problem.pools))

    def _holding_tests(self, policy: str | None) -> Iterator[tuple[str, PoolTest]]:
        yield "residency", self.barring.at_rest(Rules(policy=self.problem.residency(policy)))
        yield "accelerator", lambda pool: serving(self.service, pool) is not None
        yield "memory", lambda pool: remembers(self.problem, self.service, pool)
        yield "gang", self._fits_a_replica
        yield "pinned", lambda pool: self.barring.pins.permit(self.service.id, pool)

    def _reaching_tests(self, location: str, loose: bool) -> Iterator[tuple[str, PoolTest]]:
        round_trip, rules = self.barring.reach.round_trip, self._rules(location)
        free = cache(lambda site: round_trip(location, site, OPEN))
        trip = cache(lambda site: round_trip(location, site, rules))
        yield "route", lambda pool: free(pool.data_center)[loose] < float("inf")
        yield "transit", lambda pool: trip(pool.data_center)[loose] < float("inf")
        yield "latency", lambda pool: in_time(self.service, pool, trip(pool.data_center)[loose])
        for limit in LIMITS:
            yield limit, partial(self._keeps, limit)

    def _fits_a_replica(self, pool: Pool) -> bool:
        way = serving(self.service, pool)
        return way is not None and way.accelerators_per_replica <= largest_gang(pool)

    def _keeps(self, limit: str, pool: Pool) -> bool:
        return limit not in self._limits(pool.id)

    def _breaks(self, pool: str) -> frozenset[str]:
        """Return the limits that a single replica, in the shortest period, breaks."""
        way = serving(self.service, self.problem.pool[pool])
        accelerators = way.accelerators_per_replica if way else 0
        share = Share(self.problem.pool[pool], accelerators, self.barring.shortest_hours)
        return frozenset(self.barring.alone.barring(share))
