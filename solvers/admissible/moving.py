"""Moves: which options and sites are not where work is at present, and what moving there costs."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ...routing.problem import Problem
from ...routing.trip_table import NO_TRIP, of_trips
from ...routing.workloads import TrainingJob
from ..rates import Floats, Ints, Rates, long_run_usd
from .routebook import RouteBook

Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
GONE = np.iinfo(np.int32).max
"""Stands for a pool that the problem does not have: no option is there."""


class MoveTable(TypedDict):
    """The columns of an option table that tell of moves, see :class:`OptionTable`."""

    moved: Flags
    moving_usd: Floats
    checkpoint: Ints
    checkpoint_usd: Floats


def nothing_moves(count: int, sites: int) -> MoveTable:
    """Return what so many options of a job that is new have to do with moves."""
    return MoveTable(
        moved=np.zeros(count, dtype=bool),
        moving_usd=np.zeros((count, sites)),
        checkpoint=np.full((count, sites), NO_TRIP, dtype=np.int32),
        checkpoint_usd=np.zeros(count),
    )


class JobMoves:
    """Tells what the options of jobs have to do with where the jobs are at present."""

    def __init__(self, problem: Problem, rates: Rates, book: RouteBook) -> None:
        self.problem, self.rates, self.book = problem, rates, book
        self.number = {pool.id: number for number, pool in enumerate(problem.pools)}
        self.energy_usd = rates.mean(rates.energy_usd)

    def of(self, job: TrainingJob, pools: Ints, accelerators: Ints, spot: Flags) -> MoveTable:
        """Return what options in (N, 3) ``pools``, -1 for none, pay for moving ``job``."""
        held = self.problem.present.jobs.get(job.id, ())
        if not held:
            return nothing_moves(len(pools), pools.shape[1])
        moved = self._elsewhere(held, pools)
        at_site = np.where(pools >= 0, moved[:, None], False)
        checkpoint = np.where(at_site, self._trips(job, held)[pools], NO_TRIP)
        per_gb = of_trips(self.book.fans.trips.out_usd_per_gb, checkpoint, 0.0)
        return MoveTable(
            moved=moved,
            moving_usd=np.where(at_site, self._usd(pools, accelerators, spot), 0.0),
            checkpoint=checkpoint.astype(np.int32),
            checkpoint_usd=np.asarray(per_gb.sum(axis=1) * self.problem.moving.checkpoint_gb),
        )

    def _elsewhere(self, held: tuple[str, ...], pools: Ints) -> Flags:
        """Return which of the (N, 3) pools are not just the pools held."""
        present = sorted({self.number.get(name, GONE) for name in held})
        if len(present) > pools.shape[1]:
            return np.ones(len(pools), dtype=bool)
        wide = np.concatenate([np.full(pools.shape[1] - len(present), -1), present])
        return np.asarray((np.sort(pools, axis=1) != wide).any(axis=1))

    def _usd(self, pools: Ints, accelerators: Ints, spot: Flags) -> Floats:
        """Return (N, 3) what a move costs at each site: its part of the job's price, and the restart."""
        moving, sites = self.problem.moving, np.count_nonzero(pools >= 0, axis=1)
        count = np.broadcast_to(accelerators[:, None], pools.shape)
        wide_spot = np.broadcast_to(spot[:, None], pools.shape)
        hour = long_run_usd(self.rates, pools, count, wide_spot) + self.energy_usd[pools]
        each = moving.usd_per_job / np.maximum(sites, 1)
        return np.asarray(each[:, None] + moving.restart_hours * count * hour)

    def _trips(self, job: TrainingJob, held: tuple[str, ...]) -> Ints:
        """Return (P,) the trip of the checkpoint to each pool; none to sites where it is, or out of reach."""
        site = self.rates.site
        origins = sorted({self.number[name] for name in held if name in self.number})
        names = tuple(dict.fromkeys(self.problem.pools[pool].data_center for pool in origins))
        if not names or self.problem.moving.checkpoint_gb <= 0:
            return np.full(len(site), NO_TRIP)
        trips = self.book.from_copies(self.problem.residency(job.policy), names)[site]
        return np.where(np.isin(site, site[origins]), NO_TRIP, trips)


def sites_held(problem: Problem, service: str) -> set[str] | None:
    """Return the data centers where a service has replicas at present, None where it is new."""
    held = problem.present.services.get(service)
    if held is None:
        return None
    return {problem.pool[name].data_center for name in held if name in problem.pool}


def enters(problem: Problem, service: Ints, site: Ints) -> Flags:
    """Return which services (N,) enter which data centers (N,) if they use them, all given by number."""
    if not problem.present.services:
        return np.zeros(len(service), dtype=bool)
    held = [sites_held(problem, each.id) for each in problem.services]
    names = [each.id for each in problem.data_centers]
    pairs = zip(service.tolist(), site.tolist(), strict=True)
    found = [(there := held[one]) is not None and names[at] not in there for one, at in pairs]
    return np.array(found, dtype=bool)


def minds_entering(problem: Problem) -> bool:
    """Return whether it matters which data centers services enter."""
    moving, limits = problem.moving, problem.limits
    return bool(problem.present.services) and (
        moving.usd_per_site_entered > 0 or limits.max_moves is not None
    )
