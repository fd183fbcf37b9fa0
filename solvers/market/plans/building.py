"""Plans from prices: giants, jobs, then units, into what is left.

Units that do not fit come first the next time; jobs that do not fit make the rows that they lack dearer.
Source of the order by trouble: D. E. Joslin and D. P. Clements, Squeaky wheel optimization, Journal of
Artificial Intelligence Research 10 (1999) 353-373.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from ...rates import Floats, Ints
from ...stopping import never
from ...watch import Watch
from ..answers.columns import Columns
from ..answers.placing import Placed, Placement, Priced
from ..form.market import Market
from ..pricing.appraisal import Appraisal, appraise
from ..pricing.candidates import job_columns
from ..pricing.giants import Giants
from .greedy import fill_jobs, fill_units, room_for_replicas, unit_order

NEAREST = 30
UNSERVED = 1e-9
WANTED = 3
"""Columns of a job that does not fit whose rows become dearer."""
RISE = 0.15
"""Part of the price of a row, and of what its users pay as it is, by which it rises at first."""
GROWTH = 1.5
"""Times which a rise grows while a row goes on to lack room."""
WORSE, MANY = 1.25, 0.05
"""Times the work that the best placement leaves out, and part of all work, from which on it was wrong that
all units who leave any out come first the next time: they take what jobs need, one after another."""
MUCH, FEW = 0.5, 4
"""Part of its work that a unit then leaves out at least to come first, and number of units that leave any out
up to which all of them still do."""
PATIENCE, IDLE_PART = 3, 0.25
"""Placements on end that are no better after which building ends then, and part of its time until it may."""
NARROW_UNIT, NARROW_JOB = 0.03, 0.006
"""Parts of all pools up to which units and jobs may use so few that they come before who has a choice."""


@dataclass
class Builder:
    """Builds placements at prices; remembers which rows lacked room.

    ``natural`` (R,) is what users of a row pay a unit of it without its price, ``kept_free`` (R,) what jobs
    leave to units, and ``leaning`` (R,) what they leave if they find other places, None where nothing.
    """

    market: Market
    penalty: float
    natural: Floats
    giants: Giants
    kept_free: Floats
    leaning: Floats | None = None
    together: int = 0
    """Jobs that find places together, at most: giants alone where 0."""
    over: Callable[[], bool] = never
    """Whether a placement ends as it is, with all left out who have no place yet."""
    urgent: list[int] = field(default_factory=list)
    """Units that come before jobs, as they found too little room after them."""
    urgent_jobs: list[int] = field(default_factory=list)
    """Jobs that come before all but giants, as dearer rows did not help them."""
    missed: set[int] = field(default_factory=set)
    """Jobs left out the last time."""
    is_tight: bool = False
    """Whether only those units come first that leave much out."""
    is_stuck: bool = False
    """Whether something that comes first was left out all the same, so that giants have to make way."""
    stuck_jobs: list[int] = field(default_factory=list)
    """Jobs left out though they came first: giants and they find places together."""
    offered: Columns | None = None
    """The columns of jobs that were last chosen from."""
    rises: Floats = field(init=False)
    _many: float = field(init=False)
    narrow_jobs: Ints = field(init=False)
    narrow_units: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the prices as they are; note who has hardly any choice."""
        self.rises = np.zeros(len(self.market.rules.capacity))
        self._many = MANY * float(self.market.left_out_work.sum())
        self.narrow_jobs, self.narrow_units = narrow_jobs(self.market), narrow_units(self.market)

    def afresh(self) -> Builder:
        """Return a builder that has learnt nothing yet."""
        other = replace(self)
        other._forget()
        return other

    def _forget(self) -> None:
        """Forget who comes first, and which rows lacked room."""
        self.urgent, self.urgent_jobs, self.missed = [], [], set()
        self.is_stuck, self.stuck_jobs = False, []
        self.rises = np.zeros(len(self.rises))

    def meet(self, giants: Giants) -> None:
        """Take over who is a giant, unless others have joined them here."""
        if not self.stuck_jobs:
            self.giants = giants

    def build(self, told: Appraisal, rounds: int, watch: Watch) -> Placement:
        """Return the best of so many placements; one that leaves nothing out ends it."""
        best, idle = None, 0
        self.rises /= 2
        together: dict[int, Placed] | None = None
        left = rounds
        while left > 0:
            left -= 1
            raised = self._raised(told)
            columns = Priced.of(
                self.market, job_columns(self.market, raised, NEAREST), raised.prices, self.penalty
            )
            self.offered = columns.columns
            if self.is_stuck or self.stuck_jobs:
                held = self.giants.placed(self.market, raised if self.is_stuck else told)
            else:
                held = together = self._together(told) if together is None else together
            placement = self._once(raised, columns, held)
            is_worse = best is not None and placement.work() > max(WORSE * best.work(), self._many)
            is_better = best is None or placement.value() < best.value()
            best, idle = (placement, 0) if is_better else (best, idle + 1)
            if is_worse and not self.is_tight:
                self._forget()
                self.is_tight, left = True, rounds
            elif not self._learn(placement, columns):
                break
            if watch.over() or self._is_vain(idle, watch):
                break
            if self.stuck_jobs:
                self.giants = Giants.of(self.market, raised, self.giants.jobs, self.stuck_jobs)
        assert best is not None
        return best

    def _is_vain(self, idle: int, watch: Watch) -> bool:
        """Return whether that many placements in a row were no better, and building has taken some time."""
        return self.is_tight and idle >= PATIENCE and watch.spent > IDLE_PART * watch.limit

    def _together(self, told: Appraisal) -> dict[int, Placed]:
        """Return what giants do in their cheapest combination, with more jobs if that is found in time."""
        if self.together:
            many = Giants.of(self.market, told, self.giants.considered, most=self.together)
            if found := many.placed(self.market, told):
                return found
        return self.giants.placed(self.market, told)

    def _raised(self, told: Appraisal) -> Appraisal:
        if not self.rises.any():
            return told
        prices = told.prices + self.rises * (told.prices + self.natural)
        return appraise(self.market, prices, self.penalty, whole=False)

    def _once(self, told: Appraisal, columns: Priced, held: dict[int, Placed]) -> Placement:
        market = self.market
        placement = Placement(market, self.penalty, np.zeros(len(market.rules.module_pool)))
        placement.widen()
        claims = market.claims
        claims.keep(placement)
        for job, placed in held.items():
            placement.put(job, placed)
        first = [job for job in self.urgent_jobs if job not in held]
        for job in first:
            fill_jobs(placement, told, columns, np.array([job]), self.over)
        fill_units(placement, told, self.urgent, claims, self.over)
        served = set(self.urgent)
        narrow = [unit for unit in self.narrow_units if unit not in served]
        fill_units(placement, told, narrow, claims, self.over)
        served.update(self.narrow_units)
        rest = np.setdiff1d(np.arange(len(market.problem.jobs)), [*held, *first])
        self._fill_jobs(placement, told, columns, rest)
        others = [unit for unit in unit_order(market).tolist() if unit not in served]
        fill_units(placement, told, others, claims, self.over)
        placement.trim_modules()
        return placement

    def _fill_jobs(self, placement: Placement, told: Appraisal, columns: Priced, jobs: Ints) -> None:
        """Place jobs, those with hardly any choice first, into what they leave to units."""
        room, narrow = placement.room, np.intersect1d(jobs, self.narrow_jobs)
        leant = [] if self.leaning is None else [np.maximum(self.kept_free, self.leaning)]
        for left_free in (*leant, self.kept_free):
            placement.room = room - left_free
            for some in (narrow, np.setdiff1d(jobs, narrow)):
                out = [placement.placed[job].choice is None for job in some.tolist()]
                fill_jobs(placement, told, columns, some[np.array(out, dtype=bool)], self.over)
        placement.room = room

    def _learn(self, placement: Placement, columns: Priced) -> bool:
        """Raise the prices of rows that lacked room; return whether work was left out."""
        work = placement.work_of_blocks()
        left = np.flatnonzero(work > UNSERVED)
        if len(left) == 0:
            return False
        jobs = len(self.market.problem.jobs)
        stuck = [job for job in left[left < jobs].tolist() if job in self.urgent_jobs]
        self.is_stuck = bool(stuck)
        self.stuck_jobs = sorted({*self.stuck_jobs, *stuck})
        self._note_jobs(left[left < jobs].tolist())
        full = [*self._wanted_by_jobs(placement, columns, left[left < jobs])]
        full.extend(self._note_units(placement, work, left[left >= jobs]))
        rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *full]))
        self.rises[rows] = GROWTH * self.rises[rows] + RISE
        return True

    def _note_jobs(self, left: list[int]) -> None:
        """Let jobs that were left out twice in a row come first."""
        again = [job for job in left if job in self.missed and job not in self.urgent_jobs]
        self.urgent_jobs = again + self.urgent_jobs
        self.missed = set(left)

    def _note_units(self, placement: Placement, work: Floats, left: Ints) -> Iterable[Ints]:
        """Let units that leave much out come first; yield the rows that the others have no room in.

        ``left`` are the blocks of units that leave any ``work`` (B,) out.
        """
        market, first = self.market, len(self.market.problem.jobs)
        units = np.unique(market.unit_of[left - first]).tolist()
        for number in units:
            blocks = market.unit_blocks[number]
            much = work[blocks].sum() >= MUCH * market.left_out_work[blocks].sum()
            if number not in self.urgent and (much or not self.is_tight or len(units) <= FEW):
                self.urgent.insert(0, number)
                continue
            self.is_stuck |= number in self.urgent
            periods = np.flatnonzero(np.isin(blocks, left))
            yield self._wanted_by_unit(placement, number, periods)

    def _wanted_by_jobs(self, placement: Placement, columns: Priced, jobs: Ints) -> Iterable[Ints]:
        """Yield the rows without room for the nearest columns of the jobs."""
        first = np.searchsorted(columns.columns.block, jobs)
        ends = np.searchsorted(columns.columns.block, jobs, side="right")
        for begin, end in zip(first.tolist(), ends.tolist(), strict=True):
            nearest = begin + np.argsort(columns.reduced[begin:end], kind="stable")[:WANTED]
            for placed in map(columns.placed, nearest.tolist()):
                over = placement.load[placed.rows] + placed.amounts > placement.room[placed.rows]
                yield placed.rows[over]

    def _wanted_by_unit(self, placement: Placement, number: int, periods: Ints) -> Ints:
        """Return the rows, in some periods, of the pools of a unit that have no room for a replica."""
        unit = self.market.units[number]
        rows, _ = self.market.rules.held_use
        full = room_for_replicas(placement, unit) < 1
        if not unit.is_whole:
            full &= np.isin(np.arange(len(full)), periods)[:, None]
        period, slot = np.nonzero(full)
        found = rows[unit.pool[slot], period].ravel()
        return found[found < len(self.rises)]


def narrow_jobs(market: Market) -> Ints:
    """Return the jobs that hardly any pools can run."""
    return np.flatnonzero(market.pools_of_jobs <= max(1.0, NARROW_JOB * len(market.problem.pools)))


def narrow_units(market: Market) -> list[int]:
    """Return the units that hardly any pools can serve, those with the fewest slots first."""
    most = max(1.0, NARROW_UNIT * len(market.problem.pools))
    order: list[int] = unit_order(market).tolist()
    return [number for number in order if len(np.unique(market.units[number].pool)) <= most]
