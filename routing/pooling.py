"""Pooled or siloed: every owner alone with its own sites and workloads, against all of them together.

Counted on both sides are the workloads that name an owner, and all sites; a site without an owner belongs to
its provider, or to itself. Workloads without an owner are in neither. An owner with sites only stands idle
when alone, and still pays for what it committed to; one with workloads only serves none of them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add, mul

from .changes import Alone, Remove
from .errors import InputError
from .hourly import Hour, demanded, hourly
from .plan import Plan
from .plan_parts import IDLE
from .problem import Problem
from .scenarios import Scenario
from .sites import Pool
from .weights import unserved_by_workload, weight_of_all

TOGETHER = "together"
Planned = tuple[Problem, Plan]


@dataclass(frozen=True, slots=True)
class Party:
    """One owner: its workloads, its data centers and what is installed there."""

    name: str
    workloads: frozenset[str]
    data_centers: frozenset[str]
    accelerators: int

    @property
    def can_plan(self) -> bool:
        """Whether it has both, so that there is something to plan when it is alone."""
        return bool(self.workloads and self.accelerators)

    @property
    def scenario(self) -> Scenario:
        """The owner alone."""
        return Scenario(f"alone={self.name}", (Alone(owner=self.name),))


def parties(problem: Problem) -> list[Party]:
    """Return every owner, of sites first, in file order.

    Raises
    ------
    InputError
        When no workload names an owner.
    """
    owners = [site.owner_id for site in problem.data_centers]
    of_work = [work.owner for work in problem.workloads if work.owner is not None]
    if not of_work:
        raise InputError(["no workload names its owner; give workloads (and data centers) an 'owner'"])
    return [_party(problem, name) for name in dict.fromkeys([*owners, *of_work])]


def _party(problem: Problem, name: str) -> Party:
    sites = frozenset(site.id for site in problem.data_centers if site.owner_id == name)
    return Party(
        name,
        frozenset(work.id for work in problem.workloads if work.owner == name),
        sites,
        sum(_most(pool) for pool in problem.pools if pool.data_center in sites and not pool.is_lost),
    )


def _most(pool: Pool) -> int:
    grown = pool.expansion.module_accelerators * pool.expansion.max_modules if pool.expansion else 0
    return pool.count + grown


def ownerless(problem: Problem) -> tuple[str, ...]:
    """Return the workloads that name no owner."""
    return tuple(work.id for work in problem.workloads if work.owner is None)


def together(problem: Problem) -> Scenario:
    """Return all owners together: the problem without workloads that belong to nobody."""
    nobodys = ownerless(problem)
    return Scenario(TOGETHER, (Remove(workloads=nobodys),) if nobodys else ())


@dataclass(frozen=True)
class Side:
    """What came of some workloads on some pools.

    Attributes
    ----------
    hours
        Every period.
    unserved
        Weight of what is left out, by workload; the workloads that are served wholly are missing.
    money_usd
        Compute, energy, capital, egress and links in the horizon, by workload; what none used is
        under ``(idle)``.
    """

    hours: tuple[Hour, ...]
    unserved: Mapping[str, float]
    money_usd: Mapping[str, float]

    def __add__(self, other: Side) -> Side:
        return Side(
            tuple(map(add, self.hours, other.hours)),
            _plus(self.unserved, other.unserved),
            _plus(self.money_usd, other.money_usd),
        )


def _plus(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {**one, **other}}


def planned(problem: Problem, plan: Plan) -> Side:
    """Return what came of a plan of ``problem``."""
    costs = plan.breakdown.by_workload
    return Side(
        hourly(problem, plan),
        unserved_by_workload(problem, plan),
        {name: cost.money_usd for name, cost in costs.items()},
    )


def _unplanned(problem: Problem, party: Party) -> Side:
    """Return what comes of an owner without capacity or without work: all left out, commitments paid."""
    rates = demanded(problem, (service for service in problem.services if service.id in party.workloads))
    hours = tuple(
        replace(hour, unserved_requests_per_second=rate)
        for hour, rate in zip(hourly(problem, None, _pools(problem, party)), rates, strict=True)
    )
    weights = {name: weight_of_all(problem, problem.workload[name]) for name in party.workloads}
    return Side(hours, weights, {IDLE: sum(hour.usd for hour in hours)})


def _pools(problem: Problem, party: Party) -> list[Pool]:
    return [pool for pool in problem.pools if pool.data_center in party.data_centers]


@dataclass(frozen=True)
class Pooling:
    """The comparison.

    Attributes
    ----------
    shared
        All owners together; None where there is no plan.
    at_home
        What runs at the sites of each owner then, whoever it belongs to.
    alone
        Every owner alone; one whose plan is missing is missing.
    left_over
        Workloads without an owner, which are counted nowhere.
    """

    problem: Problem
    parties: tuple[Party, ...]
    shared: Side | None
    at_home: Mapping[str, tuple[Hour, ...]]
    alone: Mapping[str, Side]
    left_over: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether every plan is there."""
        return self.shared is not None and len(self.alone) == len(self.parties)

    @property
    def all_alone(self) -> Side | None:
        """All owners alone, added up; None unless every plan is there."""
        return reduce(add, self.alone.values()) if len(self.alone) == len(self.parties) else None

    @property
    def served_by_both(self) -> frozenset[str] | None:
        """Workloads of which neither side leaves anything out; None unless every plan is there."""
        alone = self.all_alone
        if alone is None or self.shared is None:
            return None
        names = {name for party in self.parties for name in party.workloads}
        return frozenset(
            name for name in names if not alone.unserved.get(name) and not self.shared.unserved.get(name)
        )


def pooling(problem: Problem, shared: Planned | None, alone: Mapping[str, Planned]) -> Pooling:
    """Compare owners alone with all of them together.

    Parameters
    ----------
    problem
        The problem with everything.
    shared
        The problem of the scenario :func:`together` and its usable plan.
    alone
        The same of the scenario of every party that can plan, by its name.
    """
    known = parties(problem)
    sides = {
        party.name: planned(*alone[party.name]) if party.can_plan else _unplanned(problem, party)
        for party in known
        if party.name in alone or not party.can_plan
    }
    at_home = {party.name: hourly(*shared, _pools(problem, party)) for party in known} if shared else {}
    return Pooling(
        problem, tuple(known), planned(*shared) if shared else None, at_home, sides, ownerless(problem)
    )


def mean(problem: Problem, values: Sequence[float]) -> float:
    """Return the mean over the horizon of one value per period."""
    total: float = sum(map(mul, values, problem.durations_hours))
    return total / problem.horizon_hours
