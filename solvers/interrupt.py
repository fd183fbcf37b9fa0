"""Ctrl-C while a solver works: the first asks for the best plan found, the second gives up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Interrupt:
    """A cancel token that a signal handler may set.

    Not :class:`threading.Event`: its lock may be held by the very thread that the handler interrupts.
    """

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Ask the solver to stop."""
        self._set = True

    def is_set(self) -> bool:
        """Return whether the solver is to stop."""
        return self._set


def say_stopping() -> None:
    """Tell on standard error, without buffers: the signal may have come amid a line of progress."""
    with suppress(OSError):
        os.write(2, b"\nstopping; what is done so far follows (Ctrl-C again to give up)\n")


@contextmanager
def interrupt_token(say: Callable[[], object]) -> Iterator[Interrupt]:
    """Give a token that the first SIGINT sets; the next one raises KeyboardInterrupt.

    ``say`` is called by the handler of the first, so it must not use buffered streams. Outside the main
    thread, and where SIGINT is ignored (a background job), signals are left as they are.
    """
    token = Interrupt()

    def handle(*_: object) -> None:
        if token.is_set():
            raise KeyboardInterrupt
        token.set()
        say()

    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or previous == signal.SIG_IGN:
        yield token
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, previous)
