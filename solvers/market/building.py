"""Plans from prices: jobs, then units, into what is left; what did not fit goes first the next time.

Source of the order by trouble: D. E. Joslin and D. P. Clements, Squeaky wheel optimization, Journal of
Artificial Intelligence Research 10 (1999) 353-373.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..rates import Floats
from .appraisal import Appraisal
from .candidates import job_columns
from .greedy import fill_jobs, fill_units, unit_order
from .market import Market
from .placing import Placed, Placement, Priced

NEAREST = 30
UNSERVED = 1e-9


@dataclass
class Builder:
    """Builds placements at prices; remembers what did not fit."""

    market: Market
    penalty: float
    urgent_jobs: list[int] = field(default_factory=list)
    urgent_units: list[int] = field(default_factory=list)
    held: dict[int, Placed] = field(default_factory=dict)
    """What some jobs do in any case."""

    def build(self, told: Appraisal, rounds: int, enough: Callable[[], bool]) -> Placement:
        """Return the best of so many placements; one that leaves nothing out ends it."""
        columns = Priced.of(self.market, job_columns(self.market, told, NEAREST), told.prices, self.penalty)
        best: Placement | None = None
        for _ in range(rounds):
            placement = self._once(told, columns)
            if best is None or placement.value() < best.value():
                best = placement
            if not self._learn(placement) or enough():
                break
        assert best is not None
        return best

    def _once(self, told: Appraisal, columns: Priced) -> Placement:
        market = self.market
        placement = Placement(market, self.penalty, self._modules())
        for job, placed in self.held.items():
            placement.put(job, placed)
        fill_units(placement, told, self.urgent_units)
        urgent_jobs = [job for job in self.urgent_jobs if job not in self.held]
        for job in urgent_jobs:
            fill_jobs(placement, told, columns, np.array([job]))
        rest = np.setdiff1d(np.arange(len(market.problem.jobs)), [*urgent_jobs, *self.held])
        fill_jobs(placement, told, columns, rest)
        urgent = set(self.urgent_units)
        fill_units(placement, told, [unit for unit in unit_order(market).tolist() if unit not in urgent])
        placement.trim_modules()
        return placement

    def _modules(self) -> Floats:
        rules = self.market.rules
        return rules.widening_most[: len(rules.module_pool)].copy()

    def _learn(self, placement: Placement) -> bool:
        """Put what was left out first; return whether there was anything."""
        market = self.market
        jobs = [
            job
            for job in range(len(market.problem.jobs))
            if placement.placed[job].choice is None and market.left_out_work[job] > 0
        ]
        units = [
            number
            for number, blocks in enumerate(market.unit_blocks)
            if sum(placement.placed[block].work for block in blocks.tolist()) > UNSERVED
        ]
        fresh_jobs = [job for job in jobs if job not in self.urgent_jobs]
        fresh_units = [unit for unit in units if unit not in self.urgent_units]
        self.urgent_jobs = fresh_jobs + self.urgent_jobs
        self.urgent_units = fresh_units + self.urgent_units
        return bool(jobs or units)
