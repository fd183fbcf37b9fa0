"""Prices of the workloads that are undecided: bettered as long as they allow a target, they decide options.

An option is out if taking it lifts the bound above the target, and decided if leaving it does.
Source: M. Posta, J. A. Ferland and P. Michelon, An exact method with variable fixing for solving the
generalized assignment problem, Computational Optimization and Applications 52 (2012) 629-644.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Bools
from ..blocks import Floats, Ints
from ..packs import NEVER, Packed
from .core import Settled

OFTEN, PATIENCE = 4, 5
"""Every how many steps of a long climb options are decided, and steps in vain after which they become
shorter."""
LONG = 12
"""Steps from which on a climb is long; it ends when it has decided something."""


@dataclass(frozen=True)
class Target:
    """The cost of the solutions that are looked for, and by how much a bound may be wrong."""

    cost: float
    slack: float

    def allows(self, bound: Floats | float) -> Bools:
        """Return whether solutions may cost as much."""
        return np.asarray(bound <= self.cost + self.slack)


@dataclass(frozen=True)
class Told:
    """What prices tell of what is ``settled``.

    Attributes
    ----------
    values
        Price of each workload of the problem.
    bound
        Of what is left.
    rise
        By how much that rises if each free option is taken.
    often
        How often each free option was taken at prices like these, the last ones counting most.
    """

    settled: Settled
    values: Floats
    bound: float
    rise: Floats
    often: Floats


class Climb:
    """Prices of the free workloads, bettered by deflected subgradients as long as they allow the target.

    ``out`` and ``must`` are the free options that no solution up to the target holds, and that all do.
    ``solution`` are those of one, if it was met; ``is_over`` tells that there is none, or that one was met.
    """

    def __init__(self, settled: Settled, values: Floats, target: Target) -> None:
        self.settled, self._packs, self._target = settled, settled.packs, target
        workloads, owner = settled.owners
        cost = settled.core.cost[settled.free]
        self._cost = self._packs.padded(cost, -NEVER)
        self._owner = self._packs.padded(owner, 0)
        self._workloads, self._now = workloads, values[workloads]
        self._direction, self._scale, self._stalled = np.zeros(len(workloads)), 1.0, 0
        self._best: tuple[float, Floats, Floats, Packed] | None = None
        self._often = np.zeros(self._cost.shape)
        self.out = self.must = np.zeros(len(cost), dtype=bool)
        self.solution: Ints | None = None
        self.is_over = False

    def run(self, steps: int) -> None:
        """Better the prices so many times, less if that decides options, or all."""
        for step in range(1, steps + 1):
            decides = steps >= LONG and step % OFTEN == 0
            self._step(decides)
            if self.is_over or (decides and step >= LONG and (self.out.any() or self.must.any())):
                return

    def _step(self, decides: bool) -> None:
        profit = self._now[self._owner] - self._cost
        packed = self._packs.best(profit)
        bound = self.settled.cost + float(self._now.sum() - packed.earned.sum())
        if not self._target.allows(bound):
            self.is_over = True
            return
        count = np.bincount(self._owner[packed.taken], minlength=len(self._now))
        lack = 1.0 - count.astype(float)
        self._often = 0.8 * self._often + 0.2 * packed.taken
        if not lack.any() and self._is_solution(packed):
            return
        if decides:
            self._decide(bound, *self._packs.forced(profit, packed))
        self._move(bound, profit, packed, lack)

    def _is_solution(self, packed: Packed) -> bool:
        """Return whether packings that hold every workload once cost no more than the target; keep them."""
        cost = self.settled.cost + float(self._cost[packed.taken].sum())
        if self._target.allows(cost):
            self.is_over, self.solution = True, np.flatnonzero(self._flat(packed.taken))
        return self.is_over

    def _flat(self, values: Floats | Bools) -> Floats:
        """Return what is in rows (R, K) of the free options."""
        return np.asarray(values[self._packs.row, self._packs.column])

    def _decide(self, bound: float, taken: Floats, not_taken: Floats) -> None:
        self.out = self.out | ~self._target.allows(bound + self._flat(taken))
        self.must = self.must | ~self._target.allows(bound + self._flat(not_taken))

    def _move(self, bound: float, profit: Floats, packed: Packed, lack: Floats) -> None:
        """Note the best prices; go on from them if they have not become better for long."""
        self._stalled += 1
        if self._best is None or bound > self._best[0] + self._target.slack:
            self._best, self._stalled = (bound, self._now, profit, packed), 0
        elif self._stalled >= PATIENCE:
            self._now, self._scale, self._stalled = self._best[1], 0.6 * self._scale, 0
        self._direction = 0.7 * lack + 0.3 * self._direction
        length = self._scale * max(0.05, self._target.cost + 0.5 - bound) / max(1.0, float(lack @ lack))
        self._now = self._now + length * self._direction

    def told(self, values: Floats) -> Told:
        """Return what the best prices tell; other workloads keep their ``values`` (J)."""
        assert self._best is not None
        bound, best, profit, packed = self._best
        taken, not_taken = self._packs.forced(profit, packed)
        self._decide(bound, taken, not_taken)
        values = values.copy()
        values[self._workloads] = best
        return Told(self.settled, values, bound, self._flat(taken), self._flat(self._often))
