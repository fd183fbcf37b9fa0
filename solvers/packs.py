"""Knapsacks of the few options that are undecided: what the best packings earn, and what forcing one costs.

All rows are packed at once. Letters of shapes: R resources with undecided options, K options of one at most,
C whole room and none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools
from .blocks import Floats, Ints

NEVER = -1e30
"""Profit of what cannot be taken."""
ROUNDING, MOST_ROUNDING = 1e-9, 1e-6
"""Part of a capacity that counts as rounding, and the most of a unit that does."""
FINEST, MOST_GRAINS = 1000, 2.0**40
"""Units of a whole number are at least one over the former; and no amount is more of them than the latter."""


def grain(amounts: Floats) -> float:
    """Return the largest amount of which all ``amounts`` are whole multiples, 0 where they are not.

    Amounts may have as many decimals as ``FINEST``, which tells them from any.
    """
    parts = 1
    while parts <= FINEST:
        counted = amounts * parts
        whole = np.round(counted)
        is_whole = np.abs(counted - whole) <= 2 * np.spacing(np.abs(counted))
        if is_whole.all() and np.abs(whole).max(initial=0.0) < MOST_GRAINS:
            return max(1.0, float(np.gcd.reduce(whole.astype(np.int64), axis=None))) / parts
        parts *= 10
    return 0.0


def counted(amounts: Floats, capacity: Floats) -> tuple[Floats, Floats]:
    """Return amounts and the capacities for them in units of which all amounts are whole, if there are such.

    Capacities that lack no more than rounding of a unit have it.
    """
    unit = grain(amounts)
    if unit == 0:
        return amounts, capacity
    units = capacity / unit
    return np.round(amounts / unit), np.floor(units + np.minimum(ROUNDING * np.abs(units), MOST_ROUNDING))


@dataclass(frozen=True)
class Packed:
    """The best packings.

    Attributes
    ----------
    earned, taken
        What they earn (R), and what is in them (R, K).
    before
        What the first k options earn by room (K + 1, R, C).
    """

    earned: Floats
    taken: Bools
    before: Floats


@dataclass(frozen=True)
class Packs:
    """Options in rows by resource, padded at the end; ``row`` and ``column`` (O) say where each is.

    Attributes
    ----------
    weight
        What each takes, a whole number (R, K).
    room
        Whole room (R).
    """

    row: Ints
    column: Ints
    weight: Ints
    room: Ints

    @classmethod
    def of(cls, resource: Ints, weight: Ints, room: Ints) -> Packs:
        """Return the packs of options, sorted by ``resource`` (O), of each ``weight`` (O) in the ``room``."""
        some, first, count = np.unique(resource, return_index=True, return_counts=True)
        row = np.repeat(np.arange(len(some)), count)
        column = np.arange(len(resource)) - np.repeat(first, count)
        padded = np.zeros((len(some), int(count.max())), dtype=np.int64)
        padded[row, column] = weight
        return cls(row, column, padded, np.minimum(room[some], padded.sum(axis=1)))

    def padded(self, values: NDArray[Any], rest: float) -> NDArray[Any]:
        """Return the values of the options (O) in rows (R, K), with ``rest`` where there is none."""
        found = np.full(self.weight.shape, rest, dtype=values.dtype)
        found[self.row, self.column] = values
        return found

    @cached_property
    def _begin(self) -> Ints:
        """Where the table of each row begins (R, 1), behind room for what does not fit."""
        return (np.arange(len(self.room)) * self._width + self._pad)[:, None]

    @cached_property
    def _pad(self) -> int:
        return max(1, int(self.weight.max()))

    @cached_property
    def _width(self) -> int:
        return self._pad + int(self.room.max()) + 1

    @cached_property
    def _without(self) -> list[Ints]:
        """Where each room is without the weight of the k-th options (R, C), for every k."""
        place = self._begin + np.arange(self._width - self._pad)
        return [place - weight[:, None] for weight in self.weight.T]

    def best(self, profit: Floats) -> Packed:
        """Return the packings that earn most at a profit of each option (R, K)."""
        rows, before = np.arange(len(self.room)), self._tables(profit, range(profit.shape[1]), 1)
        left, taken = self.room.copy(), np.zeros(profit.shape, dtype=bool)
        for place in range(profit.shape[1] - 1, -1, -1):
            taken[:, place] = before[place + 1, rows, left] > before[place, rows, left]
            left -= np.where(taken[:, place], self.weight[:, place], 0)
        return Packed(before[-1, rows, self.room], taken, before)

    def _tables(self, profit: Floats, order: Iterable[int], after: int) -> Floats:
        """Return what options earn by room (K + 1, R, C), in the row of each with those before in ``order``.

        With ``after``, that is one row later.
        """
        table = np.full((len(self.room), self._width), NEVER)
        table[:, self._pad :] = 0.0
        earned, flat = table[:, self._pad :], table.ravel()
        found = np.zeros((profit.shape[1] + 1, *earned.shape))
        for place in order:
            np.maximum(earned, flat[self._without[place]] + profit[:, place, None], out=earned)
            found[place + after] = earned
        return found

    def forced(self, profit: Floats, packed: Packed) -> tuple[Floats, Floats]:
        """Return by how much less rows earn if each option is taken, and if it is not (R, K).

        The first is infinite where it does not fit.
        """
        count = profit.shape[1]
        after = np.full((count, len(self.room), self._width), NEVER)
        after[:, :, self._pad :] = self._tables(profit, range(count - 1, -1, -1), 0)[1:]
        rest = self.room[:, None] - np.arange(self._width - self._pad)
        taken, not_taken = np.empty(profit.shape), np.empty(profit.shape)
        for place in range(count):
            flat, before = after[place].ravel(), packed.before[place]
            not_taken[:, place] = (before + self._at(flat, rest)).max(axis=1)
            without = rest - self.weight[:, place, None]
            taken[:, place] = (before + self._at(flat, without)).max(axis=1) + profit[:, place]
        most = packed.earned[:, None]
        less = np.where(taken > NEVER / 2, np.maximum(most - taken, 0.0), np.inf)
        return less, np.maximum(most - not_taken, 0.0)

    def _at(self, flat: Floats, room: Ints) -> Floats:
        """Return the entries of a table at some room (R, C); never where that is negative."""
        return np.asarray(flat[np.where(room >= 0, self._begin + room, 0)])
