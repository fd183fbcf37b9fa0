"""Lists of numbers of different lengths, end to end in one array."""

from __future__ import annotations

from dataclasses import dataclass

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

    def take(self, indices: Ints) -> Runs:
        """Return the lists of those numbers."""
        lengths = self.lengths[indices]
        begins = np.concatenate([[0], np.cumsum(lengths)])
        offset = np.repeat(self.begins[indices] - begins[:-1], lengths)
        return Runs(begins, self.values[offset + np.arange(begins[-1])])
