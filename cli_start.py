"""The beginning of the command ``route``: until there is something to keep, Ctrl-C ends it with 130.

Where nothing of it runs yet but imports, an exception would show a traceback; libraries that are being
imported would swallow it, or raise another in its place.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # typing takes long to import, in which Ctrl-C would not be heard yet
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

INTERRUPTED = 128 + signal.SIGINT
_MODULE = "computeroute.cli"
_IMPORTING = "<frozen importlib"
"""Begin of the names of the files that hold Python's own code of imports."""


def main() -> None:
    """Run the command as the program of this process."""
    _hear(signal.default_int_handler, _end)
    from .cli import main as command

    command()


def raise_interrupts() -> None:
    """From now on, where the program has begun here, let Ctrl-C raise KeyboardInterrupt but amid imports."""
    _hear(_end, _raise)


def _hear(before: object, handler: signal.Handlers | object) -> None:
    """Take a handler where the other is in place: in background jobs SIGINT is ignored, and stays so."""
    if signal.getsignal(signal.SIGINT) is before:
        signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]


def _end(*_: object) -> NoReturn:
    os.write(2, b"error: interrupted\n")
    os._exit(INTERRUPTED)


def _raise(_: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            _end()
        frame = frame.f_back
    raise KeyboardInterrupt


if getattr(sys.modules["__main__"].__spec__, "name", "") == _MODULE:  # python -m computeroute.cli
    _hear(signal.default_int_handler, _end)
