"""Options of jobs that could stand alone: none that on its own asks for more than a shared row has."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array

from ....routing.problem import Problem
from ...admissible.option_table import OptionTable
from ...arrays import Bools
from ...rates import Floats, Rates, direction_gbps
from .crossings import JobWays

ROUNDING = 1e-9


def possible_alone(problem: Problem, rates: Rates, table: OptionTable, ways: JobWays) -> Bools:
    """Return which options links, sites' power and spot capacity could each bear, were there no others."""
    return _links_bear(problem, table, ways) & _sites_bear(problem, rates, table)


def _links_bear(problem: Problem, table: OptionTable, ways: JobWays) -> Bools:
    """Return which options fit into their links; the dataset moves while the job is already active."""
    usable = direction_gbps(problem) * (1 + ROUNDING)
    keep = table.rate_gbps <= _room_on_ways(ways.dataset.ways, usable)[ways.dataset.way]
    both = np.flatnonzero(ways.linking.crosses)
    some = ways.take(both)
    load = some.dataset.matrix(table.rate_gbps[both]) + some.linking.matrix(some.reserved_gbps)
    used = coo_array(load)
    keep[both[used.row[used.data > usable[used.col]]]] = False
    return np.asarray(keep)


def _room_on_ways(ways: csr_array, usable_gbps: Floats) -> Floats:
    """Return the most Gbit/s that each way (W, D) could carry, infinite where it crosses nothing."""
    most, some = np.full(ways.shape[0], np.inf), np.flatnonzero(np.diff(ways.indptr))
    if len(some):
        most[some] = np.minimum.reduceat(usable_gbps[ways.indices] / ways.data, ways.indptr[some])
    return most


def _sites_bear(problem: Problem, rates: Rates, table: OptionTable) -> Bools:
    """Return which options fit into the power of their sites and the spot capacity of their pools."""
    power = np.array([_or_none(site.max_power_kw) for site in problem.data_centers])
    spot = np.array([_or_none(pool.spot_count) for pool in problem.pools])
    least_kw = rates.kw.reshape(len(rates.kw), -1).min(axis=1)
    keep = np.ones(len(table), dtype=bool)
    for option, pool in table.by_site():
        count = table.accelerators[option]
        over = count * least_kw[pool] > power[rates.site[pool]] * (1 + ROUNDING)
        over |= table.spot[option] & (count > spot[pool])
        keep[option[over]] = False
    return keep


def _or_none(limit: float | None) -> float:
    return np.inf if limit is None else float(limit)
