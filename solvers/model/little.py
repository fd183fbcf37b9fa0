"""Users who take next to nothing of a replica: to a solver that is none, yet they need one."""

from __future__ import annotations

import numpy as np

from ..arrays import Bools
from ..rates import Floats, Ints
from .variables import Variables

LITTLE_LOAD = 1e-5
"""Part of a replica that solvers may take for none: the tolerance of integers is a tenth of it."""
SPECKS = 5e-7
"""Part of a replica up to which all such loads together are within tolerances."""
USED_SHARE = 1e-3
"""Share of a demand from which on it counts as served somewhere; less is within tolerances."""


def little_shares(variables: Variables) -> Ints:
    """Return the shares (by their number) of demands that take next to nothing of a replica."""
    services = variables.services
    rps = services.demand[services.arc_demand[variables.share_arc], variables.share_period]
    return np.flatnonzero(rps < LITTLE_LOAD * services.slot_rps[services.arc_slot[variables.share_arc]])


def without_specks(load: Floats, row: Ints) -> Floats:
    """Return loads, 0 for those of a row that are so small that together they are within tolerances.

    As coefficients they would make programs ill-conditioned.
    """
    small = np.where(load <= SPECKS, load, 0.0)
    together = np.bincount(row, small, row.max(initial=-1) + 1)[row]
    return np.where(together <= SPECKS, load - small, load)


def little_used(variables: Variables, x: Floats) -> Bools:
    """Return (S, T) where somebody is served who takes next to nothing of a replica."""
    little = little_shares(variables)
    little = little[variables.columns.of("share", x)[little] > USED_SHARE]
    used = np.zeros((len(variables.services.slot_pool), variables.rates.periods), dtype=bool)
    used[variables.services.arc_slot[variables.share_arc[little]], variables.share_period[little]] = True
    return used
