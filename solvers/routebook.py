"""Routes for datasets, for sites that train together, for requests: sought in bulk, looked up by request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product

from ..routing.paths import Candidate, PathFinder, RouteRequest
from ..routing.policies import Residency
from ..routing.problem import Problem
from ..routing.workloads import Demand, InferenceService, Serving, TrainingJob

ALTERNATIVES = 4
KB_PER_GB = 1e6
Hop = tuple[str, str, str]


class RouteBook:
    """Candidate routes of a problem.

    Every request gets its cheapest admissible route; one whose cheapest route uses a link in ``scarce`` gets
    alternatives too.

    Parameters
    ----------
    finder
        Where routes come from.
    scarce
        Ids of links that could be overloaded.
    """

    def __init__(self, problem: Problem, finder: PathFinder, scarce: frozenset[str] = frozenset()) -> None:
        self.problem = problem
        self.finder = finder
        self.scarce = scarce
        self._known: dict[RouteRequest, list[Candidate]] = {}

    def prepare(self) -> RouteBook:
        """Seek every route that the problem could ask for, in bulk; returns itself."""
        self._seek(self._all_requests())
        if self.scarce:
            self._seek(
                [
                    self._wider(request)
                    for request, found in list(self._known.items())
                    if self._is_tight(found)
                ]
            )
        return self

    def _seek(self, requests: Iterable[RouteRequest]) -> None:
        missing = [request for request in dict.fromkeys(requests) if request not in self._known]
        self._known.update(zip(missing, self.finder.routes(missing), strict=True))

    def _wider(self, request: RouteRequest) -> RouteRequest:
        return replace(request, alternatives=ALTERNATIVES, avoid=self.scarce)

    def _is_tight(self, found: list[Candidate]) -> bool:
        return any(link in self.scarce for route in found for link in (*route.links, *route.return_links))

    def candidates(self, request: RouteRequest) -> list[Candidate]:
        """Return the candidates for ``request``, cheapest first."""
        found = self._sought(request)
        if not (self.scarce and self._is_tight(found)):
            return found[:1]
        return self._sought(self._wider(request))

    def _all_requests(self) -> Iterator[RouteRequest]:
        sites = [site.id for site in self.problem.data_centers]
        for job in self.problem.jobs:
            residency = self.problem.residency(job.policy)
            for copy, site in product(job.dataset.at if job.dataset else (), sites):
                if self._may_process(residency, site):
                    yield dataset_request(residency, copy, site)
        for service in self.problem.services:
            for demand, (serving, site) in product(service.demand, self._places_of(service)):
                if self._may_process(demand_residency(self.problem, service, demand), site):
                    yield service_request(self.problem, service, demand, serving, site)

    def _places_of(self, service: InferenceService) -> list[tuple[Serving, str]]:
        types = {serving.accelerator: serving for serving in service.serving}
        places = (
            (types[pool.accelerator], pool.data_center)
            for pool in self.problem.pools
            if pool.accelerator in types
        )
        return list(dict.fromkeys(places))

    def _may_process(self, residency: Residency, site: str) -> bool:
        return residency.may_process(self.problem.data_center[site].jurisdiction)

    def dataset(self, job: TrainingJob, sites: Sequence[str]) -> list[tuple[Candidate | None, ...]]:
        """Return the choices of routes of the job's dataset to ``sites``.

        Several choices are given for one site only; for several sites each takes its cheapest. An entry is
        None where there is no route; without a dataset the one choice is the empty tuple.
        """
        if job.dataset is None:
            return [()]
        found = [self._copies(job, site) for site in sites]
        if len(sites) == 1 and found[0]:
            return [(route,) for route in found[0]]
        return [tuple(routes[0] if routes else None for routes in found)]

    def _copies(self, job: TrainingJob, site: str) -> list[Candidate]:
        """Return the cheapest route from any copy; where that is tight, several routes from every copy.

        Also from copies whose first route is not tight: what is scarce is known of routes in use only.
        """
        copies = job.dataset.at if job.dataset else ()
        requests = [dataset_request(self.problem.residency(job.policy), copy, site) for copy in copies]
        cheapest = sorted((route for each in requests for route in self._sought(each)[:1]), key=_order)[:1]
        if not (self.scarce and self._is_tight(cheapest)):
            return cheapest
        return sorted((route for each in requests for route in self._sought(self._wider(each))), key=_order)

    def _sought(self, request: RouteRequest) -> list[Candidate]:
        if request not in self._known:
            self._seek([request])
        return self._known[request]

    def why_no_dataset(self, job: TrainingJob, site: str) -> str:
        """Return why the job's dataset cannot reach ``site``: ``transit`` or ``route``."""
        residency = self.problem.residency(job.policy)
        copies = job.dataset.at if job.dataset else ()
        reasons = {self.finder.why_not(dataset_request(residency, copy, site)) for copy in copies}
        return "transit" if "transit" in reasons else "route"

    def inter_site(self, job: TrainingJob, sites: Sequence[str]) -> tuple[Candidate, ...] | None:
        """Return a route between each two of ``sites`` within the job's limits, or None."""
        limits = job.multi_site
        if limits is None:
            return None
        residency = self.problem.residency(job.policy)
        routes = []
        for origin, destination in combinations(sites, 2):
            request = RouteRequest(
                residency=residency,
                origin=origin,
                destination=destination,
                max_rtt_ms=limits.max_rtt_ms,
                out_gb=0.0,
                usd_per_ms=1.0,
                min_bandwidth_gbps=limits.min_bandwidth_gbps,
            )
            found = self.candidates(request)
            if not found:
                return None
            routes.append(found[0])
        return tuple(routes)


def _order(route: Candidate) -> tuple[float, float, int]:
    return (route.usd, route.latency_ms, len(route.links))


def dataset_request(residency: Residency, copy: str, site: str) -> RouteRequest:
    """Return the request for the way of a dataset from a copy to a site."""
    return RouteRequest(residency=residency, origin=copy, destination=site, round_trip=False)


def demand_residency(problem: Problem, service: InferenceService, demand: Demand) -> Residency:
    """Return the residency of users at ``demand``: their own policy, else the service's."""
    return problem.residency(demand.policy or service.policy)


def service_request(
    problem: Problem, service: InferenceService, demand: Demand, serving: Serving, site: str
) -> RouteRequest:
    """Return the request for the way of requests from ``demand`` to ``site`` and back."""
    return RouteRequest(
        residency=demand_residency(problem, service, demand),
        origin=demand.location,
        destination=site,
        max_rtt_ms=rtt_limit_ms(service, serving),
        out_gb=service.request_kb / KB_PER_GB,
        back_gb=service.response_kb / KB_PER_GB,
        usd_per_ms=problem.objective.usd_per_ms_request,
    )


def rtt_limit_ms(service: InferenceService, serving: Serving) -> float | None:
    """Return the limit on the network round trip that the service's limits imply on that accelerator."""
    limits = [] if service.max_rtt_ms is None else [service.max_rtt_ms]
    if service.max_latency_ms is not None:
        limits.append(service.max_latency_ms - serving.service_ms)
    return min(limits) if limits else None


def hops(route: Candidate) -> Iterator[Hop]:
    """Yield (link, from, to) of the way out."""
    yield from zip(route.links, route.nodes, route.nodes[1:], strict=False)


def return_hops(route: Candidate) -> Iterator[Hop]:
    """Yield (link, from, to) of the way back."""
    yield from zip(route.return_links, route.return_nodes, route.return_nodes[1:], strict=False)
