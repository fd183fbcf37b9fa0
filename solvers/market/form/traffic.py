"""Which directions of links requests and datasets could overload, and what every arc puts on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ....routing.problem import Problem
from ...admissible.services import Services
from ...arrays import Bools, times_rows
from ...choices.problem import spans
from ...model.variables import GBIT_PER_KB
from ...rates import Floats, Ints, direction_gbps
from .crossings import Crossings, only_of, times_crossed
from .jobs import Options
from .largest import most_taken

MOST_ARCS = 1_000_000
"""Arcs up to which the traffic of all is kept."""
TOGETHER = 1_000_000
"""Arcs, or options, whose traffic is looked at together."""


@dataclass(frozen=True)
class ArcTraffic:
    """What requests put on D directions of links; A arcs share R routes, so it is kept by route.

    Attributes
    ----------
    out, back
        (R, D) how often each route crosses each direction, on the way there and back.
    route, service
        (A,) route and service of each arc.
    request_gbit, response_gbit
        Of a request to each service.
    """

    out: csr_array
    back: csr_array
    route: NDArray[np.int32]
    service: NDArray[np.int32]
    request_gbit: Floats
    response_gbit: Floats

    @cached_property
    def _every(self) -> csr_array | None:
        """What all arcs put on each direction, where there are not too many of them."""
        count = len(self.route)
        return self.made(np.arange(count)) if count <= MOST_ARCS else None

    def on(self, arcs: Ints) -> csr_array:
        """Return the Gbit/s (arcs, D) that a request/s on each of some arcs puts on each direction."""
        return self.made(arcs) if self._every is None else csr_array(self._every[arcs])

    def made(self, arcs: Ints) -> csr_array:
        """Return what :meth:`on` does, worked out for these arcs alone."""
        route, service = self.route[arcs], self.service[arcs]
        there = times_rows(self.out[route], self.request_gbit[service])
        return csr_array(there + times_rows(self.back[route], self.response_gbit[service]))

    def crossings(self, arcs: Ints) -> tuple[Ints, Ints, Floats]:
        """Return where some arcs cross a direction: which of the arcs, the direction, Gbit/s of a request/s.

        As :meth:`on`, but the ways there and back apart.
        """
        route, service, parts = self.route[arcs], self.service[arcs], []
        for way, gbit in ((self.out, self.request_gbit), (self.back, self.response_gbit)):
            place = spans(way.indptr, route.astype(np.int64))
            row = np.repeat(np.arange(len(arcs)), way.indptr[route + 1] - way.indptr[route])
            parts.append((row, way.indices[place], way.data[place] * gbit[service][row]))
        row, direction, gbps = (np.concatenate(each) for each in zip(*parts, strict=True))
        some = gbps > 0
        return row[some], direction[some], gbps[some]

    def total(self, arcs: Ints, at: Ints, rps: Floats, periods: int) -> Floats:
        """Return the Gbit/s (D, T) that requests on some arcs, each in a period, put on every direction."""
        row, direction, gbps = self.crossings(arcs)
        size = self.out.shape[1] * periods
        found = np.bincount(direction * periods + at[row], gbps * rps[row], size)
        return np.asarray(found.astype(float).reshape(-1, periods))

    def priced(self, prices: Floats) -> Callable[[Ints], Floats]:
        """Return what tells the price (arcs, T) of a request/s on arcs at prices (D, T) of a Gbit/s."""
        out, back = np.asarray(self.out @ prices), np.asarray(self.back @ prices)

        def price(arcs: Ints) -> Floats:
            route, service = self.route[arcs], self.service[arcs]
            there = self.request_gbit[service][:, None] * out[route]
            return np.asarray(there + self.response_gbit[service][:, None] * back[route])

        return price

    def only(self, directions: Bools) -> ArcTraffic:
        """Return the traffic on the directions chosen (D), none on the others."""
        return replace(self, out=only_of(self.out, directions), back=only_of(self.back, directions))

    def crossing(self, arcs: Ints) -> Ints:
        """Return those of some arcs that cross any direction."""
        crosses = (np.diff(self.out.indptr) > 0) | (np.diff(self.back.indptr) > 0)
        return np.asarray(arcs[crosses[self.route[arcs]]])


def arc_traffic(problem: Problem, services: Services) -> ArcTraffic:
    """Return the traffic of requests on the arcs of the world."""
    size = np.array([(s.request_kb, s.response_kb) for s in problem.services], dtype=float).reshape(-1, 2)
    used = np.zeros(len(services.trips), dtype=bool)
    used[services.arc_trip] = True
    routes, width = np.flatnonzero(used), 2 * len(problem.links)
    out, back = (times_crossed(way.take(routes), width) for way in (services.trips.out, services.trips.back))
    route = (np.cumsum(used, dtype=np.int32) - 1)[services.arc_trip]
    service = services.slot_service.astype(np.int32)[services.arc_slot]
    return ArcTraffic(out, back, route, service, *(size * GBIT_PER_KB).T)


def crowded_directions(
    problem: Problem, services: Services, traffic: ArcTraffic, options: Sequence[Options]
) -> Bools:
    """Return which directions (D) could carry more than they may if all went there that can.

    What is known to be crowded is not looked at any more, which soon leaves little to look at.
    """
    usable = direction_gbps(problem) * (1 - 1e-9)
    most = np.zeros(len(usable))
    for looked_at in (*map(_jobs_gbps, options), _requests_gbps(services, traffic)):
        for gbps_on in looked_at:
            most += gbps_on(most <= usable)
    return np.asarray(most > usable)


_Gbps = Callable[[Bools], Floats]
"""The most Gbit/s (D,) that some workloads put on every direction of those asked for (D,)."""


def _jobs_gbps(group: Options) -> Iterator[_Gbps]:
    """Yield the most that datasets and jobs over several sites put on directions, some jobs at a time."""
    for crossed, rate in ((group.dataset, group.transfer_gbps), (group.linking, group.reserved_gbps)):
        for rows in _parts(group.job):
            yield partial(_of_jobs, group.job[rows], crossed[rows], rate[rows])


def _of_jobs(job: Ints, crossed: Crossings, rate: Floats, directions: Bools) -> Floats:
    mine = crossed.only(directions)
    some = np.flatnonzero(mine.crosses)
    return most_taken(job[some], mine[some].matrix(rate[some]))


def _requests_gbps(services: Services, traffic: ArcTraffic) -> Iterator[_Gbps]:
    """Yield the most that requests put on directions, some demands at a time, each at its peak."""
    peak = services.demand.max(axis=1, initial=0.0)
    for rows in _parts(services.arc_demand):
        yield partial(_of_requests, services.arc_demand, peak, traffic, np.arange(rows.start, rows.stop))


def _of_requests(demand: Ints, peak: Floats, traffic: ArcTraffic, arcs: Ints, directions: Bools) -> Floats:
    mine = traffic.only(directions)
    some = mine.crossing(arcs)
    return most_taken(demand[some], times_rows(mine.made(some), peak[demand[some]]))


def _parts(block: Ints) -> Iterator[slice]:
    """Yield parts of entries whose blocks (N,) ascend, no block in two of them."""
    begin = 0
    while begin < len(block):
        last = min(begin + TOGETHER, len(block)) - 1
        end = int(np.searchsorted(block, block[last], side="right"))
        yield slice(begin, end)
        begin = end
