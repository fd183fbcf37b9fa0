"""Routes for datasets, for sites that train together, for requests: sought in bulk, as numbers of trips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import le

import numpy as np

from ...routing.fans import Fans
from ...routing.paths import Candidate, PathFinder, RouteRequest
from ...routing.policies import Residency
from ...routing.problem import Problem
from ...routing.runs import Growing
from ...routing.trip_table import NO_TRIP, of_trips
from ...routing.workloads import Demand, InferenceService, MultiSite, Serving, TrainingJob
from ..rates import Floats, Ints

ALTERNATIVES = 4
"""Routes that a request over links that could be overloaded gets on problems that are not small."""
MOST_ALTERNATIVES, SMALL_COLUMNS = 64, 4_000
"""Routes that it gets at most, and arcs and options that small problems may have with these: so many that it
gets all there are. 64 are more than any two nodes of six sites joined by ten links have."""
KB_PER_GB = 1e6
Hop = tuple[str, str, str]
Copies = tuple[str, ...]


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
    alternatives
        Most routes of a request over these.

    Attributes
    ----------
    fans
        Where trips come from, with the table of their numbers.
    sites
        (C,) number of each data center's node.
    """

    def __init__(
        self,
        problem: Problem,
        finder: PathFinder,
        scarce: frozenset[str] = frozenset(),
        alternatives: int = ALTERNATIVES,
    ) -> None:
        self.problem = problem
        self.finder = finder
        self.scarce, self.alternatives = scarce, alternatives
        self.spares_money = self.is_small and spares_money(problem)
        self.fans = Fans(finder)
        self.sites = self.fans.numbers(site.id for site in problem.data_centers)
        self._known: dict[tuple[Residency, Copies], Ints] = {}
        self._wide: dict[tuple[Residency, Copies, float], Ints] = {}
        self._choices: dict[tuple[Residency, Copies, int], list[int]] = {}
        self._from: dict[tuple[Residency, str], Ints] = {}
        self._pairs: dict[tuple[Residency, float, float], Ints] = {}
        self._wider: dict[RouteRequest, list[int]] = {}
        self._is_scarce = np.array([link in scarce for link in self.fans.arcs.links], dtype=bool)
        self._tight = Growing(dtype=bool)

    def prepare(self) -> RouteBook:
        """Seek the routes of every dataset in bulk; returns itself."""
        datasets = self._datasets()
        for residency in dict.fromkeys(residency for residency, _ in datasets):
            mine = [copies for other, copies in datasets if other == residency]
            self._seek(residency, tuple(dict.fromkeys(copy for copies in mine for copy in copies)))
        if self.scarce:
            tight = [self._tight_requests(key, job) for key, job in datasets.items()]
            self.wider([request for requests in tight for request in requests])
        return self

    def _datasets(self) -> dict[tuple[Residency, Copies], TrainingJob]:
        """Return where data lies and what binds it, each with some job that reads it."""
        return {
            (self.problem.residency(job.policy), job.dataset.at): job
            for job in self.problem.jobs
            if job.dataset
        }

    def _tight_requests(self, key: tuple[Residency, Copies], job: TrainingJob) -> Iterator[RouteRequest]:
        residency, copies = key
        for index in np.flatnonzero(self.is_tight(self.dataset(job))):
            site = self.problem.data_centers[index]
            if residency.may_process(site.jurisdiction):
                yield from (dataset_request(residency, copy, site.id) for copy in copies)

    def _seek(self, residency: Residency, copies: Copies) -> None:
        """Find the trips of data from each copy to every data center."""
        request = dataset_request(residency, copies[0], copies[0])
        unlimited = np.full(len(self.sites), np.inf)
        trips = self.fans.answers(request, self.fans.numbers(copies), self.sites, unlimited)
        self._from.update(zip([(residency, copy) for copy in copies], trips, strict=True))

    def is_tight(self, trips: Ints) -> np.ndarray:
        """Return which of some trips cross a scarce link; ``NO_TRIP`` does not."""
        if not self.scarce:
            return np.zeros(trips.shape, dtype=bool)
        self._look_for_scarce()
        return of_trips(self._tight.rows, trips, False)

    def _look_for_scarce(self) -> None:
        """Find which of the trips that are new in the table cross a scarce link."""
        table, known = self.fans.trips, len(self._tight.rows)
        tight = np.zeros(len(table) - known, dtype=bool)
        for runs in (table.out.since(known), table.back.since(known)):
            owner = np.repeat(np.arange(len(tight)), runs.lengths)
            tight[owner[self._is_scarce[runs.values >> 1]]] = True
        self._tight.add(tight)

    @property
    def is_small(self) -> bool:
        """Whether requests get all routes that there are, as the problem is small."""
        return self.alternatives > ALTERNATIVES

    def wider(self, requests: Sequence[RouteRequest]) -> list[list[int]]:
        """Return the trips of each request and its alternatives, the cheapest first."""
        wide = [replace(request, alternatives=self.alternatives, avoid=self.scarce) for request in requests]
        missing = [request for request in dict.fromkeys(wide) if request not in self._wider]
        for request, trips in zip(missing, self.fans.seek(missing), strict=True):
            self._wider[request] = self._undominated(trips)
        return [self._wider[request] for request in wide]

    def _undominated(self, trips: Sequence[int]) -> list[int]:
        """Return the trips, the cheapest first, without those that gain nothing over one before.

        That is one that crosses all scarce arcs that the other does, and takes no less of a budget.
        """
        kept: list[tuple[int, frozenset[tuple[int, int]], tuple[float, float]]] = []
        for trip in trips:
            crossed, usd = self._scarce_arcs(trip), self._budgeted_usd_per_gb(trip)
            if not any(arcs <= crossed and all(map(le, less, usd)) for _, arcs, less in kept):
                kept.append((trip, crossed, usd))
        return [trip for trip, _, _ in kept]

    def _scarce_arcs(self, trip: int) -> frozenset[tuple[int, int]]:
        """Return the arcs of scarce links that a trip crosses, each with the way on which it does."""
        ways = enumerate((self.fans.trips.out, self.fans.trips.back))
        crossed = [(arc, way) for way, runs in ways for arc in runs.run(trip).tolist()]
        return frozenset((arc, way) for arc, way in crossed if self._is_scarce[arc >> 1])

    def _budgeted_usd_per_gb(self, trip: int) -> tuple[float, float]:
        """Return the price of a GB out and back where a budget counts it otherwise than the objective."""
        table = self.fans.trips
        if not self.spares_money:
            return 0.0, 0.0
        return float(table.out_usd_per_gb[trip]), float(table.back_usd_per_gb[trip])

    def dataset(self, job: TrainingJob) -> Ints:
        """Return (C,) the cheapest trip of the job's dataset to each data center, from any copy."""
        return self.from_copies(self.problem.residency(job.policy), job.dataset.at if job.dataset else ())

    def from_copies(self, residency: Residency, copies: Copies) -> Ints:
        """Return (C,) the cheapest trip of data under ``residency`` to each data center, from any copy."""
        found = self._known.get((residency, copies))
        if found is None:
            found = self._known[residency, copies] = self._cheapest_copy(residency, copies)
        return found

    def _cheapest_copy(self, residency: Residency, copies: Copies) -> Ints:
        if not copies:
            return np.full(len(self.sites), NO_TRIP)
        missing = tuple(copy for copy in copies if (residency, copy) not in self._from)
        if missing:
            self._seek(residency, missing)
        trips = np.stack([self._from[residency, copy] for copy in copies])
        best: Ints = np.take_along_axis(trips, self._order(trips)[:1], axis=0)[0]
        return best

    def narrowest_gbps(self, trips: Ints) -> Floats:
        """Return the least usable bandwidth on the way out of some trips, infinite for ``NO_TRIP``."""
        return of_trips(self.fans.trips.narrowest_gbps, trips, np.inf)

    def wide_dataset(self, job: TrainingJob, least_gbps: float) -> Ints:
        """Return (C,) the cheapest trip of the job's dataset to each data center over links so wide."""
        copies = job.dataset.at if job.dataset else ()
        key = self.problem.residency(job.policy), copies, least_gbps
        if key not in self._wide:
            request = replace(dataset_request(key[0], copies[0], copies[0]), min_bandwidth_gbps=least_gbps)
            unlimited = np.full(len(self.sites), np.inf)
            trips = self.fans.answers(request, self.fans.numbers(copies), self.sites, unlimited)
            self._wide[key] = np.take_along_axis(trips, self._order(trips)[:1], axis=0)[0]
        return self._wide[key]

    def _order(self, trips: Ints) -> Ints:
        """Return the order of trips along the first axis: by cost, latency, links."""
        table = self.fans.trips
        # Sums that differ by a rounding error are equal.
        usd = np.round(of_trips(table.out_usd_per_gb, trips, np.inf), 12)
        latency_ms, hops = of_trips(table.latency_ms, trips, 0.0), of_trips(table.hops, trips, 0.0)
        return np.lexsort((hops, latency_ms, usd), axis=0)

    def dataset_choices(self, job: TrainingJob, site: int) -> list[int]:
        """Return several trips from every copy, for a site whose cheapest trip is tight.

        Also from copies whose first trip is not tight: what is scarce is known of links in use only.
        """
        copies = job.dataset.at if job.dataset else ()
        key = self.problem.residency(job.policy), copies, site
        if key not in self._choices:
            name = self.problem.data_centers[site].id
            requests = [dataset_request(key[0], copy, name) for copy in copies]
            trips = np.array([trip for found in self.wider(requests) for trip in found], dtype=np.int64)
            self._choices[key] = self._undominated(trips[self._order(trips)].tolist())
        return self._choices[key]

    def inter_site(self, job: TrainingJob) -> Ints:
        """Return (C, C) the trip between each two data centers within the limits of ``job``, by origin."""
        limits = job.multi_site
        assert limits is not None
        residency = self.problem.residency(job.policy)
        return self.between_sites(residency, limits.max_rtt_ms, limits.min_bandwidth_gbps)

    def inter_site_choices(self, job: TrainingJob, site: int, other: int) -> list[int]:
        """Return several trips between two data centers within the limits of ``job``, from either of them."""
        assert job.multi_site is not None
        ends, residency = [self.problem.data_centers[each].id for each in (site, other)], job.policy
        both = [
            inter_site_request(self.problem.residency(residency), job.multi_site, *pair)
            for pair in (ends, ends[::-1])
        ]
        return self._undominated([trip for found in self.wider(both) for trip in found])

    def between_sites(self, residency: Residency, most_ms: float, least_gbps: float) -> Ints:
        """Return (C, C) the trip between each two data centers over links of some bandwidth.

        It begins at either of the two, and both may be reached: data goes both ways.
        """
        key = residency, most_ms, least_gbps
        if key not in self._pairs:
            site = self.problem.data_centers[0].id
            request = _pair_request(residency, site, site, least_gbps)
            limits_ms = np.full(len(self.sites), most_ms)
            trips = self.fans.answers(request, self.sites, self.sites, limits_ms)
            lawful = [residency.may_pass(each.jurisdiction) for each in self.problem.data_centers]
            trips = np.where(np.outer(lawful, lawful), trips, NO_TRIP)
            self._pairs[key] = np.where(trips >= 0, trips, trips.T)
        return self._pairs[key]


