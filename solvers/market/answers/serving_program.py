"""The users of a unit in one period as an integer program: what serving them costs at least, and how.

Answers and bounds of units are quick and a few percent apart. Where one service in one hour decides a part
of the whole cost, that is worth a program of some hundred columns, which mostly closes in a part of a second.
Letters of shapes: T periods, L demands, S slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from ...programs.program import Program
from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ..form.offers import Offer
from ..form.units import Unit
from .serving import replicas_for

GAP, TRACE = 1e-5, 1e-7
"""Relative gap at which a program is closed, and part of a demand that counts as rounding."""


@dataclass(frozen=True)
class ServingProgram:
    """The program of a unit in a period.

    Attributes
    ----------
    program
        Columns are shares of demands, then replicas: of every slot, and again of those that have two prices.
    user, slot
        Of each share (K,).
    replica_slot
        Of each column of replicas.
    """

    unit: Unit
    period: int
    program: Program
    user: Ints
    slot: Ints
    replica_slot: Ints

    @classmethod
    def of(cls, unit: Unit, offered: Offer, period: int, most: Floats) -> ServingProgram:
        """Return the program with at most so many replicas (S,); none that is offered earns anything."""
        demand = unit.demand[period]
        asking = np.flatnonzero(demand > 0)
        row, slot = np.nonzero(np.isfinite(offered.arc[period][asking]) & (most > 0))
        user = asking[row]
        standing = np.flatnonzero(most > 0) if unit.min_sites > 1 else np.unique(slot)
        counted, price, upper = _replicas(offered, period, np.floor(most), standing)
        shares, users, slots = len(user), len(asking), len(unit.rps)
        own, replica = np.arange(shares), shares + np.arange(len(counted))
        of_slot = coo_array((np.ones(len(counted)), (counted, replica)), shape=(slots, shares + len(counted)))
        linked = csr_array(of_slot)[slot].tocoo()
        entries = (
            (row, own, np.ones(shares)),
            (users + slot, own, demand[user] / unit.rps[slot]),
            (users + counted, replica, -np.ones(len(counted))),
            (users + slots + own, own, np.ones(shares)),
            (users + slots + linked.row, linked.col, -linked.data),
        )
        at, column, value = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
        size = (users + slots + shares, shares + len(counted))
        program = Program(
            cost=np.concatenate([offered.arc[period][user, slot] * demand[user], price]),
            lower=np.zeros(size[1]),
            upper=np.concatenate([np.ones(shares), upper]),
            integer=np.arange(size[1]) >= shares,
            matrix=csr_array(coo_array((value, (at, column)), shape=size)),
            row_lower=np.concatenate([np.ones(users), np.full(slots + shares, -np.inf)]),
            row_upper=np.concatenate([np.ones(users), np.zeros(slots + shares)]),
        )
        return cls(unit, period, program, user, slot, counted)

    def least(self, seconds: float) -> float:
        """Return a bound of the cost of serving everybody, minus infinity where none is proven in time."""
        return solve_integer(self.program, self._request(seconds)).bound

    def best(self, seconds: float) -> tuple[Floats, Floats] | None:
        """Return the best flows (L, S) and replicas (S,) found in time, None where none were."""
        x = solve_integer(self.program, self._request(seconds)).x
        if x is None:
            return None
        flow = self.flow(x)
        return flow, replicas_for(self.unit, flow.sum(axis=0))

    def flow(self, x: Floats) -> Floats:
        """Return the flows (L, S) of a solution."""
        flow = np.zeros((self.unit.demand.shape[1], len(self.unit.rps)))
        flow[self.user, self.slot] = x[: len(self.user)] * self.unit.demand[self.period, self.user]
        asked = np.maximum(flow.sum(axis=1, keepdims=True), 1e-300)
        flow = np.where(flow > TRACE * asked, flow, 0.0)
        flow *= self.unit.demand[self.period][:, None] / np.maximum(flow.sum(axis=1, keepdims=True), 1e-300)
        return flow

    def _request(self, seconds: float) -> Request:
        return Request(time_limit=seconds, gap_limit=GAP, threads=1, watch=False)


def _replicas(offered: Offer, period: int, most: Floats, slots: Ints) -> tuple[Ints, Floats, Floats]:
    """Return slot, price and most replicas of each column of replicas at the ``slots``."""
    if offered.tiers is None:
        return slots, offered.replica[period, slots], most[slots]
    within = np.minimum(most, np.floor(offered.tiers.within[period]))[slots]
    beyond = most[slots] - within
    dear = np.flatnonzero(beyond > 0)
    price = (offered.replica[period, slots], offered.tiers.beyond[period, slots[dear]])
    return (
        np.concatenate([slots, slots[dear]]),
        np.concatenate(price),
        np.concatenate([within, beyond[dear]]),
    )
