"""Which directions of links requests and datasets could overload, and what every arc puts on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array

from ...routing.problem import Problem
from ...routing.runs import Runs
from ..arrays import Bools, times_rows
from ..choices.problem import spans
from ..rates import Floats, Ints
from ..services import Services
from ..variables import GBIT_PER_KB
from .jobs import Options
from .largest import most_taken

MOST_ARCS = 1_000_000
"""Arcs up to which the traffic of all is kept."""
DEMANDS = 2000
"""Demands whose traffic is looked at together."""


@dataclass(frozen=True)
class ArcTraffic:
    """What requests put on D directions of links; A arcs share R routes, so it is kept by route.

    Attributes
    ----------
    out, back
        (R, D) how often each route crosses each direction, on the way there and back.
    route
        (A,) route of each arc.
    request_gbit, response_gbit
        (A,) of a request on each arc.
    """

    out: csr_array
    back: csr_array
    route: Ints
    request_gbit: Floats
    response_gbit: Floats

    @cached_property
    def _every(self) -> csr_array | None:
        """What all arcs put on each direction, where there are not too many of them."""
        count = len(self.route)
        return self._made(np.arange(count)) if count <= MOST_ARCS else None

    def on(self, arcs: Ints) -> csr_array:
        """Return the Gbit/s (arcs, D) that a request/s on each of some arcs puts on each direction."""
        return self._made(arcs) if self._every is None else csr_array(self._every[arcs])

    def _made(self, arcs: Ints) -> csr_array:
        route = self.route[arcs]
        there = times_rows(self.out[route], self.request_gbit[arcs])
        return csr_array(there + times_rows(self.back[route], self.response_gbit[arcs]))

    def crossings(self, arcs: Ints) -> tuple[Ints, Ints, Floats]:
        """Return where some arcs cross a direction: which of the arcs, the direction, Gbit/s of a request/s.

        As :meth:`on`, but the ways there and back apart.
        """
        route, parts = self.route[arcs], []
        for way, gbit in ((self.out, self.request_gbit), (self.back, self.response_gbit)):
            place = spans(way.indptr, route)
            row = np.repeat(np.arange(len(arcs)), way.indptr[route + 1] - way.indptr[route])
            parts.append((row, way.indices[place], way.data[place] * gbit[arcs][row]))
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
            route = self.route[arcs]
            there = self.request_gbit[arcs][:, None] * out[route]
            return np.asarray(there + self.response_gbit[arcs][:, None] * back[route])

        return price

    def only(self, directions: Bools) -> ArcTraffic:
        """Return the traffic on the directions chosen (D), none on the others."""
        return replace(self, out=_only(self.out, directions), back=_only(self.back, directions))


def arc_traffic(problem: Problem, services: Services) -> ArcTraffic:
    """Return the traffic of requests on the arcs of the world."""
    size = np.array([(s.request_kb, s.response_kb) for s in problem.services], dtype=float).reshape(-1, 2)
    gbit = size[services.arcs_service] * GBIT_PER_KB
    routes, route = np.unique(services.arc_trip, return_inverse=True)
    width = 2 * len(problem.links)
    out, back = (_crossings(way.take(routes), width) for way in (services.trips.out, services.trips.back))
    return ArcTraffic(out, back, route.astype(np.int64), gbit[:, 0], gbit[:, 1])


def _crossings(ways: Runs, width: int) -> csr_array:
    pointers, directions = ways.begins, ways.values.astype(np.int64)
    found = csr_array((np.ones(len(directions)), directions, pointers), shape=(len(pointers) - 1, width))
    found.sum_duplicates()
    return found


def usable_gbps(problem: Problem) -> Floats:
    """Return the usable bandwidth of every direction (D), Gbit/s."""
    usable = [link.bandwidth_gbps * (1 - link.reserve_fraction) for link in problem.links]
    return np.repeat(np.array(usable, dtype=float), 2)


def crowded_directions(
    problem: Problem, services: Services, traffic: ArcTraffic, options: Sequence[Options]
) -> Bools:
    """Return which directions (D) could carry more than they may if all went there that can."""
    most = _requests_gbps(services, traffic) + _jobs_gbps(2 * len(problem.links), options)
    return np.asarray(most > usable_gbps(problem) * (1 - 1e-9))


def _requests_gbps(services: Services, traffic: ArcTraffic) -> Floats:
    """Return the most that requests put on each direction (D), each demand at its peak.

    Of the arcs of a demand that share a route, which put the same on links, one is looked at.
    """
    pairs = services.arc_demand * np.int64(traffic.out.shape[0]) + traffic.route
    order = np.unique(pairs, return_index=True)[1]
    ends = np.searchsorted(services.arc_demand[order], np.arange(len(services.demand) + 1))
    peak = services.demand.max(axis=1, initial=0.0)
    total = np.zeros(traffic.out.shape[1])
    for first in range(0, len(peak), DEMANDS):
        last = min(first + DEMANDS, len(peak))
        arcs = order[ends[first] : ends[last]]
        demand = services.arc_demand[arcs]
        total += most_taken(demand, times_rows(traffic.on(arcs), peak[demand]))
    return total


def _jobs_gbps(directions: int, options: Sequence[Options]) -> Floats:
    """Return the most that datasets and jobs over several sites put on each direction (D)."""
    total = np.zeros(directions)
    for group in options:
        for crossed, rate in ((group.dataset, group.transfer_gbps), (group.reserved, np.ones(len(group)))):
            total += most_taken(group.job, times_rows(crossed, rate))
    return total


def _only(crossed: csr_array, chosen: Bools) -> csr_array:
    part = coo_array(crossed)
    mine = chosen[part.col]
    return csr_array(coo_array((part.data[mine], (part.row[mine], part.col[mine])), shape=crossed.shape))


def links_of(problem: Problem, directions: Bools) -> frozenset[str]:
    """Return the links of which one of the ``directions`` (D) is chosen."""
    return frozenset(problem.links[index // 2].id for index in np.flatnonzero(directions))
