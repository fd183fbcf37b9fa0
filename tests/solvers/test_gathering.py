"""Arrays that are gathered part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from computeroute.solvers.gathering import TOGETHER, Gathering
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pairs:
    """Two arrays of rows."""

    number: NDArray[np.int32]
    ends: NDArray[np.float64]


NONE = Pairs(np.zeros(0, dtype=np.int32), np.zeros((0, 2)))


def test_parts_are_joined_in_their_order() -> None:
    """Some are joined while others wait; of every third all numbers are 0, and some have no rows."""
    rng, gathered = np.random.default_rng(0), Gathering(NONE)
    parts = []
    for index in range(3 * TOGETHER + 7):
        rows = index % 4
        number = np.full(rows, 0 if index % 3 == 0 else index, dtype=np.int32)
        parts.append(Pairs(number, rng.random((rows, 2))))
        gathered.add(parts[-1])
    assert len(gathered) == len(parts)
    found = gathered.joined()
    assert found.number.dtype == np.int32
    assert found.number.tolist() == np.concatenate([part.number for part in parts]).tolist()
    assert found.ends.tolist() == np.concatenate([part.ends for part in parts]).tolist()


def test_nothing_gathered_has_no_rows() -> None:
    found = Gathering(NONE).joined()
    assert found.number.shape == (0,)
    assert found.ends.shape == (0, 2)
