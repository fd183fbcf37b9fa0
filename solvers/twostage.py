"""Large programs in two stages: a small master decides, then every period is rounded to whole replicas.

The master is a relaxation (fractional replicas, alike demands served as one): its bound holds for the whole,
and its decisions on jobs, sites and modules are good ones; with these fixed, periods fall apart.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .arrays import Arrays
from .master import (
    Gathered,
    Master,
    can_relax,
    cheap_to_round,
    gather_demands,
    relax_replicas,
    restrict,
    without_trifles,
)
from .mathopt import solve_relaxation
from .program import Program, lagrangian_bound, partial_program
from .rates import Floats, Ints
from .rounding import Rounded, RoundingSettings, round_replicas

if TYPE_CHECKING:
    from .search import Phase, Search

MASTER_TIME_SHARE = 0.45
MASTER_GAP_SHARE = 0.4
ROUNDING_ROOM = (1.0, 0.4)
FEW = 4
ROUNDING_ALLOWANCE = 0.3
RELAXED_ALLOWANCE = 0.1
ROUNDING_TIME_SHARE = 0.6
FILLING_TIME_SHARE = 0.3
MENDING_TIME_SHARE = 0.6


@dataclass(frozen=True)
class Small:
    """A master, its demands gathered or not, and the way back to all columns."""

    program: Program
    constant: float
    master: Master
    gathered: Gathered | None

    @property
    def rows(self) -> Ints:
        """Rows of the whole program that the rows of this one are."""
        rows = self.master.rows
        return rows[self.gathered.rows] if self.gathered else rows

    def block(self, arrays: Arrays) -> Ints:
        """Return which columns are alternatives to each other; see :class:`Gathered`."""
        return self.gathered.block if self.gathered else arrays.block[self.master.kept]

    def whole(self, x: Floats) -> Floats:
        """Return the values of all columns."""
        return self.master.whole(self.gathered.whole(x) if self.gathered else x)


def two_stage(search: Search, program: Program, phase: Phase, *, gather: bool) -> Floats | None:
    """Search ``program`` in two stages, telling bounds and solutions; return a solution or None.

    ``gather`` requires that every demand of the program has to be served. Where a period cannot be rounded, a
    plan that leaves requests out there is told before the period is mended.
    """
    arrays = search.arrays
    first = _small(search, program, can_relax(arrays), gather)
    relaxed = solve_relaxation(first.program, search.left(), search.settings.seed)
    if relaxed.x is None:
        return None
    bound, reduced = lagrangian_bound(first.program, relaxed.duals)
    bound += first.constant
    search.tell_bound(phase, bound)
    gap = max(search.settings.gap_limit, 1e-6)
    cheap = cheap_to_round(arrays, RELAXED_ALLOWANCE * gap * abs(bound))
    seconds = search.left() * MASTER_TIME_SHARE
    trial = _Trial(search, program, phase, gap * ROUNDING_ALLOWANCE * abs(bound))
    with ThreadPoolExecutor(1) as other:
        proof = other.submit(_decide, search, _small(search, program, cheap, gather), phase, gap, seconds)
        trial.round(_decide_with_room(search, first, relaxed.x, reduced, gap))
        proven = proof.result()
    if not trial.is_done():
        trial.round(proven)
    return trial.result()


@dataclass
class _Trial:
    """Rounds solutions of masters; keeps the cheapest that is whole, and the first that is not."""

    search: Search
    program: Program
    phase: Phase
    allowance: float
    whole: Floats | None = None
    broken: Rounded | None = None

    def round(self, x: Floats | None) -> None:
        """Round one solution, telling it when it is whole."""
        if x is None or self.search.out_of_time():
            return
        settings = _rounding(self.search, ROUNDING_TIME_SHARE, self.allowance)
        rounded = round_replicas(self.search.arrays, self.program, x, settings)
        if rounded is not None and not rounded.failed:
            self.search.tell_solution(rounded.x)
            if self.whole is None or self.program.cost @ rounded.x < self.program.cost @ self.whole:
                self.whole = rounded.x
        elif rounded is not None and self.broken is None:
            self.broken = rounded

    def is_done(self) -> bool:
        """Return whether the cheapest is close enough."""
        return self.search.is_close(self.whole, self.phase)

    def result(self) -> Floats | None:
        """Return the cheapest whole solution, or what mending the first brings."""
        if self.whole is not None or self.broken is None or self.search.out_of_time():
            return self.whole
        _leave_out_there(self.search, self.broken, self.allowance)
        return _mend(self.search, self.program, self.broken, self.allowance)


def _leave_out_there(search: Search, rounded: Rounded, allowance: float) -> None:
    """Tell a plan that leaves out what does not fit in the failed periods."""
    arrays = search.arrays
    partial = partial_program(arrays, search.penalised_cost())
    free = np.isin(arrays.period, rounded.failed)
    whole = np.where(partial.integer & ~free, np.round(rounded.x), rounded.x)
    held = partial.with_bounds(np.where(free, partial.lower, whole), np.where(free, partial.upper, whole))
    filled = round_replicas(arrays, held, rounded.x, _rounding(search, FILLING_TIME_SHARE, allowance))
    if filled is not None and not filled.failed:
        search.tell_solution(filled.x)


def _mend(search: Search, program: Program, rounded: Rounded, allowance: float) -> Floats | None:
    """Free the failed periods and the jobs, hold the rest, and solve again; then round once more."""
    arrays = search.arrays
    job = (arrays.block >= 0) & (arrays.period < 0)
    free = np.isin(arrays.period, rounded.failed) | job | arrays.schedule
    whole = np.where(program.integer & ~free, np.round(rounded.x), rounded.x)
    held = program.with_bounds(np.where(free, program.lower, whole), np.where(free, program.upper, whole))
    gap = allowance / max(1e-9, abs(float(program.cost @ rounded.x)))
    mended = search.integer(held, None, search.left() * MENDING_TIME_SHARE, None, gap).x
    if mended is None or search.out_of_time():
        return mended
    again = round_replicas(arrays, program, mended, _rounding(search, ROUNDING_TIME_SHARE, allowance))
    if again is None or again.failed or program.cost @ again.x >= program.cost @ mended:
        return mended
    search.tell_solution(again.x)
    return again.x


def _small(search: Search, program: Program, relaxed: np.ndarray, gather: bool) -> Small:
    arrays = search.arrays
    master = relax_replicas(arrays, without_trifles(arrays, program) if gather else program, relaxed)
    counted = np.isin(master.kept, arrays.replicas[can_relax(arrays)])
    inner = replace(master.program, integer=master.program.integer & ~counted)
    if not gather:
        return Small(inner, 0.0, master, None)
    kept = master.kept
    gathered = gather_demands(
        inner, arrays.requests[kept], arrays.alike[kept], arrays.slot[kept], arrays.block[kept]
    )
    return Small(gathered.program, gathered.constant, master, gathered)


def _decide_with_room(search: Search, first: Small, x: Floats, reduced: Floats, gap: float) -> Floats | None:
    """Return decisions of a master of few alternatives, with room to round up what ``x`` leaves broken."""
    whole = first.whole(x)
    for room in ROUNDING_ROOM:
        seconds = search.left() * MASTER_TIME_SHARE
        few = restrict(
            _with_room(search.arrays, first, whole, room), first.block(search.arrays), x, reduced, FEW
        )
        found = _decide(search, replace(first, program=few), None, gap, seconds)
        if found is not None or search.out_of_time():
            return found
    return None


def _with_room(arrays: Arrays, small: Small, fractional: Floats, room: float) -> Program:
    """Return the master with less of every pool: a share of what rounding up ``fractional`` would take."""
    waste = np.zeros(arrays.columns)
    replicas = fractional[arrays.replicas]
    waste[arrays.replicas] = room * (np.ceil(replicas - 1e-6) - replicas)
    taken = np.where(arrays.capacity_rows, arrays.matrix @ waste, 0.0)
    upper = small.program.row_upper.copy()
    mine = small.rows < len(taken)
    upper[mine] -= np.clip(taken[small.rows[mine]], 0.0, 0.9)
    return replace(small.program, row_upper=upper)


def _decide(search: Search, small: Small, phase: Phase | None, gap: float, seconds: float) -> Floats | None:
    answer = search.integer(
        small.program, None, seconds, phase, gap * MASTER_GAP_SHARE, constant=small.constant, is_whole=False
    )
    return None if answer.x is None else small.whole(answer.x)


def _rounding(search: Search, time_share: float, allowance: float) -> RoundingSettings:
    return RoundingSettings(
        solver=search.settings.cell_solver,
        seconds=search.left() * time_share,
        allowance=allowance,
        seed=search.settings.seed,
        threads=search.settings.threads,
        stop=search.out_of_time,
    )
