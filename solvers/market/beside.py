"""Prices sought in a process beside this one, which builds and betters plans meanwhile.

The process is a copy of this one, as a large market would take long to hand over, and only prices come back.
So it takes a system that makes copies in no time, and a process of one thread: others would not be copied.
"""

from __future__ import annotations

import ctypes
import math
import os
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from ..interrupt import ASKING
from ..mathopt import highs_has_threads
from ..processes import read_frame, write_frame
from ..rates import Floats
from ..watch import Watch
from .foretelling import WIDER, begun, foretold
from .merging import begin_with_merged
from .prices import Seeker
from .raising import raised_bound
from .representing import representative

FINER = (4000, 500)
"""Jobs and units of a sample after the first one, where the market has many more."""
FINER_SHARE = 0.4
"""Part of the time that it may take at most."""
ROUGH = 3e-4
"""Relative gain of a bound below which better prices of few blocks that stand for many are not sought."""
SLOW, SLOW_STEPS = 1e-3, 2
"""Relative gain of a step below which it is slow, and how many of these on end settle prices."""
LEAST_BOX = 1e-3
"""How far prices may move at least for steps to tell anything."""
RAISED_BY = 0.9
"""Part of the time for raising bounds by which that ends, so that it is heard in time."""
LOOK_SECONDS = 0.05
GRACE_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
"""Of Linux, for ``prctl``."""


@dataclass(frozen=True)
class Heard:
    """The best prices so far, how far the next may be, the bound, and whether prices have settled."""

    prices: Floats
    box: float
    complete: float
    is_settled: bool


@dataclass(frozen=True)
class Beginning:
    """Where a search begins: a seeker of the whole, and that of a sample that stands for it if there is one.

    With ``foretells`` and no such sample, smaller ones tell prices first.
    """

    seeker: Seeker
    small: Seeker | None = None
    foretells: bool = False


def may_copy() -> bool:
    """Return whether this process can be copied safely: a copy would wait for threads forever."""
    return sys.platform == "linux" and threading.active_count() == 1 and not highs_has_threads()


class PricesBeside:
    """Goes on seeking where a seeker is, until it is closed.

    Attributes
    ----------
    heard
        What was heard last, None before anything was.
    running
        Whether more may come.
    is_lost
        Whether it died before it had told all.
    """

    def __init__(self, beginning: Beginning, seconds: float, raising: float) -> None:
        """Begin; prices are sought for so many ``seconds``, then bounds raised for ``raising`` more.

        Raises OSError where the system has no room for a copy.
        """
        self.heard: Heard | None = None
        self._told: Heard | None = None
        self._queue: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self._began = time.monotonic()
        self.running = True
        self.is_lost = False
        inward, outward = os.pipe()
        try:
            self._process = _copied()
        except OSError:
            os.close(inward)
            os.close(outward)
            raise
        if self._process == 0:
            os.close(inward)
            end = self._began + seconds + RAISED_BY * raising
            _seek_apart(beginning, outward, self._began + seconds, end)
        os.close(outward)
        stream = os.fdopen(inward, "rb")
        self._listener = threading.Thread(target=self._listen, args=(stream,), daemon=True)
        self._listener.start()

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def news(self) -> Heard | None:
        """Return what was heard last, None where that has been told before."""
        self._listen_now()
        told, self._told = self._told, self.heard
        return None if self.heard is told else self.heard

    def proven(self) -> float:
        """Return the bound that was heard last, minus infinity before anything was."""
        self._listen_now()
        return -math.inf if self.heard is None else self.heard.complete

    def _listen_now(self) -> None:
        while not self._queue.empty():
            heard = self._queue.get()
            self.running = heard is not None
            self.heard = heard or self.heard

    def wait(self, over: Callable[[], bool]) -> None:
        """Wait until prices are settled or it is ``over``."""
        self._wait_for(lambda: self.heard is not None and self.heard.is_settled, over)

    def wait_for_news(self, over: Callable[[], bool]) -> None:
        """Wait until there is anything new, or it is ``over``."""
        self._wait_for(lambda: self.heard is not self._told, over)

    def wait_for_end(self) -> None:
        """Wait for what it tells last, a little while."""
        self._wait_for(lambda: False, Watch(GRACE_SECONDS).over)

    def _wait_for(self, is_there: Callable[[], bool], over: Callable[[], bool]) -> None:
        """Listen until what is waited for is there, nothing more may come, or it is ``over``."""
        self._listen_now()
        while self.running and not is_there() and not over():
            time.sleep(LOOK_SECONDS)
            self._listen_now()

    def close(self) -> None:
        """End it."""
        self.running = False
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


def _seek_apart(beginning: Beginning, pipe: int, until: float, end: float) -> None:
    """Seek in the copy, which never returns: nothing of what the process was at before is its own."""
    code = 1
    try:
        for each in ASKING:
            signal.signal(each, signal.SIG_IGN)
        _end_with_parent()
        with os.fdopen(pipe, "wb") as stream:
            _seek(beginning, stream, until, end)
            write_frame(stream, None)
        code = 0
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Let the system end this process when the one it is a copy of ends, however that happens."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _seek(beginning: Beginning, stream: IO[bytes], until: float, end: float) -> None:
    seeker, is_settled = _begun(beginning, until)
    slow, took = 0, 0.0
    write_frame(stream, _heard(seeker, is_settled))
    while seeker.box >= LEAST_BOX and time.monotonic() + took < until:
        began = time.monotonic()
        slow = slow + 1 if seeker.step() < SLOW or slow >= SLOW_STEPS else 0
        took = time.monotonic() - began
        write_frame(stream, _heard(seeker, is_settled or slow >= SLOW_STEPS))
    if seeker.may_leave:
        return
    raised = raised_bound(seeker.market, seeker.told, lambda: time.monotonic() > end)
    write_frame(stream, Heard(seeker.told.prices, seeker.box, max(raised, seeker.told.complete), True))


def _heard(seeker: Seeker, is_settled: bool) -> Heard:
    return Heard(seeker.told.prices, seeker.box, seeker.told.complete, is_settled)


def _begun(beginning: Beginning, until: float) -> tuple[Seeker, bool]:
    """Return a seeker at the prices that samples or merged periods tell, the one given where these tell less.

    Samples tell nothing of what is scarce in the whole: a seeker of plans that leave work out goes on. Prices
    of merged periods, which are those of everybody, are settled: the second returned.
    """
    seeker, watch = beginning.seeker, Watch(until - time.monotonic())
    known = None if seeker.may_leave else _foretold(beginning, watch)
    if known is None:
        return seeker, begin_with_merged(seeker, watch)
    found = begun(seeker.market, seeker.penalty, known, WIDER * known.box)
    return (found if found.told.complete > seeker.told.complete else seeker), False


def _foretold(beginning: Beginning, watch: Watch) -> Seeker | None:
    """Return the seeker of the finest sample, None where there is none that holds for the whole."""
    seeker = beginning.seeker
    if beginning.small is not None:
        return _finer(seeker, beginning.small, watch)
    return foretold(seeker.market, seeker.penalty, watch) if beginning.foretells else None


def _finer(seeker: Seeker, small: Seeker, watch: Watch) -> Seeker | None:
    """Return the seeker of a finer sample after that of a small one; None where the market is no larger."""
    sample = representative(seeker.market, seeker.penalty, *FINER)
    if sample is None:
        return None
    finer = begun(sample, seeker.penalty, small, WIDER * seeker.box)
    finer.may_leave = True
    finer.run(watch.part(FINER_SHARE), ROUGH)
    return finer
