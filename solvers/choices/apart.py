"""A hunt in a process of its own: its short steps of Python would wait for those of other searches."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from ..blocks import Ints
from ..runner import read_frame, write_frame
from .hunt import Hunt
from .shifts import Assignment
from .state import State

GRACE_SECONDS = 0.5


class Apart:
    """A hunt beside other searches; use it in a ``with`` block, and listen now and then.

    It begins when there is one in what is known by then: ``hunt()`` is asked again for every better solution.
    """

    def __init__(self, state: State, hunt: Callable[[], Hunt | None]) -> None:
        self._state, self._hunt = state, hunt
        self._told: queue.SimpleQueue[tuple[Ints | None, float] | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._known = float("inf")
        self.running = False

    def __enter__(self) -> Apart:
        """Begin, if there is anything to hunt."""
        self.listen()
        return self

    def _begin(self) -> None:
        hunt = self._hunt()
        if hunt is None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True)
        self._listener.start()
        self.running = True
        self._send(hunt)

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.running = False
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._listener.join(GRACE_SECONDS)

    def _hear(self, stream: IO[bytes]) -> None:
        with suppress(EOFError, OSError), stream:
            while True:
                self._told.put(read_frame(stream))
        self._told.put(None)

    def _send(self, message: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                write_frame(self._process.stdin, message)

    def listen(self) -> None:
        """Take over what was found, and tell what others found."""
        while self.running and not self._told.empty():
            self._take(self._told.get())
        best = self._state.best
        if best is None or best.cost >= self._known:
            return
        self._known = best.cost
        if self.running:
            self._send(self._known)
        elif self._process is None:
            self._begin()

    def _take(self, told: tuple[Ints | None, float] | None) -> None:
        if told is None:
            self.running = False
            return
        option, bound = told
        problem, best = self._state.problem, self._state.best
        if option is not None and best is not None:
            full = best.option.copy()
            full[problem.owner[option]] = option
            found = Assignment(problem, full)
            self._known = min(self._known, found.cost)
            self._state.offer(found)
        if self._state.best is not None:
            self._state.raise_bound(min(bound, self._state.best.cost))


def _follow(hunt: Hunt, stream: Any, ended: threading.Event) -> None:
    """Let the hunt know of better solutions that others find, until the stream ends."""
    with suppress(EOFError, OSError):
        while True:
            known: float = read_frame(stream)
            hunt.best = min(hunt.best, known)
    ended.set()


def main() -> None:
    """Hunt what standard input tells, and write what is found."""
    inward = sys.stdin.buffer
    outward = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    hunt: Hunt = read_frame(inward)
    ended = threading.Event()
    threading.Thread(target=_follow, args=(hunt, inward, ended), daemon=True).start()
    for found in hunt.run(ended.is_set):
        write_frame(outward, found)


if __name__ == "__main__":
    main()
