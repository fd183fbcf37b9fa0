"""A stronger bound of serving the users of a unit: what they offer to pay, bettered by subgradients.

Everybody offers to pay so much for a request/s, and every slot takes those who pay most above the cost of
their way, in as many whole replicas as are worth it. What all pay, less what the slots gain, is no more than
the cost of serving them. Who is taken by several slots offers less next time, who by none offers more.
In the end the replicas also have to be enough for all together, see :mod:`.covering`.
Letters of shapes: T periods, L demands, S slots.
Source: G. Cornuejols, R. Sridharan, J. M. Thizy, A comparison of heuristics and relaxations for the
capacitated plant location problem, European Journal of Operational Research 50 (1991) 280-297.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...rates import Floats, Ints
from ..form.offers import EPSILON, Offer, trifle
from ..form.units import Unit
from .ascent import ascended
from .covering import least_cover

STEPS, PATIENCE = 24, 3
"""Times that offers are bettered, and steps in vain after which these become half as long."""
LIKELY = 16
"""Slots among which offers are bettered; their bound is then told by all."""
MOST_REPLICAS = 60.0
"""Replicas in a period up to which they are counted one by one."""


def lagrangian_cost(unit: Unit, offered: Offer, known: Floats) -> Floats:
    """Return a lower bound (T,) of the cost of serving everybody, rounding not allowed for.

    Parameters
    ----------
    unit, offered
        Who is served, at which prices, of which none is negative.
    known
        (T,) cost of some way to serve everybody, towards which offers are bettered.
    """
    every = Slots.of(unit, offered)
    first = np.where(np.isfinite(low := offered.unit.min(axis=2)), low, 0.0)
    start = ascended(offered.arc, unit.demand, offered.replica)
    better = every.only(_likely(offered.unit, first)).bettered(start, known)
    return np.asarray(np.max([every.proven(paid) for paid in (first, start, better)], axis=0))


def _likely(unit_cost: Floats, first: Floats) -> Ints:
    """Return the slots that cost somebody the least above the first offers, and one for everybody."""
    above = np.where(np.isfinite(unit_cost), unit_cost - first[:, :, None], np.inf)
    nearest = np.argsort(above.min(axis=(0, 1)), kind="stable")[:LIKELY]
    return np.union1d(nearest, np.unique(above.sum(axis=0).argmin(axis=1)))


@dataclass(frozen=True)
class Queues:
    """Who a slot would take, in order: what they pay above their way and how much they ask for (T, L, S).

    ``order`` says who that is, ``before`` how much those ask for who come first.
    """

    order: Ints
    surplus: Floats
    amount: Floats
    before: Floats

    def taken(self, load: Floats) -> Floats:
        """Return what is taken (T, L, S) of those in the queues of slots that serve a load (T, S)."""
        return np.clip(load[:, None, :] - self.before, 0.0, self.amount)

    def worth(self, load: Floats) -> Floats:
        """Return what those pay (T, S) above their ways who are taken."""
        return np.asarray((self.taken(load) * self.surplus).sum(axis=1))


@dataclass(frozen=True)
class Slots:
    """Slots of a unit: cost of ways (T, L, S) and replicas (T, S), demand (T, L), throughput, most (T, S)."""

    arc: Floats
    replica: Floats
    demand: Floats
    rps: Floats
    most: Floats

    @classmethod
    def of(cls, unit: Unit, offered: Offer) -> Slots:
        """Return all slots of a unit."""
        return cls(offered.arc, offered.replica, unit.demand, unit.rps, unit.useful)

    def only(self, columns: Ints) -> Slots:
        """Return some of the slots."""
        return replace(
            self,
            arc=self.arc[:, :, columns],
            replica=self.replica[:, columns],
            rps=self.rps[columns],
            most=self.most[:, columns],
        )

    def queues(self, paid: Floats) -> Queues:
        """Return who every slot would take if users offer so much (T, L)."""
        surplus = np.maximum(paid[:, :, None] - self.arc, 0.0)
        order = np.argsort(-surplus, axis=1)
        surplus = np.take_along_axis(surplus, order, axis=1)
        asked = np.take_along_axis(self.demand[:, :, None], order, axis=1)
        amount = np.where(surplus > 0, asked, 0.0)
        return Queues(order, surplus, amount, np.cumsum(amount, axis=1) - amount)

    def proven(self, paid: Floats) -> Floats:
        """Return the bound (T,) that offers prove, if replicas are enough for all where these are few."""
        queues = self.queues(paid)
        return np.maximum(self._taken(paid, queues)[0], self._in_all(paid, queues))

    def _taken(self, paid: Floats, queues: Queues) -> tuple[Floats, Floats]:
        """Return the bound (T,) that offers prove, and how much of everybody slots take (T, L)."""
        wanted = np.where(queues.surplus > (self.replica / self.rps)[:, None, :], queues.amount, 0.0)
        few = np.minimum(np.floor(wanted.sum(axis=1) / self.rps + EPSILON), self.most)
        many = np.minimum(few + 1, self.most)
        gain_few = queues.worth(few * self.rps) - few * self.replica
        gain_many = queues.worth(many * self.rps) - many * self.replica
        replicas = np.where(gain_many > gain_few, many, few)
        flow = np.zeros(self.arc.shape)
        np.put_along_axis(flow, queues.order, queues.taken(replicas * self.rps), axis=1)
        gained = np.maximum(gain_few, gain_many).sum(axis=1)
        return (paid * self.demand).sum(axis=1) - gained, flow.sum(axis=2)

    def bettered(self, paid: Floats, known: Floats) -> Floats:
        """Return the best offers found, by steps of Polyak towards what is ``known`` to do (T,)."""
        best, kept = np.full(len(paid), -np.inf), paid
        length, idle = np.ones(len(paid)), np.zeros(len(paid), dtype=np.int64)
        nothing = trifle(self.demand)
        safe = np.maximum(self.demand, nothing)
        for _ in range(STEPS):
            bound, taken = self._taken(paid, self.queues(paid))
            better = bound > best
            kept, best = np.where(better[:, None], paid, kept), np.maximum(best, bound)
            idle = np.where(better, 0, idle + 1)
            length, idle = np.where(idle > PATIENCE, length / 2, length), np.where(idle > PATIENCE, 0, idle)
            missing = self.demand - taken
            steep = (missing**2 / safe).sum(axis=1)
            step = length * np.maximum(known - bound, 0.0) / np.maximum(steep, nothing)
            paid = paid + step[:, None] * missing / safe
        return kept

    def _in_all(self, paid: Floats, queues: Queues) -> Floats:
        """Return the bound (T,) that offers prove if replicas are enough for all; -inf where many are."""
        total, most = self.demand.sum(axis=1), int(self.most.max(initial=0.0))
        found = np.full(len(paid), -np.inf)
        if most > MOST_REPLICAS or not (total <= MOST_REPLICAS * self.rps.min()).all():
            return found
        each = np.broadcast_to(self.rps, self.replica.shape)
        cost = np.stack([k * self.replica - queues.worth(k * each) for k in range(most + 1)])
        rising = np.where(np.arange(1, most + 1)[:, None, None] <= self.most, np.diff(cost, axis=0), np.inf)
        offers = (paid * self.demand).sum(axis=1)
        for period in range(len(paid)):
            found[period] = offers[period] + least_cover(rising[:, period].T, self.rps, float(total[period]))
        return found
