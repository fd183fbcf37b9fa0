"""Admissible routes between nodes, in bulk: the cheapest, the fastest, and others over other links."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from math import fsum, inf, isfinite
from typing import Literal

import numpy as np
import numpy.typing as npt

from .alternatives import Choice
from .arcs import Arcs, Permit
from .errors import InputError, UnknownNameError, require
from .every_trip import EveryTrip
from .policies import Residency
from .problem import Problem
from .trips import Search, Trip, Weights, trip_search

NoRoute = Literal["route", "transit", "latency"]
ROUNDING = 1e-9
"""By how much a sum of latencies may exceed a limit, relative and absolute."""
_Key = tuple[Residency, float, bool, Weights, frozenset[str]]


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What is asked of a route. Requests are hashable; equal ones are answered once.

    The generalised cost, which ranks candidates, is ``out_gb`` x price of a GB out + ``back_gb`` x price of a
    GB back + ``usd_per_ms`` x round trip, where a price is that of the links plus egress.
    """

    residency: Residency
    """Whose transit rules hold: of every link, node passed and destination; the origin is exempt."""
    origin: str
    destination: str
    max_rtt_ms: float | None = None
    """Limit of the round trip; not used one way."""
    out_gb: float = 1.0
    back_gb: float = 0.0
    """Not used one way."""
    usd_per_ms: float = 0.0
    """Price of a millisecond of round trip; not used one way."""
    round_trip: bool = True
    alternatives: int = 1
    """Most candidates to return."""
    min_bandwidth_gbps: float = 0.0
    """Links with less usable bandwidth are not crossed."""
    avoid: frozenset[str] = frozenset()
    """Ids of links that alternatives should do without; the cheapest candidate may use them."""

    def __post_init__(self) -> None:
        if self.max_rtt_ms is not None and not self.max_rtt_ms >= 0:
            raise InputError([f"max_rtt_ms must be zero or more; it is {self.max_rtt_ms!r}"], "RouteRequest")
        for name in ("out_gb", "back_gb", "usd_per_ms", "min_bandwidth_gbps"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise InputError([f"{name} must be a number, zero or more; it is {value!r}"], "RouteRequest")
        if self.alternatives < 1:
            raise InputError([f"alternatives must be 1 or more; it is {self.alternatives!r}"], "RouteRequest")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that a request may use; empty where origin and destination are one."""

    nodes: tuple[str, ...]
    """Every node on the way out, both ends included."""
    links: tuple[str, ...]
    return_nodes: tuple[str, ...]
    """Every node on the way back, the destination first; empty one way and where the route is empty."""
    return_links: tuple[str, ...]
    latency_ms: float
    """One way, out."""
    rtt_ms: float
    """Out and back; 0 for a route of one way."""
    usd: float
    """Generalised cost for the request's weights."""
    out_link_usd_per_gb: float
    out_egress_usd_per_gb: float
    back_link_usd_per_gb: float
    back_egress_usd_per_gb: float


class PathFinder:
    """Finds the routes of a problem's network.

    It does not change once made, save that it remembers which arcs a policy permits; whichever thread stores
    that first, the result is the same, so threads may share a finder.

    Ties in cost go to the lower latency, then to the fewer hops, then to the links first in the file.
    """

    def __init__(self, problem: Problem) -> None:
        """Raise InputError for anything but a problem."""
        require("problem", problem, Problem, "a Problem, as topologies.load returns")
        self.arcs = Arcs(problem)
        self._free = problem.residency(None)
        self._bandwidths: list[float] = np.unique(self.arcs.usable_gbps).tolist()
        self._permits: dict[tuple[Residency, int], Permit] = {}
        self._lost: frozenset[str] = frozenset()
        self.describe = _Describer(self.arcs)

    def without(self, links: frozenset[str]) -> PathFinder:
        """Return a finder for the network without some links, given by their ids."""
        finder = copy(self)
        finder._lost, finder._permits = self._lost | links, {}
        return finder

    def routes(self, requests: Sequence[RouteRequest]) -> list[list[Candidate]]:
        """Return the admissible candidates of each request, in the order of ``requests``.

        The first candidate is the cheapest admissible one. The rest are all others, where there are no more
        than ``alternatives`` in all; else so many that use other links: one without the links in ``avoid``,
        the one of least round trip, and the cheapest when links already used cost extra. They follow in order
        of cost. The list is empty where nothing is admissible.

        Raises
        ------
        UnknownNameError
            When an origin or a destination is not a node.
        """
        batch = _Batch(self, list(dict.fromkeys(requests)))
        found = {request: batch.candidates(request) for request in batch.requests}
        return [list(found[request]) for request in requests]

    def why_not(self, request: RouteRequest) -> NoRoute | None:
        """Return why ``request`` has no candidate, or None where it has one.

        ``route``: no path of enough bandwidth joins the two, even without a policy; ``transit``: none under
        the policy's transit rules; ``latency``: only paths that are too slow.
        """
        return self.why_not_all([request])[0]

    def why_not_all(self, requests: Sequence[RouteRequest]) -> list[NoRoute | None]:
        """Return :meth:`why_not` of each request, faster than one by one."""
        wanted = [replace(request, alternatives=1) for request in requests]
        unlimited = [replace(request, max_rtt_ms=None) for request in wanted]
        lawless = [replace(request, residency=self._free) for request in unlimited]
        answers = zip(self.routes(wanted), self.routes(unlimited), self.routes(lawless), strict=True)
        return [_first_reason(*map(bool, answer)) for answer in answers]

    def shortest_rtt_matrix(
        self, origins: Sequence[str], destinations: Sequence[str], residency: Residency
    ) -> npt.NDArray[np.float64]:
        """Return the least admissible round trip, ms, by origin and destination; NaN where there is none."""
        requests = [
            RouteRequest(residency, origin, destination, out_gb=0.0, usd_per_ms=1.0)
            for origin in origins
            for destination in destinations
        ]
        least = [found[0].rtt_ms if found else np.nan for found in self.routes(requests)]
        return np.array(least, dtype=np.float64).reshape(len(origins), len(destinations))

    def permit(self, residency: Residency, min_bandwidth_gbps: float) -> Permit:
        """Return what a policy permits over links of so much usable bandwidth."""
        # Requirements between two bandwidths of the network permit the same links.
        rank = bisect_left(self._bandwidths, min_bandwidth_gbps * (1 - ROUNDING))
        permit = self._permits.get((residency, rank))
        if permit is None:
            permit = self.arcs.permitted(residency, min_bandwidth_gbps)
            permit = permit.without(self._lost) if self._lost else permit
        return self._permits.setdefault((residency, rank), permit)


class _Batch:
    """Requests that share searches: one per policy, bandwidth, weights and links to avoid."""

    def __init__(self, finder: PathFinder, requests: list[RouteRequest]) -> None:
        self.finder, self.requests = finder, requests
        self._number = finder.arcs.number
        self._destinations: dict[_Key, dict[int, None]] = {}
        self._searches: dict[_Key, Search] = {}
        self._avoid: dict[frozenset[str], frozenset[int]] = {}
        self._every: dict[tuple[Residency, float, bool], EveryTrip] = {}
        for request in requests:
            self._check(request)
            for key in self._keys(request):
                self._destinations.setdefault(key, {})[self._number[request.destination]] = None

    def _check(self, request: RouteRequest) -> None:
        for name in (request.origin, request.destination):
            if name not in self._number:
                raise UnknownNameError("node", name, self.finder.arcs.nodes)

    def _keys(self, request: RouteRequest) -> list[_Key]:
        """Return the key of the request's search and, where it avoids links, of the one without them."""
        weights = normal_weights(request)
        key = (request.residency, request.min_bandwidth_gbps, request.round_trip, weights)
        avoids = (
            [frozenset[str](), request.avoid]
            if request.alternatives > 1 and request.avoid
            else [frozenset[str]()]
        )
        return [(*key, avoid) for avoid in avoids]

    def _permit(self, key: _Key) -> Permit:
        residency, bandwidth, _, _, avoid = key
        permit = self.finder.permit(residency, bandwidth)
        return permit.without(avoid) if avoid else permit

    def _search(self, key: _Key) -> Search:
        search = self._searches.get(key)
        if search is None:
            search = trip_search(self._permit(key), key[3], key[2], list(self._destinations[key]))
            self._searches[key] = search
        return search

    def candidates(self, request: RouteRequest) -> list[Candidate]:
        describe = self.finder.describe
        if request.origin == request.destination:
            return [describe(request, Trip(()))]
        found = [describe(request, trip) for trip in self._trips(request)]
        return found[:1] + sorted(found[1:], key=_rank)

    def _trips(self, request: RouteRequest) -> list[Trip]:
        """Return all trips where there are no more than wanted, else some, the cheapest first."""
        choice, wanted = self._choice(request), request.alternatives
        if wanted == 1:
            return choice.trips(1)
        every = self._every_trip(request).within(choice.ends, choice.limit_ms, wanted)
        return choice.trips(wanted) if every is None else list(dict.fromkeys([*choice.trips(1), *every]))

    def _every_trip(self, request: RouteRequest) -> EveryTrip:
        key = (request.residency, request.min_bandwidth_gbps, request.round_trip)
        if key not in self._every:
            self._every[key] = EveryTrip(self.finder.permit(*key[:2]), round_trip=request.round_trip)
        return self._every[key]

    def _choice(self, request: RouteRequest) -> Choice:
        search, *detours = [self._search(key) for key in self._keys(request)]
        ends = self._number[request.origin], self._number[request.destination]
        limit_ms = inf if request.max_rtt_ms is None or not request.round_trip else request.max_rtt_ms
        # Sums of latencies may exceed the limit by a rounding error.
        limit_ms += ROUNDING * max(1.0, limit_ms)
        return Choice(search, detours[0] if detours else None, ends, limit_ms, self._avoided(request.avoid))

    def _avoided(self, names: frozenset[str]) -> frozenset[int]:
        numbers = self._avoid.get(names)
        if numbers is None:
            known = self.finder.arcs.link_number
            numbers = self._avoid[names] = frozenset(known[name] for name in names & known.keys())
        return numbers


class _Describer:
    """Turns trips into candidates."""

    def __init__(self, arcs: Arcs) -> None:
        self._head = [arcs.nodes[node] for node in arcs.head.tolist()]
        self._link = [name for name in arcs.links for _ in range(2)]
        self._ms: list[float] = arcs.latency_ms.tolist()
        self._link_usd: list[float] = arcs.link_usd_per_gb.tolist()
        self._egress_usd: list[float] = arcs.egress_usd_per_gb.tolist()

    def __call__(self, request: RouteRequest, trip: Trip) -> Candidate:
        out, back = trip.out, trip.back
        head, link = self._head, self._link
        latency_ms = _sum(self._ms, out)
        rtt_ms = latency_ms + _sum(self._ms, back) if back else 0.0
        out_link, out_egress = _sum(self._link_usd, out), _sum(self._egress_usd, out)
        back_link, back_egress = _sum(self._link_usd, back), _sum(self._egress_usd, back)
        usd = request.out_gb * (out_link + out_egress)
        if request.round_trip:
            usd += request.back_gb * (back_link + back_egress) + request.usd_per_ms * rtt_ms
        return Candidate(
            nodes=(request.origin, *[head[arc] for arc in out]),
            links=tuple([link[arc] for arc in out]),
            return_nodes=(request.destination, *[head[arc] for arc in back]) if back else (),
            return_links=tuple([link[arc] for arc in back]),
            latency_ms=latency_ms,
            rtt_ms=rtt_ms,
            usd=usd,
            out_link_usd_per_gb=out_link,
            out_egress_usd_per_gb=out_egress,
            back_link_usd_per_gb=back_link,
            back_egress_usd_per_gb=back_egress,
        )


def _sum(values: list[float], arcs: tuple[int, ...]) -> float:
    # Exactly rounded: the way back in reverse adds up to the same.
    return fsum([values[arc] for arc in arcs])


def _rank(candidate: Candidate) -> tuple[float, float, int]:
    return candidate.usd, candidate.rtt_ms, len(candidate.links) + len(candidate.return_links)


def normal_weights(request: RouteRequest) -> Weights:
    """Return the request's weights with sum 1: requests that differ in volume only share a search."""
    if not request.round_trip:
        return Weights(1.0, 0.0, 0.0)
    total = request.out_gb + request.back_gb + request.usd_per_ms or 1.0
    return Weights(request.out_gb / total, request.back_gb / total, request.usd_per_ms / total)


def _first_reason(admissible: bool, within_the_rules: bool, at_all: bool) -> NoRoute | None:
    if admissible:
        return None
    if within_the_rules:
        return "latency"
    return "transit" if at_all else "route"
