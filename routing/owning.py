"""What decides whether owning pays: how much is to be done, for how many years, and what the cloud charges.

Each is a change of a problem by one number, to be swept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .changes import Scale
from .errors import InputError
from .problem import Problem
from .sites import LEAST_YEARS, Pool


@dataclass(frozen=True)
class Sweep:
    """One number that is varied.

    Attributes
    ----------
    name, heading
        The word on the command line, and what the number is, for people.
    low, high
        Range where none is given; ``high`` None stands for the longest lifetime of a module.
    apply
        Returns the problem at a value of the number.
    """

    name: str
    heading: str
    low: float
    high: float | None
    apply: Callable[[Problem, float], Problem]


def at_load(problem: Problem, factor: float) -> Problem:
    """Return the problem with so many times the requests, and hours or PFLOP-days of training."""
    return Scale(demand=factor, training=factor).apply(problem)


def used_for_years(problem: Problem, years: float) -> Problem:
    """Return the problem whose modules are repaid within ``years``, or within their life where that is less.

    Beyond its life a module is replaced at the same price, so that the annuity stays.

    Raises
    ------
    InputError
        When no pool may be expanded.
    """
    if not any(pool.expansion for pool in problem.pools):
        raise InputError(["no pool has an expansion, so that there is nothing to repay; give one to a pool"])
    return problem.replace(pools=tuple(_repaid_within(pool, years) for pool in problem.pools))


def _repaid_within(pool: Pool, years: float) -> Pool:
    bought = pool.expansion
    if bought is None or bought.lifetime_years <= years:
        return pool
    return pool.replace(expansion=bought.replace(lifetime_years=years))


def at_cloud_prices(problem: Problem, factor: float) -> Problem:
    """Return the problem with the hourly prices of cloud sites multiplied; egress and capital stay.

    Raises
    ------
    InputError
        When no pool is at a cloud site.
    """
    clouds = {site.id for site in problem.data_centers if site.kind == "cloud"}
    if not any(pool.data_center in clouds for pool in problem.pools):
        raise InputError(["no pool is at a site of kind 'cloud', so that there is no price to vary"])
    return Scale(cloud_prices=factor).apply(problem)


_CLOUD_PRICES = Sweep("cloud_prices", "cloud prices, times those of the file", 0.1, 2.0, at_cloud_prices)
SWEEPS: Mapping[str, Sweep] = MappingProxyType(
    {
        "utilization": Sweep("utilization", "load, times that of the file", 0.1, 2.0, at_load),
        "horizon": Sweep("horizon", "years of use", 0.5, None, used_for_years),
        "cloud_prices": _CLOUD_PRICES,
        "price": _CLOUD_PRICES,
    }
)
"""The sweeps by name; ``price`` is what ``cloud_prices`` was called before."""


def range_of(sweep: Sweep, problem: Problem) -> tuple[float, float]:
    """Return from where to where ``sweep`` goes when nothing else is asked for."""
    if sweep.high is not None:
        return sweep.low, sweep.high
    lives = [pool.expansion.lifetime_years for pool in problem.pools if pool.expansion]
    longest = max(lives, default=sweep.low)
    return max(LEAST_YEARS, min(sweep.low, longest / 10)), longest
