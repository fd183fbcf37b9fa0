"""Rows that hold in every plan that leaves nothing out, and make the relaxation tighter."""

from __future__ import annotations

import numpy as np

from ..arrays import Rows
from ..rates import Ints
from .variables import Variables


def whole_replicas(variables: Variables, rows: Rows) -> None:
    """Chvátal-Gomory cuts of replica_capacity, valid when nothing is left out.

    For every service and period, every set of users that only some slots can serve, and every throughput c
    among those slots: sum_p ceil(rps[p] / c) y[i,p,t] >= ceil(demand of those users / c) = n, where no
    coefficient need be above n, as y are whole.
    """
    services = variables.services
    column = np.full((len(services.slot_pool), variables.rates.periods), -1, dtype=np.int64)
    column[variables.replica_slot, variables.replica_period] = variables.columns.range("replicas")
    for index in range(len(variables.problem.services)):
        for demands, slots in _user_sets(variables, index):
            total = services.demand[demands].sum(axis=0)
            for rps in np.unique(services.slot_rps[slots]):
                weight = np.ceil(services.slot_rps[slots] / rps - 1e-9)
                needed = np.ceil(total / rps - 1e-6)
                for period in np.flatnonzero(needed > total / rps + 1e-6):
                    known = column[slots, period] >= 0
                    row = rows.add("whole_replicas", 1, needed[period], np.inf)
                    rows.put(row, column[slots, period][known], np.minimum(weight, needed[period])[known])


def _user_sets(variables: Variables, service: int) -> list[tuple[Ints, Ints]]:
    """Return (demands, slots) such that those demands can be served from those slots only."""
    services = variables.services
    mine = np.flatnonzero(services.demand_service == service)
    if any(demand in services.barred for demand in mine):
        return []
    reach = {demand: frozenset(services.arc_slot[services.arc_demand == demand].tolist()) for demand in mine}
    sets = set(reach.values()) | {frozenset().union(*reach.values())}
    found = []
    for slots in sorted(sets, key=sorted):
        demands = [demand for demand in mine if reach[demand] <= slots]
        found.append((np.array(demands), np.array(sorted(slots), dtype=np.int64)))
    return found
