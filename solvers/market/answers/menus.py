"""Menus: the columns that blocks may take, and which of them fits best into what others leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ...rates import Floats, Ints
from ..form.market import Market
from .placing import Placed, Placement, Priced


def beyond_prices(market: Market) -> Floats:
    """Return what a unit of load beyond capacity costs on every row (R): use beyond commitment, else 0."""
    rules = market.rules
    rows, modules = rules.committed_rows, len(rules.module_pool)
    step = -np.asarray(rules.widening[modules + np.arange(len(rows)), rows]).ravel()
    found = np.zeros(len(rules.capacity))
    found[rows] = rules.widening_cost[modules:] / step
    return found


def cost_at(placed: Placed, load: Floats, capacity: Floats, beyond: Floats) -> float:
    """Return what a block that is out would cost at a load (R), use ``beyond`` capacity (R) at its price."""
    where = placed.rows
    room = np.maximum(0.0, capacity[where] - load[where])
    return placed.cost + float(np.maximum(0.0, placed.amounts - room) @ beyond[where])


@dataclass(frozen=True)
class Menu:
    """Columns by block, ready to be compared at a load.

    Attributes
    ----------
    priced
        The columns, ascending by block.
    first
        (B + 1,) first column of every block.
    committed
        Uses (C, R) of the rows of committed capacity only.
    beyond
        (R,) price of a unit of load beyond capacity.
    capacity
        (R,).
    natural
        (R,) what users of a row pay per unit of it, the cost of each column divided over all it uses.
    """

    priced: Priced
    first: Ints
    committed: csr_array
    beyond: Floats
    capacity: Floats
    natural: Floats

    @classmethod
    def of(cls, market: Market, priced: Priced) -> Menu:
        """Return the menu of ``priced`` columns."""
        beyond = beyond_prices(market)
        first = np.searchsorted(priced.columns.block, np.arange(market.blocks + 1))
        committed = csr_array(priced.uses.multiply((beyond > 0)[None, :]))
        committed.eliminate_zeros()
        natural = natural_prices(priced.uses, priced.cost)
        return cls(priced, first.astype(np.int64), committed, beyond, market.rules.capacity, natural)

    def rows_of(self, block: int) -> range:
        """Return the columns of a block."""
        return range(int(self.first[block]), int(self.first[block + 1]))

    def fitting(self, placement: Placement, block: int) -> Floats:
        """Return what each column of a block that is out would cost now, infinite where it does not fit."""
        cost = self.costs(placement.load, block)
        where, amounts, ends = self._uses_of(block)
        over = placement.load[where] + amounts > placement.room[where]
        cost[run_sums(over, ends) > 0] = np.inf
        return cost

    def crowding(self, placement: Placement, block: int, rates: Floats) -> Floats:
        """Return what each column of a block that is out costs, overload priced at ``rates`` (R)."""
        where, amounts, ends = self._uses_of(block)
        room = np.maximum(0.0, placement.room[where] - placement.load[where])
        over = np.maximum(0.0, amounts - room) * rates[where]
        return self.costs(placement.load, block) + run_sums(over, ends)

    def _uses_of(self, block: int) -> tuple[Ints, Floats, Ints]:
        """Return the rows and amounts that all columns of a block take, and where each column's end."""
        mine, uses = self.rows_of(block), self.priced.uses
        ends = uses.indptr[mine.start : mine.stop + 1]
        part = slice(int(ends[0]), int(ends[-1]))
        return uses.indices[part], uses.data[part], ends

    def costs(self, load: Floats, block: int) -> Floats:
        """Return what each column of a block that is out costs, use beyond commitment included."""
        mine = self.rows_of(block)
        cost = self.priced.cost[mine.start : mine.stop].copy()
        uses = self.committed
        part = slice(uses.indptr[mine.start], uses.indptr[mine.stop])
        if len(mine) == 0 or part.start == part.stop:
            return cost
        where = uses.indices[part]
        room = np.maximum(0.0, self.capacity[where] - load[where])
        extra = np.maximum(0.0, uses.data[part] - room) * self.beyond[where]
        return cost + run_sums(extra, uses.indptr[mine.start : mine.stop + 1])

    def cost_of(self, load: Floats, placed: Placed) -> float:
        """Return what a block that is out would cost at a load, use beyond commitment included."""
        return cost_at(placed, load, self.capacity, self.beyond)


def natural_prices(uses: csr_array, cost: Floats) -> Floats:
    """Return what a unit of every row (R) costs its users, each column's cost divided over all it uses."""
    sizes = abs(uses)
    used, each = sizes.sum(axis=0), sizes.sum(axis=1)
    share = np.where(each > 0, np.abs(cost) / np.maximum(each, 1e-12), 0.0)
    return np.asarray((sizes.T @ share) / np.maximum(used, 1e-12))


def run_sums(values: np.ndarray, pointers: Ints) -> Floats:
    """Return the sums of the runs of ``values`` between pointers, which begin anywhere."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = pointers - pointers[0]
    return np.asarray(sums[at[1:]] - sums[at[:-1]])
