"""Shared rows over the goods, named as the constraints of the model, and what may be bought to widen them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ...arrays import Bools
from ...rates import Floats, Ints
from .goods import GoodPrices, Goods


@dataclass(frozen=True)
class Rules:
    """What goods cost and how the shared rows limit them.

    Attributes
    ----------
    goods
        Numbering of the goods (G).
    cost
        Weighted cost of each good (G).
    use
        What a unit of each good takes of each row (G, R).
    capacity
        Of each row (R); rows are scaled so that most are near one.
    row_period
        Period of each row (R), -1 of those of the whole horizon; rows of one kind go through all periods.
    widening, widening_cost, widening_most
        What one unit of each purchase takes of each row, mostly negative (B, R), its weighted cost and how
        many units there are (B). Purchases are modules of pools first, then accelerator-hours beyond
        committed capacity.
    module_pool
        Pool of each purchase of modules.
    pool_rows
        (P, T) row of the capacity of every pool in every period.
    counting
        The last rows, which follow from the others where decisions are whole, see :mod:`.seats`.
    """

    goods: Goods
    cost: Floats
    use: csr_array
    capacity: Floats
    row_period: Ints
    widening: csr_array
    widening_cost: Floats
    widening_most: Floats
    module_pool: Ints
    pool_rows: Ints
    counting: Ints

    def uncounted(self) -> Rules:
        """Return the rules without the rows that count pieces."""
        rows = slice(len(self.capacity) - len(self.counting))
        return replace(
            self,
            use=csr_array(self.use[:, rows]),
            capacity=self.capacity[rows],
            row_period=self.row_period[rows],
            widening=csr_array(self.widening[:, rows]),
            counting=self.counting[:0],
        )

    @cached_property
    def held_use(self) -> tuple[Ints, Floats]:
        """Rows (P, T, K) that an accelerator held takes of, and how much; the number of rows where none."""
        return self._use_of(self.goods.held(*self._places(self.goods.pools)))

    @cached_property
    def spot_held_use(self) -> tuple[Ints, Floats]:
        """Rows (P, T, K) that an accelerator held at the spot price takes of beside, and how much."""
        return self._use_of(self.goods.spot_held(*self._places(self.goods.pools)))

    @cached_property
    def traffic_use(self) -> tuple[Ints, Floats]:
        """Rows (D, T, K) that a Gbit/s takes of, and how much."""
        return self._use_of(self.goods.traffic(*self._places(self.goods.directions)))

    @cached_property
    def committed_rows(self) -> Ints:
        """The rows of committed use, one per purchase that is no module."""
        part = csr_array(self.widening[len(self.module_pool) :])
        first = part.indices[part.indptr[:-1]] if part.shape[0] else np.zeros(0)
        return np.asarray(first, dtype=np.int64)

    @cached_property
    def module_effect(self) -> tuple[csr_array, csr_array]:
        """What a module of each pool (M) gives to every row (R, M), and what it takes of it (R, M)."""
        effect = csr_array(self.widening[: len(self.module_pool)].T)
        return csr_array(abs(effect.minimum(0.0))), csr_array(effect.maximum(0.0))

    @cached_property
    def hard_rows(self) -> Bools:
        """Which rows (R,) only fill up: not those of committed use, and not those that some goods relieve."""
        hard = np.ones(len(self.capacity), dtype=bool)
        hard[self.committed_rows] = False
        relieved = self.use.tocoo()
        hard[np.unique(relieved.col[relieved.data < 0])] = False
        return hard

    @cached_property
    def has_negative_costs(self) -> bool:
        """Whether some good or purchase earns money, so that plans may cost less than nothing."""
        return bool((self.cost < 0).any() or (self.widening_cost < 0).any())

    def enough_for(self, use: tuple[Ints, Floats], left: Floats) -> Floats:
        """Return how many units (A, T) of what has the ``use`` what is ``left`` of the rows (R,) bears."""
        rows, amounts = use
        return np.asarray((np.append(left, np.inf)[rows] / amounts).min(axis=2))

    def _places(self, count: int) -> tuple[Ints, Ints]:
        return np.arange(count)[:, None], np.arange(self.goods.periods)

    def _use_of(self, goods: Ints) -> tuple[Ints, Floats]:
        """Return the rows (A, T, K) that a unit of some goods (A, T) takes of, and how much."""
        taken, rows = csr_array(self.use[goods.ravel()]), len(self.capacity)
        taken.eliminate_zeros()
        counts = np.diff(taken.indptr)
        owner = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(owner)) - taken.indptr[owner]
        shape = (len(counts), max(1, int(counts.max(initial=1))))
        row, amount = np.full(shape, rows, dtype=np.int64), np.ones(shape)
        row[owner, place], amount[owner, place] = taken.indices, taken.data
        wide = (*goods.shape, shape[1])
        return row.reshape(wide), amount.reshape(wide)

    @cached_property
    def pool_of_row(self) -> Ints:
        """Pool of every row (R,) of pool capacity, -1 for other rows."""
        found = np.full(len(self.capacity), -1, dtype=np.int64)
        found[self.pool_rows] = np.arange(len(self.pool_rows))[:, None]
        return found

    def goods_at(self, prices: Floats) -> GoodPrices:
        """Return the prices of goods by kind at ``prices`` of the rows (R), none negative."""
        return GoodPrices.of(self.goods, self.good_prices(prices))

    def good_prices(self, prices: Floats) -> Floats:
        """Return the prices of goods (G) at ``prices`` of the rows (R), none negative."""
        return np.asarray(self.cost + self.use @ prices)

    def idle(self, prices: Floats) -> float:
        """Return the part of the Lagrangian bound that no workload decides: purchases and room."""
        reduced = self.widening_cost + self.widening @ prices
        return float((np.minimum(reduced, 0.0) * self.widening_most).sum() - prices @ self.capacity)
