"""What a search has brought so far: the best solution, and what is proven of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Arrays
from ..options import Options, Progress, relative_gap
from ..rates import Floats
from .events import Event, Found, Proved
from .telling import UNSERVED_TOLERANCE, WIDE_TOLERANCE

ROUNDING = 1e-9
"""Part of the cost below which a solution is no better than another."""
LITTLE = 1e-5
"""Part of the work left out that counts as rounding."""


@dataclass
class Keeper:
    """The best solution and the bounds heard so far; reports progress."""

    arrays: Arrays
    options: Options
    started: float
    best: Floats | None = None
    fallback: Floats | None = None
    """A solution for when the search is over, or stopped, and has no better one."""
    is_final: bool = False
    """Whether the best is to be returned whatever comes after it."""
    bounds: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take in one event of the search."""
        if isinstance(event, Found):
            self._take(event)
        elif isinstance(event, Proved):
            self.bounds[event.phase] = max(event.bound, self.bounds.get(event.phase, -np.inf))
        self.report()

    def _take(self, found: Found) -> None:
        if found.rank == "fallback":
            self.fallback = found.x
        elif found.rank == "final":
            self.best, self.is_final = found.x, True
        else:
            self._compare(found.x)

    def _compare(self, x: Floats) -> None:
        """Keep ``x`` if it leaves less out than the best, or as much (within tolerances) at less cost."""
        if self.is_final:
            return
        if self.best is None or self._is_better(x, self.best):
            self.best = x

    def _is_better(self, x: Floats, other: Floats) -> bool:
        arrays = self.arrays
        more = float(arrays.unserved @ x) - float(arrays.unserved @ other)
        alike = abs(more) <= 2 * WIDE_TOLERANCE + 1e-8 * float(arrays.unserved @ other)
        return bool(arrays.cost @ x < arrays.cost @ other) if alike else more < 0

    def fall_back(self) -> None:
        """Keep the fallback, if there is one, unless the best is as good."""
        if self.fallback is not None:
            self._compare(self.fallback)

    def settle_for(self, x: Floats) -> None:
        """Keep ``x`` unless the best is as good, but for rounding."""
        if self.best is not None and float(self.arrays.unserved @ x) >= float(
            self.arrays.unserved @ self.best
        ):
            saved = float(self.arrays.cost @ (self.best - x))
            if saved <= ROUNDING * abs(float(self.arrays.cost @ x) + self.arrays.offset):
                return
        self._compare(x)

    def cost_bound(self) -> float | None:
        """Return the proven bound of the cost, offset included, that holds for the best solution."""
        return self._bound_for(self.best)

    def _bound_for(self, x: Floats | None) -> float | None:
        bounds = [self.bounds.get("cost", -np.inf)]
        floor = float(self.arrays.unserved @ self.arrays.lower)
        if x is None or float(self.arrays.unserved @ x) <= floor + UNSERVED_TOLERANCE:
            bounds.append(self.bounds.get("complete cost", -np.inf))
        return max(bounds) + self.arrays.offset if max(bounds) > -np.inf else None

    def is_proven(self, gap_limit: float | None = None) -> bool:
        """Return whether the cost of the best is within a gap (that asked for), whatever it leaves out."""
        if self.best is None:
            return False
        gap = relative_gap(float(self.arrays.cost @ self.best) + self.arrays.offset, self.cost_bound())
        asked = self.options.gap_limit if gap_limit is None else gap_limit
        return gap is not None and gap <= asked

    def is_close(self, gap_limit: float | None = None) -> bool:
        """Return whether nothing is left out that need not be, within a gap (that asked for) of the bound."""
        return self.serves_all() and self.is_proven(gap_limit)

    def closing_bound(self) -> float:
        """Return the bound, offset excluded, with which the best solution is close enough."""
        if self.best is None:
            return np.inf
        cost = float(self.arrays.cost @ self.best)
        return cost - self.options.gap_limit * abs(cost + self.arrays.offset)

    def serves_all(self) -> bool:
        """Return whether there is a solution that leaves nothing out that need not be."""
        if self.best is None:
            return False
        left = float(self.arrays.unserved @ self.best) - float(self.arrays.unserved @ self.arrays.lower)
        return left <= UNSERVED_TOLERANCE

    def _avoidable(self, x: Floats) -> tuple[float, float] | None:
        """Return what ``x`` leaves out and what must be, by all that is proven; None where they are alike."""
        left, floor = float(self.arrays.unserved @ x), float(self.arrays.unserved @ self.arrays.lower)
        least = max(floor, self.bounds.get("unserved work", 0.0))
        return (left, least) if left > least * (1 + LITTLE) + 2 * WIDE_TOLERANCE else None

    def _best_known(self) -> Floats | None:
        """Return the better one of the best and the fallback, which counts where time or somebody ends it."""
        if self.best is None or self.fallback is None or self.is_final:
            return self.fallback if self.best is None else self.best
        return self.fallback if self._is_better(self.fallback, self.best) else self.best

    def report(self) -> None:
        """Tell the caller how far the solve is."""
        if self.options.progress is None:
            return
        x, seconds = self._best_known(), time.monotonic() - self.started
        work = None if x is None else self._avoidable(x)
        if work is not None:  # what costs less as it does less says nothing beside a bound
            self.options.progress(Progress("unserved work", *work, None, seconds))
            return
        incumbent = None if x is None else float(self.arrays.cost @ x) + self.arrays.offset
        proven = self._bound_for(x)
        gap = relative_gap(incumbent, proven)
        self.options.progress(Progress("cost", incumbent, proven, gap, seconds))
