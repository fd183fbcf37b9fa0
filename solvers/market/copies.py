"""A copy of this process that works beside it, and tells what it finds.

It is a copy, as a large market would take long to hand over, and only what is found comes back. So it takes a
system that makes copies in no time, and a process of one thread: others would not be copied.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Generic, TypeVar

from ..processes import read_frame, write_frame
from ..programs.highs_calls import highs_has_threads
from ..searching.interrupt import ASKING
from ..watch import Watch

Told = TypeVar("Told")
LOOK_SECONDS = 0.05
GRACE_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
"""Of Linux, for ``prctl``."""


def may_copy() -> bool:
    """Return whether this process can be copied safely: a copy would wait for threads forever."""
    return sys.platform == "linux" and threading.active_count() == 1 and not highs_has_threads()


class Copy(Generic[Told]):
    """A process that works until it is done or closed.

    Attributes
    ----------
    running
        Whether more may come.
    is_lost
        Whether it died before it had told all.
    """

    def __init__(self, work: Callable[[IO[bytes]], None]) -> None:
        """Begin with ``work``, which is given where to write frames of what it finds.

        Raises OSError where the system has no room for a copy.
        """
        self._heard: Told | None = None
        self._told: Told | None = None
        self._queue: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._began = time.monotonic()
        self.running = True
        self.is_lost = False
        self._is_closed = False
        inward, outward = os.pipe()
        try:
            self._process = _copied()
        except OSError:
            os.close(inward)
            os.close(outward)
            raise
        if self._process == 0:
            os.close(inward)
            _work_apart(work, outward)
        os.close(outward)
        stream = os.fdopen(inward, "rb")
        self._listener = threading.Thread(target=self._listen, args=(stream,), daemon=True)
        self._listener.start()

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    @property
    def heard(self) -> Told | None:
        """What was heard last, None before anything was."""
        self._listen_now()
        return self._heard

    def news(self) -> Told | None:
        """Return what was heard last, None where that has been told before."""
        told, self._told = self._told, self.heard
        return None if self._told is told else self._told

    def _listen_now(self) -> None:
        while not self._queue.empty():
            heard = self._queue.get()
            self.running = heard is not None
            self._heard = heard or self._heard

    def wait_for(self, is_enough: Callable[[Told], bool], over: Callable[[], bool]) -> None:
        """Wait until what was heard last is enough, or it is ``over``."""
        self._wait(lambda: self._heard is not None and is_enough(self._heard), over)

    def wait_for_news(self, over: Callable[[], bool]) -> None:
        """Wait until there is anything new, or it is ``over``."""
        self._wait(lambda: self._heard is not self._told, over)

    def wait_for_end(self) -> None:
        """Wait for what it tells last, a little while."""
        self._wait(lambda: False, Watch(GRACE_SECONDS).over)

    def _wait(self, is_there: Callable[[], bool], over: Callable[[], bool]) -> None:
        """Listen until what is waited for is there, nothing more may come, or it is ``over``."""
        self._listen_now()
        while self.running and not is_there() and not over():
            time.sleep(LOOK_SECONDS)
            self._listen_now()

    def close(self) -> None:
        """End it, once: its number may be that of another process afterwards."""
        if self._is_closed:
            return
        self.running, self._is_closed = False, True
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)
        self._listener.join(GRACE_SECONDS)

    def _listen(self, stream: IO[bytes]) -> None:
        has_told_all = False
        with suppress(EOFError, OSError), stream:
            while (heard := read_frame(stream)) is not None:
                self._queue.put(heard)
            has_told_all = True
        self.is_lost = not has_told_all
        self._queue.put(None)


def _copied() -> int:
    """Copy this process; return the number of the copy, and 0 in the copy.

    Python warns of threads that libraries have of their own, as those of OpenBLAS, which knows of copies.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work_apart(work: Callable[[IO[bytes]], None], pipe: int) -> None:
    """Work in the copy, which never returns: nothing of what the process was at before is its own."""
    code = 1
    try:
        for each in ASKING:
            signal.signal(each, signal.SIG_IGN)
        _end_with_parent()
        with os.fdopen(pipe, "wb") as stream:
            work(stream)
            write_frame(stream, None)
        code = 0
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Let the system end this process when the one it is a copy of ends, however that happens."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
