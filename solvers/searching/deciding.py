"""Masters: small relaxations of a large program that are solved for decisions, and for a bound.

Some have few alternatives, refreshed at the prices of their own solutions: they decide. Another keeps all of
them, and whole-replica cuts where they bind: it proves, beside them or, where cores are few, after them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Arrays, Bools
from ..model.likeness import as_values
from ..programs.master import alike_enough, can_relax, likely, restrict
from ..programs.program import Program, lagrangian_bound
from ..programs.request import Relaxation
from ..programs.rounding import best_flows
from ..programs.small import Small, make_small, shares, whole_prices
from ..programs.solve_program import solve_relaxation
from ..rates import Floats
from .events import Phase
from .telling import Telling

MASTER_TIME_SHARE = 0.42
PROOF_TIME_SHARE = 0.5
MASTER_GAP_SHARE = 0.4
ROUNDING_ROOM = (0.6, 0.2)
FEW = 8
CUT_SHARE = 0.6
GATHERING_ALLOWANCE = 0.1
REFINEMENT_TIME_SHARE = 0.25
REFINING_ENDS = 0.5
"""Share of all the time after which decisions are not refined any more: the rest is for rounding."""
AGREEMENT = 1e-6
"""Distance up to which a decision and the relaxation agree."""
ALIKE_SHARE = 3.0
"""Times the gap asked for up to which what a similar problem's plan decides is bettered, not replaced."""
HELD = 0.5
CLOSE_SHARE = 0.25
"""Decisions are not refined when their flows cost at most this share of the gap asked for over the bound."""


@dataclass(frozen=True)
class Start:
    """What the relaxation of a whole program told: its solution, the duals of its rows, its bound.

    ``arrays`` are those of the program, ``loads`` what was relaxed, and ``relaxed`` what that told.
    """

    arrays: Arrays
    loads: Small
    relaxed: Relaxation
    x: Floats
    prices: Floats
    bound: float

    def apart(self, gap: float) -> Arrays:
        """Return the arrays in which demands are alike only where serving them as one costs next to nothing.

        That is little beside ``gap``, wherever they are served from.
        """
        kept, found = self.loads.master.kept, self.relaxed
        assert found.x is not None
        allowance = GATHERING_ALLOWANCE * gap * abs(self.bound)
        alike = np.full(self.arrays.columns, -1, dtype=np.int64)
        of_shares = shares(self.arrays, kept)
        alike[kept] = alike_enough(self.loads.program, of_shares, found.x, found.duals, allowance)
        return replace(self.arrays, alike=alike)

    def is_within(self, gap: float, program: Program, x: Floats) -> bool:
        """Return whether ``x`` costs little more than the bound."""
        return bool(program.cost @ x - self.bound <= gap * abs(self.bound))


def relax(search: Telling, arrays: Arrays, program: Program, phase: Phase | None) -> Start | None:
    """Solve the relaxation in which replicas are loads, telling its bound if it is one of a phase."""
    loads = make_small(arrays, program, can_relax(arrays), gather=False)
    relaxed = solve_relaxation(loads.program, search.left(), search.settings.seed)
    if relaxed.x is None:
        return None
    bound = lagrangian_bound(loads.program, relaxed.duals)[0]
    if phase is not None:
        search.tell_bound(phase, bound)
    prices = whole_prices(loads, relaxed.duals, len(program.row_lower))
    return Start(arrays, loads, relaxed, loads.whole(relaxed.x), prices, bound)


def prove(
    search: Telling,
    program: Program,
    start: Start,
    phase: Phase,
    *,
    gather: bool,
) -> Floats | None:
    """Solve the master that keeps the cuts that tell most, telling its bounds; return its solution."""
    gap = search.gap
    arrays = start.arrays
    loads = can_relax(arrays)
    if gather:
        loads &= ~_cut_groups(arrays, program, start.x)
    tight = make_small(arrays, program, loads, gather=gather, prices=start.prices)
    return decide(search, tight, phase, gap, search.left() * PROOF_TIME_SHARE)


def _cut_groups(arrays: Arrays, program: Program, whole: Floats) -> Bools:
    """Return the replicas that the cuts are about that ``whole`` breaks at most cost.

    Only programs in which nothing is left out have the cuts, as the rows after those of the matrix.
    """
    first = arrays.matrix.shape[0]
    cuts = program.matrix[first : first + arrays.cuts.shape[0]].tocoo()
    missing = np.maximum(arrays.cut_lower - arrays.cuts @ whole[: arrays.columns], 0.0)
    unit = np.full(len(missing), np.inf)
    np.minimum.at(unit, cuts.row, program.cost[cuts.col] / cuts.data)
    worth = np.where(missing > 0, missing * unit, 0.0)
    order = np.argsort(-worth, kind="stable")
    before = np.cumsum(worth[order]) - worth[order]
    telling = order[(before < CUT_SHARE * worth.sum()) & (worth[order] > 0)]
    replicas = cuts.col[np.isin(cuts.row, telling)]
    mine = np.isin(arrays.replicas, replicas)
    return np.asarray(np.isin(arrays.replica_groups, arrays.replica_groups[mine]))


