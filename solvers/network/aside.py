"""A process that solves programs one after another, tells its bounds, and can be ended at any time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ...routing.errors import RouteError, SolverError
from ..processes import ModuleProcess, own_pipes, read_frame, write_frame
from ..programs.program import Program

GRACE_SECONDS = 0.5
POLL_SECONDS = 0.01


class Aside:
    """Solves programs with HiGHS in a process of its own, which is started with the first one.

    HiGHS overruns its time limit on occasion; here that does no harm.
    """

    def __init__(self) -> None:
        self._process: ModuleProcess | None = None
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._deadline = 0.0
        self.bound = -float("inf")
        """Best bound of the program in hand."""

    def submit(
        self, program: Program, seconds: float, gap_limit: float, seed: int, *, watch: bool = False
    ) -> None:
        """Begin to solve a program; with ``watch`` its bounds are told as they improve."""
        self._deadline = time.monotonic() + seconds + GRACE_SECONDS
        self.bound = -float("inf")
        process = self._process or self._start()
        limits = {"time_limit": seconds, "gap_limit": gap_limit, "seed": seed, "watch": watch}
        process.send((program, limits))

    def poll(self) -> Any:
        """Return the answer if it has come, else None."""
        with suppress(queue.Empty):
            while True:
                event = self._events.get_nowait()
                if isinstance(event, Exception):
                    raise event
                if not isinstance(event, float):
                    return event
                self.bound = max(self.bound, event)
        return None

    def wait(self, over: Callable[[], bool]) -> Any:
        """Return the answer; None, and the process is ended, when its time is over or ``over()`` is true."""
        while not over() and time.monotonic() < self._deadline:
            answer = self.poll()
            if answer is not None:
                return answer
            time.sleep(POLL_SECONDS)
        self.close()
        return None

    def close(self) -> None:
        """End the process; the next program starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.end()
        self._listener.join(GRACE_SECONDS)
        self._events = queue.SimpleQueue()

    def _start(self) -> ModuleProcess:
        self._process = ModuleProcess(__name__)
        work = (self._process, self._events)
        self._listener = threading.Thread(target=_listen, args=work, daemon=True)
        self._listener.start()
        return self._process


def _listen(process: ModuleProcess, events: queue.SimpleQueue[Any]) -> None:
    try:
        with process.outward:
            while True:
                events.put(process.receive())
    except (EOFError, OSError):
        events.put(SolverError("the solver's process died (out of memory, or killed)"))


def main() -> None:
    """Solve programs from standard input until it ends."""
    from ..programs.request import Request
    from ..programs.solve_program import solve_integer

    inward, outward = own_pipes()
    turn = threading.Lock()

    def tell(event: Any) -> None:
        with turn:
            write_frame(outward, event)

    with suppress(EOFError):
        while True:
            program, limits = read_frame(inward)
            try:
                tell(solve_integer(program, Request(**limits, bound=lambda value: tell(float(value)))))
            except RouteError as error:
                tell(error)


if __name__ == "__main__":
    main()
