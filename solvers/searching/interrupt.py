"""Ctrl-C or SIGTERM while a solver works: the first asks for the best plan found, the second gives up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

ASKING = (signal.SIGINT, signal.SIGTERM)
"""The signals of Ctrl-C, and of who ends a service or a container and waits a little before killing it."""


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
    """Give a token that the first SIGINT or SIGTERM sets; the next one raises KeyboardInterrupt.

    ``say`` is called by the handler of the first, so it must not use buffered streams. Outside the main
    thread, signals are left as they are, and so is each that is ignored (SIGINT in a background job) or
    handled by other than Python.
    """
    token = Interrupt()

    def handle(*_: object) -> None:
        if token.is_set():
            raise KeyboardInterrupt
        token.set()
        say()

    is_main = threading.current_thread() is threading.main_thread()
    previous = {each: signal.getsignal(each) for each in ASKING if is_main}
    heard = [each for each, handler in previous.items() if handler not in (signal.SIG_IGN, None)]
    for each in heard:
        signal.signal(each, handle)
    try:
        yield token
    finally:
        for each in heard:
            signal.signal(each, previous[each])
