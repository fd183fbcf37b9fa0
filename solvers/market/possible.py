"""Options of jobs that could stand alone: none that on its own asks for more than a shared row has."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array

from ...routing.problem import Problem
from ..arrays import Bools, times_rows
from ..rates import Rates
from .jobs import Options
from .traffic import usable_gbps

ROUNDING = 1e-9


def possible_alone(problem: Problem, rates: Rates, options: Options) -> Options:
    """Return the options that links, sites' power and spot capacity could each bear, were there no others."""
    keep = _links_bear(problem, options) & _sites_bear(problem, rates, options)
    return options if keep.all() else options.only(np.flatnonzero(keep))


def _links_bear(problem: Problem, options: Options) -> Bools:
    """Return which options fit into their links; the dataset moves while the job is already active."""
    moved = times_rows(options.dataset, options.transfer_gbps)
    load = coo_array(moved + options.reserved)
    over = load.data > usable_gbps(problem)[load.col] * (1 + ROUNDING)
    keep = np.ones(len(options), dtype=bool)
    keep[load.row[over]] = False
    return keep


def _sites_bear(problem: Problem, rates: Rates, options: Options) -> Bools:
    """Return which options fit into the power of their sites and the spot capacity of their pools."""
    power = np.array([_or_none(site.max_power_kw) for site in problem.data_centers])
    spot = np.array([_or_none(pool.spot_count) for pool in problem.pools])
    least_kw = rates.kw.reshape(len(rates.kw), -1).min(axis=1)
    count = options.accelerators[options.owner]
    over = count * least_kw[options.pool] > power[rates.site[options.pool]] * (1 + ROUNDING)
    over |= options.spot[options.owner] & (count > spot[options.pool])
    keep = np.ones(len(options), dtype=bool)
    keep[options.owner[over]] = False
    return keep


def _or_none(limit: float | None) -> float:
    return np.inf if limit is None else float(limit)
