"""Lexicographic search over the array form: least unserved work first, then least cost.

Runs in a thread or in a process of its own (see ``runner``); it tells what it finds through ``emit`` and never
relies on being allowed to finish.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from .arrays import Arrays
from .mathopt import Answer, Relaxation, Request, solve_integer, solve_relaxation
from .program import Program, complete_program, lagrangian_bound, partial_program
from .rates import Floats

Phase = Literal["unserved work", "cost"]
LARGE_COLUMNS = 20_000
UNSERVED_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Settings:
    """What the search needs of the caller's options; ``seconds`` is the time it has."""

    solver: str
    seconds: float
    gap_limit: float
    seed: int
    threads: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A solution."""

    x: Floats


@dataclass(frozen=True, slots=True)
class Proved:
    """A lower bound of the phase's objective (constants excluded)."""

    phase: Phase
    bound: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The search has ended by itself; ``failure`` says why when it could not do its work."""

    failure: str | None = None


Event = Found | Proved | Finished
Emit = Callable[[Event], None]


@dataclass
class Search:
    """One lexicographic search."""

    arrays: Arrays
    settings: Settings
    emit: Emit
    stop: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Search until the gap is closed, time is up or ``stop`` says so."""
        complete = complete_program(self.arrays)
        relaxation = self._relax(complete)
        floor = float(self.arrays.unserved @ self.arrays.lower)
        if relaxation.x is not None:
            self.emit(Proved("unserved work", floor))
            self.emit(Proved("cost", lagrangian_bound(complete, relaxation.duals)[0]))
            if CostSearch(self, complete, relaxation, None).run():
                return
        self._leave_out(floor)

    def _leave_out(self, floor: float) -> None:
        """Not everything fits, or nobody found how: minimise what is left out, then the cost."""
        arrays = self.arrays
        program = partial_program(arrays, arrays.unserved)
        best = self._least_unserved(program, floor)
        if best is None:
            return
        unserved = float(arrays.unserved @ best)
        if unserved <= floor + UNSERVED_TOLERANCE:
            complete = complete_program(arrays)
            CostSearch(self, complete, self._relax(complete), best).run()
            return
        priced = partial_program(arrays, arrays.cost).with_row(
            arrays.unserved, unserved * (1 + 1e-9) + UNSERVED_TOLERANCE
        )
        relaxation = self._relax(priced)
        if relaxation.x is not None:
            self.emit(Proved("cost", lagrangian_bound(priced, relaxation.duals)[0]))
        CostSearch(self, priced, relaxation, best).run()

    def _least_unserved(self, program: Program, floor: float) -> Floats | None:
        relaxation = self._relax(program)
        if relaxation.x is not None:
            floor = max(floor, lagrangian_bound(program, relaxation.duals)[0])
            self.emit(Proved("unserved work", floor))
        answer = self.integer(program, None, self.left() / 2, "unserved work", 1e-6)
        return answer.x

    def _relax(self, program: Program) -> Relaxation:
        compact = program.compact()
        if not compact.consistent:
            return Relaxation(None, np.zeros(len(program.row_lower)), True)
        return solve_relaxation(program, self.left(), self.settings.seed)

    def left(self) -> float:
        """Return the seconds left."""
        return self.settings.seconds - (time.monotonic() - self.started)

    def out_of_time(self) -> bool:
        """Return whether the search must end."""
        return self.left() <= 0 or self.stop()

    def integer(
        self, program: Program, hint: Floats | None, seconds: float, phase: Phase, gap: float
    ) -> Answer:
        """Solve a program of this search; incumbents and, for a whole program, bounds are emitted as they come."""
        compact = program.compact()
        if not compact.consistent:
            return Answer(None, np.inf, True)
        request = Request(
            solver=self.settings.solver,
            time_limit=min(seconds, self.left()),
            gap_limit=gap,
            seed=self.settings.seed,
            threads=self.settings.threads,
            hint=None if hint is None else hint[compact.free],
            stop=self.stop,
            incumbent=lambda x: self.emit(Found(compact.whole(x))),
            bound=lambda bound: self.emit(Proved(phase, bound + compact.constant)),
        )
        answer = solve_integer(compact.program, request)
        bound = answer.bound + compact.constant
        if np.isfinite(bound):
            self.emit(Proved(phase, bound))
        if answer.x is None:
            return Answer(None, bound, answer.infeasible)
        x = compact.whole(answer.x)
        self.emit(Found(x))
        return Answer(x, bound, False)


@dataclass
class CostSearch:
    """Least cost over one program, from its relaxation and perhaps a first solution."""

    search: Search
    program: Program
    relaxation: Relaxation
    best: Floats | None

    def run(self) -> bool:
        """Return whether there is a solution."""
        answer = self.search.integer(
            self.program, self.best, self.search.left(), "cost", self.search.settings.gap_limit
        )
        return answer.x is not None or self.best is not None
