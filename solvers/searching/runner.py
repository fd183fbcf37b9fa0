"""Runs a search where its time limit can be enforced: small ones in a thread, others in a process."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...routing.errors import RouteError, SolverError
from ..arrays import Arrays
from ..options import SIGN_SECONDS
from ..processes import ModuleProcess
from .events import Emit, Event, Finished, Found, Still, Stop
from .search import Search
from .telling import Settings

THREAD_COLUMNS = 3_000
GRACE_SECONDS, POLL_SECONDS, LEAST_SECONDS = 0.5, 0.05, 0.05


Rest = Callable[[Emit, Stop], None]
"""Work that nobody waits for: it is given where to tell events, and a question whether to stop."""
Beside = Callable[[Emit, Stop], Rest | None]
"""Work beside a search, given the same; it returns what is to go on after it, if anything."""


def run_search(
    arrays: Arrays,
    settings: Settings,
    hear: Emit,
    stop: Stop,
    beside: Beside | None = None,
    *,
    enough: Stop = lambda: False,
    awaits: bool = False,
) -> bool:
    """Run a search and pass its events to ``hear`` in the calling thread; ``beside`` runs in one of its own.

    Returns when the search has finished or what was heard is ``enough``, when its seconds (and a short grace)
    are over, or when ``stop()`` is true; solvers that ignore their own limits are left behind in a thread
    (small models, which end soon) or killed (processes). With ``awaits``, what is beside ends first, unless
    time is up or ``stop()`` is true; on one core the search does not even begin before. What goes on after it
    is not waited for, and is left out on one core.

    Returns
    -------
    bool
        Whether the search finished by itself.

    Raises
    ------
    SolverError
        When the solver failed or its process died.
    """
    if awaits and beside is not None and settings.cores == 1:
        settings, beside = _begin_with(beside, settings, hear, stop), None
        if stop() or enough():
            return not stop()
    start = _start_thread if arrays.columns <= THREAD_COLUMNS else _start_process
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    halted = threading.Event()
    end = start(arrays, settings, events, halted)
    other = _start_beside(beside, events.put, halted) if beside else None
    deadline = time.monotonic() + settings.seconds + GRACE_SECONDS

    def is_awaited() -> bool:
        return awaits and other is not None and not other.is_ready.is_set()

    try:
        finished = _listen(events, hear, lambda: stop() or (not is_awaited() and enough()), deadline)
        while finished and is_awaited() and not stop() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    finally:
        halted.set()
        end()
        if other is not None:
            other.thread.join()
    _hear_the_rest(events, hear, enough)
    return finished


@dataclass(frozen=True)
class _Other:
    """Work beside a search: its thread, and whether what may be waited for is done."""

    thread: threading.Thread
    is_ready: threading.Event


def _start_beside(beside: Beside, emit: Emit, halted: threading.Event) -> _Other:
    ready = threading.Event()

    def work() -> None:
        try:
            rest = beside(emit, halted.is_set)
        finally:
            ready.set()
        if rest is not None and not halted.is_set():
            rest(emit, halted.is_set)

    other = _Other(threading.Thread(target=work), ready)
    other.thread.start()
    return other


def _begin_with(first: Beside, settings: Settings, hear: Emit, stop: Stop) -> Settings:
    """Do other work before a search; return the settings of the search with the time that is left."""
    began = time.monotonic()
    first(hear, stop)
    return replace(settings, seconds=max(LEAST_SECONDS, settings.seconds - (time.monotonic() - began)))


def _hear_the_rest(events: queue.SimpleQueue[Event], hear: Emit, enough: Stop) -> None:
    """Pass on what was told while all came to a stop; where there was enough, what is better is late."""
    while not events.empty():
        event = events.get()
        is_late = isinstance(event, Found) and event.rank == "better" and enough()
        if not isinstance(event, Finished) and not is_late:
            hear(event)


def _listen(events: queue.SimpleQueue[Event], hear: Emit, stop: Stop, deadline: float) -> bool:
    heard_at = time.monotonic()
    while not stop() and time.monotonic() < deadline:
        try:
            event = events.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if time.monotonic() < heard_at + SIGN_SECONDS:
                continue
            event = Still()
        heard_at = time.monotonic()
        if isinstance(event, Finished):
            if event.failure and stop():
                return False
            if event.failure:
                raise SolverError(event.failure)
            return True
        hear(event)
    return False


def _start_thread(
    arrays: Arrays, settings: Settings, events: queue.SimpleQueue[Event], halted: threading.Event
) -> Callable[[], None]:
    # HiGHS is heard only when it is done: a small search that is stopped as soon as what was heard is enough
    # would tell another bound each time. SCIP has been seen to fail in its callback.
    quiet = replace(settings, watch=settings.solver == "cp-sat")

    def work() -> None:
        events.put(search_to_end(arrays, quiet, events.put, halted.is_set))

    # Not a daemon: a thread that comes back from a solver while the interpreter shuts down aborts it.
    threading.Thread(target=work, name="computeroute-search").start()
    return lambda: None


def search_to_end(arrays: Arrays, settings: Settings, emit: Emit, stop: Stop) -> Finished:
    """Run a search and turn its failure into the last event."""
    try:
        Search(arrays, settings, emit, stop).run()
    except (RouteError, ArithmeticError, ValueError, LookupError, RuntimeError, MemoryError) as error:
        return Finished(f"{settings.solver}: {error}")
    return Finished()


def _start_process(
    arrays: Arrays, settings: Settings, events: queue.SimpleQueue[Event], _: threading.Event
) -> Callable[[], None]:
    process = ModuleProcess(f"{__package__}.child")
    talk = threading.Thread(target=_converse, args=(process, (arrays, settings), events), daemon=True)
    talk.start()

    def end() -> None:
        process.end()
        talk.join(GRACE_SECONDS)

    return end


def _converse(process: ModuleProcess, work: Any, events: queue.SimpleQueue[Event]) -> None:
    try:
        with process.inward, process.outward:
            process.send(work)
            while True:
                events.put(process.receive())
    except (EOFError, OSError, ValueError):
        events.put(Finished("the solver's process died (out of memory, or killed)"))
