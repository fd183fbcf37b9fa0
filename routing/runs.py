"""Lists of numbers of different lengths, end to end in one array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """Lists of numbers end to end: list ``k`` is ``values[begins[k] : begins[k + 1]]``."""

    begins: Ints
    values: Ints

    @property
    def lengths(self) -> Ints:
        """(N,) length of each list."""
        return np.diff(self.begins)

    def run(self, index: int) -> Ints:
        """Return one list."""
        return self.values[self.begins[index] : self.begins[index + 1]]

    def take(self, indices: npt.NDArray[np.integer[Any]]) -> Runs:
        """Return the lists of those numbers."""
        lengths = self.lengths[indices]
        begins = np.concatenate([[0], np.cumsum(lengths)])
        offset = np.repeat(self.begins[indices] - begins[:-1], lengths)
        return Runs(begins, self.values[offset + np.arange(begins[-1])])

    def since(self, first: int) -> Runs:
        """Return the lists from number ``first`` on."""
        begins = self.begins[first:]
        return Runs(begins - begins[0], self.values[begins[0] :])


class Growing:
    """Rows of numbers to which more are added; room is made for them by doubling.

    Zeros are there from the start: where nothing else is written, memory is not taken.
    """

    def __init__(self, *width: int, dtype: type = np.int64) -> None:
        self._room: npt.NDArray[Any] = np.zeros((64, *width), dtype=dtype)
        self._count = 0

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Add rows."""
        count = self._count + len(rows)
        if count > len(self._room):
            more = np.zeros((2 * count, *self._room.shape[1:]), dtype=self._room.dtype)
            _put(self.rows, more[: self._count])
            self._room = more
        _put(rows, self._room[self._count : count])
        self._count = count

    @property
    def rows(self) -> npt.NDArray[Any]:
        """All rows so far; later ones do not show in it."""
        return self._room[: self._count]


def _put(rows: npt.NDArray[Any], place: npt.NDArray[Any]) -> None:
    if rows.any():
        place[:] = rows


class GrowingRuns:
    """Lists of numbers to which more lists are added."""

    def __init__(self) -> None:
        self._begins, self._values = Growing(), Growing(dtype=np.int32)
        self._begins.add(np.zeros(1))

    def add(self, lengths: Ints, values: Ints) -> None:
        """Add lists of those lengths, end to end."""
        last = self._begins.rows[-1]
        self._begins.add(last + np.cumsum(lengths))
        self._values.add(values)

    @property
    def runs(self) -> Runs:
        """All lists so far."""
        return Runs(self._begins.rows, self._values.rows)
