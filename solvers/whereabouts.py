"""How much of where work runs differs between plans, and what of it a solution keeps."""

from __future__ import annotations

import numpy as np

from ..routing.places import Places, requests_asked
from ..routing.problem import Problem
from .model.variables import Variables
from .rates import Floats


def moved(problem: Problem, one: Places, other: Places) -> dict[str, float]:
    """Return the part of each workload that runs elsewhere in ``other`` than in ``one``.

    What both leave out has not moved.
    """
    parts = {}
    for name in problem.workload:
        before, after = one.get(name, {}), other.get(name, {})
        kept = sum(min(share, before.get(site, 0.0)) for site, share in after.items())
        idle = min(1 - sum(before.values()), 1 - sum(after.values()))
        parts[name] = min(1.0, max(0.0, 1 - kept - max(0.0, idle)))
    return parts


def kept_columns(variables: Variables, before: Places) -> Floats:
    """Return what a unit of each column keeps: of a workload, by how much of it ran there ``before``.

    The site that had most of a workload counts in full, others in proportion.
    """
    problem, services, table = variables.problem, variables.services, variables.jobs.table
    kept = np.zeros(variables.columns.count)
    at_job = _weights(problem, [job.id for job in problem.jobs], before)
    site = variables.rates.site[table.pools]
    there = np.where(table.pools >= 0, at_job[table.job[:, None], site], 0.0)
    part = there.sum(axis=1) / np.maximum(table.sites, 1)
    variables.columns.of("start", kept)[:] = part[variables.starts.option]
    variables.columns.of("pause", kept)[:] = part[variables.pauses.option]
    asked = requests_asked(problem)
    total = np.array([asked[service.id] or 1.0 for service in problem.services] or [1.0])
    demand, period = services.arc_demand[variables.share_arc], variables.share_period
    owner = services.demand_service[demand]
    share = services.demand[demand, period] * variables.rates.durations[period] / total[owner]
    slot_site = variables.rates.site[services.slot_pool[services.arc_slot[variables.share_arc]]]
    at_service = _weights(problem, [service.id for service in problem.services], before)
    variables.columns.of("share", kept)[:] = share * at_service[owner, slot_site]
    return kept


def _weights(problem: Problem, names: list[str], before: Places) -> Floats:
    """Return how much of each workload ran at each site, over the most that ran at one (W, S)."""
    shares = [[before.get(name, {}).get(site.id, 0.0) for site in problem.data_centers] for name in names]
    ran = np.array(shares, dtype=float).reshape(len(names), len(problem.data_centers))
    most = ran.max(axis=1, keepdims=True, initial=0.0)
    return np.asarray(np.divide(ran, most, out=np.zeros_like(ran), where=most > 0))
