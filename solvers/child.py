"""The process of a search: reads the work from its standard input, writes events to its standard output."""

from __future__ import annotations

import os
import sys
import threading

from .events import Event
from .runner import read_frame, search_to_end, write_frame


def main() -> None:
    """Serve one search, then end."""
    inward = sys.stdin.buffer
    outward = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    arrays, settings = read_frame(inward)
    turn = threading.Lock()

    def emit(event: Event) -> None:
        with turn:
            write_frame(outward, event)

    last = search_to_end(arrays, settings, emit, lambda: False)
    write_frame(outward, last)


if __name__ == "__main__":
    main()
