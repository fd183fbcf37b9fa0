"""What surviving losses costs every user at least: dual prices of the guards of a unit, in every period.

Let every guard g have a price u[g] >= 0 such that no slot belongs to guards of more than what its capacity
costs: sum of u[g] over guards with slot s <= c[s]. Then the replicas cost sum_s c[s] Y[s] >= sum_g u[g] (what
g's users are served), so every request costs v[l] = sum of u[g] over guards with user l, at least (weak
duality of covering, as in V. Chvátal, A greedy heuristic for the set-covering problem, Mathematics of
Operations Research 4 (1979) 233-235). Any such prices will do; good ones are the same for the losses of each
of the few sites that are cheapest, and then what is left.
"""

from __future__ import annotations

import numpy as np

from ...rates import Floats, Ints
from ..form.guards import Guards
from ..form.units import Unit

SITES = (2, 3, 4, 6)
"""Cheapest sites whose losses have the same price at first, in turn."""
FILLED = 24
"""Guards, of most users first, whose prices are raised as far as the slots allow."""


def reserve_prices(guards: Guards, unit: Unit, cost: Floats) -> Floats:
    """Return what a request/s of each user (T, L) pays for capacity at least; one costs ``cost`` (T, S)."""
    cost = np.maximum(cost, 0.0)
    asked = unit.demand @ guards.users.T
    order = np.argsort(-asked.sum(axis=0), kind="stable")
    best = _filled(guards, cost, np.zeros(asked.shape), order)
    worth = (best * asked).sum(axis=1)
    worst, cheapest = _worst_losses(guards, unit.site, cost, order)
    for count in SITES:
        if count > cheapest.shape[1]:
            break
        start = np.zeros(asked.shape)
        start[np.arange(len(cost))[:, None], worst[cheapest[:, :count]]] = 1.0
        tried = _filled(guards, cost, _scaled(guards, cost, start), order)
        value = (tried * asked).sum(axis=1)
        better = value > worth
        best[better], worth[better] = tried[better], value[better]
    return np.asarray(best @ guards.users)


def _worst_losses(guards: Guards, site: Ints, cost: Floats, order: Ints) -> tuple[Ints, Ints]:
    """Return the first guard in order without each site, and the order (T, N) of these by sites' costs."""
    worst, least = [], []
    for lost in np.unique(site):
        without = np.flatnonzero(guards.inside(site == lost)[order] == 0)
        if len(without):
            worst.append(int(order[without[0]]))
            least.append(cost[:, site == lost].min(axis=1))
    costs = np.stack(least, axis=1) if least else np.zeros((len(cost), 0))
    return np.array(worst, dtype=np.int64), np.argsort(costs, axis=1, kind="stable")


def _scaled(guards: Guards, cost: Floats, start: Floats) -> Floats:
    """Return prices (T, G) in proportion to ``start``, as high as the slots allow."""
    taken = start @ guards.slots
    part = np.where(taken > 0, cost / np.where(taken > 0, taken, 1.0), np.inf).min(axis=1)
    return start * np.where(np.isfinite(part), part, 0.0)[:, None]


def _filled(guards: Guards, cost: Floats, prices: Floats, order: Ints) -> Floats:
    """Return the prices (T, G), those of guards in turn raised by what is left of all their slots' costs."""
    found = prices.copy()
    left = np.maximum(cost - prices @ guards.slots, 0.0)
    for guard in order[:FILLED].tolist():
        mine = guards.slots[guard] > 0
        more = left[:, mine].min(axis=1)
        found[:, guard] += more
        left[:, mine] -= more[:, None]
    return found
