"""Alternatives where the model is too large to be solved whole: sites are forbidden and all is planned anew.

Where a workload ran in the plans so far is forbidden to it, for as many workloads as the cost permits, the
least costly first; their number is found by halving. So a plan differs for certain, but not for certain most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..routing.plan import Plan
from ..routing.problem import Assignment, Problem
from .model.variables import Variables
from .options import relative_gap, unserved_gap_of

MOST_TRIES = 6
NOISE = 1e-6


def forbidding_plan(
    problem: Problem,
    first: Plan,
    most_usd: float,
    variables: Variables,
    used: Sequence[dict[str, set[str]]],
    *,
    options: dict[str, Any],
) -> Plan | None:
    """Return a plan of at most ``most_usd`` in which many workloads run elsewhere than in those so far.

    Parameters
    ----------
    used
        Sites at which each workload ran, by plan so far.
    options
        Those of :func:`.solve`, for each try.
    """
    barred = {name: set().union(*(each.get(name, set()) for each in used)) for name in problem.workload}
    order = _movable(problem, first, variables, barred)
    low, high, found = 0, len(order), None
    count = high
    for _ in range(MOST_TRIES):
        if low >= high or _is_set(options):
            break
        plan = _without(problem, {name: barred[name] for name in order[:count]}, options)
        if plan is not None and _is_near(plan, first, most_usd, set(order[:count])):
            found, low = plan, count
        else:
            high = count - 1
        count = (low + high + 1) // 2
    return None if found is None else _restated(found, problem, first)


def _is_set(options: dict[str, Any]) -> bool:
    cancel = options.get("cancel")
    return cancel is not None and cancel.is_set()


def _movable(problem: Problem, first: Plan, variables: Variables, barred: dict[str, set[str]]) -> list[str]:
    """Return the workloads that could run without the sites that are barred, those of least cost first."""
    open_to = _jobs_open(variables, barred) | _services_open(variables, barred)
    idle = {entry.workload for entry in first.left_out}
    cost = {name: spent.total_usd for name, spent in first.breakdown.by_workload.items()}
    able = [name for name in problem.workload if name in open_to and name not in idle and barred[name]]
    return sorted(able, key=lambda name: (cost.get(name, 0.0), name))


def _jobs_open(variables: Variables, barred: dict[str, set[str]]) -> set[str]:
    """Return the jobs of which some option keeps clear of the sites that are barred to them."""
    problem, table = variables.problem, variables.jobs.table
    names = [job.id for job in problem.jobs]
    closed = _closed(problem, names, barred)
    site = variables.rates.site[table.pools]
    hit = ((table.pools >= 0) & closed[table.job[:, None], site]).any(axis=1)
    return {names[job] for job in np.unique(table.job[~hit]).tolist()}


def _services_open(variables: Variables, barred: dict[str, set[str]]) -> set[str]:
    """Return the services all of whose users reach some site that is not barred."""
    problem, services = variables.problem, variables.services
    names = [service.id for service in problem.services]
    closed = _closed(problem, names, barred)
    site = variables.rates.site[services.slot_pool[services.arc_slot]]
    clear = ~closed[services.arcs_service, site]
    reached = np.bincount(services.arc_demand[clear], minlength=len(services.demand)) > 0
    asked = services.demand.any(axis=1)
    lost = np.unique(services.demand_service[asked & ~reached]).tolist()
    return set(names) - {names[service] for service in lost}


def _closed(problem: Problem, names: list[str], barred: dict[str, set[str]]) -> np.ndarray:
    """Return whether each site is barred to each workload (W, S)."""
    rows = [[site.id in barred[name] for site in problem.data_centers] for name in names]
    return np.array(rows, dtype=bool).reshape(len(names), len(problem.data_centers))


def _without(problem: Problem, barred: dict[str, set[str]], options: dict[str, Any]) -> Plan | None:
    from . import solve

    more = [Assignment(workload=name, data_center=site) for name in barred for site in sorted(barred[name])]
    limits = problem.limits.replace(forbidden=(*problem.limits.forbidden, *more))
    return solve(problem.replace(limits=limits), **options) or None


def _is_near(plan: Plan, first: Plan, most_usd: float, moved: set[str]) -> bool:
    """Return whether a plan is cheap enough, leaves no more out, and nothing that was to move."""
    fits = plan.objective is not None and plan.objective <= most_usd + NOISE * abs(most_usd)
    return (
        fits and plan.unserved <= first.unserved + NOISE and not moved & {e.workload for e in plan.left_out}
    )


def _restated(plan: Plan, problem: Problem, first: Plan) -> Plan:
    """Return the plan as one of the problem itself, with the bounds that were proven for that."""
    usd = plan.objective or 0.0
    bound = None if first.bound is None else min(first.bound, usd)
    unserved_bound = min(first.unserved_bound, plan.unserved)
    gap = relative_gap(usd, bound)
    known = {"problem_digest": problem.digest, "bound": bound, "unserved_bound": unserved_bound}
    worst = None if gap is None else max(gap, unserved_gap_of(plan.unserved, unserved_bound))
    return plan.model_copy(update={**known, "gap": worst, "status": "feasible"})


def sites_of(at: Mapping[str, Mapping[str, float]]) -> dict[str, set[str]]:
    """Return the sites of each workload that run some of it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, shares in at.items():
        found[name] = {site for site, share in shares.items() if share > NOISE}
    return dict(found)
