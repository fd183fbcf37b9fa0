"""Slivers: work so little that leaving it out is within tolerances, which the search for least cost uses."""

from __future__ import annotations

import numpy as np

from ..arrays import Arrays
from ..programs.program import partial_program
from ..programs.solve_program import settle
from ..rates import Floats

NOTHING = 1e-9
"""Shares left out up to this are rounding."""


def serve_slivers(arrays: Arrays, x: Floats, most: float) -> Floats:
    """Return the solution ``x`` with the slivers served for which its integers leave room.

    The least cost within a limit of work left out uses up the tolerance of that limit. What is served again
    is bounded by the integers of ``x``, nothing else is left out for it, and the rest follows at least cost.

    Parameters
    ----------
    most
        Weighted work up to which what is left out of one demand or job is a sliver.
    """
    excess = x - arrays.lower
    slivers = (arrays.unserved > 0) & (excess > NOTHING) & (arrays.unserved * excess <= most)
    if not slivers.any():
        return x
    served = _settled(arrays, np.where(slivers, arrays.unserved, 0.0), x, x)
    gained = float(arrays.unserved[slivers] @ (x - served)[slivers])
    return _settled(arrays, arrays.cost, served, x) if gained > 0 else x


def _settled(arrays: Arrays, cost: Floats, left_out: Floats, x: Floats) -> Floats:
    """Return ``x`` at least ``cost`` for its integers, leaving out no more of anything than ``left_out``."""
    excess = left_out - arrays.lower
    most = np.where(excess > NOTHING, left_out, arrays.lower)
    upper = np.where(arrays.unserved > 0, most, arrays.upper)
    return settle(partial_program(arrays, cost).with_bounds(arrays.lower, upper), x)
