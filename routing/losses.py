"""What can be lost: every data center, link and shared-risk group of a problem, alone and in pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from .changes import Protect, Remove, risk_groups
from .errors import InputError
from .problem import Problem
from .scenarios import Scenario
from .workloads import InferenceService

MOST_FAILURES = 100_000
"""Failures that pairs may grow to."""
FailureKind = Literal["data center", "link", "risk group", "pair"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is lost, for the whole horizon.

    Attributes
    ----------
    data_centers, links
        All that goes, links that end at a lost data center included.
    scenario
        The problem without it. Where services are to survive losses, this is the one that they are protected
        against: what is left need not survive another.
    """

    name: str
    kind: FailureKind
    data_centers: frozenset[str]
    links: frozenset[str]
    scenario: Scenario

    def covers(self, other: Failure) -> bool:
        """Return whether nothing is lost with ``other`` that is not lost with this."""
        return self.data_centers >= other.data_centers and self.links >= other.links


def single_failures(problem: Problem) -> list[Failure]:
    """Return the loss of every data center, link and risk group, in file order."""
    removals: list[tuple[FailureKind, str, Remove]] = [
        *(("data center", site.id, Remove(data_centers=(site.id,))) for site in problem.data_centers),
        *(("link", link.id, Remove(links=(link.id,))) for link in problem.links),
        *(("risk group", name, Remove(risk_groups=(name,))) for name in risk_groups(problem)),
    ]
    uses = Counter(name for _, name, _ in removals)
    return [
        _failure(problem, kind, name, removal, is_unique=uses[name] == 1) for kind, name, removal in removals
    ]


def _failure(problem: Problem, kind: FailureKind, name: str, removal: Remove, *, is_unique: bool) -> Failure:
    sites, links = removal.lost(problem)
    scenario = Scenario(f"without={name}" if is_unique else f"without={kind} {name}", (removal,))
    if any(isinstance(work, InferenceService) and work.survive for work in problem.workloads):
        scenario = Scenario(f"{scenario.name} + unprotected", (removal, Protect(survive=None)))
    return Failure(name, kind, sites, links, scenario)


def paired(failures: Sequence[Failure], chosen: Iterable[Failure]) -> list[Failure]:
    """Return the pairs of ``failures`` of which at least one is ``chosen`` and neither covers the other.

    Raises
    ------
    InputError
        Above :data:`MOST_FAILURES` pairs.
    """
    names = {each.scenario.name for each in chosen}
    return [
        _pair(one, other)
        for one, other in _limited(failures, names)
        if not one.covers(other) and not other.covers(one)
    ]


def _limited(failures: Sequence[Failure], names: set[str]) -> list[tuple[Failure, Failure]]:
    others = len(failures) - len(names)
    count = len(names) * (len(names) - 1) // 2 + len(names) * others
    if count > MOST_FAILURES:
        pairs = f"there are {count:,} pairs of losses of which one hits the plan"
        raise InputError([f"{pairs}; {MOST_FAILURES:,} is the most, so lose them one by one"])
    return [
        (one, other)
        for one, other in combinations(failures, 2)
        if one.scenario.name in names or other.scenario.name in names
    ]


def _pair(one: Failure, other: Failure) -> Failure:
    return Failure(
        f"{one.name} + {other.name}",
        "pair",
        one.data_centers | other.data_centers,
        one.links | other.links,
        one.scenario + other.scenario,
    )
