"""A stronger bound where every resource is a knapsack: prices on the workloads instead of the resources.

With a price on placing each workload, every resource packs its own best set, exactly. The bound is that of
the linear program over all packings. Source: M. Yagiura, T. Ibaraki and F. Glover, A path relinking approach
with ejection chains for the generalized assignment problem, European Journal of Operational Research 169
(2006) 548-569, and M. Posta, J. A. Ferland and P. Michelon, An exact method with variable fixing for solving
the generalized assignment problem, Computational Optimization and Applications 52 (2012) 629-644.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..blocks import Floats, Ints
from ..packs import NEVER, Packs
from ..watch import Watch
from .core import Core
from .dual import nearest
from .pricing import ROUNDING, Pricing
from .problem import ChoiceProblem

MOST_CELLS = 40_000_000
"""Largest table of all knapsacks: resources by options by capacity."""

NEAREST = 4.0
"""Options of a workload, on average, that prices climb on at first."""
SCALES, MOST_STEPS = (1.0, 0.3, 0.1, 0.1), 400
"""Lengths of the first steps of one climb after another, with more options, and steps of each at most."""
FORCED_CELLS = 2_000_000
"""Cells of the tables of the knapsacks whose options are forced at once."""
PATIENCE, LEAST_SCALE = 15, 0.005
"""Steps without a better bound after which they become shorter, and how short they may become."""


@dataclass(frozen=True)
class Knapsacks:
    """The options of each resource that has any, in a row; padded at the end with some that are never taken.

    Attributes
    ----------
    option, owner
        Options and their workloads, -1 and 0 where padded (R, K).
    cost, weight
        What each costs, and takes, a whole number (R, K).
    room
        Whole capacity (R).
    """

    option: Ints
    owner: Ints
    cost: Floats
    weight: Ints
    room: Ints

    @classmethod
    def of(cls, problem: ChoiceProblem, options: Ints | None = None) -> Knapsacks | None:
        """Return the knapsacks of a problem, or of some of its options, that have options.

        None where it is not made of small ones.
        """
        core = Core.of(problem, np.arange(len(problem.cost)) if options is None else options)
        if core is None or len(core.room) == 0 or core.room.min() < 0 or core.cells > MOST_CELLS:
            return None
        packs = Packs.of(core.resource, core.weight, core.room)
        return cls(
            option=packs.padded(core.option, -1),
            owner=packs.padded(core.owner, 0),
            cost=packs.padded(core.cost, 0.0),
            weight=packs.weight,
            room=packs.room,
        )

    @property
    def cells(self) -> int:
        """Size of the table of all knapsacks."""
        return self.option.size * (int(self.room.max()) + 1)

    def profit(self, values: Floats) -> Floats:
        """Return what each option earns where placing a workload is worth its value (R, K)."""
        return np.where(self.option < 0, NEVER, values[self.owner] - self.cost)

    def best(self, profit: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return what the best packing of each resource earns (R), and the options in it (R, K)."""
        earning = profit > 0
        order = np.argsort(~earning, axis=1, kind="stable")[:, : int(earning.sum(axis=1).max(initial=0))]
        weight = np.take_along_axis(self.weight, order, axis=1)
        earned, packed = self._packed(weight, np.take_along_axis(profit, order, axis=1))
        taken = np.zeros(profit.shape, dtype=bool)
        np.put_along_axis(taken, order, packed, axis=1)
        return earned, taken

    def _packed(self, weight: Ints, profit: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return what the best packings of some options earn (R), and those in them (R, options of a row)."""
        size, rows = int(self.room.max()) + 1, np.arange(len(self.room))
        pad = int(weight.max(initial=0))
        table = np.full((len(rows), pad + size), NEVER)
        table[:, pad:] = 0.0
        earned = table[:, pad:]
        base = (rows * (pad + size) + pad)[:, None] + np.arange(size)[None, :]
        takes = []
        for mine, gain in zip(weight.T, profit.T, strict=True):
            tried = table.ravel()[base - mine[:, None]] + gain[:, None]
            takes.append(tried > earned)
            np.maximum(earned, tried, out=earned)
        left, taken = self.room.copy(), np.zeros(profit.shape, dtype=bool)
        for place in range(profit.shape[1] - 1, -1, -1):
            taken[:, place] = takes[place][rows, left]
            left -= np.where(taken[:, place], weight[:, place], 0)
        return earned[rows, self.room], taken


@dataclass(frozen=True)
class Effort:
    """Where a climb is headed and when it ends: the cost of a solution, steps on all options, a clock.

    ``scale`` is that of its first steps.
    """

    target: float
    steps: int
    watch: Watch
    scale: float = 1.0


def strengthened(problem: ChoiceProblem, knapsacks: Knapsacks, pricing: Pricing, effort: Effort) -> Pricing:
    """Return what prices on the workloads tell: the excess of each option, and a bound.

    The excess is by how much the bound rises when the option is taken. Where the bound is not better than
    that of ``pricing``, that is returned.
    """
    values, bound = _climbed(problem, knapsacks, pricing, effort)
    if bound <= pricing.bound:
        return pricing
    excess = np.full(len(problem.cost), np.inf)
    profit, mine = knapsacks.profit(values), knapsacks.option >= 0
    rows = max(1, FORCED_CELLS * len(knapsacks.room) // knapsacks.cells)
    for begin in range(0, len(knapsacks.room), rows):
        part = slice(begin, begin + rows)
        row, column = np.nonzero(mine[part])
        packs = Packs(row, column, knapsacks.weight[part], knapsacks.room[part])
        less, _ = packs.forced(profit[part], packs.best(profit[part]))
        excess[knapsacks.option[part][mine[part]]] = less[mine[part]]
    return Pricing(pricing.prices, excess, values, bound)


def _climbed(
    problem: ChoiceProblem, knapsacks: Knapsacks, pricing: Pricing, effort: Effort
) -> tuple[Floats, float]:
    """Return better values of the workloads and the bound that they prove.

    They climb on the options nearest at the prices, which takes a small part of the time; at what is found,
    all options tell the bound, and those that their packings hold join.
    """
    options, climbing = nearest(problem, pricing, NEAREST), pricing.least
    values, bound, cells = climbing, -np.inf, effort.steps * knapsacks.cells
    for scale in SCALES:
        few = Knapsacks.of(problem, options)
        assert few is not None
        steps = min(MOST_STEPS, int(cells / few.cells))
        climbing = _climbed_on(few, climbing, replace(effort, steps=steps, scale=scale))
        found, taken = _told(knapsacks, climbing)
        if found > bound:
            values, bound = climbing, found
        cells -= steps * few.cells + knapsacks.cells
        joined = np.union1d(options, taken)
        if len(joined) == len(options) or cells <= 0 or effort.watch.over():
            break
        options = joined
    return values, bound


def _told(knapsacks: Knapsacks, values: Floats) -> tuple[float, Ints]:
    """Return the bound that values prove, and the options in the packings that earn most."""
    earned, taken = knapsacks.best(knapsacks.profit(values))
    error = ROUNDING * float(np.abs(values).sum() + np.abs(earned).sum())
    return float(values.sum() - earned.sum()) - error, np.unique(knapsacks.option[taken])


def _climbed_on(knapsacks: Knapsacks, values: Floats, effort: Effort) -> Floats:
    """Return better values of the workloads, by deflected subgradients.

    Source of the step: M. Held, P. Wolfe and H. P. Crowder, Validation of subgradient optimization,
    Mathematical Programming 6 (1974) 62-88.
    """
    best, bound, direction = values, -np.inf, np.zeros(len(values))
    scale, stalled = effort.scale, 0
    for _ in range(effort.steps):
        earned, taken = knapsacks.best(knapsacks.profit(values))
        found = float(values.sum() - earned.sum())
        stalled += 1
        if found > bound + 1e-7 * abs(found):
            best, bound, stalled = values, found, 0
        elif stalled >= PATIENCE:
            values, scale, stalled = best, 0.7 * scale, 0
        lack = 1.0 - np.bincount(knapsacks.owner[taken], minlength=len(values))
        direction = 0.7 * lack + 0.3 * direction
        length = float(lack @ lack)
        if length == 0 or scale < LEAST_SCALE or effort.watch.over():
            break
        values = values + scale * max(1e-9, effort.target - found) / length * direction
    return best
