"""Trips: a way out and a way back between two nodes, the cheapest or the fastest, within a limit or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum, inf

from .arcs import Arcs, Permit
from .lanes import Lane

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


class TripSearch:
    """Finds trips under one policy and one set of weights.

    Parameters
    ----------
    arcs
        The network.
    weights
        What the lanes' costs were made with.
    mirror
        Ways whose trips come back by the same links.
    out, back
        Ways out and back of all other trips; None where there are none. One-way trips have ``out`` only.
    """

    def __init__(
        self, arcs: Arcs, weights: Weights, mirror: Lane | None, out: Lane | None, back: Lane | None = None
    ) -> None:
        self._heads: list[int] = arcs.head.tolist()
        self._arcs, self.weights = arcs, weights
        self._mirror, self._out, self._back = mirror, out, back

    @property
    def is_one_way(self) -> bool:
        """Whether trips have no way back."""
        return self._mirror is None

    @cached_property
    def fastest(self) -> TripSearch:
        """The search for the trips of least latency, the cheapest of them."""
        lanes = (self._mirror, self._out, self._back)
        mirror, out, back = (None if lane is None else lane.swapped for lane in lanes)
        return TripSearch(self._arcs, self.weights, mirror, out, back)

    def cost(self, trip: Trip) -> float:
        """Return the generalised cost of ``trip``, without penalties."""
        usd, weights = self._arcs.usd_list, self.weights
        out, back = fsum([usd[arc] for arc in trip.out]), fsum([usd[arc] for arc in trip.back])
        return weights.out_gb * out + weights.back_gb * back + weights.usd_per_ms * self.rtt_ms(trip)

    def rtt_ms(self, trip: Trip) -> float:
        """Return the round trip of ``trip``; for one way its latency."""
        ms = self._arcs.ms_list
        return fsum([ms[arc] for arc in (*trip.out, *trip.back)])

    def cheapest(self, origin: int, destination: int) -> Trip | None:
        """Return the trip of least cost."""
        if self._mirror is None:
            return self._one_way(_path(self._out, origin, destination))
        alone = self._mirror.path(origin, destination)
        out, back = _path(self._out, origin, destination), _path(self._back, origin, destination)
        if self._out is None or self._back is None or out is None or back is None:
            return None if alone is None else _mirrored(alone)
        apart = self._out.cost(out) + self._back.cost(back)
        if alone is not None and self._mirror.cost(alone) <= apart * _SAME:
            return _mirrored(alone)
        if self._is_simple(origin, out):
            return Trip(out, back[::-1])
        return self.within(origin, destination)

    def _one_way(self, out: tuple[int, ...] | None) -> Trip | None:
        return None if out is None else Trip(out)

    def within(
        self, origin: int, destination: int, limit_ms: float = inf, penalty: Mapping[int, float] | None = None
    ) -> Trip | None:
        """Return the trip of least cost plus penalties whose round trip is within the limit, by exact search.

        Parameters
        ----------
        penalty
            Extra cost by number of link.
        """
        ends, penalty = (origin, destination), penalty or {}
        if self._mirror is None:
            found = iter(()) if self._out is None else self._out.front(ends, inf, penalty)
            return self._one_way(next(found, None))
        alone = next(self._mirror.front(ends, limit_ms, penalty), None)
        usd = inf if alone is None else _total(self._mirror, alone, penalty)
        apart = self._apart(ends, limit_ms, penalty, usd * (1 + 1e-6))
        if apart is not None and apart[0] * _SAME < usd:
            return apart[1]
        return None if alone is None else _mirrored(alone)

    def _apart(
        self, ends: tuple[int, int], limit_ms: float, penalty: Mapping[int, float], below_usd: float
    ) -> tuple[float, Trip] | None:
        """Return the best trip whose way back is not the way out in reverse, with its cost."""
        best = None
        for simple in (False, True):
            best = self._pair(ends, limit_ms, penalty, below_usd, simple)
            # A way that passes a node twice only shows that the search must tell such ways apart.
            if best is None or self._is_simple(ends[0], best[1].out):
                break
        return best

    def _pair(
        self,
        ends: tuple[int, int],
        limit_ms: float,
        penalty: Mapping[int, float],
        below_usd: float,
        simple: bool,
    ) -> tuple[float, Trip] | None:
        if self._out is None or self._back is None:
            return None
        spare = limit_ms - (self._back.least_ms(*ends) if limit_ms < inf else 0.0)
        outs = list(self._out.front(ends, spare, penalty, below_usd, simple))
        spare = limit_ms - min((self._out.ms(out) for out in outs), default=0.0)
        backs = list(self._back.front(ends, spare, penalty, below_usd)) if outs else []
        pairs = [
            (_total(self._out, out, penalty) + _total(self._back, back, penalty), Trip(out, back[::-1]))
            for out in outs
            for back in backs
            if self._out.ms(out) + self._back.ms(back) <= limit_ms
        ]
        return min(pairs, key=lambda pair: pair[0], default=None)

    def _is_simple(self, origin: int, out: tuple[int, ...]) -> bool:
        return len({origin, *(self._heads[arc] for arc in out)}) == len(out) + 1


def trip_search(
    permit: Permit, weights: Weights, round_trip: bool, destinations: Sequence[int]
) -> TripSearch:
    """Return a search among what ``permit`` permits, for trips to ``destinations``."""
    arcs = permit.arcs
    price, ms = arcs.usd_per_gb, arcs.latency_ms
    if not round_trip:
        return TripSearch(arcs, weights, None, Lane(permit.one_way, weights.out_gb * price, ms, destinations))
    out = weights.out_gb * price + weights.usd_per_ms * ms
    back = weights.back_gb * price + weights.usd_per_ms * ms
    opposite = back.reshape(-1, 2)[:, ::-1].ravel()
    mirror = Lane(permit.mirror, out + opposite, 2 * ms, destinations)
    if not permit.has_directed:
        return TripSearch(arcs, weights, mirror, None)
    apart = Lane(permit.out, out, ms, destinations), Lane(permit.back, back, ms, destinations)
    return TripSearch(arcs, weights, mirror, *apart)


def _path(lane: Lane | None, origin: int, destination: int) -> tuple[int, ...] | None:
    return None if lane is None else lane.path(origin, destination)


def _mirrored(out: tuple[int, ...]) -> Trip:
    return Trip(out, tuple(arc ^ 1 for arc in reversed(out)))


def _total(lane: Lane, arcs: tuple[int, ...], penalty: Mapping[int, float]) -> float:
    return lane.cost(arcs) + sum(penalty.get(arc >> 1, 0.0) for arc in arcs)
