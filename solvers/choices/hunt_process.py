"""A hunt in a process of its own: its short steps of Python would wait for those of other searches."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Protocol

import numpy as np

from ..blocks import Ints
from ..processes import ModuleProcess, own_pipes, read_frame, write_frame
from .shifts import Assignment
from .state import State

GRACE_SECONDS = 0.5
Found = tuple[Ints | None, float]
"""The options of a better solution, if it is one, and the bound."""


class Hunting(Protocol):
    """What looks for solutions that cost less than ``best``, which falls when others find better ones."""

    best: float

    def run(self, stop: Callable[[], bool]) -> Iterator[Found]:
        """Yield what is found until ``stop()``."""
        ...


class HuntProcess:
    """A hunt beside other searches; use it in a ``with`` block, and listen now and then.

    It begins when there is one in what is known by then: ``hunt()`` is asked again for every better solution.
    """

    def __init__(self, state: State, hunt: Callable[[], Hunting | None]) -> None:
        self._state, self._hunt = state, hunt
        self._found: queue.SimpleQueue[Found | None] = queue.SimpleQueue()
        self._process: ModuleProcess | None = None
        self._writing = threading.Lock()
        self._known = float("inf")
        self.running = False

    def __enter__(self) -> HuntProcess:
        """Begin, if there is anything to hunt."""
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.running = False
        if self._process is not None:
            self._process.kill()
            self._listener.join(GRACE_SECONDS)
            self._process.end()

    def listen(self) -> None:
        """Take over what was found, and tell what others found."""
        while self.running and not self._found.empty():
            self._take(self._found.get())
        best = self._state.best
        if best is None or best.cost >= self._known:
            return
        self._known = best.cost
        if self.running and self._process is not None:
            self._send(self._process, self._known)
        elif self._process is None:
            self._begin()

    def _begin(self) -> None:
        hunt = self._hunt()
        if hunt is not None:
            self._process, self.running = ModuleProcess(__name__), True
            self._listener = threading.Thread(target=self._hear, args=(self._process, hunt), daemon=True)
            self._listener.start()

    def _hear(self, process: ModuleProcess, hunt: Hunting) -> None:
        """Hand over the hunt, which waits for the process to begin, and hear what it finds."""
        self._send(process, hunt)
        with suppress(EOFError, OSError), process.outward:
            while True:
                self._found.put(process.receive())
        self._found.put(None)

    def _send(self, process: ModuleProcess, message: Hunting | float) -> None:
        with self._writing, suppress(OSError):
            process.send(message)

    def _take(self, found: Found | None) -> None:
        if found is None:
            self.running = False
            return
        options, bound = found
        if options is not None:
            better = Assignment(self._state.problem, np.sort(options))
            self._known = min(self._known, better.cost)
            self._state.offer(better)
        if self._state.best is not None:
            self._state.raise_bound(min(bound, self._state.best.cost))


def _follow(hunt: Hunting, stream: IO[bytes], ended: threading.Event) -> None:
    """Let the hunt know of better solutions that others find, until the stream ends."""
    with suppress(EOFError, OSError):
        while True:
            hunt.best = min(hunt.best, float(read_frame(stream)))
    ended.set()


def main() -> None:
    """Hunt what standard input tells, and write what is found."""
    inward, outward = own_pipes()
    hunt: Hunting = read_frame(inward)
    ended = threading.Event()
    threading.Thread(target=_follow, args=(hunt, inward, ended), daemon=True).start()
    for found in hunt.run(ended.is_set):
        write_frame(outward, found)


if __name__ == "__main__":
    main()
