"""The time of a command that makes several plans: one limit for all of them, and a part for each."""

from __future__ import annotations

import math
import time

from ..routing.errors import Fault, InputError
from .options import LONGEST_SECONDS, CancelToken

SPARE = 2.0
"""Times what the plans asked for may take: searches make more on the way, each a little beyond its limit."""
PART = 0.95
"""What of its part of the time a plan may search for; the rest is for building and writing it."""


class TotalTime:
    """A cancel token that is set when the time is over, or by another one.

    Parameters
    ----------
    asked
        The token of whoever may stop it all.
    seconds
        For all plans, from now on. Without it, until :meth:`expect` says how many there are, for ever.
    """

    def __init__(self, asked: CancelToken, seconds: float | None = None) -> None:
        self._asked, self._began = asked, time.monotonic()
        self._is_given, self._count = seconds is not None, 0
        self.seconds = math.inf if seconds is None else seconds

    def expect(self, plans: int, time_limit: float, jobs: int = 1) -> None:
        """Take in how many plans are asked for, with so many seconds for each, so many of them at once."""
        if not self._is_given:
            self.seconds = SPARE * time_limit * math.ceil(plans / max(1, jobs))

    @property
    def left(self) -> float:
        """Seconds to go at most."""
        return max(0.0, self.seconds - (time.monotonic() - self._began))

    def is_over(self) -> bool:
        """Return whether it was the time that ended it, and nobody who asked."""
        return self.left <= 0 and not self._asked.is_set()

    def is_set(self) -> bool:
        """Return whether to stop."""
        return self._asked.is_set() or self.left <= 0

    def after(self, line: str) -> str:
        """Return a line with the time to go, such as ``at most 75 s to go``, where that is known."""
        return f"{line}; at most {math.ceil(self.left):,} s to go" if math.isfinite(self.left) else line

    def counted(self, line: str, of: int) -> str:
        """Return the line of the next of so many plans, with the time to go where there are more to come."""
        self._count += 1
        told = f"{self._count}/{of}  {line}"
        return self.after(told) if self._count < of else told


def part_of(total: float | None, plans: int, time_limit: float, jobs: int = 1) -> float:
    """Return the seconds for each of so many plans, so many of them at once, within a total.

    Raises
    ------
    InputError
        For a total that is none.
    """
    if total is None:
        return time_limit
    if not 0 < total <= LONGEST_SECONDS:
        limits = f"must be a positive number of seconds, at most {LONGEST_SECONDS:.0e}"
        raise InputError([Fault("total_time_limit", limits)], "options")
    return min(time_limit, PART * total / max(1, math.ceil(plans / max(1, jobs))))
