"""Where replicas of every inference service may stand, which users they may serve, and why others not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...routing.fans import Fans
from ...routing.paths import RouteRequest
from ...routing.plan import Reason
from ...routing.policies import Residency
from ...routing.problem import Problem, per_period
from ...routing.trip_table import NO_TRIP
from ...routing.workloads import Demand, InferenceService
from ..gathering import Gathering
from ..rates import Floats, Ints, Rates
from ..stopping import never, until_stopped
from .admission import admissible, service_tests
from .alone import Alone
from .arc_routes import ArcRoutes, pool_request, profiles_of
from .pools import Flags, Pools
from .routebook import KB_PER_GB, RouteBook, demand_residency, rtt_limit_ms, unlimited_request
from .services import Services
from .survival import MOST_GUARDS, Guard, Losses, Rescue, protection, unprotected


@dataclass(frozen=True)
class _Arcs:
    """What one service brings: arcs."""

    arc_demand: Ints
    arc_slot: Ints
    arc_trip: NDArray[np.int32]
    arc_usd: Floats
    arc_money: Floats


@dataclass(frozen=True)
class _Slots:
    """What one service brings: slots."""

    slot_service: Ints
    slot_pool: Ints
    slot_rps: Floats
    slot_accelerators: Ints


class _Collector:
    """Gathers slots and arcs service by service."""

    def __init__(self, problem: Problem, rates: Rates, book: RouteBook) -> None:
        self.problem, self.book = problem, book
        self.pools = Pools(problem)
        self.alone = Alone(self.pools, rates)
        none, numbers = np.zeros(0), np.zeros(0, dtype=np.int64)
        self.arcs = Gathering(_Arcs(numbers, numbers, numbers.astype(np.int32), none, none))
        self.places = Gathering(_Slots(numbers, numbers, none, numbers))
        self.barred: dict[int, Reason] = {}
        self.exposed: dict[int, str] = {}
        self.losses = Losses(problem, book.fans)
        self.guards: list[Guard] = []
        self.rescues: list[Rescue] = []
        self.stand_ins: list[Guard] = []
        self.lacks_stand_ins = False
        self.slots = self.demands = 0

    def add(self, service: InferenceService) -> None:
        """Take in one service: a slot for every pool that may serve some users, and the arcs to them."""
        pools, _ = admissible(service_tests(self.pools, service))
        asking = np.array([not demand.is_empty for demand in service.demand])
        trips = np.full((len(asking), len(pools)), NO_TRIP, dtype=np.int64)
        trips[asking] = self._trips(service, pools, self.book.fans, np.flatnonzero(asking))
        for index in np.flatnonzero(asking & (trips < 0).all(axis=1)):
            self.barred[self.demands + int(index)] = self._why(service, service.demand[index])
        self._bar_alone(service, pools, trips)
        served = pools[(trips >= 0).any(axis=0)]
        if service.survive:
            self._protect(service, pools, trips, served)
        self._keep(service, pools, trips, served)
        self.demands += len(service.demand)

    def _protect(self, service: InferenceService, pools: Ints, trips: Ints, served: Ints) -> None:
        """Say who is served from where after each loss; bar those for whom a loss leaves no pool."""
        places = self.book.sites[self.pools.site[pools]]
        users = self.book.fans.numbers(demand.location for demand in service.demand)
        found = self.losses.damages(
            service.survive or "",
            users,
            places,
            self._ways(service, pools, trips) if service.survive == "link" else trips[None],
            lambda fans, rows: self._trips(service, pools, fans, rows),
        )
        lost = unprotected(found, trips)
        trips[list(lost)] = NO_TRIP
        self.barred.update({self.demands + user: "survival" for user in lost})
        self.exposed.update({self.demands + user: name for user, name in lost.items()})
        numbers = Rescue(
            service=len(self.places),
            loss=self.rescues[-1].loss + 1 if self.rescues else 0,
            demands=self.demands + np.arange(len(users)),
            slots=self.slots + np.searchsorted(served, pools),
        )
        needed = protection(found, np.asarray((trips >= 0).any(axis=1)), numbers, MOST_GUARDS)
        self.guards += needed.guards
        self.rescues += needed.rescues
        self.stand_ins += needed.stand_ins or []
        self.lacks_stand_ins |= needed.stand_ins is None

    def _ways(self, service: InferenceService, pools: Ints, trips: Ints) -> Ints:
        """Return (A, demands, pools) those trips, and others over other links."""
        row, column = np.nonzero(trips >= 0)
        requests = [
            pool_request(self.problem, service, service.demand[d], int(p))
            for d, p in zip(row, pools[column], strict=True)
        ]
        ways = np.full((1 + self.book.alternatives, *trips.shape), NO_TRIP, dtype=np.int64)
        ways[0] = trips
        for d, p, found in zip(row, column, self.book.wider(requests), strict=True):
            ways[1 : 1 + len(found), d, p] = found
        return ways

    def _bar_alone(self, service: InferenceService, pools: Ints, trips: Ints) -> None:
        """Take away the trips that no plan can hold: to pools beyond a limit, then to too few sites."""
        for reason, passed in self.alone.service_tests(service):
            self._take_away(reason, trips, ~passed[pools])
        sites = np.unique(self.pools.site[pools[(trips >= 0).any(axis=0)]])
        if len(sites) < service.min_sites:
            self._take_away("sites", trips, np.ones(len(pools), dtype=bool))

    def _take_away(self, reason: Reason, trips: Ints, barred: Flags) -> None:
        """Take away the trips to some pools; what has none left then is barred for ``reason``."""
        had = (trips >= 0).any(axis=1)
        trips[:, barred] = NO_TRIP
        lost = had & (trips < 0).all(axis=1)
        self.barred.update({self.demands + index: reason for index in np.flatnonzero(lost).tolist()})

    def _trips(self, service: InferenceService, pools: Ints, fans: Fans, rows: Ints) -> Ints:
        """Return (rows, pools) the cheapest trips of those demands, ``NO_TRIP`` where there is none."""
        trips = np.full((len(service.demand), len(pools)), NO_TRIP, dtype=np.int64)
        limits, wanted = self._limits_ms(service), set(rows.tolist())
        for residency, every in self._by_residency(service).items():
            members = [index for index in every if index in wanted]
            near = np.flatnonzero(self.pools.processing(residency)[pools])
            if len(near) and members:
                request = self._request(service, service.demand[members[0]], int(pools[near[0]]))
                origins = fans.numbers(service.demand[index].location for index in members)
                ends, most_ms = self.book.sites[self.pools.site[pools[near]]], limits[pools[near]]
                trips[np.ix_(np.array(members), near)] = fans.answers(request, origins, ends, most_ms)
        return trips[rows]

    def _request(self, service: InferenceService, demand: Demand, pool: int) -> RouteRequest:
        """Return what the requests to all pools have in common: the limits on round trips come apart."""
        return unlimited_request(self.problem, service, demand, self.problem.pools[pool].data_center)

    def _by_residency(self, service: InferenceService) -> dict[Residency, list[int]]:
        policies: dict[str | None, list[int]] = {}
        for index, demand in enumerate(service.demand):
            policies.setdefault(demand.policy, []).append(index)
        found: dict[Residency, list[int]] = {}
        for members in policies.values():
            residency = demand_residency(self.problem, service, service.demand[members[0]])
            found.setdefault(residency, []).extend(members)
        return found

    def _limits_ms(self, service: InferenceService) -> Floats:
        """Return (P,) the largest round trip to each pool, infinite for none.

        Below 0 where the service time alone exceeds the limit.
        """
        by_type = np.full(len(self.pools.types), np.inf)
        for serving in service.serving:
            limit = rtt_limit_ms(service, serving)
            by_type[self.pools.types[serving.accelerator]] = np.inf if limit is None else limit
        return by_type[self.pools.accelerator]

    def _keep(self, service: InferenceService, pools: Ints, trips: Ints, served: Ints) -> None:
        row, column = np.nonzero(trips >= 0)
        trip, copies = self._with_alternatives(service, row, pools[column], trips[row, column])
        demand, pool = np.repeat(row, copies), np.repeat(pools[column], copies)
        usd, money = self._prices(service, trip)
        profiles = profiles_of(service)
        servings = [profiles[self.problem.pools[index].accelerator] for index in served]
        rps = [serving.requests_per_second * service.target_utilization for serving in servings]
        taken = np.array([serving.accelerators_per_replica for serving in servings], dtype=np.int64)
        number = np.full(len(served), len(self.places))
        self.places.add(_Slots(number, served, np.array(rps, dtype=float), taken))
        slot = self.slots + np.searchsorted(served, pool)
        self.arcs.add(_Arcs(self.demands + demand, slot, trip.astype(np.int32), usd, money))
        self.slots += len(served)

    def _with_alternatives(
        self, service: InferenceService, demand: Ints, pool: Ints, trip: Ints
    ) -> tuple[Ints, Ints | int]:
        """Return the trips with those beside tight ones, and how many there now are of each."""
        tight = self.book.is_tight(trip) | self.book.spares_money
        if not tight.any():
            return trip, 1
        requests = [
            pool_request(self.problem, service, service.demand[d], int(p))
            for d, p in zip(demand[tight], pool[tight], strict=True)
        ]
        wider = iter(self.book.wider(requests))
        choices = [next(wider) if scarce else [one] for scarce, one in zip(tight, trip.tolist(), strict=True)]
        every = [each for choice in choices for each in choice]
        return np.array(every, dtype=np.int64), np.array([len(choice) for choice in choices], dtype=np.int64)

    def _prices(self, service: InferenceService, trip: Ints) -> tuple[Floats, Floats]:
        """Return the price of a request on each trip, weighted and with latency, and its money alone."""
        table, objective = self.book.fans.trips, self.problem.objective
        out = service.request_kb / KB_PER_GB * table.out_usd_per_gb[trip]
        money = out + service.response_kb / KB_PER_GB * table.back_usd_per_gb[trip]
        return objective.money_weight * money + objective.usd_per_ms_request * table.rtt_ms[trip], money

    def _why(self, service: InferenceService, demand: Demand) -> Reason:
        residency = demand_residency(self.problem, service, demand)
        at_rest: tuple[Reason, np.ndarray] = ("residency", self.pools.processing(residency))
        left, reason = admissible([at_rest, *service_tests(self.pools, service)])
        return reason or self._route_reason(service, demand, left)

    def _route_reason(self, service: InferenceService, demand: Demand, pools: Ints) -> Reason:
        request = self._request(service, demand, int(pools[0]))
        fans, origin = self.book.fans, self.book.fans.numbers([demand.location])
        sites = self.book.sites[np.unique(self.pools.site[pools])]
        if fans.reached(request, origin, sites).any():
            return "latency"
        free = replace(request, residency=self.problem.residency(None))
        return "transit" if fans.reached(free, origin, sites).any() else "route"


def build_services(
    problem: Problem, rates: Rates, book: RouteBook, halted: Callable[[], bool] = never
) -> Services:
    """Return the slots and arcs of the services of ``problem``.

    Raises StoppedError where it is ``halted`` between two services.
    """
    collector = _Collector(problem, rates, book)
    for service in until_stopped(problem.services, halted):
        collector.add(service)
    demand, owner, weight = _demands(problem)
    arcs, slots = vars(collector.arcs.joined()), vars(collector.places.joined())
    return Services(
        demand=demand,
        demand_service=owner,
        demand_weight=weight,
        trips=book.fans.trips,
        arc_route=ArcRoutes(problem, book.fans, slots["slot_pool"], arcs),
        barred=collector.barred,
        exposed=collector.exposed,
        guards=tuple(collector.guards),
        rescues=tuple(collector.rescues),
        stand_ins=None if collector.lacks_stand_ins else tuple(collector.stand_ins),
        **slots,
        **arcs,
    )


def _demands(problem: Problem) -> tuple[Floats, Ints, Floats]:
    periods = len(problem.periods)
    rows, owners, weights = [], [], []
    hours = np.array(problem.durations_hours)
    for index, service in enumerate(problem.services):
        block = np.array(
            [per_period(demand.requests_per_second, periods) for demand in service.demand], dtype=float
        )
        total = float((block @ hours).sum())
        rows.append(block)
        owners += [index] * len(block)
        weights += [service.priority / total if total > 0 else 0.0] * len(block)
    demand = np.vstack(rows) if rows else np.zeros((0, periods))
    return demand, np.array(owners, dtype=np.int64), np.array(weights)
