"""A stronger bound where every resource is a knapsack: prices on the workloads instead of the resources.

With a price on placing each workload, every resource packs its own best set, exactly. The bound is that of
the linear program over all packings. Source: M. Yagiura, T. Ibaraki and F. Glover, A path relinking approach
with ejection chains for the generalized assignment problem, European Journal of Operational Research 169
(2006) 548-569, and M. Posta, J. A. Ferland and P. Michelon, An exact method with variable fixing for solving
the generalized assignment problem, Computational Optimization and Applications 52 (2012) 629-644.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..blocks import Floats, Ints
from ..packs import NEVER, Packs
from .core import Core
from .pricing import ROUNDING, Pricing
from .problem import ChoiceProblem
from .watch import Watch

MOST_CELLS = 40_000_000
"""Largest table of all knapsacks: resources by options by capacity."""

PATIENCE, LEAST_SCALE = 15, 0.005
"""Steps without a better bound after which they become shorter, and how short they may become."""


@dataclass(frozen=True)
class Knapsacks:
    """The options of each resource that has any, in a row; padded at the end with some that are never taken.

    Attributes
    ----------
    option, owner
        Options and their workloads, -1 and 0 where padded (R, K).
    weight
        What each takes, a whole number (R, K).
    room
        Whole capacity (R).
    """

    option: Ints
    owner: Ints
    weight: Ints
    room: Ints

    @classmethod
    def of(cls, problem: ChoiceProblem) -> Knapsacks | None:
        """Return the knapsacks of a problem that have options, None where it is not made of small ones."""
        core = Core.of(problem, np.arange(len(problem.cost)))
        if core is None or len(core.room) == 0 or core.room.min() < 0 or core.cells > MOST_CELLS:
            return None
        packs = Packs.of(core.resource, core.weight, core.room)
        return cls(packs.padded(core.option, -1), packs.padded(core.owner, 0), packs.weight, packs.room)

    @property
    def cells(self) -> int:
        """Size of the table of all knapsacks."""
        return self.option.size * (int(self.room.max()) + 1)

    def profit(self, problem: ChoiceProblem, values: Floats) -> Floats:
        """Return what each option earns where placing a workload is worth its value (R, K)."""
        return np.where(self.option < 0, NEVER, values[self.owner] - problem.cost[self.option])

    def best(self, profit: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return what the best packing of each resource earns (R), and the options in it (R, K)."""
        size, rows = int(self.room.max()) + 1, np.arange(len(self.room))
        pad = int(self.weight.max())
        table = np.full((len(rows), pad + size), NEVER)
        table[:, pad:] = 0.0
        earned = table[:, pad:]
        base = (rows * (pad + size) + pad)[:, None] + np.arange(size)[None, :]
        takes = []
        for weight, gain in zip(self.weight.T, profit.T, strict=True):
            tried = table.ravel()[base - weight[:, None]] + gain[:, None]
            takes.append(tried > earned)
            np.maximum(earned, tried, out=earned)
        left, taken = self.room.copy(), np.zeros(profit.shape, dtype=bool)
        for place in range(profit.shape[1] - 1, -1, -1):
            taken[:, place] = takes[place][rows, left]
            left -= np.where(taken[:, place], self.weight[:, place], 0)
        return earned[rows, self.room], taken


@dataclass(frozen=True)
class Effort:
    """Where a climb is headed and when it ends: the cost of a solution, steps, a clock."""

    target: float
    steps: int
    watch: Watch


def strengthened(problem: ChoiceProblem, knapsacks: Knapsacks, pricing: Pricing, effort: Effort) -> Pricing:
    """Return what prices on the workloads tell: the excess of each option, and a bound.

    The excess is by how much the bound rises when the option is taken. Where the bound is not better than
    that of ``pricing``, that is returned.
    """
    values, bound = _climbed(problem, knapsacks, pricing.least, effort)
    if bound <= pricing.bound:
        return pricing
    excess = np.full(len(problem.cost), np.inf)
    profit = knapsacks.profit(problem, values)
    for row, room in enumerate(knapsacks.room):
        mine = knapsacks.option[row] >= 0
        packs = Packs.of(np.zeros(mine.sum(), dtype=np.int64), knapsacks.weight[row, mine], np.array([room]))
        earned = profit[row : row + 1, mine]
        excess[knapsacks.option[row, mine]] = packs.forced(earned, packs.best(earned))[0][0]
    return Pricing(pricing.prices, excess, values, bound)


def _climbed(
    problem: ChoiceProblem, knapsacks: Knapsacks, values: Floats, effort: Effort
) -> tuple[Floats, float]:
    """Return better values of the workloads and their bound, by deflected subgradients.

    Source of the step: M. Held, P. Wolfe and H. P. Crowder, Validation of subgradient optimization,
    Mathematical Programming 6 (1974) 62-88.
    """
    best, bound, direction = values, -np.inf, np.zeros(len(values))
    scale, stalled, error = 1.0, 0, 0.0
    for _ in range(effort.steps):
        earned, taken = knapsacks.best(knapsacks.profit(problem, values))
        found = float(values.sum() - earned.sum())
        stalled += 1
        if found > bound + 1e-7 * abs(found):
            best, bound, stalled = values, found, 0
            error = ROUNDING * float(np.abs(values).sum() + np.abs(earned).sum())
        elif stalled >= PATIENCE:
            values, scale, stalled = best, 0.7 * scale, 0
        lack = 1.0 - np.bincount(knapsacks.owner[taken], minlength=len(values))
        direction = 0.7 * lack + 0.3 * direction
        length = float(lack @ lack)
        if length == 0 or scale < LEAST_SCALE or effort.watch.over():
            break
        values = values + scale * max(1e-9, effort.target - found) / length * direction
    return best, bound - error