def alternatives_of(routed: int) -> int:
    """Return how many routes a request gets where there are so many arcs and options with one each."""
    return max(ALTERNATIVES, min(MOST_ALTERNATIVES, SMALL_COLUMNS // max(1, routed)))


def spares_money(problem: Problem) -> bool:
    """Return whether a way that costs more by the objective may be better, as it takes less of a budget."""
    objective = problem.objective
    return problem.limits.budget_usd is not None and objective.usd_per_ms_request > 0


def dataset_request(residency: Residency, copy: str, site: str) -> RouteRequest:
    """Return the request for the way of a dataset from a copy to a site."""
    return RouteRequest(residency=residency, origin=copy, destination=site, round_trip=False)


def inter_site_request(residency: Residency, limits: MultiSite, site: str, other: str) -> RouteRequest:
    """Return the request for the way between two sites of one job."""
    request = _pair_request(residency, site, other, limits.min_bandwidth_gbps)
    return replace(request, max_rtt_ms=limits.max_rtt_ms)


def _pair_request(residency: Residency, site: str, other: str, least_gbps: float) -> RouteRequest:
    return RouteRequest(
        residency=residency,
        origin=site,
        destination=other,
        out_gb=0.0,
        usd_per_ms=1.0,
        min_bandwidth_gbps=least_gbps,
    )


def demand_residency(problem: Problem, service: InferenceService, demand: Demand) -> Residency:
    """Return the residency of users at ``demand``: their own policy, else the service's."""
    return problem.residency(demand.policy or service.policy)


def service_request(
    problem: Problem, service: InferenceService, demand: Demand, serving: Serving, site: str
) -> RouteRequest:
    """Return the request for the way of requests from ``demand`` to ``site`` and back, in time.

    The service time must be within the service's latency limit, see :func:`rtt_limit_ms`.
    """
    return replace(
        unlimited_request(problem, service, demand, site), max_rtt_ms=rtt_limit_ms(service, serving)
    )


def unlimited_request(problem: Problem, service: InferenceService, demand: Demand, site: str) -> RouteRequest:
    """Return the request for the way of requests from ``demand`` to ``site`` and back, however long.

    Ways are ranked by the objective: money times its weight, and latency.
    """
    objective = problem.objective
    # Where neither counts, the way that costs least leaves most of a budget.
    weight = objective.money_weight if objective.money_weight or objective.usd_per_ms_request else 1.0
    return RouteRequest(
        residency=demand_residency(problem, service, demand),
        origin=demand.location,
        destination=site,
        out_gb=weight * service.request_kb / KB_PER_GB,
        back_gb=weight * service.response_kb / KB_PER_GB,
        usd_per_ms=objective.usd_per_ms_request,
    )


def rtt_limit_ms(service: InferenceService, serving: Serving) -> float | None:
    """Return the limit on the network round trip that the service's limits imply on that accelerator.

    It is below 0 where the service time alone exceeds the limit on latency.
    """
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
