"""Lexicographic search over the array form: least unserved work first, then least cost.

Runs in a thread or in a process of its own (see ``runner``); it tells what it finds through ``emit`` and
never relies on being allowed to finish.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .arrays import Arrays
from .events import Emit, Found, Phase, Proved
from .likeness import Likeness
from .options import relative_gap
from .program import Compact, Program, affordable, complete_program, lagrangian_bound, partial_program
from .rates import Floats
from .request import Answer, Relaxation, Request
from .slivers import serve_slivers
from .solve_program import keeps_rows, settle, solve_integer, solve_relaxation
from .staying import Staying, staying
from .twostage import leave_out, two_stage

LARGE_COLUMNS = 12_000
UNSERVED_TOLERANCE = 1e-7
WIDE_TOLERANCE = 1e-6
"""Weighted work by which a limit of what is left out is widened where solvers find nothing within a tight one
though there is something: HiGHS takes so much for rounding. Slivers left out by that are served again."""
SLIVERS = 2.0
"""Times that room up to which what is left out is a sliver: solvers use all of it, and a little more."""
LEAST_GAP = 1e-6
DEAR, CHEAP_SHARE, CHEAP_GAP = 1e3, 0.25, 1e-3
"""Multiple of what is proven of the cost from which on a column is dear, and part of the time and gap for a
solution without such."""
COUNTING_SHARE, COUNTED = 0.25, 1e-3
"""Part of the time left to count dear moves, and how near to a whole number their bound has to be."""


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


@dataclass
class Search:
    """One lexicographic search."""

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

    def run(self) -> None:
        """Search until the gap is closed, time is up or ``stop`` says so."""
        floor = float(self.arrays.unserved @ self.arrays.lower)
        self.tell_bound("unserved work", floor)
        anything = partial_program(self.arrays, self.arrays.cost)
        self.tell_bound("cost", lagrangian_bound(anything, np.zeros(len(anything.row_lower)))[0])
        complete = complete_program(self.arrays)
        start = self.best
        if start is not None and float(self.arrays.unserved @ start) > floor + UNSERVED_TOLERANCE:
            start = None
        if self._least_cost(complete, start, "complete cost") is None and not self.out_of_time():
            self._leave_out(complete, floor)

    def _leave_out(self, complete: Program, floor: float) -> None:
        """Not everything fits, or nobody found how: minimise what is left out, then the cost."""
        arrays = self.arrays
        if self._is_large():
            leave_out(self)
            if self.out_of_time():
                return
        best = self._least_unserved(floor)
        if best is None:
            return
        unserved = float(arrays.unserved @ best)
        if unserved <= floor + UNSERVED_TOLERANCE:
            self._least_cost(complete, best, "complete cost")
            return
        self.is_limited = True
        for self.room in (UNSERVED_TOLERANCE, WIDE_TOLERANCE):
            limit = most_unserved(unserved, self.room)
            program = partial_program(arrays, arrays.cost).with_row(arrays.unserved, limit)
            self.has_erred = False
            self._least_cost(program, best, "cost")
            if not self.has_erred or self.out_of_time():
                return

    def _least_unserved(self, floor: float) -> Floats | None:
        program = partial_program(self.arrays, self.arrays.unserved)
        relaxation = self._relax(program)
        if relaxation.x is not None:
            self.tell_bound("unserved work", max(floor, lagrangian_bound(program, relaxation.duals)[0]))
        found = self.integer(program, self.best, self.left() / 2, "unserved work", 1e-6).x
        return self.best if found is None else found

    def _least_cost(self, program: Program, best: Floats | None, phase: Phase) -> Floats | None:
        """Return the best solution found of least cost, or None; dear moves are avoided where possible."""
        part = staying(self.arrays, program)
        if part is not None:
            found, moves = self._least_with(part, 0, phase), 0
            if found is None and not self.out_of_time():
                moves = self._fewest_moves(part)
                found = self._least_with(part, moves, phase) if moves else None
            best = best if found is None else found
            is_best = found is not None and self.arrays.cost @ found <= part.with_more(moves)
            if is_best or self.is_close(found, phase) or self.out_of_time():
                return best
        return self._least_of(program, best, phase)

    def _least_with(self, part: Staying, moves: int, phase: Phase) -> Floats | None:
        """Return the best solution found with at most so many dear moves, the least that there can be."""
        self.paid, self.ceiling = moves * part.price, part.with_more(moves)
        found = self._least_of(part.with_moves(moves), None, phase)
        self.paid, self.ceiling = 0.0, np.inf
        return found

    def _fewest_moves(self, part: Staying) -> int:
        """Return how many dear moves a solution needs; 0 where that is not known."""
        answer = self.integer(part.counting, None, COUNTING_SHARE * self.left(), None, 0.0, is_whole=False)
        moves = 0 if answer.x is None else round(float(part.count @ answer.x))
        return moves if moves <= answer.bound + 1.0 - COUNTED else 0

    def _least_of(self, program: Program, best: Floats | None, phase: Phase) -> Floats | None:
        if self._is_large():
            if self.settings.likeness is not None and self._is_proven(program, best, phase):
                return best
            found = two_stage(self, program, phase, gather=phase == "complete cost", known=best)
            if best is None or (found is not None and program.cost @ found < program.cost @ best):
                best = found
            if self.is_close(best, phase) or self.out_of_time():
                return best
        if self._bounded(program, phase).infeasible:
            return None
        program, best = self._without_dear(program, best, phase)
        answer = self.integer(program, best, self.left(), phase, self.settings.gap_limit)
        self.has_erred |= best is not None and not np.isfinite(answer.bound)
        return answer.x if answer.x is not None else best

    def _without_dear(
        self, program: Program, best: Floats | None, phase: Phase
    ) -> tuple[Program, Floats | None]:
        """Return the program without what costs more than a known solution, and the best solution known.

        Beside columns that cost very much more than all others together need to, solvers lose these in their
        tolerances: a solution without such columns is sought first, and what that proves is not believed.
        """
        program = affordable(program, best)
        priced = program.cost[program.integer & (program.upper > program.lower)]
        if priced.max(initial=0.0) > DEAR * abs(self.bounds.get(phase, 0.0)) and not self.out_of_time():
            found = self.integer(program, best, CHEAP_SHARE * self.left(), None, CHEAP_GAP).x
            if found is not None and (best is None or program.cost @ found < program.cost @ best):
                best = found
            program = affordable(program, best)
        return program, best

    def _is_proven(self, program: Program, x: Floats | None, phase: Phase) -> bool:
        """Return whether the bound of the relaxation is all that a plan to begin from was missing."""
        if x is None or self.is_close(x, phase):
            return x is not None
        self._bounded(program, phase)
        return self.is_close(x, phase)

    def _bounded(self, program: Program, phase: Phase) -> Relaxation:
        """Return the relaxation, whose bound is told."""
        relaxation = self._relax(program)
        if relaxation.x is not None:
            self.tell_bound(phase, lagrangian_bound(program, relaxation.duals)[0])
        return relaxation

    def _is_large(self) -> bool:
        return self.arrays.columns > LARGE_COLUMNS

    def is_close(self, x: Floats | None, phase: Phase, share: float = 1.0) -> bool:
        """Return whether ``x`` is within the gap asked for, or a share of it, of the bound of ``phase``."""
        if x is None:
            return False
        objective = float(self.arrays.cost @ x) + self.arrays.offset
        gap = relative_gap(objective, self.bounds.get(phase, -np.inf) + self.arrays.offset)
        return gap is not None and gap <= share * self.settings.gap_limit

    def _relax(self, program: Program) -> Relaxation:
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
        answer = solve_integer(compact.program, request)
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
