"""Which directions of links requests and datasets could overload, and what every arc puts on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array

from ...routing.problem import Problem
from ..arrays import Bools
from ..rates import Floats
from ..services import Services
from ..variables import GBIT_PER_KB
from .jobs import Options


def arc_traffic(problem: Problem, services: Services) -> csr_array:
    """Return (A, D) the Gbit/s that a request/s on each arc puts on each direction of a link."""
    kilobytes = np.array([(s.request_kb, s.response_kb) for s in problem.services], dtype=float).reshape(
        -1, 2
    )
    gbit = kilobytes[services.arcs_service] * GBIT_PER_KB
    rows, columns, values = [], [], []
    for way, size in ((services.trips.out, gbit[:, 0]), (services.trips.back, gbit[:, 1])):
        crossed = way.take(services.arc_trip)
        arc = np.repeat(np.arange(len(size)), crossed.lengths)
        rows.append(arc)
        columns.append(crossed.values.astype(np.int64))
        values.append(size[arc])
    at = (np.concatenate(rows), np.concatenate(columns))
    shape = (len(services.arc_demand), 2 * len(problem.links))
    return csr_array(coo_array((np.concatenate(values), at), shape=shape))


def usable_gbps(problem: Problem) -> Floats:
    """Return the usable bandwidth of every direction (D), Gbit/s."""
    usable = [link.bandwidth_gbps * (1 - link.reserve_fraction) for link in problem.links]
    return np.repeat(np.array(usable, dtype=float), 2)


def crowded_directions(
    problem: Problem, services: Services, traffic: csr_array, options: Sequence[Options]
) -> Bools:
    """Return which directions (D) could carry more than they may if all went there that can."""
    most = _requests_gbps(services, traffic) + _jobs_gbps(traffic.shape[1], options)
    return np.asarray(most > usable_gbps(problem) * (1 - 1e-9))


def _requests_gbps(services: Services, traffic: csr_array) -> Floats:
    """Return the most that requests put on each direction (D), each demand at its peak."""
    part = coo_array(traffic)
    peak = services.demand.max(axis=1, initial=0.0)
    demand = services.arc_demand[part.row]
    return _sum_of_largest(demand, part.col, part.data * peak[demand], traffic.shape[1])


def _jobs_gbps(directions: int, options: Sequence[Options]) -> Floats:
    """Return the most that datasets and jobs over several sites put on each direction (D)."""
    total = np.zeros(directions)
    for group in options:
        for crossed, rate in ((group.dataset, group.transfer_gbps), (group.reserved, np.ones(len(group)))):
            part = coo_array(crossed)
            total += _sum_of_largest(group.job[part.row], part.col, part.data * rate[part.row], directions)
    return total


def _sum_of_largest(owner: np.ndarray, place: np.ndarray, amount: Floats, places: int) -> Floats:
    """Return per place the largest amount of every owner, added up."""
    order = np.lexsort((-amount, owner, place))
    owner, place, amount = owner[order], place[order], amount[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (owner[1:] != owner[:-1]) | (place[1:] != place[:-1])
    return np.bincount(place[first], amount[first], places).astype(float)


def only_directions(traffic: csr_array, chosen: Bools) -> csr_array:
    """Return the traffic on the directions chosen, none on the others."""
    part = coo_array(traffic)
    mine = chosen[part.col]
    return csr_array(coo_array((part.data[mine], (part.row[mine], part.col[mine])), shape=traffic.shape))


def links_of(problem: Problem, directions: Bools) -> frozenset[str]:
    """Return the links of which one of the ``directions`` (D) is chosen."""
    return frozenset(problem.links[index // 2].id for index in np.flatnonzero(directions))
