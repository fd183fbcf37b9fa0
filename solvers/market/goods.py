"""Goods: everything that workloads draw on, numbered, so that decisions and prices are plain vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..rates import Floats, Ints

POOL_KINDS = 5
"""Kinds of goods per pool and period."""


@dataclass(frozen=True)
class Goods:
    """The numbering of goods for P pools, D directions of links and T periods.

    Per pool and period: accelerators ``held``, accelerator-hours ``billed`` at the ordinary price, those
    ``beyond`` what commitments could cover for their user alone, and those at the ``spot`` price,
    accelerators held at the spot price (``spot_held``). Per direction and period: ``traffic`` (Gbit/s). Last,
    ``moves`` of workloads, ``money`` (USD) and ``other`` cost (weighted USD that is not money).
    """

    pools: int
    directions: int
    periods: int

    @property
    def size(self) -> int:
        """Number of goods (G)."""
        return (POOL_KINDS * self.pools + self.directions) * self.periods + 3

    def held(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerators held."""
        return self._of_pool(0, pool, period)

    def billed(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the ordinary price."""
        return self._of_pool(1, pool, period)

    def beyond(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the ordinary price that no commitment covers."""
        return self._of_pool(2, pool, period)

    def spot(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the spot price."""
        return self._of_pool(3, pool, period)

    def spot_held(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerators held at the spot price."""
        return self._of_pool(4, pool, period)

    def traffic(self, direction: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the traffic."""
        first = POOL_KINDS * self.pools * self.periods
        return np.asarray(first + np.asarray(direction) * self.periods + np.asarray(period), dtype=np.int64)

    @property
    def moves(self) -> int:
        """Number of moves."""
        return self.size - 3

    @property
    def money(self) -> int:
        """Number of money."""
        return self.size - 2

    @property
    def other(self) -> int:
        """Number of other cost."""
        return self.size - 1

    def _of_pool(self, kind: int, pool: ArrayLike, period: ArrayLike) -> Ints:
        at = (kind * self.pools + np.asarray(pool)) * self.periods + np.asarray(period)
        return np.asarray(at, dtype=np.int64)


@dataclass(frozen=True)
class GoodPrices:
    """Prices of the goods, by kind: (P, T) each, ``traffic`` (D, T), three numbers."""

    held: Floats
    billed: Floats
    beyond: Floats
    spot: Floats
    spot_held: Floats
    traffic: Floats
    money: float
    other: float
    moves: float = 0.0

    @classmethod
    def of(cls, goods: Goods, prices: Floats) -> GoodPrices:
        """Return the (G,) prices by kind."""
        first = POOL_KINDS * goods.pools * goods.periods
        parts = prices[:first].reshape(POOL_KINDS, goods.pools, goods.periods)
        traffic = prices[first:-3].reshape(goods.directions, goods.periods)
        held, billed, beyond, spot, spot_held = parts
        moves, money, other = prices[-3:].tolist()
        return cls(held, billed, beyond, spot, spot_held, traffic, money, other, moves)
