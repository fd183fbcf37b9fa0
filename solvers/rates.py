"""Prices, energy and carbon of an accelerator-hour in every pool and period, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..routing.graph import usable_gbps
from ..routing.problem import Problem, per_period
from ..routing.sites import Pool

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOURS_PER_YEAR = 8760.0
ROUNDING, NOTHING, TRACE = 1e-7, 1e-12, 1e-10
"""Parts of a replica that may be lacking, and that are no load at all."""


@dataclass(frozen=True)
class Rates:
    """Per accelerator-hour. P pools in file order, T periods.

    Attributes
    ----------
    durations, boundaries
        (T,) hours of each period and (T + 1,) their begins and the last end.
    compute_usd, spot_usd
        (P,) on-demand price and spot price (NaN where none).
    committed_count, committed_usd
        (P,) accelerators paid for in any case and their price.
    kw
        (P,) power at the meter of one accelerator in use.
    energy_usd, tco2e
        (P, T) paid energy and emissions.
    site
        (P,) index of the data center.
    """

    durations: Floats
    boundaries: Floats
    compute_usd: Floats
    spot_usd: Floats
    committed_count: Floats
    committed_usd: Floats
    kw: Floats
    energy_usd: Floats
    tco2e: Floats
    site: Ints

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.durations)

    @property
    def horizon(self) -> float:
        """Hours of the horizon."""
        return float(self.boundaries[-1])

    def mean(self, per_hour: Floats) -> Floats:
        """Return the duration-weighted mean over the periods of a (P, T) rate, (P,)."""
        return np.asarray(per_hour @ self.durations / self.durations.sum())


def long_run_usd(rates: Rates, pool: Ints, accelerators: Floats | Ints, spot: NDArray[np.bool_]) -> Floats:
    """Return (N,) the USD of an accelerator-hour beyond the horizon, for clusters so large in pools (N,)."""
    covered = accelerators <= rates.committed_count[pool]
    ordinary = np.where(covered, rates.committed_usd[pool], rates.compute_usd[pool])
    return np.where(spot, rates.spot_usd[pool], ordinary)


def hours_beyond(rates: Rates, pool: Ints, period: Ints, hours: Floats) -> Floats:
    """Return (N,) which of the accelerator-hours of one user no commitment of its pool covers.

    All users together pay for as many hours beyond a commitment if such hours are paid for by whom they are
    and only the others share what is committed: as soon as one user has any, the commitment is used up.
    """
    committed = rates.committed_count[pool]
    covered = np.where(committed > 0, committed * rates.durations[period], np.inf)
    return np.asarray(np.maximum(0.0, hours - covered))


def covered_part(rates: Rates, pool: Ints, accelerators: Floats) -> Floats:
    """Return (N,) the part of accelerators in pools (N,) that commitments cover at most, 1 without any."""
    committed = rates.committed_count[pool]
    return np.where(committed > 0, np.minimum(1.0, committed / accelerators), 1.0)


def build_rates(problem: Problem) -> Rates:
    """Return the rates of ``problem``."""
    pools, periods = problem.pools, len(problem.periods)
    kw = np.array([accelerator_kw(problem, pool) for pool in pools])
    sites = [problem.data_center[pool.data_center] for pool in pools]
    price = np.array([per_period(site.usd_per_kwh, periods) for site in sites])
    grams = np.array([per_period(site.g_per_kwh, periods) for site in sites])
    paid = np.array([pays_energy(problem, pool) for pool in pools])
    index = {site.id: number for number, site in enumerate(problem.data_centers)}
    return Rates(
        durations=np.array(problem.durations_hours),
        boundaries=np.array(problem.boundaries_hours),
        compute_usd=np.array([pool.usd_per_accelerator_hour for pool in pools]),
        spot_usd=np.array([_or_nan(pool.spot_usd_per_accelerator_hour) for pool in pools]),
        committed_count=np.array([float(pool.committed_count) for pool in pools]),
        committed_usd=np.array([pool.committed_usd_per_accelerator_hour or 0.0 for pool in pools]),
        kw=kw,
        energy_usd=kw[:, None] * price * paid[:, None],
        tco2e=kw[:, None] * grams * 1e-6,
        site=np.array([index[pool.data_center] for pool in pools]),
    )


def accelerator_kw(problem: Problem, pool: Pool) -> float:
    """Return the power at the site's meter of one accelerator of ``pool`` in use, kW."""
    tdp_w = problem.accelerator[pool.accelerator].tdp_w
    return tdp_w * pool.power_utilization * problem.data_center[pool.data_center].pue / 1000


def pays_energy(problem: Problem, pool: Pool) -> bool:
    """Return whether energy is paid besides the pool's price."""
    if pool.energy_included is None:
        return problem.data_center[pool.data_center].kind != "cloud"
    return not pool.energy_included


def direction_gbps(problem: Problem) -> Floats:
    """Return the usable bandwidth of every direction of the links (2 * links,), Gbit/s."""
    return np.repeat(np.array([usable_gbps(link) for link in problem.links], dtype=float), 2)


def usable_accelerators(pool: Pool, modules: int = 0) -> int:
    """Return how many accelerators of ``pool`` plans may hold with so many modules bought."""
    added = modules * pool.expansion.module_accelerators if pool.expansion else 0
    return int((pool.count + added) * (1 - pool.reserve_fraction) + 1e-9)


def largest_gang(pool: Pool) -> int:
    """Return the largest cluster that one job can hold in ``pool`` once everything is bought."""
    most = most_accelerators(pool)
    return most if pool.max_gang is None else min(most, pool.max_gang)


def whole_replicas(load: Floats, rps: Floats) -> Floats:
    """Return how many replicas carry loads of requests/s, however small, each up to ``rps``."""
    return np.asarray(np.maximum(np.ceil(load / rps - ROUNDING), load > np.minimum(NOTHING * rps, TRACE)))


def most_accelerators(pool: Pool) -> int:
    """Return how many accelerators of ``pool`` plans may hold once everything is bought."""
    return usable_accelerators(pool, pool.expansion.max_modules if pool.expansion else 0)


def module_usd(problem: Problem, pool: Pool) -> float:
    """Return what one module costs over the horizon, used or not, USD: capital, space and staff."""
    return module_capital_usd(problem, pool) + module_facility_usd(problem, pool)


def module_capital_usd(problem: Problem, pool: Pool) -> float:
    """Return the capital of one module charged to the horizon, USD."""
    if pool.expansion is None:
        return 0.0
    return pool.expansion.annuity_usd_per_module_year * problem.horizon_hours / HOURS_PER_YEAR


def module_facility_usd(problem: Problem, pool: Pool) -> float:
    """Return what space and staff for one module cost over the horizon, USD."""
    if pool.expansion is None:
        return 0.0
    bought = pool.expansion
    kw = problem.accelerator[pool.accelerator].tdp_w * pool.power_utilization / 1000
    yearly = bought.space_usd_per_kw_year + bought.staff_usd_per_kw_year
    return bought.module_accelerators * kw * yearly * problem.horizon_hours / HOURS_PER_YEAR


def _or_nan(price: float | None) -> float:
    return float("nan") if price is None else price
