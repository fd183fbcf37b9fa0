"""Room kept for users who reach few slots until their unit is served: others who come first may go elsewhere.

In a plan that serves all, captive users have so much of their slots for sure; see :mod:`.captive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from ...rates import Floats, Ints
from .captive import captive_replicas, most_room

if TYPE_CHECKING:
    from ..answers.placing import Placement
    from .market import Market


@dataclass(frozen=True)
class Claims:
    """The rows that captive users of each unit need, and how much of them."""

    of_unit: Mapping[int, tuple[Ints, Floats]]

    @classmethod
    def of(cls, market: Market) -> Claims:
        """Return the claims of a market's units; none of rows of which captives want more than there is."""
        rules, captives = market.rules, market.captives
        if not (captives.load > 0).any():
            return cls({})
        left = rules.enough_for(rules.held_use, most_room(rules) - captives.jobs.load(rules))
        owner, good, amount = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for number, unit in enumerate(market.units):
            for goods, accelerators in captive_replicas(rules, unit, left):
                owner.append(np.full(len(goods), number))
                good.append(goods)
                amount.append(accelerators)
        place = (np.concatenate(owner), np.concatenate(good))
        taken = csr_array((np.concatenate(amount), place), shape=(len(market.units), rules.goods.size))
        load = csr_array(taken @ rules.use)
        load.data *= captives.load[load.indices] > 0
        load.eliminate_zeros()
        first = load.indptr.tolist()
        return cls(
            {
                number: (load.indices[begin:end].astype(np.int64), load.data[begin:end])
                for number, (begin, end) in enumerate(pairwise(first))
                if end > begin
            }
        )

    def keep(self, placement: Placement) -> None:
        """Take what all claim from the room of a placement in which no unit is served yet."""
        room = placement.room.copy()
        for rows, amounts in self.of_unit.values():
            room[rows] -= amounts
        placement.room = room

    def give(self, placement: Placement, number: int) -> None:
        """Give a unit the room that it claims."""
        if number in self.of_unit:
            rows, amounts = self.of_unit[number]
            placement.room[rows] += amounts
