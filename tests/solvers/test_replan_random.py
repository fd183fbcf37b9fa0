"""Plans that go on from a present: against listing all, and at prices of nothing and beyond all others."""

from __future__ import annotations

from random import Random

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.present import Moving, Present
from computeroute.routing.replan import present_of
from computeroute.solvers import solve

from .replan_worlds import best_replan, random_replan
from .small_worlds import random_world

EXACT = {"gap_limit": 0.0, "time_limit": 10.0}
DEAR = Moving(usd_per_job=1e9, usd_per_site_entered=1e9)


def solved(problem: Problem, solver: str = "highs") -> Plan:
    plan = solve(problem, solver=solver, **EXACT)
    assert check(problem, plan) == []
    assert plan.objective is not None
    return plan


@pytest.mark.parametrize("seed", range(18))
def test_the_optimum_is_found_with_moves_priced_and_limited(seed: int) -> None:
    problem = Problem.parse(random_replan(Random(seed)))
    unserved, cost = best_replan(problem)
    plan = solved(problem)
    assert plan.unserved == pytest.approx(float(unserved), abs=1e-6, rel=1e-5)
    assert plan.objective == pytest.approx(cost, abs=1e-5, rel=1e-5)
    assert plan.bound is not None
    assert plan.bound <= cost + 1e-6 * max(1.0, abs(cost))


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["highs", "scip"])
@pytest.mark.parametrize("first", range(0, 20, 10))
def test_moves_that_must_be_made_do_not_drown_the_rest_however_dear(solver: str, first: int) -> None:
    """The bound and what else is paid are right to a cent beside moves of 1e8 USD."""
    needed = 0
    for seed in range(first, first + 10):
        problem = Problem.parse(random_replan(Random(seed))).replace(
            moving=Moving(usd_per_job=1e8, usd_per_site_entered=1e8)
        )
        unserved, cost = best_replan(problem)
        plan = solved(problem, solver)
        assert plan.unserved == pytest.approx(float(unserved), abs=1e-6, rel=1e-5)
        assert plan.objective == pytest.approx(cost, abs=0.01, rel=1e-12)
        assert plan.bound is not None
        assert plan.bound <= cost + 0.01
        needed += cost > 1e8 / 2
    assert needed > 0


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_the_decomposition_keeps_the_rules_and_its_bounds_hold(seed: int) -> None:
    problem = Problem.parse(random_replan(Random(seed)))
    unserved, cost = best_replan(problem)
    plan = solve(problem, solver="decomposition", gap_limit=1e-6, time_limit=1)
    assert check(problem, plan) == []
    assert plan.objective is not None
    assert plan.bound is not None
    assert plan.unserved_bound <= float(unserved) + 1e-6
    assert (plan.unserved, plan.objective) >= (float(unserved) - 1e-6, 0.0)
    if plan.unserved <= float(unserved) + 1e-6:
        assert plan.bound <= cost + 1e-6 * max(1.0, abs(cost)) <= plan.objective + 2e-5 * max(1.0, abs(cost))


@pytest.mark.parametrize("seed", range(100, 109))
def test_moves_for_nothing_are_a_fresh_plan(seed: int) -> None:
    old = solved(Problem.parse(random_world(Random(seed))))
    data = random_world(Random(seed + 1))
    fresh = Problem.parse(data)
    if not (old.jobs or any(service.replicas for service in old.services)):
        return
    again = solved(fresh.replace(present=present_of(old)))
    first = solved(fresh)
    assert again.unserved == pytest.approx(first.unserved, abs=1e-6)
    assert again.objective == pytest.approx(first.objective, abs=1e-5, rel=1e-6)
    assert again.cost.moving_usd == 0


def places(present: Present) -> dict[str, set[str]]:
    return {name: set(pools) for name, pools in {**present.jobs, **present.services}.items()}


def sites(problem: Problem, present: Present) -> dict[str, set[str]]:
    return {
        name: {problem.pool[pool].data_center for pool in pools} for name, pools in present.services.items()
    }


@pytest.mark.parametrize("seed", range(200, 209))
def test_at_an_endless_price_nothing_moves_where_the_old_plan_still_holds(seed: int) -> None:
    # Prices alone change, so that the old plan is feasible still.
    rng, data = Random(seed), random_world(Random(seed))
    old = solved(Problem.parse(data))
    if not (old.jobs or any(service.replicas for service in old.services)):
        return
    for pool in data["pools"]:
        pool["usd_per_accelerator_hour"] = rng.choice([0.3, 1, 5])
    present = present_of(old)
    problem = Problem.parse(data).replace(present=present, moving=DEAR)
    plan = solved(problem)
    now = present_of(plan)
    assert plan.unserved == pytest.approx(old.unserved, abs=1e-6)
    assert plan.cost.moving_usd == 0
    assert places(now).items() >= {name: set(pools) for name, pools in present.jobs.items()}.items()
    for name, entered in sites(problem, now).items():
        assert entered <= sites(problem, present).get(name, entered)
    held = solved(problem.replace(moving=Moving(), limits=problem.limits.replace(max_moves=0)))
    assert held.objective == pytest.approx(plan.objective, rel=1e-5, abs=1e-4)
