"""What is known during a solve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..watch import Watch
from .pricing import lifted
from .problem import ChoiceProblem
from .shifts import Assignment


@dataclass
class State:
    """What is known so far: the best assignment that fits, the proven bound, whether there can be none."""

    problem: ChoiceProblem
    watch: Watch
    gap_limit: float
    grain: float
    best: Assignment | None = None
    bound: float = -np.inf
    infeasible: bool = False
    tell: Callable[[float | None, float], None] = lambda *_: None

    def raise_bound(self, bound: float) -> None:
        """Take over a proven bound."""
        self.bound = max(self.bound, lifted(bound, self.grain))
        self.tell(self.best.cost if self.best else None, self.bound)

    def offer(self, found: Assignment | None) -> bool:
        """Take over an assignment that fits and is better; return whether it was."""
        if found is None or not found.fits or (self.best is not None and found.cost >= self.best.cost):
            return False
        self.best = found
        self.tell(found.cost, self.bound)
        return True

    def done(self) -> bool:
        """Return whether the gap is small enough, time is over, or nothing is left to find."""
        if self.infeasible or self.watch.over():
            return True
        if self.best is None:
            return False
        return self.best.cost - self.bound <= max(self.gap_limit, 1e-9) * abs(self.best.cost)
