"""Goods: everything that workloads draw on, numbered, so that decisions and prices are plain vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...rates import Floats, Ints

SEAT_KINDS, POOL_KINDS = 2, 3
"""Kinds of goods per seat and period, and per pool and period."""


@dataclass(frozen=True)
class Goods:
    """The numbering of goods for P pools, N seats in them, D directions of links and T periods.

    Per seat and period: accelerators ``held``, and those held at the spot price (``spot_held``); the first
    seats are the pools, see :mod:`.seats`. Per pool and period: accelerator-hours ``billed`` at the ordinary
    price, those ``beyond`` what commitments could cover for their user alone, and those at the ``spot``
    price. Per direction and period: ``traffic`` (Gbit/s). Last, ``moves`` of workloads, ``money`` (USD) and
    ``other`` cost (weighted USD that is not money).
    """

    pools: int
    directions: int
    periods: int
    seats: int

    @property
    def size(self) -> int:
        """Number of goods (G)."""
        return (self._before_traffic + self.directions) * self.periods + 3

    def held(self, seat: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerators held."""
        return self._at(np.asarray(seat), period)

    def billed(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the ordinary price."""
        return self._of_pool(0, pool, period)

    def beyond(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the ordinary price that no commitment covers."""
        return self._of_pool(1, pool, period)

    def spot(self, pool: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerator-hours at the spot price."""
        return self._of_pool(2, pool, period)

    def spot_held(self, seat: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the accelerators held at the spot price."""
        return self._at(self.seats + np.asarray(seat), period)

    def traffic(self, direction: ArrayLike, period: ArrayLike) -> Ints:
        """Return the numbers of the traffic."""
        return self._at(self._before_traffic + np.asarray(direction), period)

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
        return self._at(SEAT_KINDS * self.seats + kind * self.pools + np.asarray(pool), period)

    def _at(self, place: Ints, period: ArrayLike) -> Ints:
        return np.asarray(place * self.periods + np.asarray(period), dtype=np.int64)

    @property
    def _before_traffic(self) -> int:
        return SEAT_KINDS * self.seats + POOL_KINDS * self.pools


@dataclass(frozen=True)
class GoodPrices:
    """Prices of the goods, by kind: held (N, T), of pools (P, T), ``traffic`` (D, T), three numbers."""

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
        sizes = (*SEAT_KINDS * (goods.seats,), *POOL_KINDS * (goods.pools,), goods.directions)
        parts = np.split(prices[:-3].reshape(sum(sizes), goods.periods), np.cumsum(sizes)[:-1])
        held, spot_held, billed, beyond, spot, traffic = parts
        moves, money, other = prices[-3:].tolist()
        return cls(held, billed, beyond, spot, spot_held, traffic, money, other, moves)
