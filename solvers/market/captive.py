"""Captive users, who have one slot only: in a plan that serves all, no job can have what they take there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import csr_array

from ..rates import Floats
from .rules import Rules
from .units import Unit


def captive_load(rules: Rules, units: Iterable[Unit]) -> Floats:
    """Return what of each row (R,) captive users take at least when they are all served."""
    goods, periods = np.zeros(rules.goods.size), np.arange(rules.goods.periods)
    for unit in units:
        for slot, replicas in _captive_replicas(unit):
            goods[rules.goods.held(unit.pool[slot], periods)] += replicas * unit.accelerators[slot]
    lowest = csr_array(rules.use).min(axis=0).toarray().ravel()
    return np.where(lowest < 0, 0.0, np.asarray(goods @ rules.use).ravel())


def _captive_replicas(unit: Unit) -> Iterator[tuple[int, Floats]]:
    """Yield slots that have captive users, with the replicas (T,) that these need there."""
    pairs = np.unique(unit.row * len(unit.slot_id) + unit.column)
    row, slot = np.divmod(pairs, len(unit.slot_id))
    captive = np.bincount(row)[row] == 1
    for one in np.unique(slot[captive]).tolist():
        asked = unit.demand[:, row[captive & (slot == one)]].sum(axis=1)
        yield one, np.ceil(asked / unit.rps[one] * (1 - 1e-9) - 1e-9)
