"""The plans of owners alone, put together: whether they fit beside each other, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .base import SMALLEST
from .check_admission import usable
from .check_resources import kilowatts
from .editing import mapped
from .plan import Plan
from .plan_parts import Flow, JobPlan, Purchase, ServicePlan
from .problem import Problem
from .sites import Pool
from .taking import Degrade

Amounts = defaultdict[str, defaultdict[str, float]]
"""By what is used and period."""
ROOM = 1e-6
"""Part of a capacity by which it may be passed: rounding."""


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A ``pool``, the power of a ``site`` or a ``link`` one way, of which plans use more than there is.

    ``excess`` is in accelerators, kW or Gbit/s, in the ``period`` where that is most.
    """

    kind: str
    name: str
    period: str
    excess: float


@dataclass(frozen=True)
class Joint:
    """Plans put together.

    Attributes
    ----------
    overdrawn
        What they use more of than there is; where that is nothing, and no limit of the whole binds, they are
        one plan together.
    objective
        Theirs, added up, USD: no best plan of all together costs more where they fit beside each other.
    """

    overdrawn: tuple[Overdrawn, ...] = ()
    objective: float = 0.0


def joint(problem: Problem, plans: Sequence[Plan], idle_usd: float = 0.0) -> Joint:
    """Return what plans for parts of ``problem`` come to, with ``idle_usd`` for what no part of it plans."""
    found = (*_sites_overdrawn(problem, plans), *_links_overdrawn(problem, plans))
    theirs = sum(plan.objective or 0.0 for plan in plans)
    return Joint(found, theirs + idle_usd * problem.objective.money_weight)


def what_is_left(
    problem: Problem, before: Sequence[Plan], plan: Plan, sites: frozenset[str]
) -> tuple[Degrade | PowerLeft, ...]:
    """Return the changes that leave what plans ``before`` do of some sites; none where ``plan`` fits beside.

    Of each pool, and of the power of each site, that is what is free in every period.
    """
    if not any(_sites_overdrawn(problem, [*before, plan])):
        return ()
    used, drawn = _used(before), _drawn_kw(problem, before)
    left = {
        pool.id: _part_left(pool, max(used[pool.id].values()))
        for pool in problem.pools
        if pool.data_center in sites and used[pool.id]
    }
    power = PowerLeft({site: max(drawn[site].values()) for site in sites if drawn[site]})
    return (*(Degrade(to=part, pools=(name,)) for name, part in left.items()), power)


@dataclass(frozen=True)
class PowerLeft:
    """Less power at data centers, by what others draw there, kW."""

    drawn_kw: Mapping[str, float]

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with what is left."""
        return problem.replace(
            data_centers=mapped(
                problem.data_centers,
                lambda site: site.max_power_kw is not None and site.id in self.drawn_kw,
                lambda site: site.replace(
                    max_power_kw=max(SMALLEST, (site.max_power_kw or 0.0) - self.drawn_kw[site.id])
                ),
            )
        )


def _part_left(pool: Pool, used: float) -> float:
    most = usable(pool, 0)
    return max(0.0, most - used) / most if most else 0.0


def _used(plans: Sequence[Plan]) -> Amounts:
    used: Amounts = defaultdict(lambda: defaultdict(float))
    for use in (use for plan in plans for use in plan.pool_use):
        used[use.pool][use.period] += use.used
    return used


def _drawn_kw(problem: Problem, plans: Sequence[Plan]) -> Amounts:
    drawn: Amounts = defaultdict(lambda: defaultdict(float))
    for use in (use for plan in plans for use in plan.pool_use):
        pool = problem.pool[use.pool]
        drawn[pool.data_center][use.period] += use.used * kilowatts(problem, pool)
    return drawn


def _sites_overdrawn(problem: Problem, plans: Sequence[Plan]) -> Iterator[Overdrawn]:
    used, drawn = _used(plans), _drawn_kw(problem, plans)
    bought = {each.pool: each.modules for each in _purchases(plans)}
    for pool in problem.pools:
        yield from _excess("pool", pool.id, used[pool.id], usable(pool, bought.get(pool.id, 0)))
    for site in problem.data_centers:
        if site.max_power_kw is not None:
            yield from _excess("site", site.id, drawn[site.id], site.max_power_kw)


def _links_overdrawn(problem: Problem, plans: Sequence[Plan]) -> Iterator[Overdrawn]:
    used: defaultdict[tuple[str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for use in (use for plan in plans for use in plan.link_use):
        used[use.link, use.source][use.period] += use.gbps
    for (name, _), gbps in used.items():
        link = problem.link[name]
        yield from _excess("link", name, gbps, link.bandwidth_gbps * (1 - link.reserve_fraction))


def _excess(kind: str, name: str, used: Mapping[str, float], most: float) -> Iterator[Overdrawn]:
    period, amount = max(used.items(), key=lambda item: item[1], default=("", 0.0))
    if amount > most * (1 + ROOM) + ROOM:
        yield Overdrawn(kind, name, period, amount - most)


def joined(plans: Sequence[Plan]) -> Plan:
    """Return the decisions of plans for different workloads as one, for a search to begin from.

    It has no figures, and is a plan of no problem.
    """
    routes = [
        route.model_copy(update={"id": _id(number, route.id)})
        for number, plan in enumerate(plans)
        for route in plan.routes
    ]
    nothing = dict.fromkeys(("left_out", "pool_use", "link_use"), ())
    parts = {
        "jobs": tuple(_job(number, job) for number, plan in enumerate(plans) for job in plan.jobs),
        "services": tuple(_service(n, each) for n, plan in enumerate(plans) for each in plan.services),
        "purchases": tuple(_purchases(plans)),
        "routes": tuple(routes),
    }
    return plans[0].model_copy(update={**nothing, **parts, "problem_digest": ""})


def _purchases(plans: Iterable[Plan]) -> list[Purchase]:
    found: dict[str, Purchase] = {}
    for each in (each for plan in plans for each in plan.purchases):
        other = found.get(each.pool)
        sums = {name: getattr(each, name) + getattr(other, name, 0) for name in _AMOUNTS}
        found[each.pool] = each.model_copy(update=sums)
    return list(found.values())


_AMOUNTS = ("modules", "accelerators", "capital_usd", "facility_usd")


def _id(number: int, route: str) -> str:
    return f"{number}/{route}"


def _ids(number: int, routes: Iterable[str | None]) -> tuple[str | None, ...]:
    return tuple(None if route is None else _id(number, route) for route in routes)


def _job(number: int, job: JobPlan) -> JobPlan:
    kinds = ("dataset_routes", "inter_site_routes", "checkpoint_routes")
    return job.model_copy(update={kind: _ids(number, getattr(job, kind)) for kind in kinds})


def _service(number: int, service: ServicePlan) -> ServicePlan:
    def named(flow: Flow) -> Flow:
        return flow.model_copy(update={"route": _id(number, flow.route)})

    return service.model_copy(update={"flows": tuple(map(named, service.flows))})
