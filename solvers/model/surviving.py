"""The constraints of services that are to survive losses: after each, what is left serves what was served.

Replicas stand as they are, only requests are sent elsewhere. A spare replica counts after every loss that
leaves it standing, so that losses, of which one happens at a time, share their reserve. Most losses need no
variables: sets of users whom few slots can serve say all (see ``survival``); the others have flows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Rows
from ..rates import Floats, Ints
from .little import LITTLE_LOAD
from .variables import Variables


def survive_site(variables: Variables, rows: Rows) -> None:
    """After the loss of any site: sum_p rps[i,p] y[i,p,t] >= what those are served whom only P can serve."""
    _survive(variables, rows, "site")


def survive_link(variables: Variables, rows: Rows) -> None:
    """After the loss of any link: sum_p rps[i,p] y[i,p,t] >= what those are served whom only P can serve."""
    _survive(variables, rows, "link")


def _survive(variables: Variables, rows: Rows, kind: str) -> None:
    problem, services, numbers = variables.problem, variables.services, _numbers(variables)
    for guard in services.guards:
        if problem.services[guard.service].survive == kind:
            _guard(variables, rows, f"survive_{kind}", numbers, (guard.demands, guard.slots))
    classes = services.rescues
    mine = [index for index, each in enumerate(classes) if problem.services[each.service].survive == kind]
    if mine:
        chosen = np.flatnonzero(np.isin(variables.rescue_class, mine))
        asked = np.array([services.demand[each.demands].sum(axis=0) for each in classes])
        _serve(variables, rows, f"survive_{kind}", chosen, asked)
        _hold(variables, rows, f"survive_{kind}", chosen, asked)


@dataclass(frozen=True)
class _Numbers:
    """Columns by (demand, period) and by (slot, period), -1 where there is none."""

    unserved: Ints
    replicas: Ints


def _numbers(variables: Variables) -> _Numbers:
    services = variables.services
    unserved = np.full(services.demand.shape, -1, dtype=np.int64)
    unserved[variables.open_demand, variables.open_period] = variables.columns.range("unserved")
    replicas = np.full((len(services.slot_pool), variables.rates.periods), -1, dtype=np.int64)
    replicas[variables.replica_slot, variables.replica_period] = variables.columns.range("replicas")
    return _Numbers(unserved, replicas)


def _guard(
    variables: Variables, rows: Rows, name: str, numbers: _Numbers, guarded: tuple[Ints, Ints]
) -> None:
    """sum_p rps[i,p] y[i,p,t] + sum_l unserved[i,l,t] >= sum_l demand[i,l,t], divided by the demand.

    What one replica serves beyond all demand counts for nothing: to solvers, a part of it would do.
    """
    demands, slots = guarded
    demand = variables.services.demand[demands]
    asked = demand.sum(axis=0)
    periods = np.flatnonzero(asked > 0)
    row = np.full(len(asked), -1, dtype=np.int64)
    row[periods] = rows.add(name, len(periods), 1.0, np.inf)
    rps = variables.services.slot_rps[slots][:, None].repeat(len(asked), axis=1)
    for columns, amount in ((numbers.unserved[demands], demand), (numbers.replicas[slots], rps)):
        at, period = np.nonzero((columns >= 0) & (asked > 0))
        part = np.minimum(amount[at, period] / asked[period], 1.0)
        rows.put(row[period], columns[at, period], part)


def _serve(variables: Variables, rows: Rows, name: str, chosen: Ints, asked: Floats) -> None:
    """sum_p g[c,p,t] + sum_l in c unserved[i,l,t] >= demand[c,t], divided by the demand."""
    owner, period = variables.rescue_class[chosen], variables.rescue_period[chosen]
    keys, row = np.unique(owner * variables.rates.periods + period, return_inverse=True)
    added = rows.add(name, len(keys), 1.0, np.inf)
    rows.put(added[row], variables.columns.range("rescue")[chosen], 1.0)
    left_out = _numbers(variables).unserved
    for number, key in zip(added.tolist(), keys.tolist(), strict=True):
        index, at = divmod(key, variables.rates.periods)
        demands = variables.services.rescues[index].demands
        known = demands[left_out[demands, at] >= 0]
        rows.put(number, left_out[known, at], variables.services.demand[known, at] / asked[index, at])


def _hold(variables: Variables, rows: Rows, name: str, chosen: Ints, asked: Floats) -> None:
    """sum_c g[c,p,t] <= target_utilization * throughput[i,k(p)] * y[i,p,t] after each loss, in replicas.

    Who takes next to nothing of one: g[c,p,t] / demand[c,t] <= y[i,p,t].
    """
    services, periods = variables.services, variables.rates.periods
    loss = np.array([each.loss for each in services.rescues], dtype=np.int64)
    owner, slot, period = (
        each[chosen] for each in (variables.rescue_class, variables.rescue_slot, variables.rescue_period)
    )
    place = np.stack([loss[owner], slot * periods + period], axis=1)
    keys, row = np.unique(place, axis=0, return_inverse=True)
    added = rows.add(name, len(keys), 0.0, np.inf)
    load = asked[owner, period] / services.slot_rps[slot]
    rows.put(added[row.ravel()], variables.columns.range("rescue")[chosen], -load)
    column = _numbers(variables).replicas.ravel()[keys[:, 1]]
    rows.put(added[column >= 0], column[column >= 0], 1.0)
    replica = column[row.ravel()]
    # to solvers so small a part of a replica is none
    little = np.flatnonzero((load < LITTLE_LOAD) & (replica >= 0))
    each = rows.add(name, len(little), 0.0, np.inf)
    rows.put(each, variables.columns.range("rescue")[chosen][little], -1.0)
    rows.put(each, replica[little], 1.0)
