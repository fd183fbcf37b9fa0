"""The most that blocks could take of rows, each block taking its decision that takes most of it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ...rates import Floats, Ints


def most_taken(block: Ints, uses: csr_array) -> Floats:
    """Return the sum over blocks of the most that a column of theirs takes of every row (R,), at least 0.

    Parameters
    ----------
    block
        (C,) block of every column.
    uses
        (C, R) what it takes of the rows.
    """
    if len(block) and (np.diff(block) < 0).any():
        order = np.argsort(block, kind="stable")
        block, uses = block[order], csr_array(uses[order])
    by_row = uses.tocsc()
    rows = np.flatnonzero(np.diff(by_row.indptr))
    most = np.zeros(uses.shape[1])
    if len(rows) == 0:
        return most
    # Row by row, the entries of a block are beside each other: nothing has to be sorted.
    user = block.astype(np.int32)[by_row.indices]
    is_first = np.append(True, user[1:] != user[:-1])
    is_first[by_row.indptr[rows]] = True
    first = np.flatnonzero(is_first)
    largest = np.maximum(np.maximum.reduceat(by_row.data, first), 0.0)
    most[rows] = np.add.reduceat(largest, np.searchsorted(first, by_row.indptr[rows]))
    return most
