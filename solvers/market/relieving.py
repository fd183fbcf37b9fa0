"""Placements that break rows, mended by leaving blocks out: the last resort where prices do not help."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, csr_array

from .placing import Placement


def relieved(placement: Placement) -> Placement | None:
    """Return the placement without as many blocks as it takes to keep every row, or None where none help.

    The row that is broken most is kept first: blocks go that lose least by an amount of it.
    """
    mended = placement.copy()
    uses = _uses(mended)
    while len(broken := mended.broken_rows()):
        over = mended.load[broken] - placement.market.rules.capacity[broken]
        if not _relieve(mended, uses, int(broken[over.argmax()])):
            return None
        mended.trim_modules()
    return mended


def _uses(placement: Placement) -> csc_array:
    """Return what every block takes of every row (B, R)."""
    placed = placement.placed
    ends = np.cumsum([0, *(len(each.rows) for each in placed)])
    rows = np.concatenate([each.rows for each in placed])
    amounts = np.concatenate([each.amounts for each in placed])
    return csc_array(csr_array((amounts, rows, ends), shape=(len(placed), len(placement.load))))


def _relieve(placement: Placement, uses: csc_array, row: int) -> bool:
    """Leave blocks out until a row is kept or nobody takes of it; return whether any was left out."""
    part = slice(int(uses.indptr[row]), int(uses.indptr[row + 1]))
    blocks, amounts = uses.indices[part].astype(np.int64), uses.data[part]
    is_placed = np.array([len(placement.placed[block].rows) > 0 for block in blocks.tolist()], dtype=bool)
    takes = (amounts > 0) & is_placed
    blocks, amounts = blocks[takes], amounts[takes]
    cost = np.array([placement.placed[block].cost for block in blocks.tolist()])
    order = np.argsort((placement.out_cost[blocks] - cost) / amounts, kind="stable")
    excess = placement.load[row] - placement.market.rules.capacity[row]
    going = blocks[order][: 1 + int(np.searchsorted(np.cumsum(amounts[order]), excess))]
    for block in going.tolist():
        placement.remove(block)
    return len(going) > 0
