"""The options of jobs as arrays: what each takes and costs, whenever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....routing.problem import Problem
from ....routing.trip_table import of_trips
from ...admissible.jobs import JobOptions
from ...admissible.option_table import OptionTable
from ...arrays import Bools
from ...rates import Floats, Ints, Rates, long_run_usd
from .crossings import Crossings, JobWays
from .seats import Seats

CHUNK = 100_000
"""Options priced at once."""


@dataclass(frozen=True)
class Options:
    """Options (O) of jobs of one kind, pausing or not, as arrays; ``source`` numbers them in the world.

    Attributes
    ----------
    source, job, accelerators, hours, spot, continuing
        Of each option; accelerators per pool.
    owner, pool, seat
        One entry per option and pool (M), options ascending; the seat is that in the pool.
    money, other
        USD of the dataset's transfer and of moving, and weighted cost beyond the horizon of a continuing job
        that begins at its earliest start.
    moved
        1 where it is somewhere else than the job is at present.
    transfer_gbps, transfer_hours
        Traffic of the dataset on its route, and for how long.
    dataset, linking
        (O, D) how often each direction carries the dataset, and is on the ways between several sites.
    reserved_gbps
        Bandwidth that several sites reserve on these ways.
    earliest, latest
        Hours between which the job runs.
    """

    source: Ints
    job: Ints
    accelerators: Floats
    hours: Floats
    spot: Bools
    continuing: Bools
    owner: Ints
    pool: Ints
    seat: Ints
    money: Floats
    other: Floats
    moved: Floats
    transfer_gbps: Floats
    transfer_hours: Floats
    dataset: Crossings
    linking: Crossings
    reserved_gbps: Floats
    earliest: Floats
    latest: Floats

    def __len__(self) -> int:
        return len(self.source)

    def only(self, rows: Ints) -> Options:
        """Return some of the options (ascending)."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.owner] >= 0)
        changed = self._of_pairs(kept, place[self.owner[kept]])
        names = [name for name in self.__dataclass_fields__ if name not in changed]
        return Options(**changed, **{name: getattr(self, name)[rows] for name in names})

    def part(self, begin: int, end: int) -> Options:
        """Return the options from ``begin`` to before ``end``."""
        pairs = slice(*np.searchsorted(self.owner, [begin, end]).tolist())
        changed = self._of_pairs(pairs, self.owner[pairs] - begin)
        names = [name for name in self.__dataclass_fields__ if name not in changed]
        return Options(**changed, **{name: getattr(self, name)[begin:end] for name in names})

    def _of_pairs(self, pairs: Ints | slice, owner: Ints) -> dict[str, Any]:
        """Return what is told of some pairs of option and pool, which have a new ``owner`` each."""
        return {"owner": owner, "pool": self.pool[pairs], "seat": self.seat[pairs]}


def job_options(
    problem: Problem, rates: Rates, jobs: JobOptions, source: Ints, *, seats: Seats, ways: JobWays
) -> Options:
    """Return the options of those numbers (ascending); ``ways`` are those of all."""
    table, ways = jobs.table.take(source), ways.take(source)
    deadline = _of_jobs(
        [np.inf if job.deadline_hours is None else job.deadline_hours for job in problem.jobs]
    )
    earliest = _of_jobs([job.earliest_start_hours for job in problem.jobs])[table.job]
    latest = deadline[table.job]
    owner, pool = table.pairs
    return Options(
        source=source,
        job=table.job,
        accelerators=table.accelerators.astype(float),
        hours=table.hours,
        spot=table.spot,
        continuing=table.continuing,
        owner=owner,
        pool=pool,
        seat=seats.find(pool, table.accelerators[owner].astype(float)),
        money=_transfer_usd(problem, jobs, table, ways.dataset) + table.all_moving_usd,
        other=_beyond_cost(problem, rates, table, earliest),
        moved=table.moved.astype(float),
        transfer_gbps=table.rate_gbps,
        transfer_hours=table.transfer_hours,
        dataset=ways.dataset,
        linking=ways.linking,
        reserved_gbps=ways.reserved_gbps,
        earliest=earliest,
        latest=np.where(table.continuing, latest, np.minimum(latest, rates.horizon)),
    )


def _of_jobs(values: list[float]) -> Floats:
    return np.array(values, dtype=float)


def _transfer_usd(problem: Problem, jobs: JobOptions, table: OptionTable, dataset: Crossings) -> Floats:
    gb = _of_jobs([job.dataset.gb if job.dataset else 0.0 for job in problem.jobs])[table.job] / table.sites
    usd = of_trips(jobs.trips.out_usd_per_gb, dataset.trips, 0.0).sum(axis=1)
    return np.asarray(gb * usd[dataset.way])


def _beyond_cost(problem: Problem, rates: Rates, table: OptionTable, earliest: Floats) -> Floats:
    """Return what each option costs beyond the horizon (weighted USD), 0 for those that end in it."""
    objective = problem.objective
    energy, tco2e = rates.mean(rates.energy_usd), rates.mean(rates.tco2e)
    usd = np.zeros(len(table))
    row, place = np.nonzero((table.pools >= 0) & table.continuing[:, None])
    pool = table.pools[row, place].astype(np.int64)
    money = long_run_usd(rates, pool, table.accelerators[row], table.spot[row]) + energy[pool]
    np.add.at(usd, row, objective.money_weight * money + objective.usd_per_tco2e_beyond * tco2e[pool])
    beyond = table.hours - (rates.horizon - earliest)
    return np.where(table.continuing, usd * table.accelerators * beyond, 0.0)
