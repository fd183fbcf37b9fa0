"""What power, carbon and money deny to work even where it is alone, in figures for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .check_admission import counts, hours, largest_gang, serving
from .check_alone import Share
from .check_barring import Barring
from .errors import quoted
from .sites import Pool
from .text import money, number
from .workloads import InferenceService, TrainingJob


class Form(NamedTuple):
    """How a job could run in a pool: on so many accelerators in all, over so many sites, for so long."""

    accelerators: int
    sites: int
    hours: float


class AloneFigures:
    """Tells the least that work asks of each limit, and the limit."""

    def __init__(self, barring: Barring) -> None:
        self.barring, self.problem = barring, barring.problem

    def forms(self, job: TrainingJob, pool: Pool) -> Iterator[Form]:
        """Yield how a job could run in pools like this one that hold their share."""
        for count in counts(job, pool.accelerator):
            for sites in range(1, job.max_sites + 1):
                running = hours(self.problem, job, [pool] * sites, count)
                if running is not None and count % sites == 0 and count // sites <= largest_gang(pool):
                    yield Form(count, sites, running)

    def of_job(self, job: TrainingJob, reason: str, pools: list[Pool]) -> str:
        """Return what the least demanding site of a job asks of power, carbon or money; else nothing."""
        left = self.problem.horizon_hours - job.earliest_start_hours
        return self._told(
            reason,
            [
                Share(pool, count // sites, min(running, left), spot=spot)
                for pool in pools
                for count, sites, running in self.forms(job, pool)
                for spot in {False, job.interruptible}
            ],
        )

    def of_service(self, service: InferenceService, reason: str, pools: list[Pool]) -> str:
        """Return what the least demanding replica asks of power, carbon or money; else nothing."""
        ways = ((pool, serving(service, pool)) for pool in pools)
        hours = self.barring.shortest_hours
        return self._told(
            reason, [Share(pool, way.accelerators_per_replica, hours) for pool, way in ways if way]
        )

    def _told(self, reason: str, shares: list[Share]) -> str:
        alone, limits = self.barring.alone, self.problem.limits
        if not shares:
            return ""
        if reason == "power":
            share = min(shares, key=lambda each: alone.kw(each) / max(alone.most_kw(each), 1e-9))
            site, count = share.pool.data_center, share.accelerators
            drawn, most = number(alone.kw(share), 1), number(alone.most_kw(share), 1)
            return f": {count:,} accelerators draw {drawn} kW at {quoted(site)}, where {most} are permitted"
        if reason == "carbon":
            share = min(shares, key=alone.tco2e)
            least, cap = alone.tco2e(share), limits.carbon_cap_tco2e or 0.0
            return f": at least {least:.3g} tCO2e, at {quoted(share.pool.data_center)}, of {cap:.3g}"
        if reason == "budget":
            share = min(shares, key=alone.usd)
            left = money((alone.budget_usd or 0.0) - alone.sunk_usd)
            return f": at least {money(alone.usd(share))} USD, in {quoted(share.pool.id)}, of {left}"
        return ""
