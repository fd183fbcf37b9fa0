"""A plan as a placement: the same plan in its own problem, and what is left of it in another one."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Plan, Problem
from computeroute.routing.commitments import committed_usd
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans.resuming import SLACK, gone_on, resumed
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.resuming import resumed_solution

from ...model.test_constraints import job, service, world
from ...replan_worlds import random_replan
from ...small_worlds import random_world
from ...survival_worlds import random_world as random_survival


def cost_of(market: Market, placement: Placement) -> tuple[float, float]:
    """Return the work that a placement leaves out, and its cost."""
    work = sum(placed.work for placed in placement.placed)
    offset = committed_usd(market.problem) * market.problem.objective.money_weight
    return work + market.barred_work, placement.value() - placement.penalty * work + offset


def solved(data: dict[str, Any]) -> tuple[Problem, Plan]:
    problem = Problem.parse(data)
    return problem, solve(problem, solver="highs", gap_limit=0.0)


@pytest.mark.no_cover
@pytest.mark.parametrize("draw", [random_world, random_replan])
@pytest.mark.parametrize("first", range(0, 12, 3))
def test_a_plan_goes_on_in_its_own_problem_at_its_cost(draw: Any, first: int) -> None:
    for seed in range(first, first + 3):
        problem, plan = solved(draw(Random(seed)))
        assert plan.objective is not None
        market = market_of(problem)
        placement = resumed(market, penalty_of(market), plan)
        assert len(placement.broken_rows(SLACK)) == 0
        unserved, usd = cost_of(market, placement)
        assert unserved == pytest.approx(plan.unserved, abs=1e-6)
        assert usd <= plan.objective + 1e-6 * max(1.0, abs(plan.objective))


@pytest.mark.no_cover
@pytest.mark.parametrize("draw", [random_world, random_replan, random_survival])
@pytest.mark.parametrize("first", range(0, 15, 5))
def test_so_it_does_in_the_whole_model_reserves_included(draw: Any, first: int) -> None:
    for seed in range(first, first + 5):
        problem, plan = solved(draw(Random(seed)))
        variables = build_variables(problem)
        arrays = build_arrays(variables)
        x = resumed_solution(variables, arrays, plan)
        assert x is not None
        assert plan.objective is not None
        activity = arrays.matrix @ x
        assert (activity >= arrays.row_lower - 1e-6).all()
        assert (activity <= arrays.row_upper + 1e-6).all()
        assert np.abs(x - np.round(x))[arrays.integer].max(initial=0.0) < 1e-9
        assert float(arrays.unserved @ x) == pytest.approx(plan.unserved, abs=1e-6)
        cost = float(arrays.cost @ x) + arrays.offset
        assert cost <= plan.objective + 1e-6 * max(1.0, abs(plan.objective))


# Jobs of 4 accelerators and 2 h each: near, two of them in each of the two periods, 8 USD each.
TWO = (job("one", 4, 2), job("two", 4, 2))


def gone(data: dict[str, Any], plan: Plan) -> Placement:
    market = market_of(Problem.parse(data))
    found = gone_on(market, penalty_of(market), plan)
    assert found is not None
    assert len(found.broken_rows()) == 0
    return found


def test_what_does_not_fit_any_more_is_left_out_and_the_rest_stays() -> None:
    data = world(*TWO, job("three", 4, 2))
    _, plan = solved(data)
    assert {entry.placements[0].pool for entry in plan.jobs} == {"near-a"}
    data["pools"][0]["count"] = 4  # two run in one period and one in the other: one of the two makes way
    assert [each.choice is not None for each in gone(data, plan).placed].count(True) == 2


def test_work_of_lost_pools_and_new_work_are_left_out() -> None:
    _, plan = solved(world(*TWO))
    data = world(*TWO, job("new", 1, 1))
    data["pools"] = data["pools"][1:]
    assert [each.choice for each in gone(data, plan).placed] == [None, None, None]
    data = world(*TWO, job("new", 1, 1))
    assert [each.choice is None for each in gone(data, plan).placed] == [False, False, True]


def test_a_service_that_asks_for_more_sites_than_are_left_is_left_out() -> None:
    _, plan = solved(world(service(5)))
    assert gone(world(service(5)), plan).placed[0].choice is not None
    assert all(each.choice is None for each in gone(world(service(5, min_sites=2)), plan).placed)


def test_more_demand_takes_more_replicas_at_the_same_site() -> None:
    _, plan = solved(world(service(5)))
    market = market_of(Problem.parse(world(service(25))))
    placement = resumed(market, penalty_of(market), plan)
    assert cost_of(market, placement)[0] == pytest.approx(0)
    assert len(placement.broken_rows()) == 0


def test_modules_that_nothing_needs_any_more_are_not_bought() -> None:
    data = world(*TWO, job("wide", 12, 2))
    expansion = {"module_accelerators": 4, "capital_usd_per_module": 1e4, "lifetime_years": 4}
    data["pools"] = [{**data["pools"][0], "expansion": {**expansion, "max_modules": 3}}]
    _, plan = solved(data)
    assert gone(data, plan).modules.tolist() == [1.0]
    data["workloads"] = list(TWO)
    assert gone(data, plan).modules.tolist() == [0.0]


def test_hours_that_sum_up_within_rounding_hold_no_further_period() -> None:
    # 0.8 + 0.1 + 0.5 + 0.7 h lack 4e-16 of 2.1 in floating point; the last period is another job's.
    pausing = job("pausing", 8, 2.1, interruptible=True, deadline_hours=3.1)
    data = world(pausing, job("last", 8, 1, earliest_start_hours=2.1, deadline_hours=3.1))
    data["periods"] = [{"id": f"t{k}", "hours": hours} for k, hours in enumerate((0.8, 0.1, 0.5, 0.7, 1.0))]
    data["pools"] = data["pools"][:1]
    _, plan = solved(data)
    assert plan.unserved == 0
    assert all(each.choice is not None for each in gone(data, plan).placed)


def test_parallel_ways_back_are_told_apart() -> None:
    # 50 requests/s of 1,000 kB come back by two ways of 0.25 Gbit/s each: 31.25 a second by either.
    ways = [
        {
            "id": "out",
            "source": "town",
            "target": "near",
            "bandwidth_gbps": 1,
            "latency_ms": 1,
            "directed": True,
        },
        {
            "id": "back",
            "source": "near",
            "target": "town",
            "bandwidth_gbps": 0.25,
            "latency_ms": 1,
            "directed": True,
        },
        {
            "id": "hop-1",
            "source": "near",
            "target": "far",
            "bandwidth_gbps": 0.25,
            "latency_ms": 1,
            "directed": True,
        },
        {
            "id": "hop-2",
            "source": "far",
            "target": "town",
            "bandwidth_gbps": 0.25,
            "latency_ms": 1,
            "directed": True,
        },
    ]
    chat = {**service(50), "demand": [{"location": "town", "requests_per_second": 50}], "response_kb": 1000}
    data = world(chat, far={"count": 1})
    data |= {"locations": [{"id": "town", "jurisdiction": "DE"}], "links": ways, "pools": data["pools"][:1]}
    problem = Problem.parse(data)
    plan = solve(problem, solver="highs")
    assert plan.unserved == 0
    assert len({flow.route for flow in plan.services[0].flows}) == 2
    market = market_of(problem)
    placement = gone_on(market, penalty_of(market), plan)
    assert placement is not None
    assert placement.work() == 0
