"""The core of a problem of knapsacks: what a solution may hold, and what deciding some of it decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Bools
from ..blocks import Floats, Ints
from ..packs import Packs
from .problem import ChoiceProblem

LARGEST = 2.0**53
"""Sum of weights up to which whole numbers are exact."""


@dataclass(frozen=True)
class Core:
    """Options (O), sorted by resource, each of which takes a whole amount of one resource.

    Attributes
    ----------
    option
        Numbers in the problem.
    owner, resource, weight, cost
        Of each option.
    room
        Whole capacity of every resource (R).
    workloads
        How many there are.
    """

    option: Ints
    owner: Ints
    resource: Ints
    weight: Ints
    cost: Floats
    room: Ints
    workloads: int

    @classmethod
    def of(cls, problem: ChoiceProblem, options: Ints) -> Core | None:
        """Return the core of some options, None where they are not of knapsacks."""
        uses = problem.uses[options]
        single = len(uses.data) == len(options) and bool((np.diff(uses.indptr) == 1).all())
        if not single or (uses.data < 0).any() or (uses.data != np.round(uses.data)).any():
            return None
        most = np.bincount(uses.indices, uses.data, len(problem.capacity))
        room = np.floor(np.minimum(problem.capacity + problem.slack, most))
        if room.min(initial=0.0) < 0 or most.max(initial=0.0) > LARGEST:
            return None
        order = np.argsort(uses.indices, kind="stable")
        return cls(
            option=options[order],
            owner=problem.owner[options][order].astype(np.int64),
            resource=uses.indices[order].astype(np.int64),
            weight=uses.data[order].astype(np.int64),
            cost=problem.cost[options][order],
            room=room.astype(np.int64),
            workloads=len(problem),
        )

    @property
    def cells(self) -> int:
        """Size of the tables of all knapsacks."""
        most = int(np.bincount(self.resource).max(initial=0))
        return len(self.room) * most * (int(self.room.max(initial=0)) + 1)

    @property
    def scale(self) -> float:
        """Sum of the largest costs of all workloads, which sums of costs are compared with."""
        largest = np.zeros(self.workloads)
        np.maximum.at(largest, self.owner, np.abs(self.cost))
        return float(largest.sum())

    def settled(self, alive: Bools) -> Settled | None:
        """Return what follows if only options ``alive`` (O) are left; None if no solution does."""
        while True:
            count = np.bincount(self.owner[alive], minlength=self.workloads)
            if not count.all():
                return None
            decided = alive & (count[self.owner] == 1)
            taken = np.bincount(self.resource[decided], self.weight[decided], len(self.room))
            left = self.room - taken.astype(np.int64)
            if (left < 0).any():
                return None
            fits = decided | (self.weight <= left[self.resource])
            if fits[alive].all():
                return Settled(self, alive, decided, left)
            alive = alive & fits


@dataclass(frozen=True)
class Settled:
    """Options ``alive`` (O), those of them that are ``decided``, and what these leave of resources (R)."""

    core: Core
    alive: Bools
    decided: Bools
    left: Ints

    @cached_property
    def free(self) -> Ints:
        """The options that are neither decided nor out."""
        return np.flatnonzero(self.alive & ~self.decided)

    @cached_property
    def owners(self) -> tuple[Ints, Ints]:
        """The workloads (J) that are free, and the place among them of the owner of each free option."""
        found = np.unique(self.core.owner[self.free], return_inverse=True)
        return found[0], found[1]

    @cached_property
    def cost(self) -> float:
        """What is decided costs."""
        return float(self.core.cost[self.decided].sum())

    @cached_property
    def packs(self) -> Packs:
        """The knapsacks of what is free."""
        core, free = self.core, self.free
        return Packs.of(core.resource[free], core.weight[free], self.left)

    def without(self, out: Bools, only: Bools) -> Bools:
        """Return what is alive (O), not the free options ``out``, nor others of the owners of ``only``."""
        alive = self.alive.copy()
        alive[self.free[out]] = False
        kept = np.zeros(self.core.workloads, dtype=bool)
        kept[self.core.owner[self.free[only]]] = True
        others = kept[self.core.owner[self.free]] & ~only
        alive[self.free[others]] = False
        return alive
