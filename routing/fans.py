"""Cheapest trips from some nodes to others in bulk, as numbers of trips in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

import numpy as np
import numpy.typing as npt

from .alternatives import Choice
from .arcs import Permit
from .dijkstra import Spread
from .lanes import Lane
from .paths import ROUNDING, Candidate, PathFinder, RouteRequest, normal_weights
from .policies import Residency
from .trip_table import NO_TRIP, Floats, Ints, TripTable, of_trips
from .trips import Search, Trip, apart_usd, mirror_usd, trip_search

Flags = npt.NDArray[np.bool_]
_UNSURE = -2
"""No trip yet: whether there is one, and which, has to be sought for that pair alone."""


class Fans:
    """Answers requests that differ in their ends and limits only, by one search from each origin.

    The trips are those of :class:`PathFinder`, save that of trips of equal cost, latency and number of links
    another may be found.

    Attributes
    ----------
    trips
        All trips found.
    """

    def __init__(self, finder: PathFinder) -> None:
        self.finder = finder
        self.arcs = finder.arcs
        self.trips = TripTable(finder.arcs)
        self._trees: dict[tuple[int, bytes, bool], Ints] = {}
        self._bounds: dict[tuple[Residency, float, bool], dict[int, Floats]] = {}

    def numbers(self, names: Iterable[str]) -> Ints:
        """Return the numbers of nodes."""
        return np.array([self.arcs.number[name] for name in names], dtype=np.int64)

    def answers(self, request: RouteRequest, origins: Ints, destinations: Ints, limits_ms: Floats) -> Ints:
        """Return (O, D) numbers of the cheapest admissible trips, ``NO_TRIP`` where there is none.

        Parameters
        ----------
        request
            What to seek; its ends, its limit and its alternatives are not looked at.
        origins, destinations
            (O,) and (D,) numbers of nodes.
        limits_ms
            (D,) largest round trips, infinite for none; not used one way.
        """
        limits_ms = limits_ms if request.round_trip else np.full(len(destinations), inf)
        nodes, column = np.unique(destinations, return_inverse=True)
        limits = limits_ms + ROUNDING * np.maximum(1.0, limits_ms)
        most = np.full(len(nodes), -inf)
        np.maximum.at(most, column, limits)
        least_ms = self._least_ms(request, origins) if np.isfinite(most).any() else self._nothing(origins)
        cheapest = self._cheapest(request, origins, nodes, least_ms[:, nodes] <= most)[:, column]
        in_time = (cheapest >= 0) & (of_trips(self.trips.rtt_ms, cheapest, inf) <= limits)
        found = np.where(in_time, cheapest, NO_TRIP)
        others = (cheapest != NO_TRIP) & (found < 0) & (least_ms[:, destinations] <= limits)
        if others.any():
            sought = self._one_by_one(request, origins, destinations, limits, (others, cheapest >= 0))
            found = np.where(others, sought, found)
        return found

    def _cheapest(self, request: RouteRequest, origins: Ints, nodes: Ints, wanted: Flags) -> Ints:
        """Return the (O, N) cheapest trips whatever their latency, where wanted.

        Those that could come back another way are left ``_UNSURE``.
        """
        lane = self._lane(request)
        spread = lane.way.spread(lane.weight, origins)
        at_home = origins[:, None] == nodes
        usd = np.where(at_home, 0.0, spread.distance[:, nodes])
        apart_usd = self._apart(request, origins, fastest=False)[:, nodes]
        row, col = np.nonzero(wanted & np.isfinite(usd) & (usd <= apart_usd))
        state = np.where(at_home[row, col], lane.way.exits[nodes[col]], nodes[col])
        found = np.where(apart_usd < usd, _UNSURE, NO_TRIP)
        found[row, col] = self._numbers(spread, origins, (row, state), round_trip=request.round_trip)
        return found

    def _numbers(self, spread: Spread, origins: Ints, ends: tuple[Ints, Ints], *, round_trip: bool) -> Ints:
        """Return the numbers (N,) of the trips of a spread from origins to states, both of ``ends`` (N,).

        Requests that pay about the same go the same ways, so that most of these have their numbers already.
        """
        row, state = ends
        if len(row) == 0:
            return row
        names = [
            (origin, name, round_trip) for origin, name in zip(origins.tolist(), spread.names(), strict=True)
        ]
        trees = [self._tree(name, spread.size) for name in names]
        numbers = np.stack(trees)[row, state]
        fresh = np.flatnonzero(numbers == NO_TRIP)
        row, state = row[fresh], state[fresh]
        homeward = spread.homeward(row, state)
        numbers[fresh] = self.trips.number(origins[row], homeward, round_trip=round_trip)
        parts = np.searchsorted(row, np.arange(len(trees) + 1))
        for tree, part in zip(trees, map(slice, parts, parts[1:]), strict=False):
            tree[state[part]] = numbers[fresh[part]]
        return numbers

    def _tree(self, name: tuple[int, bytes, bool], size: int) -> Ints:
        """Return the numbers of the trips to all states along a tree, ``NO_TRIP`` where not known so far."""
        if name not in self._trees:
            self._trees[name] = np.full(size, NO_TRIP)
        return self._trees[name]

    def _one_by_one(
        self,
        request: RouteRequest,
        origins: Ints,
        destinations: Ints,
        limits: Floats,
        which: tuple[Flags, Flags],
    ) -> Ints:
        """Return (O, D) trips: ``which`` are wanted, and of which the cheapest is known to be too slow."""
        wanted, is_slow = which
        row, col = np.nonzero(wanted)
        ends = zip(origins[row].tolist(), destinations[col].tolist(), strict=True)
        sought = list(zip(ends, limits[col].tolist(), is_slow[row, col].tolist(), strict=True))
        nodes = list(dict.fromkeys(destinations[col].tolist()))
        search = trip_search(self._permit(request), normal_weights(request), request.round_trip, nodes)
        different = dict.fromkeys(sought)
        trips = [(each, _first_trip(search, *each)) for each in different]
        there = {each: trip for each, trip in trips if trip is not None}
        starts = np.array([start for (start, _), _, _ in there], dtype=np.int64)
        numbers = self.trips.add(starts, [*there.values()], round_trip=request.round_trip)
        number = dict(zip(there, numbers.tolist(), strict=True))
        found = np.full(wanted.shape, NO_TRIP, dtype=np.int64)
        found[row, col] = [number.get(each, NO_TRIP) for each in sought]
        return found

    def seek(self, requests: Sequence[RouteRequest]) -> list[list[int]]:
        """Return the numbers of the candidates of each request, as :meth:`PathFinder.routes` finds them.

        The requests are all for round trips or all for one way.
        """
        found = self.finder.routes(requests)
        routes = [route for candidates in found for route in candidates]
        origins = self.numbers(route.nodes[0] for route in routes)
        round_trip = any(request.round_trip for request in requests)
        numbers = iter(self.trips.add(origins, [*map(self._trip, routes)], round_trip=round_trip).tolist())
        return [[next(numbers) for _ in candidates] for candidates in found]

    def _trip(self, route: Candidate) -> Trip:
        crossed = self.arcs.crossed
        return Trip(crossed(route.nodes, route.links), crossed(route.return_nodes, route.return_links))

    def candidate(self, request: RouteRequest, trip: int) -> Candidate:
        """Return a trip as a candidate of ``request``, which gives its ends and weights."""
        return self.finder.describe(request, self.trips.trip(trip))

    def origin(self, trip: int, destination: str) -> str:
        """Return the node where a trip begins, its destination where it crosses no link."""
        arcs = self.trips.out.run(trip)
        return self.arcs.nodes[self.arcs.tail[arcs[0]]] if len(arcs) else destination

    def reached(self, request: RouteRequest, origins: Ints, destinations: Ints) -> Flags:
        """Return (O, D) whether any trip is admissible, whatever its latency."""
        unlimited = np.full(len(destinations), inf)
        if request.round_trip and self._permit(request).has_directed:
            return self.answers(request, origins, destinations, unlimited) >= 0
        at_home = origins[:, None] == destinations
        reached: Flags = at_home | np.isfinite(self._least_ms(request, origins)[:, destinations])
        return reached

    def _permit(self, request: RouteRequest) -> Permit:
        return self.finder.permit(request.residency, request.min_bandwidth_gbps)

    def _lane(self, request: RouteRequest) -> Lane:
        """Return the ways from origins, with the request's weights."""
        permit, arcs, weights = self._permit(request), self.arcs, normal_weights(request)
        if not request.round_trip:
            return Lane(permit.one_way_from, weights.out_gb * arcs.usd_per_gb, arcs.latency_ms, ())
        return Lane(permit.mirror_from, mirror_usd(arcs, weights), 2 * arcs.latency_ms, ())

    def _apart(self, request: RouteRequest, origins: Ints, *, fastest: bool) -> Floats:
        """Return (O, nodes) lower bounds of trips that come back another way: of the cost, or the latency."""
        permit = self._permit(request)
        bound = np.zeros((len(origins), len(self.arcs.nodes)))
        if not (request.round_trip and permit.has_directed):
            return bound + inf
        prices = apart_usd(self.arcs, normal_weights(request))
        for way, usd in zip((permit.out_from, permit.back_from), prices, strict=True):
            lane = Lane(way, usd, self.arcs.latency_ms, ())
            lane = lane.swapped if fastest else lane
            distance = way.spread(lane.weight, origins).distance[:, way.states - way.nodes : way.states]
            bound += lane.without_ties(distance)
        return bound

    def _nothing(self, origins: Ints) -> Floats:
        return np.zeros((len(origins), len(self.arcs.nodes)))

    def _least_ms(self, request: RouteRequest, origins: Ints) -> Floats:
        """Return (O, nodes) lower bounds of the round trips, or of the latency one way."""
        key = (request.residency, request.min_bandwidth_gbps, request.round_trip)
        known = self._bounds.setdefault(key, {})
        missing = [origin for origin in dict.fromkeys(origins.tolist()) if origin not in known]
        if missing:
            lane = self._lane(replace(request, out_gb=0.0, back_gb=0.0, usd_per_ms=1.0)).swapped
            distance = lane.way.spread(lane.weight, missing).distance[:, : lane.way.nodes]
            distance[np.arange(len(missing)), missing] = 0.0
            fastest = self._apart(request, np.array(missing), fastest=True)
            known.update(zip(missing, np.minimum(lane.without_ties(distance), fastest), strict=True))
        return np.stack([known[origin] for origin in origins.tolist()])


def _first_trip(search: Search, ends: tuple[int, int], limit_ms: float, is_slow: bool) -> Trip | None:
    """Return the cheapest admissible trip; ``is_slow`` says that the cheapest of all is known not to be."""
    choice = Choice(search, None, ends, limit_ms, ())
    return choice.in_time() if is_slow else next(iter(choice.trips(1)), None)