def decide_with_room(search: Telling, program: Program, start: Start, *, gather: bool) -> Floats | None:
    """Return decisions of masters of few alternatives, with room to round up replicas."""
    for room in ROUNDING_ROOM:
        decider = _Decider(search, program, start, gather, room, [(start.x, start.prices)])
        decider.run()
        if decider.best is not None or search.out_of_time():
            return decider.best
    return None


@dataclass
class _Decider:
    """Decides in up to three masters, each tried only while the best decisions' flows cost too much.

    First alike demands are served as one. Then all are told apart, but what the relaxation agrees with is
    held. Last, every option of every job takes part. ``known`` are solutions of the whole with the duals of
    its rows: what is used or cheap in any of them is among the alternatives.
    """

    search: Telling
    program: Program
    start: Start
    gather: bool
    room: float
    known: list[tuple[Floats, Floats]]
    best: Floats | None = None

    def run(self) -> None:
        """Decide until the decisions are close to the bound of the relaxation, or nothing is left to try."""
        self._take(self._alike())
        if self.best is None or self._is_open(ALIKE_SHARE):
            self._take(self._gathered(self.search.left() * MASTER_TIME_SHARE))
        if self._is_open(CLOSE_SHARE):
            self._take(self._nearby())
        if self._is_open(1.0):
            self._take(self._gathered(self._refining_seconds(), every_option=True))

    def _is_open(self, share: float) -> bool:
        """Return whether there are decisions that cost too much, and time to better them."""
        if self.best is None or self._refining_seconds() <= 0:
            return False
        return not self.start.is_within(share * self.search.gap, self.program, self.best)

    def _take(self, decided: Floats | None) -> None:
        if decided is None:
            return
        search = self.search
        found = best_flows(self.start.arrays, self.program, decided, search.left(), search.settings.seed)
        self.known.append(found)
        if self.best is None or self.program.cost @ found[0] < self.program.cost @ self.best:
            self.best = found[0]

    def _alike(self) -> Floats | None:
        """Decide with what a plan of a similar problem decided for jobs held; None without such a plan."""
        likeness = self.search.settings.likeness
        if likeness is None or len(likeness.decided) == 0:
            return None
        small = self._few(gather=self.gather)
        arrays, program = self.start.arrays, small.program
        held = small.values(arrays, as_values(arrays.columns, likeness.decided)) > HELD
        if not np.isin(likeness.decided, small.master.kept).all():
            return None
        lower, upper = np.where(held, 1.0, program.lower), np.where(held, 1.0, program.upper)
        few = replace(small, program=program.with_bounds(lower, upper))
        return decide(self.search, few, None, self.search.gap, self._refining_seconds())

    def _gathered(self, seconds: float, *, every_option: bool = False) -> Floats | None:
        small = self._few(gather=self.gather, every_option=every_option)
        return decide(self.search, small, None, self.search.gap, seconds)

    def _refining_seconds(self) -> float:
        left = self.search.left()
        return min(left * REFINEMENT_TIME_SHARE, left - self.search.settings.seconds * (1 - REFINING_ENDS))

    def _nearby(self) -> Floats | None:
        """Decide with everything held in which the best decisions and the relaxation agree.

        Relaxation induced neighbourhoods: Danna, Rothberg and Le Pape, 2005.
        """
        small = self._few(gather=False)
        program = small.program
        relaxed = solve_relaxation(program, self._refining_seconds(), self.search.settings.seed).x
        if relaxed is None or self.best is None:
            return None
        x = np.round(small.values(self.start.arrays, self.best))
        agreed = program.integer & (np.abs(relaxed - x) < AGREEMENT)
        lower, upper = np.where(agreed, x, program.lower), np.where(agreed, x, program.upper)
        held = replace(small, program=program.with_bounds(lower, upper))
        return decide(self.search, held, None, self.search.gap, self._refining_seconds(), sub_mips=False)

    def _few(self, *, gather: bool, every_option: bool = False) -> Small:
        """Return a master of few alternatives, for jobs of all if ``every_option``.

        What belongs to one period is left fractional, as rounding decides it again.
        """
        arrays = self.start.arrays
        small = make_small(arrays, self.program, can_relax(arrays), gather=gather, prices=self.known[-1][1])
        decision = small.periods(arrays) < 0
        kept = decision if every_option else np.zeros(small.program.columns, dtype=bool)
        for whole, prices in self.known:
            reduced = small.program.cost - small.program.matrix.T @ prices[small.rows]
            kept = kept | likely(small.block(arrays), small.values(arrays, whole), reduced, FEW)
        few = restrict(_with_room(arrays, small, self.start.x, self.room), kept)
        return replace(small, program=replace(few, integer=few.integer & decision))


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


def decide(
    search: Telling,
    small: Small,
    phase: Phase | None,
    gap: float,
    seconds: float,
    *,
    sub_mips: bool = True,
) -> Floats | None:
    """Solve a master and return its solution as values of all columns, or None."""
    answer = search.integer(
        small.program,
        None,
        seconds,
        phase,
        gap * MASTER_GAP_SHARE,
        constant=small.constant,
        is_whole=False,
        sub_mips=sub_mips,
    )
    return None if answer.x is None else small.whole(answer.x)
