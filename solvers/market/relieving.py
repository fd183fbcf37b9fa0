"""Placements that break rows, mended by leaving blocks out: the last resort where prices do not help."""

from __future__ import annotations

from .placing import Placement


def relieved(placement: Placement) -> Placement | None:
    """Return the placement without as many blocks as it takes to keep every row, or None where none help.

    Blocks go one by one, that first which loses least by an amount of the row that is broken most.
    """
    mended = placement.copy()
    while len(broken := mended.broken_rows()):
        over = mended.load[broken] - placement.market.rules.capacity[broken]
        loser = _least_loss(mended, int(broken[over.argmax()]))
        if loser is None:
            return None
        mended.remove(loser)
        mended.trim_modules()
    return mended


def _least_loss(placement: Placement, row: int) -> int | None:
    """Return the block that takes of a row and loses least by leaving, per amount; None where none takes."""
    best: tuple[float, int] | None = None
    for block, placed in enumerate(placement.placed):
        amount = float(placed.amounts[placed.rows == row].sum())
        if amount > 0:
            loss = float(placement.out_cost[block]) - placed.cost
            best = min(best or (loss / amount, block), (loss / amount, block))
    return None if best is None else best[1]
