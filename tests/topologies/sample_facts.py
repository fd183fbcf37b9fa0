"""What the tests of the samples ask of a problem: who can reach what, under which rules."""

from __future__ import annotations

from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt

from computeroute.routing.paths import PathFinder, RouteRequest
from computeroute.routing.problem import Problem, per_period
from computeroute.routing.sites import Node, Pool
from computeroute.routing.workloads import Demand, InferenceService, TrainingJob


def lawful(problem: Problem, policy: str | None, pools: list[Pool]) -> list[Pool]:
    """Return those of ``pools`` where data under ``policy`` may be processed."""
    residency = problem.residency(policy)
    return [
        pool for pool in pools if residency.may_process(problem.data_center[pool.data_center].jurisdiction)
    ]


def cities_served_from(
    problem: Problem, service: InferenceService, finder: PathFinder
) -> Iterator[tuple[Demand, set[str]]]:
    """Yield each demand of ``service`` with the data centers that may answer it."""
    kinds = {serving.accelerator for serving in service.serving}
    pools = [pool for pool in problem.pools if pool.accelerator in kinds and _fits(problem, service, pool)]
    for demand in service.demand:
        policy = demand.policy or service.policy
        sites = sorted({pool.data_center for pool in lawful(problem, policy, pools)})
        requests = [_request(problem, service, demand, site) for site in sites]
        yield demand, {site for site, found in zip(sites, finder.routes(requests), strict=True) if found}


def _fits(problem: Problem, service: InferenceService, pool: Pool) -> bool:
    return problem.accelerator[pool.accelerator].memory_gb >= service.memory_gb_per_accelerator


def _request(problem: Problem, service: InferenceService, demand: Demand, site: str) -> RouteRequest:
    residency = problem.residency(demand.policy or service.policy)
    return RouteRequest(residency, demand.location, site, max_rtt_ms=service.max_rtt_ms, usd_per_ms=1.0)


def sites_for(problem: Problem, job: TrainingJob, finder: PathFinder) -> set[str]:
    """Return the data centers where ``job`` may run and that its dataset reaches; sizes aside."""
    kinds = _accelerators(job)
    pools = [pool for pool in problem.pools if kinds is None or pool.accelerator in kinds]
    sites = sorted({pool.data_center for pool in lawful(problem, job.policy, pools)})
    return {site for site in sites if _data_reaches(problem, job, site, finder)}


def _accelerators(job: TrainingJob) -> set[str] | None:
    if job.needs:
        return {need.accelerator for need in job.needs}
    assert job.compute is not None
    return set(job.compute.accelerators) if job.compute.accelerators else None


def _data_reaches(problem: Problem, job: TrainingJob, site: str, finder: PathFinder) -> bool:
    if job.dataset is None:
        return True
    residency = problem.residency(job.policy)
    requests = [RouteRequest(residency, origin, site, round_trip=False) for origin in job.dataset.at]
    return any(finder.routes(requests))


def peak(problem: Problem, service: InferenceService) -> float:
    """Return the largest rate of ``service`` in any period, requests/s."""
    rates = [per_period(demand.requests_per_second, len(problem.periods)) for demand in service.demand]
    return max(sum(at) for at in zip(*rates, strict=True))


def kilometres(a: Node, b: Node) -> float:
    """Great-circle distance between two nodes, km (haversine, radius 6,371 km)."""
    assert None not in (a.latitude, a.longitude, b.latitude, b.longitude)
    (lat_a, lon_a), (lat_b, lon_b) = ((radians(n.latitude or 0), radians(n.longitude or 0)) for n in (a, b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371 * asin(sqrt(h))
