"""Work in threads, where each piece is large enough: array sums let other threads go on meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")
MOST_THREADS = 4


def each(function: Callable[[Given], Found], items: Sequence[Given], *, threads: bool) -> list[Found]:
    """Return what ``function`` makes of all ``items``, in order, in ``threads`` or one after another."""
    if not threads:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))
