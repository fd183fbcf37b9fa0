"""Work that must be left out: jobs that can run in one pool only do not all fit into it.

Prices prove little of that: half of a job and half of another fit. Which of those that are confined to a pool
fit together is a small program for each pool, of its own, as no job is confined to two. A plan that leaves no
more out than these programs say serves everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from ...programs.program import Program
from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ...watch import Watch
from ..form.captive import most_room
from ..form.captive_jobs import CaptiveJobs
from ..form.market import Market

MOST_STARTS = 20_000
"""Starts of the jobs of a pool up to which a program is solved."""
FIT, ROUNDING = 1e-7, 1e-9
"""Relative slack of the room of a pool, and part of what is proven that is granted to rounding."""


@dataclass(frozen=True)
class CrowdedOut:
    """Work that must be left out, all of it of some of the ``jobs`` (K) in plans that leave no more out."""

    work: float
    jobs: Ints

    @classmethod
    def nobody(cls) -> CrowdedOut:
        """Return that nothing must be left out."""
        return cls(0.0, np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Confined:
    """The starts (N,) of jobs that one pool alone can run.

    Attributes
    ----------
    job
        (N,) number among ``work``.
    first, last, accelerators
        (N,) first period, the one after the last, and what is held.
    work
        (J,) unserved work of leaving each job out.
    room
        (T,) accelerators of the pool.
    """

    job: Ints
    first: Ints
    last: Ints
    accelerators: Floats
    work: Floats
    room: Floats

    @property
    def fits(self) -> bool:
        """Whether all of them fit however they start."""
        largest = np.zeros(len(self.work))
        np.maximum.at(largest, self.job, self.accelerators)
        return bool(largest.sum() <= self.room.min())

    def program(self) -> Program:
        """Return the program that leaves least out: columns are the starts, then who is left out."""
        starts, jobs = len(self.job), len(self.work)
        spans = np.maximum(self.last - self.first, 0)
        start = np.repeat(np.arange(starts), spans)
        period = np.arange(len(start)) - np.repeat(np.cumsum(spans) - spans - self.first, spans)
        row = np.concatenate([self.job, np.arange(jobs), jobs + period])
        column = np.concatenate([np.arange(starts + jobs), start])
        value = np.concatenate([np.ones(starts + jobs), self.accelerators[start]])
        shape = (jobs + len(self.room), starts + jobs)
        return Program(
            cost=np.concatenate([np.zeros(starts), self.work]),
            lower=np.zeros(starts + jobs),
            upper=np.ones(starts + jobs),
            integer=np.ones(starts + jobs, dtype=bool),
            matrix=csr_array(coo_array((value, (row, column)), shape=shape)),
            row_lower=np.concatenate([np.ones(jobs), np.full(len(self.room), -np.inf)]),
            row_upper=np.concatenate([np.ones(jobs), self.room]),
        )


def crowded_out(market: Market, watch: Watch) -> CrowdedOut:
    """Return what must be left out of work with options, as pools are too small for who has no other.

    Pools are looked at until ``watch`` is over, each no longer than a small program may take.
    """
    work, among, running = 0.0, [np.zeros(0, dtype=np.int64)], market.running
    captive = CaptiveJobs.of(running, market.spans, market.spans.possible, np.unique(market.pausing.job))
    room = market.rules.enough_for(market.rules.held_use, most_room(market.rules))
    count = np.bincount(captive.pool[captive.pool >= 0], minlength=len(room))
    for pool in np.flatnonzero(count > 1).tolist():
        if watch.over():
            break
        jobs = np.flatnonzero(captive.pool == pool)
        confined = _confined(market, jobs, room[pool])
        if len(confined.job) <= MOST_STARTS and not confined.fits:
            request = Request(time_limit=min(market.program_seconds, watch.left), watch=False)
            least = solve_integer(confined.program(), request).bound
            if least > ROUNDING * confined.work.sum():
                work += (1.0 - ROUNDING) * least
                among.append(jobs)
    return CrowdedOut(work, np.concatenate(among))


def _confined(market: Market, jobs: Ints, room: Floats) -> Confined:
    """Return the starts of ``jobs`` (ascending) that are confined to a pool with so much ``room`` (T,)."""
    running, spans = market.running, market.spans
    options = np.flatnonzero(np.isin(running.job, jobs))
    option, at = np.nonzero(spans.possible[options])
    option = options[option]
    return Confined(
        job=np.searchsorted(jobs, running.job[option]),
        first=spans.first[option, at].astype(np.int64),
        last=spans.last[option, at].astype(np.int64),
        accelerators=running.accelerators[option],
        work=market.left_out_work[jobs],
        room=room + FIT * np.maximum(1.0, room),
    )
