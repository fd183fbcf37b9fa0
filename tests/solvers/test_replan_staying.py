"""Planning on is never worse than staying where that is possible, however little time there is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.replan import going_on
from computeroute.routing.scenarios import scenario
from computeroute.solvers import automatic, solve
from computeroute.solvers.searching import search
from computeroute.topologies.generate import generate

from .small_worlds import random_world

MOVING = {"usd_per_job": 50.0, "usd_per_site_entered": 20.0, "restart_hours": 1.0}
SHORT = 0.02
"""Seconds in which no search of this problem finds a plan that leaves nothing out."""


@pytest.fixture(scope="module")
def before() -> tuple[Problem, Plan]:
    """Return a problem of more than a thousand columns in which everything is placed, and its plan."""
    problem = generate(sites=8, services=10, jobs=30, periods=6, locations=10, seed=2)
    plan = solve(problem, solver="highs", gap_limit=0.01, time_limit=30)
    assert plan.unserved == 0
    return problem, plan


def score(plan: Plan) -> tuple[float, float]:
    assert plan.objective is not None
    return round(plan.unserved, 6), plan.objective


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["highs", "decomposition", "auto"])
def test_it_is_no_worse_than_staying(before: tuple[Problem, Plan], solver: str) -> None:
    # Nothing but the prices of moves is new, so staying costs what the plan cost.
    problem, plan = before
    problem = going_on(problem, plan, **MOVING)
    found = solve(problem, solver=solver, time_limit=SHORT, similar_plan=plan)
    assert check(problem, found) == []
    assert score(found) <= (score(plan)[0], score(plan)[1] * (1 + 1e-9))


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["highs", "decomposition"])
@pytest.mark.parametrize("line", ["demand*0.95", "prices*2", "energy*1.3 + carbon*2", "bandwidth*1.5"])
def test_nor_where_prices_and_demand_change(before: tuple[Problem, Plan], line: str, solver: str) -> None:
    # Staying is possible, so that nothing is left out, and nothing needs to move.
    problem, plan = before
    problem = going_on(scenario(line).apply(problem), plan, **MOVING)
    found = solve(problem, solver=solver, time_limit=SHORT, similar_plan=plan)
    assert check(problem, found) == []
    assert score(found)[0] == 0
    if line == "prices*2":  # pools cost twice as much, the rest as before
        assert score(found)[1] <= score(plan)[1] + plan.cost_in_all.compute_usd * (1 + 1e-6)


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["highs", "decomposition"])
def test_what_cannot_stay_does_not_cost_the_rest_its_place(before: tuple[Problem, Plan], solver: str) -> None:
    problem, plan = before
    site = plan.jobs[0].placements[0].data_center
    problem = going_on(scenario(f"without={site}").apply(problem), plan, **MOVING)
    gone = {job.job for job in plan.jobs if any(place.data_center == site for place in job.placements)}
    found = solve(problem, solver=solver, time_limit=SHORT, similar_plan=plan)
    assert check(problem, found) == []
    assert {job.job for job in found.jobs} >= {job.job for job in plan.jobs} - gone


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 6, 3))
def test_small_and_large_searches_are_no_worse_than_staying(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A gap of all permits any plan: the first one found, or the old one.
    for columns in (12_000, 0):
        monkeypatch.setattr(search, "LARGE_COLUMNS", columns)
        monkeypatch.setattr("computeroute.solvers.exact.LARGE_COLUMNS", columns)
        for seed in range(first, first + 3):
            problem = Problem.parse(random_world(Random(seed)))
            plan = solve(problem, solver="highs", gap_limit=0.0)
            if not plan.jobs and not any(service.replicas for service in plan.services):
                continue
            problem = going_on(problem, plan, usd_per_job=2.0)
            found = solve(problem, solver="highs", gap_limit=1.0, similar_plan=plan)
            assert check(problem, found) == []
            assert score(found) <= (score(plan)[0] + 1e-6, score(plan)[1] + 1e-6 * abs(score(plan)[1]))


@pytest.mark.no_cover
def test_large_searches_report_the_old_plan_first(
    before: tuple[Problem, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("computeroute.solvers.exact.LARGE_COLUMNS", 0)
    problem, plan = before
    told: list[float | None] = []
    problem = going_on(problem, plan, **MOVING)
    options: dict[str, Any] = {"time_limit": SHORT, "similar_plan": plan}
    solve(problem, solver="highs", progress=lambda each: told.append(each.incumbent), **options)
    assert told[0] == pytest.approx(plan.objective)


def test_the_exact_search_that_follows_the_decomposition_begins_there_too(
    before: tuple[Problem, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = automatic.Choice("decomposition", "to see what follows")
    monkeypatch.setattr(automatic, "choose", lambda _: choice)
    problem, plan = before
    problem = going_on(problem, plan, **MOVING)
    found = solve(problem, time_limit=1.0, similar_plan=plan)
    assert check(problem, found) == []
    assert score(found) <= (score(plan)[0], score(plan)[1] * (1 + 1e-9))
