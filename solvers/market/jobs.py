"""The options of jobs as arrays: what each takes and costs, whenever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ...routing.problem import Problem
from ...routing.runs import Runs
from ...routing.trip_table import of_trips
from ..arrays import Bools, times_rows
from ..jobs import JobOptions
from ..option_table import OptionTable
from ..rates import Floats, Ints, Rates, long_run_usd
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
    dataset, reserved
        (O, D) how often each direction carries the dataset, and the Gbit/s that several sites reserve.
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
    dataset: csr_array
    reserved: csr_array
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


def job_options(problem: Problem, rates: Rates, jobs: JobOptions, seats: Seats, *, pausable: bool) -> Options:
    """Return the options of all jobs that may pause, or those that may not."""
    source = np.flatnonzero(jobs.table.pausable == pausable)
    table = jobs.table.take(source)
    deadline = _of_jobs(
        [np.inf if job.deadline_hours is None else job.deadline_hours for job in problem.jobs]
    )
    earliest = _of_jobs([job.earliest_start_hours for job in problem.jobs])[table.job]
    latest = deadline[table.job]
    owner, place = np.nonzero(table.pools >= 0)
    pool = table.pools[owner, place].astype(np.int64)
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
        money=_transfer_usd(problem, jobs, table) + table.all_moving_usd,
        other=_beyond_cost(problem, rates, table, earliest),
        moved=table.moved.astype(float),
        transfer_gbps=table.rate_gbps,
        transfer_hours=table.transfer_hours,
        dataset=_crossings(table.routes, (jobs.trips.out,), 2 * len(problem.links)),
        reserved=_reservations(problem, jobs, table),
        earliest=earliest,
        latest=np.where(table.continuing, latest, np.minimum(latest, rates.horizon)),
    )


def _of_jobs(values: list[float]) -> Floats:
    return np.array(values, dtype=float)


def _transfer_usd(problem: Problem, jobs: JobOptions, table: OptionTable) -> Floats:
    gb = _of_jobs([job.dataset.gb if job.dataset else 0.0 for job in problem.jobs])[table.job] / table.sites
    usd = of_trips(jobs.trips.out_usd_per_gb, table.routes, 0.0)
    return np.asarray((gb[:, None] * usd).sum(axis=1))


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


def _crossings(numbers: Ints, ways: tuple[Runs, ...], directions: int) -> csr_array:
    """Return (N, D) how often the trips of each row of ``numbers`` cross each direction."""
    row, place = np.nonzero(numbers >= 0)
    trips, ends = numbers[row, place].astype(np.int64), np.searchsorted(row, np.arange(len(numbers) + 1))
    total = csr_array((len(numbers), directions))
    for way in ways:
        crossed = way.take(trips)
        each = (np.ones(len(crossed.values)), crossed.values, crossed.begins[ends])
        found = csr_array(each, shape=total.shape)
        found.sum_duplicates()
        total = csr_array(total + found) if total.nnz else found
    return total


def _reservations(problem: Problem, jobs: JobOptions, table: OptionTable) -> csr_array:
    gbps = _of_jobs([job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0 for job in problem.jobs])
    ways = (jobs.trips.out, jobs.trips.back)
    crossed = _crossings(table.links, ways, 2 * len(problem.links))
    return times_rows(crossed, gbps[table.job])
