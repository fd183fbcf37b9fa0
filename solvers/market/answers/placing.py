"""Placing blocks one by one where they fit, at prices: the way from prices to a plan.

With good prices, what every block would take on its own nearly fits together; so blocks are placed in order
of what is at stake, each by its cheapest column that fits into what the others leave.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ...rates import Floats, Ints
from ..form.market import Market
from ..form.units import Unit
from .columns import Choice, Columns

FIT = 1e-9


@dataclass(frozen=True)
class Priced:
    """Columns with their uses of the shared rows (C, R), their cost as it is, and at prices of the rows."""

    columns: Columns
    uses: csr_array
    cost: Floats
    reduced: Floats

    @classmethod
    def of(cls, market: Market, columns: Columns, prices: Floats, penalty: float) -> Priced:
        """Return ``columns`` priced; unserved work costs ``penalty`` per unit."""
        uses = csr_array(columns.goods @ market.rules.use)
        cost = np.asarray(columns.goods @ market.rules.cost) + penalty * columns.unserved
        return cls(columns, uses, cost, cost + np.asarray(uses @ prices))

    def placed(self, row: int) -> Placed:
        """Return what a column stands for."""
        part = slice(self.uses.indptr[row], self.uses.indptr[row + 1])
        where, amounts = self.uses.indices[part], self.uses.data[part]
        work = float(self.columns.unserved[row])
        return Placed(where, amounts, float(self.cost[row]), self.columns.choice[row], work)


@dataclass(frozen=True)
class Placed:
    """What a block does: rows used and how much of each, cost as it is (penalty included), and the choice."""

    rows: Ints
    amounts: Floats
    cost: float
    choice: Choice
    work: float = 0.0

    def cost_at(self, prices: Floats) -> float:
        """Return the cost with what is used at ``prices`` (R) of the rows."""
        return self.cost + float(prices[self.rows] @ self.amounts)


NOTHING = np.zeros(0, dtype=np.int64)


class Placement:
    """An assignment of blocks under construction: what each does, and the load of every row."""

    def __init__(self, market: Market, penalty: float, modules: Floats) -> None:
        rules = market.rules
        self.market, self.penalty, self.modules = market, penalty, modules
        self.load = np.zeros(len(rules.capacity))
        self.hard = rules.hard_rows
        self.out_cost = penalty * market.left_out_work
        self.placed: list[Placed] = [self.nothing(block) for block in range(market.blocks)]
        self._lacking = {block for block, placed in enumerate(self.placed) if placed.work > 0}
        self.room = self._room(modules)

    def _room(self, paid: Floats) -> Floats:
        """Return the room that the modules give; of rows that modules take of, those ``paid`` have taken."""
        rules = self.market.rules
        gives, takes = rules.module_effect
        room = rules.capacity + gives @ self.modules - takes @ paid
        room = room + FIT * np.maximum(1.0, np.abs(room))
        return np.where(self.hard, room, np.inf)

    def copy(self) -> Placement:
        """Return a copy that can be changed on its own."""
        other = Placement.__new__(Placement)
        other.__dict__.update(self.__dict__)
        other.load, other.placed, other.modules = self.load.copy(), list(self.placed), self.modules.copy()
        other._lacking = self._lacking.copy()
        return other

    def nothing(self, block: int) -> Placed:
        """Return what leaving a block out is."""
        work = float(self.market.left_out_work[block])
        return Placed(NOTHING, np.zeros(0), float(self.out_cost[block]), None, work)

    def cutoff(self, unit: Unit) -> Floats:
        """Return the price (T, L) of a request/s of a unit above which it is left out."""
        return np.asarray(self.penalty * unit.weight / np.maximum(unit.demand, 1e-300))

    def remove(self, block: int) -> None:
        """Take a block out; it is left out until placed again."""
        old = self.placed[block]
        self.load[old.rows] -= old.amounts
        self._note(block, self.nothing(block))

    def set_modules(self, modules: Floats) -> None:
        """Buy so many modules of each pool in all."""
        if (modules != self.modules).any():
            self.modules = modules
            self.room = self._room(modules)

    def widen(self) -> None:
        """Buy all modules there are; what nothing needs is given back in the end.

        A budget pays for those only that the load needs now: the others would leave nothing of it to spend.
        """
        self.trim_modules()
        paid = self.modules
        self.modules = self.market.rules.widening_most[: len(paid)].copy()
        self.room = self._room(paid)

    def fewest_modules(self, purchases: Ints, load: Floats) -> Floats:
        """Return how many modules of each purchase a load needs."""
        rules = self.market.rules
        found = np.zeros(len(purchases))
        for place, purchase in enumerate(purchases.tolist()):
            part = slice(rules.widening.indptr[purchase], rules.widening.indptr[purchase + 1])
            rows, size = rules.widening.indices[part], -rules.widening.data[part]
            mine = size > 0
            excess = (load[rows] - rules.capacity[rows] * (1 + FIT))[mine] / size[mine]
            found[place] = max(0.0, np.ceil(excess.max(initial=0.0) - 1e-6))
        return found

    def trim_modules(self) -> None:
        """Give back the modules that nothing needs."""
        everything = np.arange(len(self.modules))
        self.set_modules(np.minimum(self.modules, self.fewest_modules(everything, self.load)))

    def value_of(self, blocks: Iterable[int]) -> float:
        """Return the cost of some blocks and of all purchases."""
        return float(sum(self.placed[block].cost for block in blocks)) + self.bought()

    def put(self, block: int, placed: Placed) -> None:
        """Let a block that is out do something."""
        self.load[placed.rows] += placed.amounts
        self._note(block, placed)

    def _note(self, block: int, placed: Placed) -> None:
        self.placed[block] = placed
        if placed.work > 0:
            self._lacking.add(block)
        else:
            self._lacking.discard(block)

    def fits(self, rows: Ints, amounts: Floats) -> bool:
        """Return whether there is room for so much."""
        return bool((self.load[rows] + amounts <= self.room[rows]).all())

    def try_columns(self, block: int, priced: Priced, rows: Iterable[int]) -> bool:
        """Place a block by the first of the columns that fits; return whether one did."""
        uses = priced.uses
        for row in rows:
            part = slice(uses.indptr[row], uses.indptr[row + 1])
            where, amounts = uses.indices[part], uses.data[part]
            if self.fits(where, amounts):
                self.put(block, priced.placed(int(row)))
                return True
        return False

    def value(self) -> float:
        """Return the cost of everything, purchases and penalties included."""
        return float(sum(placed.cost for placed in self.placed)) + self.bought()

    def work(self) -> float:
        """Return the work left out of blocks that have options."""
        return math.fsum(self.placed[block].work for block in self._lacking)

    def work_of_blocks(self) -> Floats:
        """Return the work that every block (B,) leaves out."""
        return np.array([placed.work for placed in self.placed])

    def bought(self) -> float:
        """Return the cost of modules and of use beyond committed capacity."""
        rules = self.market.rules
        modules = len(rules.module_pool)
        over = self.beyond_committed()
        return float(self.modules @ rules.widening_cost[:modules] + over @ rules.widening_cost[modules:])

    def beyond_committed(self) -> Floats:
        """Return how many units of each purchase that is no module the load needs."""
        rules = self.market.rules
        part = csr_array(rules.widening[len(rules.module_pool) :])
        rows = rules.committed_rows
        if not len(rows):
            return np.zeros(0)
        excess = np.maximum(0.0, self.load[rows] - rules.capacity[rows])
        step = -part[np.arange(len(rows)), rows]
        return np.asarray(excess / np.asarray(step).ravel())

    def broken_rows(self, part: float = FIT) -> Ints:
        """Return the rows that are broken, by more than a part, though blocks were placed where they fit.

        That is possible where goods relieve a row, as with shares of providers, and where purchases take
        of it.
        """
        capacity = self.market.rules.capacity
        return np.flatnonzero(self.use() > capacity + part * np.maximum(1.0, np.abs(capacity)))

    def use(self) -> Floats:
        """Return the load of every row (R,) less what purchases give to it, with what they take of it."""
        return np.asarray(self.load + self.market.rules.widening.T @ self.bought_amounts())

    def bought_amounts(self) -> Floats:
        """Return how many units of every purchase are bought: modules, then use beyond commitments."""
        return np.concatenate([self.modules, self.beyond_committed()])

    def turnover(self, row: int) -> float:
        """Return how much blocks take of a row and give to it, together."""
        return float(sum(np.abs(placed.amounts[placed.rows == row]).sum() for placed in self.placed))


def has_relieved_rows(market: Market) -> bool:
    """Return whether some goods relieve a row, so that what fits depends on what else is placed."""
    soft = ~market.rules.hard_rows
    soft[market.rules.committed_rows] = False
    return bool(soft.any())
