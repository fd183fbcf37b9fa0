"""Placements that break rows, mended by leaving blocks out: the last resort where prices do not help."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ...rates import Floats
from ..answers.placing import Placement


def relieved(placement: Placement) -> Placement | None:
    """Return the placement without as many blocks as it takes to keep every row.

    The row that is broken most is kept first: blocks go that lose least by an amount of it. Where that does
    not help, all go; None is returned where even that breaks a row.
    """
    mended = placement.copy()
    uses = _uses(mended)
    while len(broken := mended.broken_rows()):
        over = mended.use()[broken] - placement.market.rules.capacity[broken]
        if not _relieve(mended, uses, int(broken[over.argmax()])):
            empty = Placement(mended.market, mended.penalty, np.zeros_like(mended.modules))
            return None if len(empty.broken_rows()) else empty
        mended.trim_modules()
    return mended


def _uses(placement: Placement) -> csr_array:
    """Return what every block takes of every row (B, R)."""
    placed = placement.placed
    ends = np.cumsum([0, *(len(each.rows) for each in placed)])
    rows = np.concatenate([each.rows for each in placed])
    amounts = np.concatenate([each.amounts for each in placed])
    return csr_array((amounts, rows, ends), shape=(len(placed), len(placement.load)))


def _relieve(placement: Placement, uses: csr_array, row: int) -> bool:
    """Leave blocks out until a row is kept or nobody takes of it; return whether any was left out."""
    amounts = np.asarray(uses @ _share_of(placement, row))
    blocks = np.flatnonzero(amounts > 0)
    blocks = blocks[
        np.array([len(placement.placed[block].rows) > 0 for block in blocks.tolist()], dtype=bool)
    ]
    amounts = amounts[blocks]
    cost = np.array([placement.placed[block].cost for block in blocks.tolist()])
    order = np.argsort((placement.out_cost[blocks] - cost) / amounts, kind="stable")
    excess = placement.use()[row] - placement.market.rules.capacity[row]
    going = blocks[order][: 1 + int(np.searchsorted(np.cumsum(amounts[order]), excess))]
    for block in going.tolist():
        placement.remove(block)
    return len(going) > 0


def _share_of(placement: Placement, row: int) -> Floats:
    """Return what a unit of every row (R,) takes of one: itself, and by what has to be bought for it."""
    widening = csr_array(placement.market.rules.widening)
    shares = np.zeros(widening.shape[1])
    shares[row] = 1.0
    for purchase in np.flatnonzero(placement.bought_amounts() * (widening[:, [row]].toarray().ravel() > 0)):
        part = slice(widening.indptr[purchase], widening.indptr[purchase + 1])
        rows, gives = widening.indices[part], -widening.data[part]
        taken = -float(gives[rows == row].sum())
        full = (gives > 0) & (placement.load[rows] > placement.market.rules.capacity[rows])
        shares[rows[full]] += taken / gives[full]
    return shares
