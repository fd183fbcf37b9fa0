"""Work in threads, where each piece is large enough: array sums let other threads go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")
MOST_THREADS = 4


def each(function: Callable[[Given], Found], items: Sequence[Given], cores: int) -> list[Found]:
    """Return what ``function`` makes of all ``items``, in order, on so many ``cores``."""
    if min(cores, len(items)) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(MOST_THREADS, cores)) as pool:
        return list(pool.map(function, items))
