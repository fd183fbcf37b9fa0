"""A plan period by period: who holds how many accelerators, what is not served, and what that costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields

from .plan import Plan
from .problem import Problem, per_period
from .sites import Pool
from .workloads import InferenceService

Key = tuple[str, str]
"""Pool and period."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One period of a plan.

    Attributes
    ----------
    installed
        Accelerators, bought modules included, reserves not taken off.
    serving, training, interruptible
        Accelerators held by services, by jobs that may not pause and by jobs that may; mean over the period.
    unserved_requests_per_second
        Requests left out. Jobs that are left out belong to no period.
    usd
        Compute and energy: commitments, used or not, and use.
    """

    period: str
    installed: int
    serving: float
    training: float
    interruptible: float
    unserved_requests_per_second: float
    usd: float

    @property
    def used(self) -> float:
        """Accelerators held by anything."""
        return self.serving + self.training + self.interruptible

    def __add__(self, other: Hour) -> Hour:
        """Return two parts of one period together."""
        names = [each.name for each in fields(self) if each.name != "period"]
        return Hour(self.period, **{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass
class _Holdings:
    """Accelerator-hours by pool and period, cut in three, and those at the spot price."""

    serving: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    training: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    interruptible: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    spot: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))

    def used(self, key: Key) -> float:
        return self.serving[key] + self.training[key] + self.interruptible[key]


def hourly(problem: Problem, plan: Plan | None, pools: Collection[Pool] | None = None) -> tuple[Hour, ...]:
    """Return every period of a plan of ``problem``, in order.

    Parameters
    ----------
    problem, plan
        A usable plan and its problem; None stands for a plan that places nothing and leaves out everything.
    pools
        Only these pools, and what they cost; all of them where None.

    Notes
    -----
    Over all pools, the sum of ``usd`` is the compute and the energy of ``plan.cost``.
    """
    chosen = problem.pools if pools is None else pools
    held = _holdings(problem, plan) if plan else _Holdings()
    modules = {bought.pool: bought.accelerators for bought in plan.purchases} if plan else {}
    installed = sum(pool.count + modules.get(pool.id, 0) for pool in chosen if not pool.is_lost)
    missing = _left_out(problem, plan) if plan else demanded(problem, problem.services)
    return tuple(_hour(problem, chosen, held, index, (installed, rate)) for index, rate in enumerate(missing))


def _left_out(problem: Problem, plan: Plan) -> list[float]:
    missing: defaultdict[str, float] = defaultdict(float)
    for entry in plan.left_out:
        missing[entry.period or ""] += entry.requests_per_second or 0.0
    return [missing[period.id] for period in problem.periods]


def demanded(problem: Problem, services: Iterable[InferenceService]) -> list[float]:
    """Return the demand of services together, requests/s, one number per period."""
    count = len(problem.periods)
    rates = [per_period(each.requests_per_second, count) for service in services for each in service.demand]
    return [sum(rate[index] for rate in rates) for index in range(count)]


def _hour(
    problem: Problem, pools: Collection[Pool], held: _Holdings, index: int, known: tuple[int, float]
) -> Hour:
    period, hours = problem.periods[index].id, problem.durations_hours[index]
    kinds = (held.serving, held.training, held.interruptible)
    serving, training, pausing = (sum(kind[pool.id, period] for pool in pools) / hours for kind in kinds)
    usd = sum(_usd(problem, pool, held, index) for pool in pools)
    return Hour(period, known[0], serving, training, pausing, known[1], usd)


def _holdings(problem: Problem, plan: Plan) -> _Holdings:
    held = _Holdings()
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    for service in plan.services:
        for replica in service.replicas:
            held.serving[replica.pool, replica.period] += replica.accelerators * hours[replica.period]
    pausing = {job.id for job in problem.jobs if job.interruptible}
    for job in plan.jobs:
        kind = held.interruptible if job.job in pausing else held.training
        for run in job.runs:
            for place in job.placements:
                kind[place.pool, run.period] += place.accelerators * run.hours
                held.spot[place.pool, run.period] += place.accelerators * run.hours * job.spot
    return held


def _usd(problem: Problem, pool: Pool, held: _Holdings, index: int) -> float:
    """Return compute and energy of one pool and period, USD, by the rules of the formulation."""
    key = (pool.id, problem.periods[index].id)
    used, spot = held.used(key), held.spot[key]
    committed = pool.committed_count * problem.durations_hours[index]
    compute = committed * (pool.committed_usd_per_accelerator_hour or 0.0)
    compute += max(0.0, used - spot - committed) * pool.usd_per_accelerator_hour
    price = pool.spot_usd_per_accelerator_hour
    compute += spot * (pool.usd_per_accelerator_hour if price is None else price)
    return compute + used * _energy_usd_per_hour(problem, pool, index)


def _energy_usd_per_hour(problem: Problem, pool: Pool, index: int) -> float:
    """Return the energy of one accelerator in use; 0 where the price of the pool includes it."""
    site = problem.data_center[pool.data_center]
    included = site.kind == "cloud" if pool.energy_included is None else pool.energy_included
    if included:
        return 0.0
    kilowatts = problem.accelerator[pool.accelerator].tdp_w / 1000 * pool.power_utilization * site.pue
    return kilowatts * per_period(site.usd_per_kwh, len(problem.periods))[index]
