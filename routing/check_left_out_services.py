"""Reasons of what is left out of a service at a location: the first test that no pool passes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import product

from .check_admission import in_time, largest_gang, remembers, serving
from .check_alone import Share
from .check_barring import ANY, LIMITS, OPEN, Barring, PoolTest, left_by
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
        self._limits = cache(self._breaks)

    def find(self, location: str) -> tuple[str, ...]:
        """Return the reasons that hold; more than one only where the order of tests leaves it open."""
        found = (self._reason(location, *reading) for reading in product((False, True), repeat=2))
        return tuple(dict.fromkeys(found))

    def _reason(self, location: str, gang: bool, loose: bool) -> str:
        pools, reason = self._serving(location, gang, loose)
        if not pools:
            return reason
        places = self._places if self.service.min_sites > 1 else (location,)
        sites = {pool.data_center for place in places for pool in self._serving(place, gang, loose)[0]}
        if len(sites) < self.service.min_sites:
            return "sites"
        return "survival" if self._is_exposed(location, pools, loose) else "capacity"

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

    def _test_serving(self, location: str, gang: bool, loose: bool) -> Found:
        """Test which pools may serve a location.

        ``gang`` and ``loose`` take the other readings where the order of tests leaves one open.
        """
        pools, reason = self._holding(self._policy(location), gang)
        return (pools, reason) if reason else left_by(self._reaching_tests(location, loose), pools)

    def _test_holding(self, policy: str | None, gang: bool) -> Found:
        """Test which pools may hold the service, wherever its users are."""
        return left_by(self._holding_tests(policy, gang), list(self.problem.pools))

    def _holding_tests(self, policy: str | None, gang: bool) -> Iterator[tuple[str, PoolTest]]:
        yield "residency", self.barring.at_rest(Rules(policy=self.problem.residency(policy)))
        yield "accelerator", lambda pool: serving(self.service, pool) is not None
        yield "memory", lambda pool: remembers(self.problem, self.service, pool)
        if gang:
            yield "gang", self._fits_a_replica
        yield "pinned", lambda pool: self.barring.pins.permit(self.service.id, pool)

    def _reaching_tests(self, location: str, loose: bool) -> Iterator[tuple[str, PoolTest]]:
        rules = self._rules(location)
        yield "route", lambda pool: self._trip(location, pool, ANY if loose else OPEN)[0] < float("inf")
        yield "transit", lambda pool: self._trip(location, pool, rules)[0] < float("inf")
        yield "latency", lambda pool: in_time(self.service, pool, self._trip(location, pool, rules)[loose])
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

    def _trip(self, location: str, pool: Pool, rules: Rules) -> tuple[float, float]:
        return self.barring.reach.round_trip(location, pool.data_center, rules)
