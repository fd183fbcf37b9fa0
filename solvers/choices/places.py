"""Problems in which every option takes of one resource at most, as tables of resources by workloads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from .problem import ChoiceProblem

MOST_PAIRS = 4_000_000
"""Largest square of workloads and places together: every exchange of two is weighed at once."""


@dataclass(frozen=True)
class Places:
    """Where each workload (J) may be: at a resource, or at the last place (P in all), which takes of none.

    After the workloads come P empty slots, one per place: who takes the slot of a place displaces nobody.

    Attributes
    ----------
    option
        Option of each workload at each place, -1 where it cannot be there (P, J).
    excess
        Its reduced cost above the least of the workload, infinite where it cannot be, 0 for slots (P, J + P).
    need
        What it takes there (P, J + P).
    room, price
        Of each place (P); the last one has room for all and is free.
    spread
        By how much the second best place of a workload is worse, on average.
    """

    option: Ints
    excess: Floats
    need: Floats
    room: Floats
    price: Floats
    spread: float

    @classmethod
    def of(cls, problem: ChoiceProblem, prices: Floats) -> Places | None:
        """Return the tables at ``prices`` (R), None where options take of several resources or are many."""
        uses, workloads, places = problem.uses, len(problem), len(problem.capacity) + 1
        taken = np.diff(uses.indptr)
        if (workloads + places) ** 2 > MOST_PAIRS or (taken > 1).any() or (uses.data < 0).any():
            return None
        place = np.full(len(problem.cost), places - 1)
        place[taken == 1] = uses.indices
        pair = place * workloads + problem.owner
        if len(np.unique(pair)) < len(pair):
            return None
        excess = np.full((places, workloads), np.inf)
        option = np.full((places, workloads), -1)
        option.flat[pair] = np.arange(len(pair))
        excess.flat[pair] = problem.cost + uses @ prices
        excess -= excess.min(axis=0)
        need = np.zeros((places, workloads + places))
        need[place[taken == 1], problem.owner[taken == 1]] = uses.data
        capacity = problem.capacity + problem.slack
        spread = np.partition(excess, 1, axis=0)[1]
        return cls(
            option,
            np.hstack([excess, np.zeros((places, places))]),
            need,
            np.append(capacity, need.sum() + 1.0),
            np.append(prices, 0.0),
            float(spread[np.isfinite(spread)].mean()) if np.isfinite(spread).any() else 0.0,
        )

    def __len__(self) -> int:
        return len(self.room)

    @property
    def workloads(self) -> int:
        """Number of workloads."""
        return int(self.option.shape[1])

    def options(self, place: Ints) -> Ints:
        """Return the option of each workload at its place (J)."""
        return self.option[place, np.arange(self.workloads)]

    def of_options(self, problem: ChoiceProblem, option: Ints) -> Ints:
        """Return the place of each workload with its option (J)."""
        place = np.full(len(option), len(self) - 1)
        held = problem.uses[option]
        place[np.diff(held.indptr) == 1] = held.indices
        return place
