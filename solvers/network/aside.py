"""A process that solves programs one after another, tells its bounds, and can be ended at any time."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ...routing.errors import RouteError, SolverError
from ..program import Program
from ..runner import read_frame, write_frame

GRACE_SECONDS = 0.5
POLL_SECONDS = 0.01


class Aside:
    """Solves programs with HiGHS in a process of its own, which is started with the first one.

    HiGHS overruns its time limit on occasion and prints what it likes; here neither does harm.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
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
        if process.stdin is None:
            raise SolverError("the solver's process has no pipes")
        write_frame(process.stdin, (program, limits))

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
        process.kill()
        process.wait()
        self._listener.join(GRACE_SECONDS)
        with suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.close()
        self._events = queue.SimpleQueue()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        work = (self._process.stdout, self._events)
        self._listener = threading.Thread(target=_listen, args=work, daemon=True)
        self._listener.start()
        return self._process


def _listen(stream: Any, events: queue.SimpleQueue[Any]) -> None:
    try:
        with stream:
            while True:
                events.put(read_frame(stream))
    except (EOFError, OSError):
        events.put(SolverError("the solver's process died (out of memory, or killed)"))


def main() -> None:
    """Solve programs from standard input until it ends."""
    from ..mathopt import Request, solve_integer

    inward = sys.stdin.buffer
    outward = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
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
