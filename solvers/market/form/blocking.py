"""Starts of jobs that would leave another job no start of its own: no plan that serves all has them.

A job that can run in one pool only may still have many starts there, so that it is not sure to hold any one
period; but whoever holds most of the pool while all of them pass blocks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from .captive_jobs import CaptiveJobs
from .jobs import Options
from .starting import Starts

FIT = 1e-7
"""Relative slack of what is left beside captives and others."""


@dataclass(frozen=True)
class Windows:
    """Where a job that has one pool may run there: (W,) first period, one after the last, accelerators."""

    job: int
    pool: int
    first: Ints
    last: Ints
    accelerators: Floats


def blocking_starts(
    running: Options, spans: Starts, possible: Bools, captive: CaptiveJobs, left: Floats
) -> Bools:
    """Return the ``possible`` starts (O, T) that leave a job of one pool no start beside them.

    ``left`` (P, T) are the accelerators left beside what captives take.
    """
    found = np.zeros(possible.shape, dtype=bool)
    in_pool = _in_pools(running)
    for windows in _windows(running, spans, possible, captive.pool):
        pool, mine = windows.pool, left[windows.pool] + captive.accelerators[windows.job]
        for option in _rivals(running, in_pool(pool), windows, mine).tolist():
            rival = int(running.job[option])
            beside = mine + captive.accelerators[rival] if captive.pool[rival] == pool else mine
            starts = np.flatnonzero(possible[option] & ~found[option])
            runs = _runs(spans, option, starts)
            found[option, starts] = _blocks(float(running.accelerators[option]), runs, windows, beside)
    return found


def _windows(running: Options, spans: Starts, possible: Bools, pool_of: Ints) -> Iterator[Windows]:
    """Yield where each job of one pool may run."""
    bound = np.flatnonzero(possible.any(axis=1) & (pool_of[running.job] >= 0))
    jobs, begins = np.unique(running.job[bound], return_index=True)
    for job, options in zip(jobs.tolist(), np.split(bound, begins)[1:], strict=True):
        row, start = np.nonzero(possible[options])
        option = options[row]
        yield Windows(job, int(pool_of[job]), *_runs(spans, option, start), running.accelerators[option])


def _in_pools(running: Options) -> Callable[[int], Ints]:
    """Return what tells the options in a pool."""
    # Small numbers are sorted many times as fast.
    pool = running.pool.astype(np.min_scalar_type(int(running.pool.max(initial=0))))
    order, ends = np.argsort(pool, kind="stable"), np.cumsum(np.bincount(pool)).tolist()
    return lambda wanted: running.owner[order[ends[wanted - 1] if wanted else 0 : ends[wanted]]]


def _rivals(running: Options, there: Ints, windows: Windows, left: Floats) -> Ints:
    """Return the options of other jobs ``there`` in the pool that do not fit beside a job all the time."""
    much = running.accelerators[there] + windows.accelerators.min() > left.min() * (1 + FIT)
    return np.asarray(there[much & (running.job[there] != windows.job)])


def _runs(spans: Starts, option: int | Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Return the first period of each run and the one after its last."""
    first, last = spans.first[option, starts], spans.last[option, starts]
    return first.astype(np.int64), last.astype(np.int64)


def _blocks(count: float, runs: tuple[Ints, Ints], windows: Windows, left: Floats) -> Bools:
    """Return which runs (S,) of so many accelerators leave none of the windows enough."""
    short = (count + windows.accelerators)[:, None] > left * (1 + FIT) + FIT
    before = np.concatenate([np.zeros((len(short), 1), dtype=np.int64), np.cumsum(short, axis=1)], axis=1)
    begin = np.maximum(runs[0][:, None], windows.first)
    end = np.maximum(np.minimum(runs[1][:, None], windows.last), begin)
    each = np.arange(len(short))
    return np.asarray((before[each, end] > before[each, begin]).all(axis=1))
