"""What power, carbon and money deny to work even where it is alone.

Each test grants the work the best there is: the cleanest and cheapest period, commitments unused by others,
and neither transfers nor purchases. What fails it can be in no plan, so no column is made for it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...routing.commitments import committed_usd, pays_for_use
from ...routing.workloads import InferenceService, TrainingJob
from ..rates import Floats, Ints, Rates
from .admission import Test
from .option_table import OptionTable
from .pools import Flags, Pools

TOLERANCE = 1e-6
"""Relative and absolute, as plans are verified."""


class Alone:
    """The limits that single options of jobs and single replicas are held to."""

    def __init__(self, pools: Pools, rates: Rates) -> None:
        self.pools, self.rates = pools, rates
        problem = pools.problem
        limits, sites = problem.limits, problem.data_centers
        most_kw = np.array([_or_infinite(site.max_power_kw) for site in sites])
        self.most_kw: Floats = most_kw[rates.site]
        self.most_tco2e = _or_infinite(limits.carbon_cap_tco2e)
        self.most_usd = _or_infinite(None if pays_for_use(problem) else limits.budget_usd)
        self.committed_usd = committed_usd(problem)
        self.tco2e, self.energy_usd = rates.tco2e.min(axis=1), rates.energy_usd.min(axis=1)

    def option_tests(self, job: TrainingJob, table: OptionTable) -> Iterator[Test]:
        """Yield the tests of the options of one job, each site of it alone."""
        hours = np.minimum(table.hours, self.rates.horizon - job.earliest_start_hours)[:, None]
        empty = table.pools < 0
        shares = table.pools, table.accelerators[:, None], hours, table.spot[:, None]
        for reason, passed in self._tests(*shares):
            yield reason, np.asarray((passed | empty).all(axis=1))

    def service_tests(self, service: InferenceService) -> Iterator[Test]:
        """Yield the tests of the pools, of one replica in the shortest period."""
        accelerators = self.pools.per_replica(service)
        count = len(accelerators)
        hours, spot = np.full(count, self.rates.durations.min()), np.zeros(count, dtype=bool)
        yield from self._tests(np.arange(count), accelerators, hours, spot)

    def _tests(self, pool: Ints, accelerators: Ints, hours: Floats, spot: Flags) -> Iterator[Test]:
        if np.isfinite(self.most_kw).any():
            yield "power", _within(accelerators * self.rates.kw[pool], self.most_kw[pool])
        if np.isfinite(self.most_tco2e):
            yield "carbon", _within(accelerators * hours * self.tco2e[pool], self.most_tco2e)
        if np.isfinite(self.most_usd):
            usd = self.committed_usd + self._least_usd(pool, accelerators * hours, spot)
            yield "budget", _within(usd, self.most_usd)

    def _least_usd(self, pool: Ints, held: Floats, spot: Flags) -> Floats:
        """Return the least that accelerator-hours in pools can add to the commitments, USD."""
        rates = self.rates
        covered = rates.committed_count[pool] * rates.horizon
        ordinary = np.maximum(held - covered, 0.0) * rates.compute_usd[pool]
        compute = np.where(spot, held * rates.spot_usd[pool], ordinary)
        return np.asarray(compute + held * self.energy_usd[pool])


def _or_infinite(limit: float | None) -> float:
    return np.inf if limit is None else limit


def _within(value: Floats, limit: Floats | float) -> Flags:
    known = np.where(np.isfinite(limit), limit, 0.0)
    tolerance = TOLERANCE * np.maximum(value, known) + TOLERANCE
    return np.asarray((value <= known + tolerance) | ~np.isfinite(limit))
