"""The clock of a solve."""

from __future__ import annotations

import time
from collections.abc import Callable


class Watch:
    """Tells how much time is left and whether to stop."""

    def __init__(self, seconds: float, stop: Callable[[], bool] | None = None) -> None:
        self._began = time.monotonic()
        self._seconds = seconds
        self._stop = stop

    @property
    def limit(self) -> float:
        """Seconds given in all."""
        return self._seconds

    @property
    def spent(self) -> float:
        """Seconds since the solve began."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the time limit, not below 0."""
        return max(0.0, self._seconds - self.spent)

    def part(self, share: float) -> Watch:
        """Return the clock of a step that may take that share of the time left."""
        return Watch(share * self.left, self._stop)

    def beyond(self, seconds: float) -> Watch:
        """Return the clock of a step that has time of its own and stops with this one."""
        return Watch(seconds, self._stop)

    def also(self, enough: Callable[[], bool]) -> Watch:
        """Return the clock of the same time that stops where that is ``enough``, too."""
        stop = self._stop
        return Watch(self.left, lambda: (stop is not None and stop()) or enough())

    def over(self) -> bool:
        """Return whether to stop now."""
        return self.left <= 0 or (self._stop is not None and self._stop())
