"""Trips: a way out and a way back between two nodes, the cheapest or the fastest, within a limit or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum, inf
from types import MappingProxyType

from .arcs import Arcs, Permit
from .lanes import Floats, Lane

Pair = tuple[int, int]
Penalty = Mapping[int, float]

EXACT_LABELS, ALTERNATIVE_LABELS = 10_000, 500
"""Largest searches for ways out that pass no node twice."""
_NONE: Penalty = MappingProxyType({})
_SAME = 1 + 1e-9
"""Costs closer than this ratio are equal."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Arcs of the way out and of the way back, in order of travel."""

    out: tuple[int, ...]
    back: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """Generalised cost: price of a GB out and back at these amounts, and of a millisecond of round trip."""

    out_gb: float
    back_gb: float
    usd_per_ms: float


class _Search:
    """What searches for trips have in common: the measures of a trip."""

    def __init__(self, arcs: Arcs, weights: Weights) -> None:
        self._arcs, self._weights = arcs, weights

    def cost(self, trip: Trip) -> float:
        """Return the generalised cost of ``trip``, without penalties."""
        usd, weights = self._arcs.usd_list, self._weights
        out, back = fsum([usd[arc] for arc in trip.out]), fsum([usd[arc] for arc in trip.back])
        return weights.out_gb * out + weights.back_gb * back + weights.usd_per_ms * self.rtt_ms(trip)

    @cached_property
    def ceiling_usd(self) -> float:
        """Upper bound of what any trip without penalties costs."""
        usd, ms, weights = max(self._arcs.usd_list), max(self._arcs.ms_list), self._weights
        per_hop = (weights.out_gb + weights.back_gb) * usd + weights.usd_per_ms * 2 * ms
        return per_hop * len(self._arcs.nodes)

    def rtt_ms(self, trip: Trip) -> float:
        """Return the round trip of ``trip``, or the latency of a trip one way."""
        ms = self._arcs.ms_list
        return fsum([ms[arc] for arc in (*trip.out, *trip.back)])


class OneWaySearch(_Search):
    """Finds trips one way, whose latency does not matter."""

    fastest = None

    def __init__(self, arcs: Arcs, weights: Weights, lane: Lane) -> None:
        super().__init__(arcs, weights)
        self._lane = lane

    def cheapest(self, origin: int, destination: int) -> Trip | None:
        """Return the trip of least cost."""
        out = self._lane.path(origin, destination)
        return None if out is None else Trip(out)

    def within(self, ends: Pair, _limit_ms: float = inf, penalty: Penalty = _NONE) -> Trip | None:
        """Return the trip of least cost plus penalties by number of link; there is no limit one way."""
        out = next(self._lane.front(ends, inf, penalty), None)
        return None if out is None else Trip(out)


