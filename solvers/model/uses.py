"""What every column takes from the shared resources: accelerators, billed hours, bandwidth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from ..rates import Floats, Ints


@dataclass
class Table:
    """Triplets ``(column, place, period) -> amount`` with the block (job or demand) that each column serves.

    The columns of one block exclude each other or share one unit, so at most the largest amount of a block
    can be used at once.
    """

    parts: list[tuple[Ints, Ints, Ints, Floats, Ints]] = field(default_factory=list)

    def add(
        self, column: ArrayLike, place: ArrayLike, period: ArrayLike, amount: ArrayLike, block: ArrayLike
    ) -> None:
        """Add entries; the arguments broadcast against each other."""
        arrays = np.broadcast_arrays(column, place, period, np.asarray(amount, dtype=float), block)
        columns, places, periods, amounts, blocks = (array.ravel() for array in arrays)
        self.parts.append((columns, places, periods, amounts, blocks))

    def joined(self) -> Uses:
        """Return all entries."""
        if not self.parts:
            none = np.zeros(0, dtype=np.int64)
            return Uses(none, none, none, np.zeros(0), none)
        return Uses(*(np.concatenate(part) for part in zip(*self.parts, strict=True)))


@dataclass(frozen=True)
class Uses:
    """Entries of a :class:`Table` as arrays of one length."""

    column: Ints
    place: Ints
    period: Ints
    amount: Floats
    block: Ints

    def only(self, chosen: np.ndarray) -> Uses:
        """Return the entries chosen by a mask."""
        return Uses(
            *(getattr(self, name)[chosen] for name in ("column", "place", "period", "amount", "block"))
        )

    def most(self, places: int, periods: int, upper: Floats) -> Floats:
        """Return (places, periods) upper bounds of the use: the sum of the most that each block takes.

        A column may have several entries there, as a job has whose dataset and synchronisation share a link.
        ``upper`` bounds the columns.
        """
        key = (self.place * periods + self.period).astype(np.int64)
        order = np.lexsort((self.column, self.block, key))
        key, block, column = key[order], self.block[order], self.column[order]
        amount = (self.amount * upper[self.column])[order]
        starts_block = np.ones(len(key), dtype=bool)
        starts_block[1:] = (key[1:] != key[:-1]) | (block[1:] != block[:-1])
        starts_column = starts_block.copy()
        starts_column[1:] |= column[1:] != column[:-1]
        first = np.flatnonzero(starts_column)
        total = np.zeros(places * periods)
        if len(first):
            taken = np.add.reduceat(amount, first)
            blocks = np.flatnonzero(starts_block[first])
            np.add.at(total, key[first[blocks]], np.maximum.reduceat(taken, blocks))
        return total.reshape(places, periods)
