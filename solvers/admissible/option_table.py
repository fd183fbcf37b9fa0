"""The options of training jobs as arrays, with an object for one of them when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ...routing.fans import Fans
from ...routing.paths import Candidate
from ...routing.problem import Problem
from ...routing.trip_table import NO_TRIP
from ...routing.workloads import TrainingJob
from ..rates import Floats, Ints
from .routebook import dataset_request, inter_site_request

Flags = NDArray[np.bool_]
MOST_SITES = 3
SITE_PAIRS = ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, slots=True)
class JobOption:
    """One way to run a job, but for its start.

    ``pools`` has one pool per site, each with ``accelerators``; ``routes`` has the dataset's route to each
    and is empty without a dataset. ``moving_usd`` is what moving costs at each site but for the way of the
    checkpoint, whose routes are in ``checkpoint``; both are empty where the job does not move, the routes
    where it has no checkpoint to carry.
    """

    job: int
    pools: tuple[int, ...]
    accelerators: int
    hours: float
    spot: bool
    pausable: bool
    continuing: bool
    routes: tuple[Candidate | None, ...]
    inter_site: tuple[Candidate, ...]
    rate_gbps: float
    transfer_hours: float
    moved: bool = False
    moving_usd: tuple[float, ...] = ()
    checkpoint: tuple[Candidate | None, ...] = ()

    @property
    def total_accelerators(self) -> int:
        """Accelerators at all sites together."""
        return self.accelerators * len(self.pools)


@dataclass(frozen=True)
class OptionTable:
    """The O options of all jobs, those of one job together.

    Attributes
    ----------
    job
        (O,) index of the job.
    pools
        (O, 3) index of the pool at each site, -1 for none.
    accelerators
        (O,) at each site.
    hours
        (O,) duration.
    spot, pausable, continuing
        (O,) whether it pays the spot price, may pause, runs beyond the horizon.
    routes
        (O, 3) trip of the dataset to each site, -1 for none.
    links
        (O, 3) trip between each two sites, -1 for none: 0 and 1, 0 and 2, 1 and 2.
    rate_gbps, transfer_hours
        (O,) traffic of the dataset to each site and how long it lasts.
    moved
        (O,) whether it is somewhere else than the job is at present.
    moving_usd
        (O, 3) what moving costs at each site, the way of the checkpoint left out.
    checkpoint
        (O, 3) trip of the checkpoint to each site, -1 for none.
    checkpoint_usd
        (O,) price of these trips.
    """

    job: Ints
    pools: Ints
    accelerators: Ints
    hours: Floats
    spot: Flags
    pausable: Flags
    continuing: Flags
    routes: Ints
    links: Ints
    rate_gbps: Floats
    transfer_hours: Floats
    moved: Flags
    moving_usd: Floats
    checkpoint: Ints
    checkpoint_usd: Floats

    def __len__(self) -> int:
        return len(self.job)

    @property
    def sites(self) -> Ints:
        """(O,) number of sites."""
        return np.asarray(sum((self.pools[:, place] >= 0).astype(np.int64) for place in range(MOST_SITES)))

    @property
    def pairs(self) -> tuple[Ints, Ints]:
        """Option and pool (M,) of every pool of every option, options ascending."""
        sites = self.sites
        owner = np.repeat(np.arange(len(self)), sites)
        first = np.repeat(np.cumsum(sites) - sites, sites)
        return owner, self.pools[owner, np.arange(len(owner)) - first].astype(np.int64)

    def by_site(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield, for the first site and so on, which options have it (N,) and their pools (N,)."""
        for site in range(MOST_SITES):
            option = np.flatnonzero(self.pools[:, site] >= 0)
            yield option, self.pools[option, site].astype(np.int64)

    @property
    def all_moving_usd(self) -> Floats:
        """(O,) what moving costs in all."""
        usd, moved = np.zeros(len(self)), np.flatnonzero(self.moved)
        usd[moved] = self.moving_usd[moved].sum(axis=1) + self.checkpoint_usd[moved]
        return usd

    def take(self, chosen: Ints | Flags) -> OptionTable:
        """Return some of the options."""
        rows = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return OptionTable(*(getattr(self, name).take(rows, axis=0) for name in _COLUMNS))

    @staticmethod
    def joined(parts: Sequence[OptionTable]) -> OptionTable:
        """Return the options of all ``parts``."""
        if len(parts) == 1:
            return parts[0]
        return OptionTable(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS))


_COLUMNS = tuple([field.name for field in fields(OptionTable)])


class OptionList(Sequence[JobOption]):
    """The rows of a table as objects, each made when it is asked for."""

    def __init__(self, problem: Problem, fans: Fans, table: OptionTable) -> None:
        self._problem, self._fans, self._table = problem, fans, table

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> JobOption: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[JobOption, ...]: ...
    def __getitem__(self, index: int | slice) -> JobOption | tuple[JobOption, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        table = self._table
        job = self._problem.jobs[table.job[index]]
        pools = tuple(table.pools[index][table.pools[index] >= 0].tolist())
        return JobOption(
            job=int(table.job[index]),
            pools=pools,
            accelerators=int(table.accelerators[index]),
            hours=float(table.hours[index]),
            spot=bool(table.spot[index]),
            pausable=bool(table.pausable[index]),
            continuing=bool(table.continuing[index]),
            routes=tuple(self._routes(job, index, pools)),
            inter_site=tuple(self._inter_site(job, index, pools)),
            rate_gbps=float(table.rate_gbps[index]),
            transfer_hours=float(table.transfer_hours[index]),
            moved=bool(table.moved[index]),
            moving_usd=tuple(table.moving_usd[index][: len(pools) * table.moved[index]].tolist()),
            checkpoint=tuple(self._checkpoint(job, index, pools)),
        )

    def _routes(self, job: TrainingJob, index: int, pools: Sequence[int]) -> Iterator[Candidate]:
        for pool, trip in zip(pools, self._table.routes[index].tolist(), strict=False):
            if trip != NO_TRIP:
                yield self._one_way(job, trip, self._site(pool))

    def _checkpoint(self, job: TrainingJob, index: int, pools: Sequence[int]) -> Iterator[Candidate | None]:
        if self._table.moved[index] and self._problem.moving.checkpoint_gb > 0:
            for pool, trip in zip(pools, self._table.checkpoint[index].tolist(), strict=False):
                yield None if trip == NO_TRIP else self._one_way(job, trip, self._site(pool))

    def _one_way(self, job: TrainingJob, trip: int, site: str) -> Candidate:
        origin = self._fans.origin(trip, site)
        return self._fans.candidate(dataset_request(self._problem.residency(job.policy), origin, site), trip)

    def _inter_site(self, job: TrainingJob, index: int, pools: Sequence[int]) -> Iterator[Candidate]:
        sites, residency = [self._site(pool) for pool in pools], self._problem.residency(job.policy)
        for ends, trip in zip(combinations(sites, 2), self._table.links[index].tolist(), strict=False):
            if job.multi_site:
                origin = self._fans.origin(trip, ends[0])
                other = ends[1] if origin == ends[0] else ends[0]
                request = inter_site_request(residency, job.multi_site, origin, other)
                yield self._fans.candidate(request, trip)

    def _site(self, pool: int) -> str:
        return self._problem.pools[pool].data_center
