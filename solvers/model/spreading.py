"""The constraint of services that use a minimum or a maximum of sites, or pay for entering them."""

from __future__ import annotations

import numpy as np

from ..arrays import Rows
from ..rates import Ints
from .variables import Variables


def spread(variables: Variables, rows: Rows) -> None:
    """min_sites <= sum_s v[i,s] <= max_sites; y[i,p,t] <= M v[i,s]; at several, sum_p y[i,p,t] >= v[i,s]."""
    used = variables.columns.range("site_used")
    number = np.full(
        (len(variables.problem.services), len(variables.problem.data_centers)), -1, dtype=np.int64
    )
    number[variables.used_service, variables.used_site] = used
    _count_sites(variables, rows, used)
    slot = variables.replica_slot
    site = number[
        variables.services.slot_service[slot], variables.rates.site[variables.services.slot_pool[slot]]
    ]
    limited = site >= 0
    replicas, upper = (
        variables.columns.range("replicas")[limited],
        variables.columns.of("replicas", variables.upper)[limited],
    )
    opened = rows.add("spread", len(replicas), 0.0, np.inf)
    rows.put(opened, site[limited], 1.0)
    rows.put(opened, replicas, -1.0 / upper)
    _keep_replicas(variables, rows, number, site)
    _serve_from_used(variables, rows, number)


def _serve_from_used(variables: Variables, rows: Rows, number: Ints) -> None:
    """Mean over t of sum_p f[i,l,p,t] / demand[i,l,t] <= v[i,s]: implied where replicas are whole."""
    services = variables.services
    slot = services.arc_slot[variables.share_arc]
    site = variables.rates.site[services.slot_pool[slot]]
    used = number[services.slot_service[slot], site]
    limited = np.flatnonzero(used >= 0)
    demand = services.arc_demand[variables.share_arc[limited]]
    key = demand * len(variables.problem.data_centers) + site[limited]
    keys, first, row = np.unique(key, return_index=True, return_inverse=True)
    periods = np.maximum((services.demand > 0).sum(axis=1), 1)[demand]
    added = rows.add("spread_flows", len(keys), 0.0, np.inf)
    rows.put(added, used[limited][first], 1.0)
    rows.put(added[row], variables.columns.range("share")[limited], -1.0 / periods)


def _count_sites(variables: Variables, rows: Rows, used: Ints) -> None:
    services, on = (
        variables.problem.services,
        dict(zip(variables.on_service, variables.columns.range("service_on"), strict=True)),
    )
    for index in np.unique(variables.used_service):
        mine, service = used[variables.used_service == index], services[index]
        if service.max_sites is not None:
            rows.put(rows.add("spread", 1, -np.inf, float(service.max_sites)), mine, 1.0)
        if index in on:
            least = rows.add("spread", 1, 0.0, np.inf)
            rows.put(least, mine, 1.0)
            rows.put(least, on[index], -float(service.min_sites))
            below = rows.add("spread", len(mine), 0.0, np.inf)
            rows.put(below, on[index], 1.0)
            rows.put(below, mine, -1.0)


def _keep_replicas(variables: Variables, rows: Rows, number: Ints, site: Ints) -> None:
    """At least one replica in every period at every used site of services with min_sites >= 2."""
    owner = variables.services.slot_service[variables.replica_slot]
    for index in variables.on_service:
        for used in number[index][number[index] >= 0]:
            added = rows.add("spread", variables.rates.periods, 0.0, np.inf)
            rows.put(added, used, -1.0)
            mine = np.flatnonzero((owner == index) & (site == used))
            rows.put(added[variables.replica_period[mine]], variables.columns.range("replicas")[mine], 1.0)
