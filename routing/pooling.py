"""Pooled or siloed: every owner alone with its own sites and workloads, against all of them together.

Counted on both sides are the workloads that name an owner, and all sites; a site without an owner belongs to
its provider, or to itself. Workloads without an owner are in neither. Sites that sell to everybody
(:func:`.owners.public_sites`) are there for every owner alone, too: each sees them whole and pays its part of
what is committed there. An owner with other sites only stands idle when alone, and still pays for what it
committed to; one with workloads that has no site to use serves none of them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add, mul

from .changes import Alone, Remove
from .errors import InputError
from .hourly import Hour, demanded, hourly
from .joint import Joint, joint
from .owners import owners_of_work, public_sites
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
    """One owner: its workloads, its data centers and what is installed there.

    ``reach`` are the data centers that it has when it is alone: those that are not for everybody, and, where
    it has workloads, all that are; ``within_reach`` counts the accelerators there.
    """

    name: str
    workloads: frozenset[str]
    data_centers: frozenset[str]
    accelerators: int
    reach: frozenset[str]
    within_reach: int

    @property
    def can_plan(self) -> bool:
        """Whether it has work and accelerators, so that there is something to plan when it is alone."""
        return bool(self.workloads and self.within_reach)

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
    of_work = owners_of_work(problem)
    if not of_work:
        raise InputError(["no workload names its owner; give workloads (and data centers) an 'owner'"])
    return [_party(problem, name) for name in dict.fromkeys([*owners, *of_work])]


def _party(problem: Problem, name: str) -> Party:
    sites = frozenset(site.id for site in problem.data_centers if site.owner_id == name)
    workloads = frozenset(work.id for work in problem.workloads if work.owner == name)
    public = public_sites(problem)
    reach = sites - public | (public if workloads else frozenset())
    return Party(name, workloads, sites, _installed(problem, sites), reach, _installed(problem, reach))


def _installed(problem: Problem, sites: frozenset[str]) -> int:
    """Return the accelerators at some sites, with all that could be bought."""
    return sum(_most(pool) for pool in problem.pools if pool.data_center in sites and not pool.is_lost)


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
            _together(self.hours, other.hours),
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
    theirs, _ = _left_idle(problem, party)
    rates = demanded(problem, (service for service in problem.services if service.id in party.workloads))
    hours = tuple(
        replace(hour, unserved_requests_per_second=rate)
        for hour, rate in zip(hourly(theirs, None, _pools(theirs, party.reach)), rates, strict=True)
    )
    weights = {name: weight_of_all(problem, problem.workload[name]) for name in party.workloads}
    return Side(hours, weights, {IDLE: sum(hour.usd for hour in hours)})


def _left_idle(problem: Problem, party: Party) -> tuple[Problem, None]:
    """Return the problem of an owner of which nothing is planned."""
    return (party.scenario.apply(problem) if party.workloads else problem), None


def _pools(problem: Problem, sites: frozenset[str]) -> list[Pool]:
    return [pool for pool in problem.pools if pool.data_center in sites]


@dataclass(frozen=True)
class Pooling:
    """The comparison.

    Attributes
    ----------
    shared
        All owners together; None where there is no plan.
    at_home, alone_at_home
        What runs at the sites of each owner then, whoever it belongs to, and what runs there when all are
        alone; where a plan for that is missing, the owner is missing.
    alone
        Every owner alone; one whose plan is missing is missing.
    joint
        What the plans of all alone come to if they are put together.
    plan
        That of all together; None where there is none.
    left_over
        Workloads without an owner, which are counted nowhere.
    """

    problem: Problem
    parties: tuple[Party, ...]
    shared: Side | None
    at_home: Mapping[str, tuple[Hour, ...]]
    alone_at_home: Mapping[str, tuple[Hour, ...]]
    alone: Mapping[str, Side]
    joint: Joint
    plan: Plan | None
    left_over: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether every plan is there."""
        return self.shared is not None and len(self.alone) == len(self.parties)

    @property
    def all_alone(self) -> Side | None:
        """All owners alone, added up, what they all see counted once; None unless every plan is there."""
        if len(self.alone) < len(self.parties):
            return None
        summed, homes = reduce(add, self.alone.values()), reduce(_together, self.alone_at_home.values())
        hours = zip(summed.hours, homes, strict=True)
        return replace(summed, hours=tuple(replace(hour, installed=home.installed) for hour, home in hours))

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
    sources: dict[str, tuple[Problem, Plan | None]] = {
        party.name: alone[party.name] if party.can_plan else _left_idle(problem, party)
        for party in known
        if party.name in alone or not party.can_plan
    }
    sides = {
        party.name: planned(*alone[party.name]) if party.can_plan else _unplanned(problem, party)
        for party in known
        if party.name in sources
    }
    idle_usd = sum(side.money_usd[IDLE] for name, side in sides.items() if name not in alone)
    at_home = {each.name: hourly(*shared, _pools(problem, each.data_centers)) for each in known if shared}
    return Pooling(
        problem,
        tuple(known),
        planned(*shared) if shared else None,
        at_home,
        _alone_at_home(problem, known, sources),
        sides,
        joint(problem, [plan for _, plan in alone.values()], idle_usd),
        shared[1] if shared else None,
        ownerless(problem),
    )


def _alone_at_home(
    problem: Problem, known: Sequence[Party], sources: Mapping[str, tuple[Problem, Plan | None]]
) -> dict[str, tuple[Hour, ...]]:
    """Return what runs at the sites of each owner when all are alone, where all that could is known."""
    found = {}
    for home in known:
        guests = [party for party in known if party.reach & home.data_centers]
        if all(party.name in sources for party in guests):
            parts = [
                _installed_anew(*sources[party.name], party.reach & home.data_centers) for party in guests
            ]
            own = hourly(problem, None, _pools(problem, home.data_centers))
            hours = reduce(_together, parts, tuple(replace(hour, usd=0.0) for hour in own))
            found[home.name] = hours
    return found


def _installed_anew(problem: Problem, plan: Plan | None, sites: frozenset[str]) -> tuple[Hour, ...]:
    """Return a plan at some sites, of what is installed only the modules that it buys."""
    pools = _pools(problem, sites)
    there = sum(pool.count for pool in pools if not pool.is_lost)
    return tuple(replace(hour, installed=hour.installed - there) for hour in hourly(problem, plan, pools))


def _together(one: tuple[Hour, ...], other: tuple[Hour, ...]) -> tuple[Hour, ...]:
    return tuple(map(add, one, other))


def mean(problem: Problem, values: Sequence[float]) -> float:
    """Return the mean over the horizon of one value per period."""
    total: float = sum(map(mul, values, problem.durations_hours))
    return total / problem.horizon_hours
