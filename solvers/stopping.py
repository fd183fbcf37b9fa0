"""Stopping before there is a plan: what takes long to set up ends where somebody asks for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class StoppedError(Exception):
    """Somebody asked to stop before anything was found; no error of the user's, and never shown."""


def never() -> bool:
    """Return that nobody asks to stop."""
    return False


def require_going_on(halted: Callable[[], bool]) -> None:
    """Raise StoppedError where somebody asks to stop."""
    if halted():
        raise StoppedError


def until_stopped(items: Iterable[Item], halted: Callable[[], bool]) -> Iterator[Item]:
    """Yield the items; raises StoppedError where somebody asks to stop between two of them."""
    for item in items:
        require_going_on(halted)
        yield item
