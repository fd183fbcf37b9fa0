"""The verifier recomputes moves: what a plan states wrongly of them is named."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve

from .model.test_constraints import job, service, world

PRESENT = {"jobs": {"train": ["far-a"]}, "services": {"chat": {"far-a": 1}}}
MOVING = {"usd_per_job": 1, "restart_hours": 0.5, "checkpoint_gb": 10, "usd_per_site_entered": 2}
DATA = world(job("train", 5, 2), service(5), present=PRESENT, moving=MOVING, limits={"max_moves": 2})


def problem(**changes: Any) -> Problem:
    return Problem.parse(DATA | changes)


@pytest.fixture(scope="module")
def moved() -> Plan:
    plan = solve(problem(), solver="highs", gap_limit=1e-9)
    assert check(problem(), plan) == []
    # 1 USD and half an hour of 5 accelerators at 1 USD; and 2 USD for the site that the service enters.
    assert plan.jobs[0].cost.moving_usd == pytest.approx(3.5)
    assert plan.services[0].cost.moving_usd == pytest.approx(2)
    return plan


def found(plan: Plan, under: Problem) -> set[str]:
    as_of = plan.model_copy(update={"problem_digest": under.digest})
    return {violation.constraint for violation in check(under, as_of)}


def with_job(plan: Plan, **changes: Any) -> Plan:
    return plan.model_copy(update={"jobs": (plan.jobs[0].model_copy(update=changes),)})


def test_more_moves_than_allowed(moved: Plan) -> None:
    assert found(moved, problem(limits={"max_moves": 1})) == {"max_moves"}
    assert found(moved, problem(limits={})) == set()


@pytest.mark.parametrize(
    "moving",
    [{"usd_per_job": 2}, {"restart_hours": 0.6}, {"usd_per_site_entered": 3}, {"usd_per_job": 0}],
)
def test_moves_that_are_priced_otherwise(moved: Plan, moving: dict[str, float]) -> None:
    assert found(moved, problem(moving=MOVING | moving)) >= {"cost", "total", "breakdown"}


def test_moves_that_are_none(moved: Plan) -> None:
    here = {"jobs": {"train": ["near-a"]}, "services": {"chat": {"near-a": 3}}}
    assert found(moved, problem(present=here)) >= {"cost", "total", "breakdown", "checkpoint"}
    assert "checkpoint" in found(moved, problem(moving=MOVING | {"checkpoint_gb": 0}))


def test_a_checkpoint_without_its_route(moved: Plan) -> None:
    assert found(with_job(moved, checkpoint_routes=()), problem()) == {"checkpoint"}
    assert found(with_job(moved, checkpoint_routes=(None,)), problem()) == {"checkpoint"}
    assert "structure" in found(with_job(moved, checkpoint_routes=("r99",)), problem())


def test_a_checkpoint_that_comes_from_elsewhere_or_takes_a_way_back(moved: Plan) -> None:
    name = moved.jobs[0].checkpoint_routes[0]
    ways = {"nodes": ("near",), "links": (), "origin": "near", "latency_ms": 0.0, "jurisdictions": ("DE",)}
    back = {"return_nodes": ("near", "far"), "return_links": ("near--far",), "rtt_ms": 10.0}
    for change in (ways, back):
        routes = [r.model_copy(update=change) if r.id == name else r for r in moved.routes]
        wrong = moved.model_copy(update={"routes": tuple(routes)})
        assert "checkpoint" in found(wrong, problem())


def test_a_checkpoint_where_its_policy_forbids(moved: Plan) -> None:
    bound = job("train", 5, 2, policy="no-germany")
    policies = [{"id": "no-germany", "transit_deny": ["DE"]}]
    assert "transit" in found(moved, problem(workloads=[bound, service(5)], policies=policies))


def test_a_checkpoint_that_is_there_already_takes_no_route() -> None:
    # From 'far' alone to both sites: the part at 'far' has it.
    limits = {"min_bandwidth_gbps": 0.1, "max_rtt_ms": 50, "efficiency": 1}
    spread = job("train", 12, 2, max_sites=2, multi_site=limits)
    wide = Problem.parse(world(spread, present=PRESENT, moving=MOVING))
    plan = solve(wide, solver="highs", gap_limit=1e-9)
    assert check(wide, plan) == []
    routes = plan.jobs[0].checkpoint_routes
    by_pool = dict(zip((place.pool for place in plan.jobs[0].placements), routes, strict=True))
    assert by_pool["far-a"] is None
    assert by_pool["near-a"] is not None
    assert "checkpoint" in found(with_job(plan, checkpoint_routes=(by_pool["near-a"],) * 2), wide)
