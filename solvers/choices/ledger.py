"""Loads of the resources, changed move by move."""

from __future__ import annotations

from scipy.sparse import csr_array

from ..blocks import Floats

Change = dict[int, float]
"""By how much a move changes the load of each resource that it touches."""


class Ledger:
    """Loads, room and penalty per unit of overload of each resource, as lists: quick to read one by one."""

    def __init__(self, load: Floats, room: Floats, penalty: Floats) -> None:
        self.load: list[float] = load.tolist()
        self._room: list[float] = room.tolist()
        self._penalty: list[float] = penalty.tolist()

    def dearer(self, change: Change) -> float:
        """Return by how much a move raises the penalty."""
        total = 0.0
        for resource, amount in change.items():
            over = self.load[resource] - self._room[resource]
            if over > 0 or over + amount > 0:
                total += self._penalty[resource] * (max(0.0, over + amount) - max(0.0, over))
        return total

    def relieves(self, change: Change) -> bool:
        """Return whether a move takes from an overloaded resource and overloads none further."""
        helps = False
        for resource, amount in change.items():
            over = self.load[resource] - self._room[resource]
            if amount > 0 and over + amount > 0:
                return False
            helps |= amount < 0 and over > 0
        return helps

    def book(self, change: Change) -> None:
        """Change the loads."""
        for resource, amount in change.items():
            self.load[resource] += amount


def change_of(uses: csr_array, old: int, new: int) -> Change:
    """Return how the loads change when a workload takes the option ``new`` instead of ``old``."""
    change: Change = {}
    for option, sign in ((old, -1.0), (new, 1.0)):
        part = slice(uses.indptr[option], uses.indptr[option + 1])
        for resource, amount in zip(uses.indices[part].tolist(), uses.data[part].tolist(), strict=True):
            change[resource] = change.get(resource, 0.0) + sign * amount
    return change
