"""A process that solves programs, so that one that ignores its time limit or prints can be dealt with."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ...routing.errors import RouteError, SolverError
from ..processes import ModuleProcess, own_pipes, read_frame, write_frame
from ..programs.program import Program
from ..programs.request import Answer, Request
from ..programs.solve_program import solve_integer

GRACE_SECONDS, STARTING_SECONDS = 0.5, 5.0
"""Seconds above its limit after which a program is given up, and those that starting a process may take."""
SMALL, MOST_SECONDS = 400, 2.0
"""Programs up to so many columns are solved here, until that took so long in all: they often take less time
than starting a process."""
NO_ANSWER_BOUND = float("-inf")
MOST_DEATHS = 3
"""Times that a process may die: solvers have been seen to crash on single programs."""


class ProcessDiedError(SolverError):
    """The process of a worker is no more."""


class Worker:
    """A process that solves one program after another; it is started with the first one."""

    def __init__(self) -> None:
        self._process: ModuleProcess | None = None
        self._answers: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
        self._deadline = self._spent = 0.0
        self._deaths = 0

    def submit(
        self, program: Program, seconds: float, gap_limit: float, seed: int, *, presolve: bool = True
    ) -> None:
        """Begin to solve a program; its answer is to be fetched before the next one is given."""
        limits: dict[str, Any] = {"time_limit": seconds, "gap_limit": gap_limit, "seed": seed}
        limits |= {"presolve": presolve}
        self._deadline = time.monotonic() + seconds + GRACE_SECONDS
        if program.columns <= SMALL and self._process is None and self._spent < MOST_SECONDS:
            begun = time.monotonic()
            self._answers.put(solve_integer(program, Request(**limits, watch=False)))
            self._spent += time.monotonic() - begun
            return
        if self._process is None:
            self._deadline += STARTING_SECONDS
        process = self._process or self._start()
        process.send((program, limits))

    def ready(self) -> bool:
        """Return whether fetching takes no time."""
        return not self._answers.empty() or time.monotonic() > self._deadline

    def fetch(self, halted: Callable[[], bool] = lambda: False) -> Answer:
        """Wait for the answer; an empty one is given when time is over or ``halted()`` is true.

        So it is where the process died; another one is started for the next program, but not for ever.
        """
        while True:
            try:
                answer = self._answers.get(timeout=0.02)
            except queue.Empty:
                if halted() or time.monotonic() > self._deadline:
                    break
                continue
            if isinstance(answer, ProcessDiedError) and self._deaths < MOST_DEATHS:
                self._deaths += 1
                break
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.close()
        return Answer(None, NO_ANSWER_BOUND, False)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
            self._listener.join(GRACE_SECONDS)
            self._answers = queue.SimpleQueue()

    def _start(self) -> ModuleProcess:
        self._process = ModuleProcess(__name__)
        work = (self._process, self._answers)
        self._listener = threading.Thread(target=_listen, args=work, daemon=True)
        self._listener.start()
        return self._process


def _listen(process: ModuleProcess, answers: queue.SimpleQueue[Answer | Exception]) -> None:
    try:
        with process.outward:
            while True:
                answers.put(process.receive())
    except (EOFError, OSError):
        answers.put(ProcessDiedError("the solver's process died (out of memory, or killed)"))


def main() -> None:
    """Solve programs from standard input until it ends."""
    inward, outward = own_pipes()
    while True:
        try:
            program, limits = read_frame(inward)
        except EOFError:
            return
        try:
            answer: Answer | Exception = solve_integer(program, Request(**limits, watch=False))
        except RouteError as error:
            answer = error
        write_frame(outward, answer)


if __name__ == "__main__":
    main()
