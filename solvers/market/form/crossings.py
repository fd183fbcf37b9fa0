"""Which links options cross, kept once for all that go the same ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ....routing.problem import Problem
from ....routing.runs import Runs
from ...admissible.jobs import JobOptions
from ...arrays import Bools
from ...choices.problem import spans
from ...rates import Floats, Ints


@dataclass(frozen=True)
class Crossings:
    """How often each of N options crosses each of D directions of links.

    Attributes
    ----------
    ways
        (W, D) how often each way crosses each direction.
    trips
        (W, 3) the trips that each way is made of, -1 for none.
    way
        (N,) the way of each option.
    """

    ways: csr_array
    trips: Ints
    way: NDArray[np.int32]

    @classmethod
    def of(cls, trips: Ints, runs: tuple[Runs, ...], directions: int) -> Crossings:
        """Return what options cross that make up to three trips (N, 3) each, -1 for none, along ``runs``."""
        made, way = _distinct(trips)
        row, place = np.nonzero(made >= 0)
        total = csr_array((len(made), directions))
        ends = np.searchsorted(row, np.arange(len(made) + 1))
        for run in runs:
            crossed = run.take(made[row, place])
            total = csr_array(total + times_crossed(Runs(crossed.begins[ends], crossed.values), directions))
        return cls(total, made, way)

    def __len__(self) -> int:
        return len(self.way)

    def __getitem__(self, rows: Ints | slice) -> Crossings:
        return Crossings(self.ways, self.trips, self.way[rows])

    def __matmul__(self, values: Floats) -> Floats:
        """Return the sums (N,) or (N, T) of values (D,) or (D, T) over what each crosses."""
        if len(self) >= self.ways.shape[0]:
            return np.asarray((self.ways @ values)[self.way])
        used, place = np.unique(self.way, return_inverse=True)
        return np.asarray((self.ways[used] @ values)[place])

    @cached_property
    def crosses(self) -> Bools:
        """Which of the options (N,) cross any direction."""
        return np.asarray(np.diff(self.ways.indptr)[self.way] > 0)

    def entries(self, rows: Ints) -> tuple[Ints, Ints, Floats]:
        """Return where some of the options cross a direction: which of ``rows``, the direction, how often."""
        way, begins = self.way[rows].astype(np.int64), self.ways.indptr
        place = spans(begins, way)
        row = np.repeat(np.arange(len(rows)), begins[way + 1] - begins[way])
        return row, self.ways.indices[place], self.ways.data[place]

    def only(self, directions: Bools) -> Crossings:
        """Return what is crossed of the directions chosen (D)."""
        return Crossings(only_of(self.ways, directions), self.trips, self.way)

    def matrix(self, rate: Floats) -> csr_array:
        """Return what options put on each direction (N, D) at rates (N,), Gbit/s."""
        row, direction, times = self.entries(np.arange(len(self)))
        begins = np.searchsorted(row, np.arange(len(self) + 1))
        return csr_array((times * rate[row], direction, begins), shape=(len(self), self.ways.shape[1]))


@dataclass(frozen=True)
class JobWays:
    """What links the options of jobs (O) cross.

    Attributes
    ----------
    dataset, linking
        How often each direction carries the dataset, and is on the ways between several sites.
    reserved_gbps
        (O,) bandwidth that several sites reserve on these ways.
    """

    dataset: Crossings
    linking: Crossings
    reserved_gbps: Floats

    @classmethod
    def of(cls, problem: Problem, jobs: JobOptions) -> JobWays:
        """Return the ways of all options of all jobs."""
        table, trips, directions = jobs.table, jobs.trips, 2 * len(problem.links)
        reserved = [job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0 for job in problem.jobs]
        return cls(
            dataset=Crossings.of(table.routes, (trips.out,), directions),
            linking=Crossings.of(table.links, (trips.out, trips.back), directions),
            reserved_gbps=np.array(reserved, dtype=float)[table.job],
        )

    def take(self, rows: Ints) -> JobWays:
        """Return those of some of the options."""
        return JobWays(self.dataset[rows], self.linking[rows], self.reserved_gbps[rows])


def times_crossed(lists: Runs, directions: int) -> csr_array:
    """Return (N, D) how often each of N lists of directions has each direction."""
    numbers = lists.values.astype(np.int64)
    found = csr_array((np.ones(len(numbers)), numbers, lists.begins), shape=(len(lists.lengths), directions))
    found.sum_duplicates()
    return found


def only_of(crossed: csr_array, directions: Bools) -> csr_array:
    """Return a matrix (N, D) without the entries of directions that are not chosen (D)."""
    mine = directions[crossed.indices]
    kept = np.concatenate([[0], np.cumsum(mine)])[crossed.indptr]
    return csr_array((crossed.data[mine], crossed.indices[mine], kept), shape=crossed.shape)


def _distinct(trips: Ints) -> tuple[Ints, NDArray[np.int32]]:
    """Return the distinct rows (W, 3) of trips (N, 3), and which of these each row is."""
    several = np.flatnonzero((trips[:, 1:] >= 0).any(axis=1))
    first = trips[:, 0].astype(np.int64) + 1
    first[several] = 0
    used = np.zeros(int(first.max(initial=0)) + 1, dtype=bool)
    used[first] = True
    alone = np.flatnonzero(used)
    way = (np.cumsum(used) - 1)[first].astype(np.int32)
    made = np.full((len(alone), trips.shape[1]), -1, dtype=np.int64)
    made[:, 0] = alone - 1
    if len(several):
        groups, place = np.unique(trips[several].astype(np.int64), axis=0, return_inverse=True)
        way[several] = len(made) + place
        made = np.concatenate([made, groups])
    return made, way
