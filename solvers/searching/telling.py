"""What a search knows so far: it solves programs, and tells their solutions and bounds as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Arrays
from ..model.likeness import Likeness
from ..model.slivers import serve_slivers
from ..options import relative_gap
from ..programs.program import Compact, Program
from ..programs.request import Answer, Relaxation, Request
from ..programs.solve_program import keeps_rows, settle, solve_integer, solve_relaxation
from ..rates import Floats
from .events import Emit, Found, Phase, Proved

UNSERVED_TOLERANCE = 1e-7
WIDE_TOLERANCE = 1e-6
"""Weighted work by which a limit of what is left out is widened where solvers find nothing within a tight one
though there is something: HiGHS takes so much for rounding. Slivers left out by that are served again."""
SLIVERS = 2.0
"""Times that room up to which what is left out is a sliver: solvers use all of it, and a little more."""
LEAST_GAP = 1e-6
CUT = 0.9
"""Part of its time limit from which on a step is taken to have been ended by that."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the search needs of the caller's options.

    ``seconds`` is the time it has; ``cores`` may be kept busy; ``cell_solver`` solves what is left of
    a period; ``watch`` asks for solutions and bounds as they come, at the price of what solvers print;
    ``start`` is a solution to begin with.
    """

    solver: str
    seconds: float
    gap_limit: float
    seed: int
    threads: int | None
    cores: int
    cell_solver: str
    watch: bool = True
    start: Floats | None = None
    likeness: Likeness | None = None
    """What a plan of a similar problem decides: tried first."""


def most_unserved(least: float, room: float = UNSERVED_TOLERANCE) -> float:
    """Return the weighted work that may be left out where ``least`` must be: solvers need some room."""
    return least * (1 + 1e-9) + room


def lesser(amounts: Floats, one: Floats | None, other: Floats | None) -> Floats | None:
    """Return the solution with less of the ``amounts`` in all, the one there is where there is only one."""
    if one is None or other is None:
        return other if one is None else one
    return one if amounts @ one <= amounts @ other else other


@dataclass
class Telling:
    """What a search knows, how it solves a program, and what it tells of that."""

    arrays: Arrays
    settings: Settings
    emit: Emit
    stop: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)
    bounds: dict[str, float] = field(default_factory=dict)
    best: Floats | None = None
    """The solution found so far that leaves least out."""
    is_limited: bool = False
    """Whether the least cost is sought within a limit of the work left out."""
    room: float = UNSERVED_TOLERANCE
    """By how much that limit is widened."""
    was_cut: bool = False
    """Whether time ended a step before it was done."""
    has_erred: bool = False
    """Whether a solver found nothing, or proved nothing, where a solution is known."""
    paid: float = 0.0
    """Cost of dear moves that the program in hand leaves out."""
    ceiling: float = np.inf
    """Bounds of the cost that are told now hold up to here only."""
    aim: float = field(init=False)
    """The gap to look for now."""

    def __post_init__(self) -> None:
        """Begin with the solution given, if any."""
        self.best = self.settings.start
        self.aim = self.settings.gap_limit

    def is_close(self, x: Floats | None, phase: Phase, share: float = 1.0) -> bool:
        """Return whether ``x`` is within the gap asked for, or a share of it, of the bound of ``phase``."""
        if x is None:
            return False
        objective = float(self.arrays.cost @ x) + self.arrays.offset
        gap = relative_gap(objective, self.bounds.get(phase, -np.inf) + self.arrays.offset)
        return gap is not None and gap <= share * self.settings.gap_limit

    def relax(self, program: Program) -> Relaxation:
        """Return the relaxation of a program, found in the time left."""
        if not program.compact().consistent:
            return Relaxation(None, np.zeros(len(program.row_lower)), True)
        return solve_relaxation(program, self.left(), self.settings.seed)

    def left(self) -> float:
        """Return the seconds left."""
        return self.settings.seconds - (time.monotonic() - self.started)

    @property
    def gap(self) -> float:
        """The gap to look for now, or the least that solvers' tolerances allow."""
        return max(self.aim, LEAST_GAP)

    def out_of_time(self) -> bool:
        """Return whether the search must end."""
        return self.left() <= 0 or self.stop()

    def tell_bound(self, phase: Phase, bound: float) -> None:
        """Keep and emit a proven bound."""
        bound = bound if phase == "unserved work" else min(bound + self.paid, self.ceiling)
        if np.isfinite(bound) and bound > self.bounds.get(phase, -np.inf):
            self.bounds[phase] = bound
            self.emit(Proved(phase, bound))

    def tell_solution(self, x: Floats) -> None:
        """Keep and emit a solution, its slivers served where there is an incentive to leave them out."""
        if self.is_limited and not self.out_of_time():
            unserved = float(self.arrays.unserved @ x)
            x = serve_slivers(self.arrays, x, SLIVERS * (most_unserved(unserved, self.room) - unserved))
        if self.best is None or float(self.arrays.unserved @ x) < float(self.arrays.unserved @ self.best):
            self.best = x
        self.emit(Found(x))

    def integer(
        self,
        program: Program,
        hint: Floats | None,
        seconds: float,
        phase: Phase | None,
        gap: float,
        *,
        constant: float = 0.0,
        is_whole: bool = True,
        sub_mips: bool = True,
    ) -> Answer:
        """Solve a program of this search, telling bounds of ``phase`` (plus ``constant``) as they come.

        Solutions are told too when the program ``is_whole``, that is, has the columns of the arrays.
        """
        compact = program.compact()
        if not compact.consistent:
            return Answer(None, np.inf, True)
        constant += compact.constant

        def bound(value: float) -> None:
            if phase is not None:
                self.tell_bound(phase, value + constant)

        def incumbent(x: Floats) -> None:
            if is_whole:
                self._settled(compact, x, is_told=True)

        request = Request(
            solver=self.settings.solver,
            time_limit=min(seconds, self.left()),
            gap_limit=gap,
            seed=self.settings.seed,
            threads=self.settings.threads,
            hint=None if hint is None else hint[compact.free],
            watch=self.settings.watch,
            sub_mips=sub_mips,
            twice=phase is not None or not is_whole,
            stop=self.stop,
            incumbent=incumbent,
            bound=bound,
        )
        began = time.monotonic()
        answer = solve_integer(compact.program, request)
        self.was_cut |= time.monotonic() - began >= CUT * request.time_limit
        if not answer.infeasible:
            bound(answer.bound)
        if answer.x is None:
            return answer
        x = self._settled(compact, answer.x, is_told=is_whole)
        return Answer(x, answer.bound + constant, False)

    def _settled(self, compact: Compact, x: Floats, *, is_told: bool) -> Floats | None:
        """Return a solution with its continuous columns at their best; None where it breaks a row."""
        found = settle(compact.program, x)
        if self.settings.solver == "cp-sat" and not keeps_rows(compact.program, found):
            return None
        whole = compact.whole(found)
        if is_told:
            self.tell_solution(whole)
        return whole
