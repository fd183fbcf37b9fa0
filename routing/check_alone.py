"""What power, carbon and money deny to work even where it is alone, for the verifier of left-out work.

Each test grants the work the best there is: the cleanest and cheapest period, commitments unused by others,
and neither transfers nor purchases. What fails it is barred for certain; what passes may still be too much.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from .check_findings import exceeds
from .check_money import pays_energy
from .check_resources import kilowatts
from .problem import Problem, per_period
from .sites import DataCenter, Pool


@dataclass(frozen=True, slots=True)
class Share:
    """Accelerators that work holds in one pool, and for how long within the horizon."""

    pool: Pool
    accelerators: int
    hours: float
    spot: bool = False
    """Whether it pays the spot price, where there is one."""


class Alone:
    """The limits of one problem, asked about one share of one workload at a time."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.budget_usd = None if self._use_may_earn() else self.problem.limits.budget_usd
        self.sunk_usd = problem.horizon_hours * sum(
            pool.committed_count * (pool.committed_usd_per_accelerator_hour or 0.0) for pool in problem.pools
        )
        """What commitments cost in any case."""

    def _use_may_earn(self) -> bool:
        """Return whether some energy is paid for by the grid, so that other work may earn what this costs."""
        return any(min(self._per_period(site.usd_per_kwh)) < 0 for site in self.problem.data_centers)

    def _per_period(self, value: float | tuple[float, ...]) -> tuple[float, ...]:
        return per_period(value, len(self.problem.periods))

    def barring(self, share: Share) -> Iterator[str]:
        """Yield the limits that even this share alone breaks."""
        cap = self.problem.limits.carbon_cap_tco2e
        if exceeds(self.kw(share), self.most_kw(share)):
            yield "power"
        if cap is not None and exceeds(self.tco2e(share), cap):
            yield "carbon"
        if self.budget_usd is not None and exceeds(self.sunk_usd + self.usd(share), self.budget_usd):
            yield "budget"

    def most_kw(self, share: Share) -> float:
        """Return the power that its site may draw, kW; so much that nothing exceeds it where that is open."""
        most = self._site(share).max_power_kw
        return sys.float_info.max if most is None else most

    def kw(self, share: Share) -> float:
        """Return what the share draws, kW."""
        return share.accelerators * kilowatts(self.problem, share.pool)

    def tco2e(self, share: Share) -> float:
        """Return the least that the share can emit, tCO2e."""
        return self.kw(share) * share.hours * min(self._per_period(self._site(share).g_per_kwh)) / 1e6

    def usd(self, share: Share) -> float:
        """Return the least that the share can add to the commitments, USD."""
        pool, site = share.pool, self._site(share)
        energy_usd = min(self._per_period(site.usd_per_kwh)) if pays_energy(pool, site) else 0.0
        held, committed = share.accelerators * share.hours, pool.committed_count * self.problem.horizon_hours
        usd = max(0.0, held - committed) * pool.usd_per_accelerator_hour
        if share.spot and pool.spot_usd_per_accelerator_hour is not None:
            usd = held * pool.spot_usd_per_accelerator_hour
        return usd + self.kw(share) * share.hours * energy_usd

    def _site(self, share: Share) -> DataCenter:
        return self.problem.data_center[share.pool.data_center]