class RoundTripSearch(_Search):
    """Finds round trips under one policy and one set of weights.

    Parameters
    ----------
    arcs
        The network.
    weights
        What the lanes' costs were made with.
    mirror
        Ways whose trips come back by the same links.
    apart
        Ways out over a directed link, and ways back; None where every link is undirected.
    """

    def __init__(self, arcs: Arcs, weights: Weights, mirror: Lane, apart: tuple[Lane, Lane] | None) -> None:
        super().__init__(arcs, weights)
        self._tails: list[int] = arcs.tail.tolist()
        self._heads: list[int] = arcs.head.tolist()
        self._mirror, self._apart = mirror, apart

    @cached_property
    def fastest(self) -> RoundTripSearch:
        """The search for the trips of least latency, the cheapest of them."""
        apart = self._apart and (self._apart[0].swapped, self._apart[1].swapped)
        return RoundTripSearch(self._arcs, self._weights, self._mirror.swapped, apart)

    def cheapest(self, origin: int, destination: int) -> Trip | None:
        """Return the trip of least cost."""
        alone = _mirrored(self._mirror.path(origin, destination))
        if self._apart is None:
            return alone
        lane, lane_back = self._apart
        out, back = lane.path(origin, destination), lane_back.path(origin, destination)
        if out is None or back is None:
            return alone
        usd = lane.cost(out) + lane_back.cost(back)
        if alone is not None and self._mirror.cost(alone.out) <= usd * _SAME:
            return alone
        # A way that passes a node twice tells no more than a bound.
        return Trip(out, back[::-1]) if self._is_simple(out) else self.within((origin, destination))

    def within(self, ends: Pair, limit_ms: float = inf, penalty: Penalty = _NONE) -> Trip | None:
        """Return the trip of least cost plus penalties whose round trip is within the limit.

        The search is exact, save that it gives up trips whose way back differs where too many ways out pass
        a node twice.

        Parameters
        ----------
        penalty
            Extra cost of each crossing, by number of link.
        """
        twice = {link: 2 * usd for link, usd in penalty.items()}
        alone = _mirrored(next(self._mirror.front(ends, limit_ms, twice), None))
        usd = inf if alone is None else _total(self._mirror, alone.out, twice)
        best = self._best_apart(ends, limit_ms, penalty, usd)
        if best is not None and not self._is_simple(best.out):
            # To leave out such ways takes long: worth it for the cheapest trip, less so for an alternative.
            most_labels = ALTERNATIVE_LABELS if penalty else EXACT_LABELS
            best = self._best_apart(ends, limit_ms, penalty, usd, most_labels)
        return best or alone

    def _best_apart(
        self, ends: Pair, limit_ms: float, penalty: Penalty, below_usd: float, simple_labels: int = 0
    ) -> Trip | None:
        """Return the best trip whose way back is not the way out in reverse, if it costs less than that."""
        if self._apart is None:
            return None
        out_lane, back_lane = self._apart
        # The searches' costs hold the ties' weights too.
        most_usd = below_usd * (1 + 1e-6)
        spare_ms = limit_ms - (back_lane.least_ms(*ends) if limit_ms < inf else 0.0)
        outs = list(out_lane.front(ends, spare_ms, penalty, most_usd, simple_labels))
        spare_ms = limit_ms - min((out_lane.ms(out) for out in outs), default=0.0)
        backs = list(back_lane.front(ends, spare_ms, penalty, most_usd)) if outs else []
        pairs = [
            (_total(out_lane, out, penalty) + _total(back_lane, back, penalty), Trip(out, back[::-1]))
            for out in outs
            for back in backs
            if out_lane.ms(out) + back_lane.ms(back) <= limit_ms
        ]
        usd, best = min(pairs, key=lambda pair: pair[0], default=(inf, None))
        return best if usd * _SAME < below_usd else None

    def _is_simple(self, out: tuple[int, ...]) -> bool:
        """Whether ``out`` passes no node twice."""
        passed = {self._tails[out[0]], *(self._heads[arc] for arc in out)}
        return len(passed) == len(out) + 1


Search = OneWaySearch | RoundTripSearch


def trip_search(permit: Permit, weights: Weights, round_trip: bool, destinations: Sequence[int]) -> Search:
    """Return a search among what ``permit`` permits, for trips to ``destinations``."""
    arcs = permit.arcs
    price, ms = arcs.usd_per_gb, arcs.latency_ms
    if not round_trip:
        return OneWaySearch(arcs, weights, Lane(permit.one_way, weights.out_gb * price, ms, destinations))
    mirror = Lane(permit.mirror, mirror_usd(arcs, weights), 2 * ms, destinations)
    if not permit.has_directed:
        return RoundTripSearch(arcs, weights, mirror, None)
    out, back = apart_usd(arcs, weights)
    apart = Lane(permit.out, out, ms, destinations), Lane(permit.back, back, ms, destinations)
    return RoundTripSearch(arcs, weights, mirror, apart)


def apart_usd(arcs: Arcs, weights: Weights) -> tuple[Floats, Floats]:
    """Return what it costs to cross each arc on the way out, and on the way back."""
    latency_usd: Floats = weights.usd_per_ms * arcs.latency_ms
    return weights.out_gb * arcs.usd_per_gb + latency_usd, weights.back_gb * arcs.usd_per_gb + latency_usd


def mirror_usd(arcs: Arcs, weights: Weights) -> Floats:
    """Return what it costs to cross each arc on the way out and its opposite on the way back."""
    back = arcs.usd_per_gb.reshape(-1, 2)[:, ::-1].ravel()
    usd: Floats = (
        weights.out_gb * arcs.usd_per_gb + weights.back_gb * back + 2 * weights.usd_per_ms * arcs.latency_ms
    )
    return usd


def _mirrored(out: tuple[int, ...] | None) -> Trip | None:
    return None if out is None else Trip(out, tuple([arc ^ 1 for arc in reversed(out)]))


def _total(lane: Lane, arcs: tuple[int, ...], penalty: Penalty) -> float:
    return lane.cost(arcs) + sum(penalty.get(arc >> 1, 0.0) for arc in arcs)
