"""Plans of like problems: accounted anew, the start of a search, and never better than what is handed out."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.owning import SWEEPS
from computeroute.routing.scenarios import BUILT_IN, chosen
from computeroute.solvers import SOLVERS, Options, solve
from computeroute.solvers.breakeven import breakeven
from computeroute.solvers.known_plans import KnownPlans, recosted
from computeroute.solvers.sweep import solve_scenarios

# A day, four accelerators in a hall that are committed to at 1 USD, and four to rent at 3 USD. Energy in the
# hall costs 1 kW x 10 USD = 10 USD an hour. A job takes 4 accelerators for 10 hours:
#   in the hall  4 x 24 x 1 + 40 x 10 = 496 USD;  rented  40 x 3 = 120 USD, and 96 USD for the idle ones, 216.
WORLD: dict[str, Any] = {
    "periods": [{"id": "day", "hours": 24}],
    "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 1000}],
    "data_centers": [
        {"id": "hall", "kind": "colo", "jurisdiction": "DE", "pue": 1, "usd_per_kwh": 10},
        {"id": "region", "jurisdiction": "DE"},
    ],
    "pools": [
        {"id": "own", "data_center": "hall", "accelerator": "a", "count": 4, "committed_count": 4,
         "usd_per_accelerator_hour": 1, "committed_usd_per_accelerator_hour": 1},
        {"id": "rent", "data_center": "region", "accelerator": "a", "count": 4,
         "usd_per_accelerator_hour": 3},
    ],
    "links": [{"source": "hall", "target": "region", "bandwidth_gbps": 10, "latency_ms": 1}],
    "workloads": [{"kind": "training", "id": "job",
                   "needs": [{"accelerator": "a", "count": 4, "hours": 10}]}],
}  # fmt: skip
HALL_USD, RENTED_USD, IDLE_USD = 496.0, 120.0, 96.0


@pytest.fixture
def problem() -> Problem:
    return Problem.parse(WORLD)


@pytest.fixture
def rented(problem: Problem) -> Plan:
    """Return the plan without the hall and what is committed to there."""
    pools = tuple(pool for pool in problem.pools if pool.id == "rent")
    plan = solve(problem.replace(pools=pools))
    assert plan.objective == pytest.approx(RENTED_USD)
    return plan


def in_the_hall(problem: Problem, options: Options) -> Plan:
    """Plan as a solver that overlooks what is for rent wherever there is something else."""
    if len(problem.pools) == 1:
        return SOLVERS["highs"](problem, options)
    dear = problem.replace(pools=tuple(
        pool.replace(usd_per_accelerator_hour=1e3) if pool.id == "rent" else pool for pool in problem.pools
    ))  # fmt: skip
    plan = recosted(problem, iter([SOLVERS["highs"](dear, replace(options, similar_plan=None))]), options)
    assert plan is not None
    return plan


def test_a_plan_of_a_restricted_case_goes_on_with_what_must_be_paid(problem: Problem, rented: Plan) -> None:
    found = recosted(problem, iter([rented]), Options())
    assert found is not None
    assert found.objective == pytest.approx(RENTED_USD + IDLE_USD)
    assert (found.problem_digest, found.bound, found.status) == (problem.digest, None, "feasible")
    assert check(problem, found) == []


def test_no_plan_is_worse_than_a_known_one(problem: Problem, rented: Plan) -> None:
    alone = KnownPlans({"solver": in_the_hall})
    assert alone.solve(problem).objective == pytest.approx(HALL_USD)
    assert KnownPlans({"solver": in_the_hall}, [rented]).solve(problem).objective == pytest.approx(216)
    alone.plans.append(rented)
    assert alone.improved(problem, alone.plans[0]).objective == pytest.approx(216)


def test_after_a_stop_nothing_begins(problem: Problem, rented: Plan) -> None:
    stopped = threading.Event()
    stopped.set()
    assert not KnownPlans({"solver": "highs", "cancel": stopped}, [rented]).solve(problem)


def test_what_cannot_go_on_is_left_out(problem: Problem) -> None:
    own = problem.replace(pools=tuple(pool for pool in problem.pools if pool.id == "own"))
    found = recosted(problem.replace(pools=(problem.pools[1],)), iter([solve(own)]), Options())
    assert found is not None
    assert [entry.workload for entry in found.left_out] == ["job"]


def test_a_breakeven_has_no_value_worse_than_a_known_one(problem: Problem) -> None:
    """At a tenth of the price renting costs 12 USD, and 108 with what stands idle then, not 496."""
    cases = chosen(["hybrid", "without=hall"], BUILT_IN)
    asked: dict[str, Any] = {"low": 0.1, "high": 0.2, "points": 2, "tolerance": 0.05}
    found = breakeven(problem, SWEEPS["price"], *cases, **asked, solver=in_the_hall)
    assert [point.own.usd for point in found.points] == pytest.approx([12 + IDLE_USD, 24 + IDLE_USD])
    assert [check(point.own.problem, point.own.plan) for point in found.points] == [[], []]


def test_a_sweep_has_no_value_worse_than_a_known_one(problem: Problem) -> None:
    """The hybrid is planned first, before anything else is known."""
    outcomes = solve_scenarios(problem, chosen(["hybrid", "without=hall"], BUILT_IN), solver=in_the_hall)
    assert [each.plan and each.plan.objective for each in outcomes] == pytest.approx([216, 216])
    assert [each.plan and each.plan.scenario for each in outcomes] == ["hybrid", "without=hall"]


def test_requests_that_are_rounding_are_no_flow() -> None:
    """Of 3 requests/s 1e-15 go to another pool, which has no replica for them as it serves nobody else."""
    served = [{"location": "town", "requests_per_second": 3}]
    chat = {"kind": "inference", "id": "chat", "demand": served,
            "serving": [{"accelerator": "a", "requests_per_second": 1}]}  # fmt: skip
    links = [{"source": "town", "target": site, "bandwidth_gbps": 10, "latency_ms": 1}
             for site in ("hall", "region")]  # fmt: skip
    towns = [{"id": "town", "jurisdiction": "DE"}]
    problem = Problem.parse({**WORLD, "locations": towns, "links": links, "workloads": [chat]})
    plan = solve(problem)
    [service], away = plan.services, {"rent": ("own", "hall"), "own": ("rent", "region")}
    [flow] = service.flows
    pool, site = away[flow.pool]
    route = plan.route[flow.route].model_copy(
        update={"id": "r2", "destination": site, "nodes": ("town", site), "links": (f"town--{site}",)}
    )
    stray = flow.model_copy(
        update={"pool": pool, "data_center": site, "route": "r2", "requests_per_second": 1e-15}
    )
    services = (service.model_copy(update={"flows": (flow, stray)}),)
    mixed = plan.model_copy(update={"services": services, "routes": (*plan.routes, route)})
    found = recosted(problem, iter([mixed]), Options())
    assert found is not None
    assert [each.pool for each in found.services[0].flows] == [flow.pool]
