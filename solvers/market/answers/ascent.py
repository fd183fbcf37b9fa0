"""What users offer to pay for replicas that they need in common, by dual ascent.

A replica is paid for as a whole as soon as anybody uses it. So users may together pay no more than all of its
price above the cost of their ways: each raises what it pays until a slot that it could use is paid for.
Letters of shapes: T periods, L demands, S slots.
Source: D. Erlenkotter, A dual-based procedure for uncapacitated facility location, Operations Research 26
(1978) 992-1009.
"""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..form.offers import EPSILON, trifle

ROUNDS = 4
"""Times that every demand may raise what it pays to the cost of its next slot."""


def ascended(cost: Floats, demand: Floats, budget: Floats) -> Floats:
    """Return what each demand pays for a request/s (T, L).

    Per slot, demands together pay no more above its ``cost`` (T, L, S) than the ``budget`` (T, S).
    """
    paid, left, least = cost.min(axis=2), budget.copy(), trifle(demand)
    rising = np.flatnonzero(demand.any(axis=0)).tolist()
    for _ in range(ROUNDS):
        columns = ((user, (cost[:, user], demand[:, user], paid[:, user])) for user in rising)
        rising = [user for user, column in columns if _rise(*column, left, least)]
    return np.where(np.isfinite(paid), paid, 0.0)


def _rise(cost: Floats, demand: Floats, paid: Floats, left: Floats, least: float) -> bool:
    """Let one demand pay (T,) up to the cost (T, S) of its next slot, within what is ``left`` (T, S).

    Both are changed in place. Demand of up to ``least`` pays nothing. Returns whether it pays more now; who
    does not will not later either.
    """
    using = cost <= paid[:, None] + EPSILON
    following = np.where(using, np.inf, cost).min(axis=1)
    most = np.where(using, left, np.inf).min(axis=1) / np.maximum(demand, least)
    more = np.minimum(following - paid, most)
    more = np.where((demand > least) & np.isfinite(more), more, 0.0)
    left -= np.where(using, (more * demand)[:, None], 0.0)
    np.maximum(left, 0.0, out=left)
    paid += more
    return bool((more > EPSILON).any())
