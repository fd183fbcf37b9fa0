"""Giants: the few jobs that cost most answer to prices together, so that what they do fits.

Where few jobs fill whole pools, prices alone split them between pools: that is cheaper than anything whole.
So are those that hardly any pool can run, which giants have to make way for. Together they are one block,
whose answer is the cheapest combination of their columns that fits when nothing else is there. A bound with
it is a bound still (Lagrange, with fewer blocks), and a tighter one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from ...programs.program import Program
from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ..answers.columns import Columns, joined, kept
from ..answers.placing import NOTHING, Placed, Priced
from ..form.captive import most_room
from ..form.market import Market
from .appraisal import Appraisal
from .candidates import job_columns
from .climbing import binding_rows

MOST_JOBS, MOST_COLUMNS = 30, 40
MOST_NARROW, NARROW = 30, 3
"""Jobs that answer with them, and pools that each of these can use at most: of 1,000 jobs on 100 sites that
proves 0.9 % more in the same time, of others as much as without."""
LEAST_SHARE = 0.0005
"""Part of the cost of all jobs that each of the giants has at least."""
FIT = 1e-7


@dataclass(frozen=True)
class Combination:
    """A column of every giant, -1 where it is left out, and what they cost at some prices."""

    cost: float
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Giants:
    """Jobs (K) that answer together, and all their columns (C), sorted by job, from ``first`` (K + 1) on.

    Attributes
    ----------
    considered
        Jobs that cost much, those with too many columns included.
    uses
        (C, R) use of the shared rows.
    load, room, left
        (C, r) use, (r,) most room, and (r,) what is left of it where all is served, of the rows that the
        giants could overload then: captive users take their part of it.
    work
        (K,) unserved work of leaving a job out.
    is_whole
        Whether they have all their columns in plans that leave others out, too.
    seconds
        For the cheapest combination; what is proven by then counts.
    """

    considered: Ints
    jobs: Ints
    columns: Columns
    first: Ints
    cost: Floats
    uses: csr_array
    load: Floats
    room: Floats
    left: Floats
    work: Floats
    is_whole: bool
    seconds: float

    @classmethod
    def of(
        cls,
        market: Market,
        told: Appraisal,
        known: Ints = NOTHING,
        also: Sequence[int] = (),
        *,
        most: int | None = None,
    ) -> Giants:
        """Return the giants among the jobs that do not pause, by what they cost at the prices told.

        They are at ``most`` so many (None: as many as answer prices), some that hardly any pool can run, and
        those ``known``. Jobs ``also`` join them with their nearest columns. Some of their columns may be
        missing then, so what giants cost together is no bound with them.
        """
        considered = np.union1d(known, _large(market, told, most or MOST_JOBS))
        considered = np.union1d(considered, _narrow(market, told))
        columns = _columns(market, considered, told)
        if also:
            added = np.setdiff1d(np.array(also, dtype=np.int64), columns.block)
            columns = joined([columns, job_columns(market, told, MOST_COLUMNS, added)])
        jobs, first = np.unique(columns.block, return_index=True)
        uses = csr_array(columns.goods @ market.rules.use)
        load, room, left = _tight(market, uses, columns.block)
        return cls(
            considered=considered,
            jobs=jobs,
            columns=columns,
            first=np.append(first, len(columns)),
            cost=np.asarray(columns.goods @ market.rules.cost),
            uses=uses,
            load=load,
            room=room,
            left=left,
            work=market.left_out_work[jobs],
            is_whole=market.stands_for is not None or not _has_closed(market, jobs),
            seconds=market.program_seconds,
        )

    def met(self, market: Market, told: Appraisal) -> Giants:
        """Return the giants with those who cost as much at the prices told, themselves where nobody joins."""
        if np.isin(_large(market, told, MOST_JOBS), self.considered).all():
            return self
        found = Giants.of(market, told, self.considered)
        if len(found.jobs) > len(self.jobs):
            return found
        return replace(self, considered=found.considered)

    def together(self, told: Appraisal) -> tuple[Appraisal, list[Combination]]:
        """Return what the prices tell when the giants answer together, and the cheapest way, if any."""
        if len(self.jobs) < 2:
            return told, []
        reduced = self.cost + self.uses @ told.prices
        out = told.penalty * self.work
        best, complete = self._cheapest(reduced, out, self.left)
        is_free = np.array_equal(self.left, self.room)
        partial = complete if is_free else self._cheapest(reduced, out, self.room)[1]
        if best is None or min(best.columns) < 0:
            complete = self._cheapest(reduced, np.full(len(out), np.inf), self.left)[1]
        least = told.job_least[self.jobs]
        gains = complete - float(least.sum()), partial - float(np.minimum(least, out).sum())
        if not self.is_whole:
            gains = gains[0], 0.0
        stronger = replace(
            told, complete=told.complete + max(0.0, gains[0]), partial=told.partial + max(0.0, gains[1])
        )
        return stronger, [] if best is None else [best]

    def _cheapest(self, reduced: Floats, out: Floats, room: Floats) -> tuple[Combination | None, float]:
        """Return the cheapest combination that fits into ``room``, and a lower bound of the cost of any."""
        jobs, columns = len(self.jobs), len(self.columns)
        owner = np.concatenate([np.repeat(np.arange(jobs), np.diff(self.first)), np.arange(jobs)])
        every = csr_array((np.ones(len(owner)), (owner, np.arange(len(owner)))))
        shared = np.hstack([self.load.T, np.zeros((len(room), jobs))])
        # Capped costs bound the true ones from below, and solvers lose small costs beside large ones.
        costs = np.concatenate([reduced, np.where(np.isfinite(out), out, 0.0)])
        program = Program(
            cost=np.minimum(costs, _too_dear(reduced, self.first)),
            lower=np.zeros(columns + jobs),
            upper=np.concatenate([np.ones(columns), np.isfinite(out).astype(float)]),
            integer=np.ones(columns + jobs, dtype=bool),
            matrix=csr_array(vstack([every, csr_array(shared)], format="csr")),
            row_lower=np.concatenate([np.ones(jobs), np.full(len(room), -np.inf)]),
            row_upper=np.concatenate([np.ones(jobs), room]),
        )
        answer = solve_integer(program, Request(time_limit=self.seconds, gap_limit=1e-6, watch=False))
        bound = answer.bound if np.isfinite(answer.bound) else -np.inf
        if answer.x is None:
            return None, bound
        place = np.full(jobs, -1, dtype=np.int64)
        taken = np.flatnonzero(answer.x[:columns] > 0.5)
        place[owner[taken]] = taken
        chosen = tuple(place.tolist())
        return Combination(self._paid(reduced, out, chosen), chosen), bound

    def _paid(self, reduced: Floats, out: Floats, columns: tuple[int, ...]) -> float:
        return float(sum(out[job] if column < 0 else reduced[column] for job, column in enumerate(columns)))

    def nearest(self, combinations: list[Combination], told: Appraisal, most: int) -> list[Combination]:
        """Return the cheapest of the combinations at the prices told, each once."""
        reduced = self.cost + self.uses @ told.prices
        out = told.penalty * self.work
        different = dict.fromkeys(each.columns for each in combinations)
        priced = [Combination(self._paid(reduced, out, columns), columns) for columns in different]
        return sorted(priced, key=lambda each: (each.cost, each.columns))[:most]

    def merged(self, columns: Columns, combinations: list[Combination]) -> Columns:
        """Return ``columns`` with the combinations as columns of one block instead of those of giants."""
        others = kept(columns, np.flatnonzero(~np.isin(columns.block, self.jobs)))
        pairs = [
            (row, column)
            for row, combination in enumerate(combinations)
            for column in combination.columns
            if column >= 0
        ]
        rows, taken = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        shape = (len(combinations), len(self.columns))
        chosen = csr_array(coo_array((np.ones(len(rows)), (rows, taken)), shape=shape))
        left = np.array([[column < 0 for column in each.columns] for each in combinations], dtype=float)
        block = np.full(len(combinations), self.jobs[0])
        goods = csr_array(chosen @ self.columns.goods)
        return joined([others, Columns(block, goods, left @ self.work, (None,) * len(combinations))])

    def placed(self, market: Market, told: Appraisal) -> dict[int, Placed]:
        """Return what the giants do in their cheapest combination at the prices told."""
        if len(self.jobs) < 2:
            return {}
        best, _ = self._cheapest(self.cost + self.uses @ told.prices, told.penalty * self.work, self.left)
        if best is None:
            return {}
        priced = Priced.of(market, self.columns, told.prices, told.penalty)
        chosen = zip(self.jobs.tolist(), best.columns, strict=True)
        return {job: priced.placed(column) for job, column in chosen if column >= 0}


def _too_dear(reduced: Floats, first: Ints) -> float:
    """Return a cost far above those of the cheapest columns of all jobs together."""
    least = np.minimum.reduceat(reduced, first[:-1])
    return 100.0 * float(np.abs(least).sum() + 1.0)


def _has_closed(market: Market, jobs: Ints) -> bool:
    """Return whether starts of some of the jobs are closed by captives."""
    return bool(market.captives.closed[np.isin(market.running.job, jobs)].any())


def _large(market: Market, told: Appraisal, most: int) -> Ints:
    least = np.where(market.placeable, told.job_least, 0.0)
    least[market.pausing.job] = 0.0
    order = np.argsort(-least, kind="stable")[:most]
    return np.sort(order[least[order] > LEAST_SHARE * np.maximum(told.job_least, 0.0).sum()])


def _narrow(market: Market, told: Appraisal) -> Ints:
    """Return the jobs that hardly any pool can run, at most so many, those that cost most."""
    pools, least = market.pools_of_jobs, told.job_least
    narrow = np.setdiff1d(np.flatnonzero((pools > 0) & (pools <= NARROW)), market.pausing.job)
    return narrow[np.argsort(-least[narrow], kind="stable")[:MOST_NARROW]]


def _columns(market: Market, jobs: Ints, told: Appraisal) -> Columns:
    """Return all columns of those of the jobs that have few: those that may pause have far more than told."""
    columns = job_columns(market, told, MOST_COLUMNS + 1, np.setdiff1d(jobs, market.pausing.job))
    count = np.bincount(columns.block, minlength=len(market.problem.jobs))
    return kept(columns, np.flatnonzero(count[columns.block] <= MOST_COLUMNS))


def _tight(market: Market, uses: csr_array, block: Ints) -> tuple[Floats, Floats, Floats]:
    """Return use, most room, and what is left of it, of the rows that a column of each job could overload."""
    room = most_room(market.rules)
    left = np.maximum(room - market.captives.load_beside(market.rules, np.unique(block)), 0.0)
    tight = np.setdiff1d(binding_rows(block, uses, left), market.rules.counting)
    slack = FIT * np.maximum(1.0, room[tight])
    return csr_array(uses[:, tight]).toarray(), room[tight] + slack, left[tight] + slack
