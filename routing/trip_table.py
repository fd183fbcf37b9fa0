"""Trips kept once each, as arrays: which arcs they cross, how long they take, what a GB on them costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .arcs import Arcs
from .runs import Growing, GrowingRuns, Runs
from .trips import Trip

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


NO_TRIP = -1


class TripTable:
    """Trips of a network, numbered in the order in which they come.

    Two trips over the same arcs are one. Arcs are numbered ``2 * link``, plus 1 from the link's target to its
    source.
    """

    def __init__(self, arcs: Arcs) -> None:
        self._known: dict[bytes | Trip, int] = {}
        self._out, self._back = GrowingRuns(), GrowingRuns()
        self._measures = _Measures(arcs)

    def __len__(self) -> int:
        return len(self._known)

    def number(self, origin: Ints, homeward: Ints, *, round_trip: bool) -> Ints:
        """Return the numbers of N trips, which become known where they are not.

        Parameters
        ----------
        origin
            (N,) numbers of the nodes where they begin.
        homeward
            (N, L) arcs of the way out, the last first, and -1 after the first.
        round_trip
            Whether the trips come back by the same links; the others do not come back.
        """
        known, before = self._known, len(self._known)
        names = _names(2 * origin + round_trip, homeward)
        numbers = np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
        fresh = np.flatnonzero(numbers >= before)
        if len(fresh):
            _, first = np.unique(numbers[fresh], return_index=True)
            self._store(homeward[fresh[first]], round_trip)
        return numbers

    def _store(self, homeward: Ints, round_trip: bool) -> None:
        lengths = np.count_nonzero(homeward >= 0, axis=1)
        order = np.maximum(lengths[:, None] - 1 - np.arange(homeward.shape[1]), 0)
        there = np.arange(homeward.shape[1]) < lengths[:, None]
        out = np.where(there, np.take_along_axis(homeward, order, axis=1), -1)
        back = np.where(there & round_trip, homeward ^ 1, -1)
        for lists, arcs in ((self._out, out), (self._back, back)):
            lists.add(np.count_nonzero(arcs >= 0, axis=1), arcs[arcs >= 0])
        self._measures.add(out, back, round_trip=round_trip)

    def add(self, origin: Ints, trips: Sequence[Trip], *, round_trip: bool) -> Ints:
        """Return the numbers of N trips from nodes ``origin`` (N,), which may come back another way."""
        simple = np.array([_is_simple(trip) for trip in trips], dtype=bool)
        numbers = np.zeros(len(trips), dtype=np.int64)
        homeward = _padded([trip.out[::-1] for trip, plain in zip(trips, simple, strict=True) if plain])
        numbers[simple] = self.number(origin[simple], homeward, round_trip=round_trip)
        numbers[~simple] = [self._apart(trip) for trip, plain in zip(trips, simple, strict=True) if not plain]
        return numbers

    def _apart(self, trip: Trip) -> int:
        """Return the number of a trip that comes back another way."""
        if trip not in self._known:
            self._known[trip] = len(self._known)
            out, back = _padded([trip.out]), _padded([trip.back])
            self._out.add(np.array([out.size]), out[0])
            self._back.add(np.array([back.size]), back[0])
            self._measures.add(out, back, round_trip=True)
        return self._known[trip]

    def trip(self, number: int) -> Trip:
        """Return one trip."""
        return Trip(tuple(self.out.run(number).tolist()), tuple(self.back.run(number).tolist()))

    @property
    def out(self) -> Runs:
        """Arcs of the way out of each trip, in order of travel."""
        return self._out.runs

    @property
    def back(self) -> Runs:
        """Arcs of the way back; none for trips of one way."""
        return self._back.runs

    @property
    def hops(self) -> Floats:
        """(N,) number of links crossed, out and back."""
        return self._measures.column(4)

    @property
    def narrowest_gbps(self) -> Floats:
        """(N,) the least usable bandwidth on the way out, infinite where that crosses no link."""
        return self._measures.column(5)

    @property
    def latency_ms(self) -> Floats:
        """(N,) one way, out."""
        return self._measures.column(0)

    @property
    def rtt_ms(self) -> Floats:
        """(N,) out and back; 0 for trips of one way."""
        return self._measures.column(1)

    @property
    def out_usd_per_gb(self) -> Floats:
        """(N,) links and egress on the way out."""
        return self._measures.column(2)

    @property
    def back_usd_per_gb(self) -> Floats:
        """(N,) links and egress on the way back."""
        return self._measures.column(3)


def of_trips(values: npt.NDArray[Any], trips: Ints, absent: float | bool) -> npt.NDArray[Any]:
    """Return the values of some trips, ``absent`` for negative numbers, which are of no trip."""
    if not len(values):
        return np.full(trips.shape, absent)
    # What is no trip takes the first entry, which is not looked at.
    return np.where(trips >= 0, values[np.maximum(trips, 0)], absent)


class _Measures:
    """What trips take: one way, out and back, USD of a GB out and of one back, links, narrowest link out."""

    def __init__(self, arcs: Arcs) -> None:
        # The last entry answers for -1, which is no arc.
        self._ms = np.append(arcs.latency_ms, 0.0)
        self._usd = np.append(arcs.usd_per_gb, 0.0)
        self._gbps = np.append(arcs.usable_gbps, np.inf)
        self._rows = Growing(6, dtype=float)

    def add(self, out: Ints, back: Ints, *, round_trip: bool) -> None:
        """Add (N, L) arcs out and back, padded with -1."""
        ms = self._ms[out].sum(axis=1)
        added = [
            ms,
            (ms + self._ms[back].sum(axis=1)) * round_trip,
            self._usd[out].sum(axis=1),
            self._usd[back].sum(axis=1),
            np.count_nonzero(out >= 0, axis=1) + np.count_nonzero(back >= 0, axis=1),
            self._gbps[out].min(axis=1, initial=np.inf),
        ]
        self._rows.add(np.stack(added, axis=1))

    def column(self, index: int) -> Floats:
        """Return one measure of all trips."""
        return self._rows.rows[:, index]


def _is_simple(trip: Trip) -> bool:
    """Return whether a trip comes back by the same links, or not at all."""
    return not trip.back or trip.back == tuple([arc ^ 1 for arc in reversed(trip.out)])


def _padded(rows: Sequence[Sequence[int]]) -> Ints:
    """Return rows of different lengths as one array, -1 after their ends."""
    longest = max(map(len, rows), default=0)
    padded = [[*row, *[-1] * (longest - len(row))] for row in rows]
    return np.array(padded, dtype=np.int64).reshape(len(rows), longest)


def _names(head: Ints, arcs: Ints) -> list[bytes]:
    """Return one name per row: its numbers as bytes, of which numpy takes off the zeros at the end."""
    numbers = np.empty((len(head), arcs.shape[1] + 1), dtype=np.int32)
    numbers[:, 0], numbers[:, 1:] = head + 1, arcs + 1
    names: list[bytes] = numbers.view(f"S{4 * numbers.shape[1]}").ravel().tolist()
    return names
