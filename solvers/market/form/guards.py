"""Guards of a unit: users whom, after a loss that their service survives, some slots alone can serve.

Together the replicas of those slots have to carry what these users are served, whether a loss has happened or
not: that is all that surviving single losses asks for (see :mod:`..survival`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...admissible.survival import Guard
from ...arrays import Bools
from ...rates import Floats, Ints

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
    exact
        (G,) whether a loss asks for that; the others ask for more than losses do.
    """

    users: Floats
    slots: Floats
    exact: Bools

    def __len__(self) -> int:
        return len(self.exact)

    @classmethod
    def of(cls, exact: Sequence[Guard], rough: Sequence[Guard], demand_id: Ints, slot_id: Ints) -> Guards:
        """Return the guards of a unit among those of its service.

        ``rough`` ones ask for more than losses do. Those of users of several units follow from those of each.
        """
        every = [*exact, *rough]
        if not every:
            return cls(np.zeros((0, len(demand_id))), np.zeros((0, len(slot_id))), NO_GUARDS.exact)
        users, has_users = _marked([guard.demands for guard in every], demand_id)
        slots, has_slots = _marked([guard.slots for guard in every], slot_id)
        mine = has_users & has_slots
        return cls(users[mine], slots[mine], (np.arange(len(every)) < len(exact))[mine])

    @cached_property
    def binding(self) -> Guards:
        """Those that ask for no more than losses do: bounds may be told from these only."""
        return Guards(self.users[self.exact], self.slots[self.exact], self.exact[self.exact])

    def missing(self, served: Floats, capacity: Floats) -> Floats:
        """Return (T, G) how many requests/s of capacity (T, S) each lacks for what is served (T, L)."""
        lack = served @ self.users.T - capacity @ self.slots.T
        return np.where(lack > self.rounding(served), lack, 0.0)

    def rounding(self, served: Floats) -> Floats:
        """Return (T, 1) what counts as rounding."""
        return np.asarray(EPSILON * np.maximum(1.0, served.sum(axis=1, keepdims=True)))

    def forced_out(self, demand: Floats, capacity: Floats, least: Floats, out: Floats) -> Floats:
        """Return what leaving out costs (T,) above serving where guards ask for more than their slots hold.

        ``capacity`` (S,) is the most requests/s of every slot, ``least`` and ``out`` (T, L) what serving a
        whole demand costs at least, and leaving it out. Guards of the same users are not counted twice.
        """
        over = np.maximum(demand @ self.users.T - (self.slots @ capacity)[None, :], 0.0)
        extra = np.maximum(out - least, 0.0) / np.where(demand > 0, demand, 1.0)
        total, free = np.zeros(len(demand)), np.ones(demand.shape[1], dtype=bool)
        for guard in np.argsort(-over.sum(axis=0), kind="stable").tolist():
            users = self.users[guard] > 0
            if not over[:, guard].any():
                break
            if free[users].all():
                free &= ~users
                some = np.where(users & (demand > 0), extra, np.inf).min(axis=1)
                total += over[:, guard] * np.where(np.isfinite(some), some, 0.0)
        return total

    def inside(self, slots: Bools) -> Floats:
        """Return (G,) how many of each guard's slots are among those given (S)."""
        return np.asarray(self.slots @ slots.astype(float))


def _marked(members: list[Ints], known: Ints) -> tuple[Floats, Bools]:
    """Return a row for each list that marks its members among those known, and which lists are all known."""
    everything = np.concatenate([np.zeros(0, np.int64), *members])
    row = np.repeat(np.arange(len(members)), [len(each) for each in members])
    inside = np.isin(everything, known)
    found = np.zeros((len(members), len(known)))
    found[row[inside], np.searchsorted(known, everything[inside])] = 1.0
    return found, np.bincount(row, ~inside, len(members)) == 0


NO_GUARDS = Guards(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0, dtype=bool))
"""Of a unit whose service need not survive anything."""
