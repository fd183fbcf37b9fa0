"""All trips between two nodes, where there are few."""

from __future__ import annotations

from collections.abc import Iterator

from .arcs import Permit
from .trips import Trip

STEPS_PER_TRIP = 50
"""Arcs looked at for every trip asked for, after which the search gives up: a dense network has dead ends."""
_Way = tuple[int, ...]


class EveryTrip:
    """Lists the trips that one policy permits, none of which passes a node twice on its way out, or back.

    Parameters
    ----------
    permit
        Nodes and arcs that may be used.
    round_trip
        Whether trips come back: the way they went, unless an arc of that is directed.
    """

    def __init__(self, permit: Permit, *, round_trip: bool) -> None:
        arcs = permit.arcs
        self._heads, self._ms = arcs.head.tolist(), arcs.ms_list
        self._directed, self._passable = arcs.directed.tolist(), permit.passable.tolist()
        self._round_trip = round_trip
        self._onward = {}
        for name, usable in (("out", permit.outward), ("back", permit.usable)):
            leaving: list[list[int]] = [[] for _ in arcs.nodes]
            for arc in usable.nonzero()[0].tolist():
                leaving[int(arcs.tail[arc])].append(arc)
            self._onward[name] = leaving

    def within(self, ends: tuple[int, int], limit_ms: float, most: int) -> list[Trip] | None:
        """Return the trips from one end to the other, None where there are more than ``most``, or may be."""
        found: list[Trip] = []
        steps = iter(range(STEPS_PER_TRIP * most))
        for trip in self._trips(ends, steps):
            if trip is None or len(found) == most:
                return None
            if sum(self._ms[arc] for arc in (*trip.out, *trip.back)) <= limit_ms:
                found.append(trip)
        return found

    def _trips(self, ends: tuple[int, int], steps: Iterator[int]) -> Iterator[Trip | None]:
        """Yield the trips, and None when the steps have come to their end."""
        for out in self._ways("out", ends, steps):
            if out is None:
                yield None
            elif not self._round_trip:
                yield Trip(out)
            elif not any(self._directed[arc] for arc in out):
                yield Trip(out, tuple([arc ^ 1 for arc in reversed(out)]))
            else:
                for back in self._ways("back", ends[::-1], steps):
                    yield None if back is None else Trip(out, back)

    def _ways(self, name: str, ends: tuple[int, int], steps: Iterator[int]) -> Iterator[_Way | None]:
        onward, (origin, destination) = self._onward[name], ends
        waiting: list[tuple[_Way, frozenset[int]]] = [((), frozenset([origin]))]
        while waiting:
            way, passed = waiting.pop()
            node = self._heads[way[-1]] if way else origin
            if node == destination:
                yield way
                continue
            if way and not self._passable[node]:
                continue
            for arc in onward[node]:
                if next(steps, None) is None:
                    yield None
                    return
                if self._heads[arc] not in passed:
                    waiting.append(((*way, arc), passed | {self._heads[arc]}))
