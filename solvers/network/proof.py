"""Proof by the whole model, with the resources that the Lagrangian bound rules out left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Bools
from ..blocks import Floats
from .dual import Dual
from .instance import Network
from .programs import DesignProgram, design_program

MOST_COLUMNS = 60_000
ROOM = 1e-6
"""Relative room for rounding where a resource is ruled out."""


@dataclass(frozen=True)
class Remainder:
    """What can still be better than a known value: the whole model over the resources that may be open."""

    design: DesignProgram
    value: float

    def bound(self, of_program: float) -> float:
        """Return the bound of the whole problem that a bound of the program proves."""
        return min(of_program, self.value)


def remainder(network: Network, dual: Dual, point: Floats, value: float, kernel: Bools) -> Remainder | None:
    """Return the whole model over what a solution better than ``value`` may use; None if it is too large.

    A resource whose opening alone lifts the Lagrangian bound above ``value`` is closed in every better
    solution.
    """
    found = dual.evaluate(point, 0.0)
    least = found.value + np.maximum(found.worth, 0.0)
    possible = least <= value + ROOM * abs(value)
    columns = np.broadcast_to(possible[network.resource][:, None], (network.arcs, network.commodities))
    if columns.sum() > MOST_COLUMNS:
        return None
    tied = kernel | (found.flow > 0)
    closed = np.zeros(len(network.capacity), dtype=bool)
    return Remainder(design_program(network, np.asarray(columns), network.capacity, closed, tied), value)
