"""The best assignments that a search met, and what is taken over from them: all that is at one place.

What makes an assignment good are whole places, filled to the unit by workloads that suit them; a move of one
workload breaks into such places, a place taken over from another good assignment brings one. Source: the
crossover in P. C. Chu and J. E. Beasley, A genetic algorithm for the generalised assignment problem,
Computers & Operations Research 24 (1997) 17-23.
"""

from __future__ import annotations

import numpy as np

from ..blocks import Ints

MOST = 30
"""Assignments kept."""
ALIKE = 8
"""Workloads in which two assignments of the same cost differ at least."""


class Elite:
    """The best assignments to places (J) that are not much alike."""

    def __init__(self) -> None:
        self._place: list[Ints] = []
        self._cost: list[float] = []

    def __len__(self) -> int:
        return len(self._cost)

    def meet(self, place: Ints, cost: float) -> None:
        """Keep an assignment if it is among the best, and like none kept that costs the same."""
        worst = int(np.argmax(self._cost)) if len(self) == MOST else None
        if worst is not None and cost >= self._cost[worst]:
            return
        same = [kept for kept, known in zip(self._place, self._cost, strict=True) if known == cost]
        if any(np.count_nonzero(kept != place) < ALIKE for kept in same):
            return
        if worst is not None:
            del self._place[worst], self._cost[worst]
        self._place.append(place)
        self._cost.append(cost)

    def graft(self, place: Ints, places: int, rng: np.random.Generator) -> Ints:
        """Return an assignment with all that a good one has at one of the first ``places``.

        Of two good ones that are drawn it is the better one's.
        """
        one, other = rng.integers(len(self), size=2)
        donor = self._place[one if self._cost[one] <= self._cost[other] else other]
        here = int(rng.integers(places))
        return np.where(donor == here, here, place)
