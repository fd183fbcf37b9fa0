"""What a plan of a similar problem decides, as columns of this one: where a search may begin."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ...routing.plan import JobPlan, Plan
from ..programs.program import Program
from ..rates import Floats, Ints
from .variables import Variables

LATEST_HOURS = 1e-6
"""How far a start may be from that of the plan."""
Key = tuple[tuple[str, ...], int, bool]


def decided_columns(variables: Variables, plan: Plan) -> Ints:
    """Return the columns of options and starts that jobs of ``plan`` take, where this problem has them.

    Jobs that the problem does not have, or that cannot run there any more, are passed over.
    """
    options = _options_by_place(variables)
    numbers = {job.id: number for number, job in enumerate(variables.problem.jobs)}
    found: list[int] = []
    for job in plan.jobs:
        known = options.get((numbers.get(job.job, -1), _place(job)), [])
        found.extend(_columns(variables, known, job))
    return np.array(found, dtype=np.int64)


def standing(variables: Variables, plan: Plan) -> tuple[Ints, Floats]:
    """Return the columns of replicas and modules with how many of each ``plan`` has, within their bounds."""
    columns, services, pools = variables.columns, variables.services, variables.problem.pools
    periods = {period.id: number for number, period in enumerate(variables.problem.periods)}
    names = [service.id for service in variables.problem.services]
    count = {
        (service.service, held.pool, periods.get(held.period, -1)): float(held.replicas)
        for service in plan.services
        for held in service.replicas
    }
    slots = zip(services.slot_service.tolist(), services.slot_pool.tolist(), strict=True)
    of_slot = [(names[service], pools[pool].id) for service, pool in slots]
    stands = zip(variables.replica_slot.tolist(), variables.replica_period.tolist(), strict=True)
    replicas = [count.get((*of_slot[slot], period), 0.0) for slot, period in stands]
    bought = {purchase.pool: float(purchase.modules) for purchase in plan.purchases}
    modules = [bought.get(pools[pool].id, 0.0) for pool in variables.module_pool.tolist()]
    used = _used_sites(variables, plan)
    at = np.concatenate([columns.range(name) for name in ("replicas", "modules", "site_used")])
    return at.astype(np.int64), np.array([*replicas, *modules, *used])


def _used_sites(variables: Variables, plan: Plan) -> list[float]:
    """Return whether ``plan`` has replicas of the service at the site, for every column that says so."""
    site = {pool.id: pool.data_center for pool in variables.problem.pools}
    used = {(each.service, site.get(held.pool)) for each in plan.services for held in each.replicas}
    names = [service.id for service in variables.problem.services]
    sites = [center.id for center in variables.problem.data_centers]
    pairs = zip(variables.used_service.tolist(), variables.used_site.tolist(), strict=True)
    return [float((names[service], sites[at]) in used) for service, at in pairs]


def _place(job: JobPlan) -> Key:
    pools = tuple(sorted(place.pool for place in job.placements))
    return pools, job.placements[0].accelerators, job.spot


def _options_by_place(variables: Variables) -> dict[tuple[int, Key], list[int]]:
    """Return the numbers of the options of every job by pools, accelerators at each and price paid."""
    table, pools = variables.jobs.table, variables.problem.pools
    found: dict[tuple[int, Key], list[int]] = defaultdict(list)
    rows = zip(table.job.tolist(), table.pools, table.accelerators.tolist(), table.spot.tolist(), strict=True)
    for number, (job, places, accelerators, spot) in enumerate(rows):
        names = tuple(sorted(pools[at].id for at in places.tolist() if at >= 0))
        found[job, (names, accelerators, spot)].append(number)
    return found


def _columns(variables: Variables, options: list[int], job: JobPlan) -> list[int]:
    """Return the column of the job's start, or those of its pauses; nothing where there are none alike."""
    columns, starts, pauses = variables.columns, variables.starts, variables.pauses
    begun = _of_options(starts.option, options)
    near = begun[np.abs(starts.start_hours[begun] - job.start_hours) <= LATEST_HOURS]
    if len(near):
        return [_cheapest(variables, np.asarray(columns.range("start"))[near])]
    paused = _of_options(pauses.option, options)
    if len(paused) == 0:
        return []
    chosen = _cheapest(variables, np.asarray(columns.range("pause"))[paused])
    number = chosen - int(columns.range("pause")[0])
    mine = np.flatnonzero(pauses.active_pause == number)
    runs = mine[np.isin(pauses.active_period[mine], _periods(variables, job))]
    if pauses.active_hours[runs].sum() < job.hours - LATEST_HOURS:
        return [chosen]
    return [chosen, *columns.range("active")[runs].tolist()]


def _of_options(owner: Ints, options: list[int]) -> Ints:
    """Return the places of some options in ``owner``, which ascends."""
    first, last = (np.searchsorted(owner, options, side=side) for side in ("left", "right"))
    runs = [np.arange(*ends) for ends in zip(first.tolist(), last.tolist(), strict=True)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *runs])


def _cheapest(variables: Variables, columns: Ints) -> int:
    """Return the cheapest of columns that differ in nothing that a plan is asked for, as in routes."""
    return int(columns[variables.cost[columns].argmin()])


def _periods(variables: Variables, job: JobPlan) -> list[int]:
    numbers = {period.id: number for number, period in enumerate(variables.problem.periods)}
    return [numbers[run.period] for run in job.runs if run.period in numbers and run.hours > 0]


def _idle(variables: Variables, decided: Ints) -> Ints:
    """Return the columns of periods in which jobs do not run, where ``decided`` says when they do."""
    active = np.asarray(variables.columns.range("active"), dtype=np.int64)
    runs = np.isin(active, decided)
    timed = np.unique(variables.pauses.active_pause[runs])
    return np.asarray(active[np.isin(variables.pauses.active_pause, timed) & ~runs])


@dataclass(frozen=True)
class Likeness:
    """What a plan of a similar problem decides: columns of jobs that are one, how much of others stands."""

    decided: Ints
    columns: Ints
    values: Floats

    @classmethod
    def of(cls, variables: Variables, plan: Plan) -> Likeness:
        """Return what ``plan`` decides in terms of ``variables``."""
        decided = decided_columns(variables, plan)
        at, values = standing(variables, plan)
        idle = _idle(variables, decided)
        return cls(decided, np.concatenate([at, idle]), np.concatenate([values, np.zeros(len(idle))]))

    def held(self, program: Program) -> Program:
        """Return ``program`` with all of it held: jobs that the plan has, replicas, and modules."""
        values = as_values(program.columns, self.decided)
        values[self.columns] = np.minimum(self.values, program.upper[self.columns])
        fixed = np.zeros(program.columns, dtype=bool)
        fixed[self.decided] = fixed[self.columns] = True
        return program.with_bounds(
            np.where(fixed, values, program.lower), np.where(fixed, values, program.upper)
        )


def as_values(columns: int, decided: Ints) -> Floats:
    """Return values of all columns that are 1 at the ``decided`` ones."""
    found = np.zeros(columns)
    found[decided] = 1.0
    return found
