"""Guards of a unit: users whom, after a loss that their service survives, some slots alone can serve.

Together the replicas of those slots have to carry what these users are served, whether a loss has happened or
not: that is all that surviving single losses asks for (see :mod:`..survival`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..arrays import Bools
from ..rates import Floats, Ints
from ..survival import Guard

EPSILON = 1e-9
"""Part of what is asked for that counts as rounding."""


@dataclass(frozen=True)
class Guards:
    """Guards (G) of a unit of L demands and S slots.

    Attributes
    ----------
    users
        (G, L) whom each guards.
    slots
        (G, S) the slots that alone can serve them after a loss.
    """

    users: Floats
    slots: Floats

    @classmethod
    def of(cls, guards: Iterable[Guard], demand_id: Ints, slot_id: Ints) -> Guards | None:
        """Return the guards of a unit among those of its service, None where it has none.

        One of users of several units is the sum of guards of each.
        """
        mine = [
            guard
            for guard in guards
            if np.isin(guard.slots, slot_id).all() and np.isin(guard.demands, demand_id).all()
        ]
        if not mine:
            return None
        users, slots = np.zeros((len(mine), len(demand_id))), np.zeros((len(mine), len(slot_id)))
        for row, guard in enumerate(mine):
            users[row, np.searchsorted(demand_id, guard.demands)] = 1.0
            slots[row, np.searchsorted(slot_id, guard.slots)] = 1.0
        return cls(users, slots)

    def missing(self, served: Floats, capacity: Floats) -> Floats:
        """Return (T, G) how many requests/s of capacity (T, S) each lacks for what is served (T, L)."""
        needed = served @ self.users.T
        lack = needed - capacity @ self.slots.T
        return np.where(lack > EPSILON * np.maximum(1.0, needed), lack, 0.0)

    def spare(self, served: Floats, capacity: Floats) -> Floats:
        """Return (T, S) how many requests/s each slot could do without, the others as they are."""
        left = np.maximum(capacity @ self.slots.T - served @ self.users.T, 0.0)
        found = np.full(capacity.shape, np.inf)
        for slot in range(capacity.shape[1]):
            mine = self.slots[:, slot] > 0
            if mine.any():
                found[:, slot] = left[:, mine].min(axis=1)
        return found

    def inside(self, slots: Bools) -> Floats:
        """Return (G,) how many of each guard's slots are among those given (S)."""
        return np.asarray(self.slots @ slots.astype(float))
