"""The most that blocks could take of rows: worked, and against a plain count."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.market.form.largest import most_taken
from scipy.sparse import csr_array


def test_each_block_counts_once_with_what_takes_most() -> None:
    # Of the first row block 0 takes 3 at most and block 2 takes 5, of the second 4 and nothing, as giving
    # counts for nothing; of the third nobody takes any.
    uses = csr_array(np.array([[2.0, 4.0, 0.0], [3.0, 0.0, 0.0], [5.0, -1.0, 0.0]]))
    assert most_taken(np.array([0, 0, 2]), uses).tolist() == [8.0, 4.0, 0.0]


def test_nobody_takes_nothing() -> None:
    assert most_taken(np.zeros(0, dtype=np.int64), csr_array((0, 2))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(20))
def test_as_a_plain_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, rows = rng.integers(1, 30), rng.integers(1, 8)
    uses = rng.normal(size=(columns, rows)) * (rng.random((columns, rows)) < 0.4)
    block = rng.integers(0, 6, columns)
    if seed % 2:
        block = np.sort(block)
    counted = sum(np.maximum(uses[block == each].max(axis=0, initial=0.0), 0.0) for each in range(6))
    assert most_taken(block, csr_array(uses)) == pytest.approx(counted)
