"""What power, carbon and money deny to work even where it is alone, for the verifier of left-out work.

Each test grants the work the best there is: the cleanest and cheapest period, commitments unused by others,
and neither transfers nor purchases. What fails it is barred for certain; what passes may still be too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .check_findings import exceeds
from .check_money import pays_energy
from .check_resources import kilowatts
from .problem import Problem, per_period
from .sites import Pool


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
        self.committed_usd = sum(
            pool.committed_count * (pool.committed_usd_per_accelerator_hour or 0.0)
            for pool in self.problem.pools
        )

    def _use_may_earn(self) -> bool:
        """Return whether some energy is paid for by the grid, so that other work may earn what this costs."""
        return any(min(self._per_period(site.usd_per_kwh)) < 0 for site in self.problem.data_centers)

    def _per_period(self, value: float | tuple[float, ...]) -> tuple[float, ...]:
        return per_period(value, len(self.problem.periods))

    def barring(self, share: Share) -> Iterator[str]:
        """Yield the limits that even this share alone breaks."""
        site = self.problem.data_center[share.pool.data_center]
        cap, kw = (
            self.problem.limits.carbon_cap_tco2e,
            share.accelerators * kilowatts(self.problem, share.pool),
        )
        if site.max_power_kw is not None and exceeds(kw, site.max_power_kw):
            yield "power"
        if cap is not None and exceeds(kw * share.hours * min(self._per_period(site.g_per_kwh)) / 1e6, cap):
            yield "carbon"
        usd = self.committed_usd * self.problem.horizon_hours + self._least_usd(share, kw)
        if self.budget_usd is not None and exceeds(usd, self.budget_usd):
            yield "budget"

    def _least_usd(self, share: Share, kw: float) -> float:
        """Return the least that the share can add to the commitments, USD."""
        pool, site = share.pool, self.problem.data_center[share.pool.data_center]
        energy_usd = min(self._per_period(site.usd_per_kwh)) if pays_energy(pool, site) else 0.0
        held, committed = share.accelerators * share.hours, pool.committed_count * self.problem.horizon_hours
        usd = max(0.0, held - committed) * pool.usd_per_accelerator_hour
        if share.spot and pool.spot_usd_per_accelerator_hour is not None:
            usd = held * pool.spot_usd_per_accelerator_hour
        return usd + kw * share.hours * energy_usd
