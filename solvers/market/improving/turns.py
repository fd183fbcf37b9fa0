"""Several ways to better a plan take turns: each goes on while it gains much, and all end when none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

MUCH = 3e-5
"""Relative gain of a slice after which the same way goes on."""
RECENT_SHARE, FADED = 0.3, 0.05
"""Last part of the time that something takes, and part of its gain in all below which it fades."""
FADING = 3e-5
"""Relative gain of a round below which ways whose slices take long have a turn, too."""
LITTLE = 1e-6
"""Relative gain of a round of turns below which all end."""


def take_turns(
    ways: Sequence[Iterator[None]],
    value: Callable[[], float],
    over: Callable[[], bool],
    long_ways: Sequence[Iterator[None]] = (),
) -> None:
    """Let ``ways`` take turns until a round gains little, and then ``long_ways``, until none gains any more.

    Parameters
    ----------
    ways
        Each works for a slice whenever it is asked for the next; one that ends has nothing left to do.
    long_ways
        The same of ways whose slices take long.
    value
        What is to fall.
    over
        Whether to stop.
    """
    short, long = list(ways), list(long_ways)
    while (short or long) and not over():
        before = value()
        _round(short, value, over)
        if before - value() <= FADING * abs(before):
            _round(long, value, over)
        if before - value() <= LITTLE * abs(before):
            return


def _round(busy: list[Iterator[None]], value: Callable[[], float], over: Callable[[], bool]) -> None:
    """Let each have a turn; who has nothing left to do is busy no more."""
    for way in list(busy):
        if not _take_turn(way, value, over):
            busy.remove(way)


def _take_turn(way: Iterator[None], value: Callable[[], float], over: Callable[[], bool]) -> bool:
    """Let one work while that gains much; return whether it may have more to do."""
    while not over():
        before = value()
        try:
            next(way)
        except StopIteration:
            return False
        if before - value() <= MUCH * abs(before):
            return True
    return True


def fades(seen: Sequence[tuple[float, float]]) -> bool:
    """Return whether little of what was gained came of late, by the seconds and values ``seen`` since."""
    (begun, first), (now, last) = seen[0], seen[-1]
    since = begun + (1 - RECENT_SHARE) * (now - begun)
    before = next(value for seconds, value in reversed(seen) if seconds <= since)
    return before - last < FADED * (first - last)
