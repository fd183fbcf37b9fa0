"""The process of a search: reads the work from its standard input, writes events to its standard output."""

from __future__ import annotations

import threading

from ..processes import own_pipes, read_frame, write_frame
from .events import Event
from .runner import search_to_end


def main() -> None:
    """Serve one search, then end."""
    inward, outward = own_pipes()
    arrays, settings = read_frame(inward)
    turn = threading.Lock()

    def emit(event: Event) -> None:
        with turn:
            write_frame(outward, event)

    last = search_to_end(arrays, settings, emit, lambda: False)
    write_frame(outward, last)


if __name__ == "__main__":
    main()
