"""Jobs answer anew to what the others leave: starts and hours that fit, within commitments first.

Hours within commitments cost less, and how many are left is known while all else stands still: for a job, an
hour costs what the part of its accelerators that goes beyond them adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ...rates import Ints
from ..answers.columns import Columns, joined
from ..answers.placing import Placed, Placement, Priced
from ..form.starting import start_costs
from ..plans.openings import Room, begun_columns, open_starts, options_of, paused_columns
from ..pricing.appraisal import Appraisal
from .commitments import TwoPrices, unused_commitments

NEAREST = 8
"""Starts, and options that pause, of as many accelerators that are looked at, those that cost least."""


def resettle(placement: Placement, jobs: Iterable[int], over: Callable[[], bool]) -> None:
    """Let jobs answer anew, one after another."""
    paid = TwoPrices.of(placement.market, np.zeros(len(placement.load)))
    for job in jobs:
        if over():
            return
        now = placement.placed[job]
        placement.remove(job)
        settle(placement, paid, job, now)


def settle(placement: Placement, paid: TwoPrices, job: int, now: Placed) -> None:
    """Let a job that is out do what costs least of what fits, ``now`` where nothing costs less."""
    parts = list(_columns(placement, paid, job))
    if parts:
        priced = Priced.of(placement.market, joined(parts), paid.prices, placement.penalty)
        now = paid.cheapest(placement, now, map(priced.placed, range(len(priced.cost))))
    placement.put(job, now)


def _columns(placement: Placement, paid: TwoPrices, job: int) -> Iterator[Columns]:
    """Yield the columns of a job that is out that cost least among those that seem to fit.

    Options of as many accelerators are looked at together, as what commitments leave costs them alike.
    """
    market, room, free = placement.market, Room.of(placement), unused_commitments(placement)
    mine = options_of(market.running, job)
    counts = market.running.accelerators[mine]
    options, spans = market.running.part(mine.start, mine.stop), market.spans.part(mine.start, mine.stop)
    able = open_starts(room, market.running, market.spans, mine)
    for count in np.unique(counts).tolist():
        cost = start_costs(options, spans, market.rates, paid.marginal(free, count))
        yield from begun_columns(market, mine, able & (counts == count)[:, None], cost, NEAREST)
    mine = options_of(market.pausing, job)
    counts = market.pausing.accelerators[mine]
    for count in np.unique(counts).tolist():
        some = np.flatnonzero(counts == count)
        yield from paused_columns(market, room, paid.marginal(free, count), mine, some=some, most=NEAREST)


def losing_jobs(placement: Placement, told: Appraisal) -> Ints:
    """Return the jobs, those first that pay most above the least at the prices told."""
    jobs = len(told.job_least)
    paid = np.array([placement.placed[job].cost_at(told.prices) for job in range(jobs)])
    return np.argsort(told.job_least - paid, kind="stable")
