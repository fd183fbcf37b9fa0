"""Signals while a solver works: the first asks for the best plan found, a second one gives up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

HANG_UP = getattr(signal, "SIGHUP", None)
"""The signal of a terminal that is closed, which may send several; there is none on Windows."""
TERMINAL = (signal.SIGINT,) if HANG_UP is None else (signal.SIGINT, HANG_UP)
"""What a terminal sends to all processes of a command: on Ctrl-C, and when it is closed."""
ASKING = (*TERMINAL, signal.SIGTERM)
"""These, and the signal of who ends a service or a container and waits a little before killing it."""


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
    """Give a token that the first signal sets; the next SIGINT or SIGTERM raises KeyboardInterrupt.

    ``say`` is called by the handler of the first, so it must not use buffered streams. The exception has the
    number of its signal. After a SIGHUP further ones are ignored until the process ends, as the result is
    still to be written. Outside the main thread, signals are left as they are, and so is each that is
    ignored (SIGINT in a background job) or handled by other than Python.
    """
    token = Interrupt()

    def handle(number: int, _: object) -> None:
        if number == HANG_UP:
            signal.signal(number, signal.SIG_IGN)
        elif token.is_set():
            raise KeyboardInterrupt(number)
        if not token.is_set():
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
            if signal.getsignal(each) == handle:
                signal.signal(each, previous[each])
