"""What no better solution can hold is left out; the rest is given to HiGHS, which may close the gap.

An option whose reduced cost lifts the Lagrangian bound to the incumbent is in no better solution, so a bound
of what remains, or the incumbent where that is lower, is a bound of the whole problem.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from ..facility.worker import Worker
from ..programs.program import Program
from ..programs.request import Answer, Request
from ..programs.solve_program import solve_integer
from .pricing import Pricing
from .shifts import Assignment
from .state import State
from .subproblem import subprogram

MOST_OPTIONS = 30_000
THREAD_OPTIONS = 3_000
"""Up to so many, HiGHS runs in a thread at first; a process takes a second to start."""
HERE_SECONDS = 2.0
"""For which it does so: it does not look up meanwhile."""
CLOSED = 1e-9
"""Relative gap of a program that is solved."""


def remaining(state: State, pricing: Pricing) -> Ints:
    """Return the options that a better solution may hold (ascending); all where there is no incumbent."""
    if state.best is None:
        return np.arange(len(state.problem.cost))
    needed = max(state.grain * (1 - 1e-6), 1e-9 * abs(state.best.cost))
    return np.flatnonzero(pricing.excess <= state.best.cost - needed - pricing.bound)


@dataclass(frozen=True)
class Task:
    """A program that may hold better solutions, how to read its solutions, and whether it holds all of them.

    Attributes
    ----------
    program
        What is solved.
    read
        Returns the option of each workload (J) from a solution of the program.
    complete
        Whether every solution that is better than the best known is one of the program.
    hopeless
        Whether some workload has no option left, so that the program has no solution.
    """

    program: Program
    read: Callable[[Floats], Ints]
    complete: bool = True
    hopeless: bool = False


def remaining_task(state: State, pricing: Pricing) -> Task | None:
    """Return the program of what remains, None where that is too much."""
    options = remaining(state, pricing)
    if len(options) > MOST_OPTIONS:
        return None
    problem = state.problem
    hopeless = len(np.unique(problem.owner[options])) < len(problem)
    return Task(subprogram(problem, options, problem.capacity), lambda x: options[x > 0.5], hopeless=hopeless)


class Proof:
    """A run of HiGHS over a task, beside other work; use it in a ``with`` block.

    ``running`` is false from the start where there is no task, or no time.
    """

    def __init__(self, state: State, task: Task | None, seconds: float) -> None:
        self._state = state
        self._seconds = min(seconds, state.watch.left - 0.5)
        self._task = task
        self._halted = False
        self._worker = Worker()
        self._pool = ThreadPoolExecutor(1)
        self._answer: Future[Answer] | None = None
        self.running = task is not None and self._seconds > 0.1 and not state.done()

    def __enter__(self) -> Proof:
        """Start it."""
        if self._task is None or not self.running:
            return self
        if self._task.hopeless:
            self._improved(np.inf, self._task)
            return self
        program = self._task.program
        solve = self._solve_here if program.columns <= THREAD_OPTIONS else self._solve_apart
        self._answer = self._pool.submit(solve, program)
        return self

    def _solve_here(self, program: Program) -> Answer:
        """Solve in this thread for a little while, then in a process, which can be ended at any time."""
        began = time.monotonic()
        answer = solve_integer(program, Request(time_limit=min(self._seconds, HERE_SECONDS), watch=False))
        self._seconds -= time.monotonic() - began
        value = np.inf if answer.x is None else float(program.cost @ answer.x)
        is_closed = answer.infeasible or value - answer.bound <= CLOSED * abs(value)
        if is_closed or self._halted or self._seconds < 0.1:
            return answer
        later = self._solve_apart(program)
        if later.infeasible or later.x is not None:
            return later
        return Answer(answer.x, max(answer.bound, later.bound), False)

    def _solve_apart(self, program: Program) -> Answer:
        self._worker.submit(program, self._seconds, 0.0, 0)
        return self._worker.fetch(lambda: self._halted)

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._halted = True
        self._pool.shutdown()
        self._worker.close()

    def wait(self, seconds: float = np.inf, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait for its end, at most so many seconds, and take over what it found.

        ``meanwhile()`` is called now and then; what that finds may end the wait.
        """
        state = self._state
        until = state.watch.spent + seconds
        while self.running and not state.done() and state.watch.spent < until:
            self.listen(0.05)
            meanwhile()

    def listen(self, seconds: float = 0.0) -> bool:
        """Take over its answer if there is one within so many seconds; return whether it still runs."""
        if self._task is None or self._answer is None or not self.running:
            self.running = False
            return False
        try:
            answer = self._answer.result(timeout=seconds)
        except TimeoutError:
            return True
        if answer.x is not None:
            self._state.offer(Assignment(self._state.problem, self._task.read(answer.x)))
        self._improved(np.inf if answer.infeasible else answer.bound, self._task)
        return False

    def _improved(self, bound: float, task: Task) -> None:
        """Take over a bound of what the program holds, where that is all that matters."""
        self.running = False
        best = self._state.best
        if not task.complete:
            return
        if best is None:
            self._state.infeasible = bound == np.inf
        self._state.raise_bound(min(bound, best.cost if best else bound))
