"""Alternatives differ as much as any plan that is cheap enough can, by listing every plan."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest
from computeroute.routing import InputError, Problem, check
from computeroute.routing.places import parts_of_asked
from computeroute.solvers import solve
from computeroute.solvers.near_optimal import near_optimal
from computeroute.solvers.whereabouts import moved
from computeroute.topologies import load
from hypothesis import given, settings
from hypothesis import strategies as st

from .test_frontier import HOURS, cleaner_or_cheaper

EXAMPLES = settings(max_examples=12, derandomize=True, deadline=None, database=None)
WITHIN = 0.3


def every_cheap_plan(world: dict[str, Any]) -> list[tuple[int, ...]]:
    """Return the pool of each job in every plan that places all jobs within the cost, the cheapest first."""
    pools, needs = world["pools"], [job["needs"][0]["count"] for job in world["workloads"]]
    found = []
    for at in product(range(len(pools)), repeat=len(needs)):
        held = [sum(n for n, pool in zip(needs, at, strict=True) if pool == p) for p in range(len(pools))]
        if all(used <= pool["count"] for used, pool in zip(held, pools, strict=True)):
            usd = sum(
                n * HOURS * pool["usd_per_accelerator_hour"] for n, pool in zip(held, pools, strict=True)
            )
            found.append((usd, at))
    least = min(found, default=(0, ()))[0]
    return [at for usd, at in sorted(found) if usd <= least * (1 + WITHIN) + 1e-6]


def differ(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.no_cover
@given(seed=st.integers(0, 10**9))
@EXAMPLES
def test_against_listing_every_plan(seed: int) -> None:
    world = cleaner_or_cheaper(Random(seed)) | {"objective": {}}
    cheap = every_cheap_plan(world)
    if not cheap:
        return
    problem = Problem.parse(world)
    result = near_optimal(problem, 3, WITHIN, gap_limit=0, time_limit=5)

    def pools_of(plan: Any) -> tuple[int, ...]:
        at = {job.job: int(job.placements[0].pool[1:]) for job in plan.jobs}
        return tuple(at[job.id] for job in problem.jobs)

    known = [pools_of(result.best)]
    for each in result.alternatives:
        assert check(problem, each.plan) == []
        assert each.extra <= WITHIN + 1e-6
        most = max(min(differ(at, before) for before in known) for at in cheap)
        assert each.moved_least == most
        assert each.moved == differ(known[0], pools_of(each.plan))
        known.append(pools_of(each.plan))
    if len(result.alternatives) < 3:
        assert result.ended == "alike"
        assert set(cheap) == set(known)


@pytest.mark.no_cover
@given(seed=st.integers(0, 10**9))
@EXAMPLES
def test_plans_with_sites_forbidden_against_listing_every_plan(seed: int) -> None:
    """As large problems are searched: every alternative is one, if not the most different."""
    world = cleaner_or_cheaper(Random(seed)) | {"objective": {}}
    cheap = every_cheap_plan(world)
    problem = Problem.parse(world)
    result = near_optimal(problem, 2, WITHIN, gap_limit=0, time_limit=5, most_columns=0)
    for each in result.alternatives:
        assert check(problem, each.plan) == []
        assert each.extra <= WITHIN + 1e-6
        assert each.moved_least >= 1
        at = {job.job: int(job.placements[0].pool[1:]) for job in each.plan.jobs}
        assert not cheap or tuple(at[job.id] for job in problem.jobs) in cheap


def test_services_move_to_other_sites_where_sites_are_forbidden() -> None:
    """Users in New York: both sites are in use, so only the dearest or nothing is left to forbid."""
    problem = load("two-sites")
    result = near_optimal(problem, 1, 0.04, time_limit=10, most_columns=0)
    assert all(check(problem, each.plan) == [] for each in result.alternatives)


def test_of_the_plans_that_differ_alike_the_cheapest_counts() -> None:
    """One job: first in the pool for 1 USD, then in that for 2, not in that for 3, though both would do."""
    world = cleaner_or_cheaper(Random(0)) | {"objective": {}}
    world["pools"] = [
        pool | {"count": 4, "usd_per_accelerator_hour": usd}
        for usd, pool in zip((3, 1, 2), world["pools"], strict=True)
    ]
    world["workloads"] = world["workloads"][:1]
    result = near_optimal(Problem.parse(world), 2, 5.0, gap_limit=0)
    assert [each.plan.jobs[0].placements[0].pool for each in result.alternatives] == ["p2", "p0"]
    assert [round(each.extra, 6) for each in result.alternatives] == [1, 2]


def test_parts_of_a_service_move() -> None:
    problem = load("two-sites")
    result = near_optimal(problem, 1, 0.04, time_limit=10)
    [other] = result.alternatives
    assert check(problem, other.plan) == []
    parts = moved(problem, parts_of_asked(problem, result.best), parts_of_asked(problem, other.plan))
    assert [name for name, part in parts.items() if part > 1e-4] == ["assistant-us"]
    assert sum(parts.values()) == pytest.approx(other.moved)
    assert other.plan.unserved == 0


def test_a_plan_given_is_the_first() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(1)))
    best = solve(problem, gap_limit=0)
    assert near_optimal(problem, 1, 0.1, best=best).best is best


def test_work_left_out_stays_so() -> None:
    world = cleaner_or_cheaper(Random(0))
    world["workloads"].append({"kind": "training", "id": "giant",
                               "needs": [{"accelerator": "a", "count": 99, "hours": 1}]})  # fmt: skip
    problem = Problem.parse(world)
    result = near_optimal(problem, 2, 1.0, gap_limit=0)
    assert {entry.workload for entry in result.best.left_out} >= {"giant"}
    for each in result.alternatives:
        assert check(problem, each.plan) == []
        assert each.plan.unserved == pytest.approx(result.best.unserved, abs=1e-6)


def test_faults_are_told_together() -> None:
    with pytest.raises(InputError) as error:
        near_optimal(Problem.parse(cleaner_or_cheaper(Random(1))), 0, -1.0)
    assert {fault.place for fault in error.value.faults} == {"alternatives", "within"}
