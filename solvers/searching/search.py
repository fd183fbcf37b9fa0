"""Lexicographic search over the array form: least unserved work first, then least cost.

Runs in a thread or in a process of its own (see ``runner``); it tells what it finds through ``emit`` and
never relies on being allowed to finish.
"""

from __future__ import annotations

import numpy as np

from ..model.staying import Staying, staying
from ..options import unserved_gap_of
from ..programs.program import Program, affordable, complete_program, lagrangian_bound, partial_program
from ..programs.request import Relaxation
from ..rates import Floats
from .events import Phase
from .telling import UNSERVED_TOLERANCE, WIDE_TOLERANCE, Telling, most_unserved
from .twostage import leave_out, two_stage
from .unserved import least_unserved

LARGE_COLUMNS = 12_000
DEAR, CHEAP_SHARE, CHEAP_GAP = 1e3, 0.25, 1e-3
"""Multiple of what is proven of the cost from which on a column is dear, and part of the time and gap for a
solution without such."""
COUNTING_SHARE, COUNTED = 0.25, 1e-3
"""Part of the time left to count dear moves, and how near to a whole number their bound has to be."""


class Search(Telling):
    """One lexicographic search."""

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
        """Not everything fits, or nobody found how: minimise what is left out, then the cost.

        What time ended is taken up again as long as there is time.
        """
        if self._is_large():
            leave_out(self)
        known = np.inf
        while not self.out_of_time():
            self.was_cut, self.is_limited = False, False
            best = least_unserved(self, floor)
            left = np.inf if best is None else float(self.arrays.unserved @ best)
            if best is not None and left < known - UNSERVED_TOLERANCE:
                known = left
                self._least_cost_within(complete, best, floor)
            least = self.bounds.get("unserved work", floor)
            if not self.was_cut or unserved_gap_of(left, least) <= self.settings.gap_limit:
                return

    def _least_cost_within(self, complete: Program, best: Floats, floor: float) -> None:
        """Minimise the cost where no more is left out than in ``best``."""
        arrays = self.arrays
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
        relaxation = self.relax(program)
        if relaxation.x is not None:
            self.tell_bound(phase, lagrangian_bound(program, relaxation.duals)[0])
        return relaxation

    def _is_large(self) -> bool:
        return self.arrays.columns > LARGE_COLUMNS
