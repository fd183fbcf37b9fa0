"""The master of a large program with its demands gathered or not, and the way back to all columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Arrays, Bools
from ..rates import Floats, Ints
from .master import Gathered, Master, Shares, can_relax, gather_demands, relax_replicas, without_trifles
from .program import Program


@dataclass(frozen=True)
class Small:
    """A master, its demands gathered or not, and the way back to all columns."""

    program: Program
    constant: float
    master: Master
    gathered: Gathered | None

    @property
    def rows(self) -> Ints:
        """Rows of the whole program that the rows of this one are."""
        rows = self.master.rows
        return rows[self.gathered.rows] if self.gathered else rows

    def block(self, arrays: Arrays) -> Ints:
        """Return which columns are alternatives to each other; see :class:`Gathered`."""
        return self.gathered.block if self.gathered else arrays.block[self.master.kept]

    def whole(self, x: Floats) -> Floats:
        """Return the values of all columns."""
        return self.master.whole(self.gathered.whole(x) if self.gathered else x)

    def values(self, arrays: Arrays, whole: Floats) -> Floats:
        """Return the values of the columns here that stand for ``whole``: shares are means over requests."""
        kept = whole[self.master.kept]
        if not self.gathered:
            return kept
        weight = np.where(arrays.slot[self.master.kept] >= 0, arrays.requests[self.master.kept], 1.0)
        turned = self.gathered.spread.T
        return np.asarray((turned @ (weight * kept)) / (turned @ weight))

    def periods(self, arrays: Arrays) -> Ints:
        """Return the period of each column here, -1 for those of none."""
        kept = arrays.period[self.master.kept]
        if not self.gathered:
            return kept
        spread = self.gathered.spread.tocoo()
        found = np.full(self.program.columns, -1, dtype=np.int64)
        found[spread.col] = kept[spread.row]
        return found


def make_small(
    arrays: Arrays,
    program: Program,
    relaxed: Bools,
    *,
    gather: bool,
    prices: Floats | None = None,
    whole_replicas: bool = False,
) -> Small:
    """Return the master of ``program`` with the replicas ``relaxed`` as loads.

    The other replicas may be fractional too, unless ``whole_replicas``. ``prices`` of the rows of ``program``
    make gathering tighter; see :func:`gather_demands`.
    """
    master = relax_replicas(arrays, without_trifles(arrays, program) if gather else program, relaxed)
    inner = master.program
    if not whole_replicas:
        counted = np.isin(master.kept, arrays.replicas[can_relax(arrays)])
        inner = replace(inner, integer=inner.integer & ~counted)
    if not gather:
        return Small(inner, 0.0, master, None)
    gathered = gather_demands(
        inner, shares(arrays, master.kept), None if prices is None else prices[master.rows]
    )
    return Small(gathered.program, gathered.constant, master, gathered)


def shares(arrays: Arrays, kept: Ints) -> Shares:
    """Return what is known of the columns ``kept``."""
    return Shares(arrays.requests[kept], arrays.alike[kept], arrays.slot[kept], arrays.block[kept])


def whole_prices(small: Small, duals: Floats, rows: int) -> Floats:
    """Return duals of the rows of ``small`` as duals of the ``rows`` rows of the whole."""
    prices = np.zeros(rows)
    prices[small.rows] = duals
    return prices
