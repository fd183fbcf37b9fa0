"""Sites that a service keeps only because it asks for several: replicas stand there and answer nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from .check_admission import serving
from .losses import Failure
from .paths import PathFinder, RouteRequest
from .plan import Plan, ServicePlan
from .problem import Problem
from .sites import Pool
from .workloads import InferenceService


class Standby:
    """The standby sites of a plan's services, and which of them a loss cuts off from all users."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._problem = problem
        self._ways: dict[tuple[str, str], frozenset[str]] = {}
        self._pools = {
            (service.id, site): (service, pools)
            for entry in plan.services
            if isinstance(service := problem.workload[entry.service], InferenceService)
            and service.min_sites > 1
            for site, pools in _idle(problem, entry).items()
        }

    @cached_property
    def _paths(self) -> PathFinder:
        return PathFinder(self._problem)

    def cut_off(self, failure: Failure) -> set[tuple[str, str]]:
        """Return the services and their standby sites that are not lost but that no user reaches any more."""
        return {
            key
            for key in self._pools
            if key[1] not in failure.data_centers and not self._is_reached(key, failure)
        }

    def _is_reached(self, key: tuple[str, str], failure: Failure) -> bool:
        """Return whether there is a way; one found before holds unless its origin or a link of it is lost."""
        lost = failure.links | failure.data_centers
        if not self._ways.get(key, lost) & lost:
            return True
        service, pools = self._pools[key]
        requests = [each for pool in pools for each in self._requests(service, pool, failure)]
        ways = self._paths.without(failure.links).routes(requests)
        found = ({each.nodes[0], *each.links, *each.return_links} for way in ways for each in way)
        way = next(found, None)
        if way is not None:
            self._ways[key] = frozenset(way)
        return way is not None

    def _requests(self, service: InferenceService, pool: Pool, failure: Failure) -> Iterator[RouteRequest]:
        """Yield what asks for a way to the pool from each user whose law permits it, within the limits."""
        limit_ms = _limit_ms(service, pool)
        site = self._problem.data_center[pool.data_center]
        for demand in service.demand:
            policy = self._problem.residency(demand.policy or service.policy)
            may = policy.may_process(site.jurisdiction) and demand.location not in failure.data_centers
            if may and not demand.is_empty and (limit_ms is None or limit_ms >= 0):
                yield RouteRequest(policy, demand.location, site.id, limit_ms, usd_per_ms=1.0)


def _idle(problem: Problem, entry: ServicePlan) -> dict[str, list[Pool]]:
    """Return the pools of a service by data center, where it answers nobody at all."""
    answering = {flow.data_center for flow in entry.flows if flow.requests_per_second > 0}
    found: defaultdict[str, list[Pool]] = defaultdict(list)
    for name in dict.fromkeys(each.pool for each in entry.replicas if each.replicas > 0):
        pool = problem.pool[name]
        if pool.data_center not in answering:
            found[pool.data_center].append(pool)
    return found


def _limit_ms(service: InferenceService, pool: Pool) -> float | None:
    """Return the longest round trip to a pool; below 0 where service time alone is too long."""
    way = serving(service, pool)
    latency_ms = service.max_latency_ms
    if latency_ms is not None and way is not None:
        latency_ms -= way.service_ms
    return min((limit for limit in (service.max_rtt_ms, latency_ms) if limit is not None), default=None)
