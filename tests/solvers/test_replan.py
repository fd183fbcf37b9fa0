"""Moving as part of the cost, on cases whose best plans are known by hand; exact and by decomposition."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve

from .model.test_constraints import job, service, world

Data = dict[str, Any]
BOTH = pytest.mark.parametrize("solver", ["highs", "decomposition"])
FAR = {"jobs": {"train": ["far-a"]}, "services": {"chat": {"far-a": 1}}}


def solved(data: Data, solver: str) -> Plan:
    problem = Problem.parse(data)
    plan = solve(problem, solver=solver, gap_limit=1e-7, time_limit=3)
    assert check(problem, plan) == []
    assert plan.objective is not None
    return plan


def trained_at(data: Data, solver: str) -> tuple[str, float, float]:
    """Return where the only job runs, what its move costs, and the objective."""
    plan = solved(data, solver)
    assert plan.objective is not None
    return plan.jobs[0].placements[0].pool, plan.cost.moving_usd, plan.objective


def served_at(data: Data, solver: str) -> tuple[set[str], float]:
    plan = solved(data, solver)
    return {replica.pool for replica in plan.services[0].replicas}, plan.cost.moving_usd


# 5 accelerators for 2 h: 10 USD near and 20 USD far, where the job is: moving saves 10 USD.
TRAIN = job("train", 5, 2)


@BOTH
@pytest.mark.parametrize(("usd", "pool", "paid"), [(12, "far-a", 0), (8, "near-a", 8), (0, "near-a", 0)])
def test_a_saving_of_10_pays_for_a_move_at_8_and_not_at_12(
    solver: str, usd: float, pool: str, paid: float
) -> None:
    data = world(TRAIN, present=FAR, moving={"usd_per_job": usd})
    assert trained_at(data, solver) == (pool, paid, pytest.approx(10 + paid if paid or not usd else 20))


@BOTH
@pytest.mark.parametrize(("hours", "pool", "paid"), [(1.9, "near-a", 9.5), (2.1, "far-a", 0)])
def test_a_restart_costs_hours_where_the_job_goes(solver: str, hours: float, pool: str, paid: float) -> None:
    # An hour of the 5 accelerators costs 5 USD near: 9.5 or 10.5 USD against 10.
    data = world(TRAIN, present=FAR, moving={"restart_hours": hours})
    assert trained_at(data, solver)[:2] == (pool, pytest.approx(paid))


@BOTH
@pytest.mark.parametrize(("gb", "pool", "paid"), [(90, "near-a", 9), (110, "far-a", 0)])
def test_a_checkpoint_pays_for_its_route(solver: str, gb: float, pool: str, paid: float) -> None:
    # 0.04 USD/GB on the link and 0.06 USD/GB to leave 'far': 9 or 11 USD against 10.
    data = world(TRAIN, present=FAR, moving={"checkpoint_gb": gb})
    data["links"][0]["usd_per_gb"] = 0.04
    data["data_centers"][1]["egress_usd_per_gb"] = 0.06
    assert trained_at(data, solver)[:2] == (pool, pytest.approx(paid))


def test_a_checkpoint_route_is_stated_and_one_way() -> None:
    plan = solved(world(TRAIN, present=FAR, moving={"checkpoint_gb": 1}), "highs")
    route = plan.route[plan.jobs[0].checkpoint_routes[0] or ""]
    assert (route.nodes, route.return_links) == (("far", "near"), ())


@BOTH
def test_where_no_way_leads_the_checkpoint_costs_nothing(solver: str) -> None:
    data = world(TRAIN, present=FAR, moving={"checkpoint_gb": 1e6})
    data["links"] = []
    assert trained_at(data, solver) == ("near-a", 0, pytest.approx(10))
    assert solved(data, solver).jobs[0].checkpoint_routes == (None,)


@BOTH
def test_a_job_whose_pool_is_gone_moves_at_any_price(solver: str) -> None:
    data = world(TRAIN, present={"jobs": {"train": ["lost"]}}, moving={"usd_per_job": 1e6})
    assert trained_at(data, solver) == ("near-a", 1e6, pytest.approx(1e6 + 10))


@BOTH
def test_new_work_pays_nothing(solver: str) -> None:
    data = world(TRAIN, present={"jobs": {"other": ["far-a"]}}, moving={"usd_per_job": 99})
    assert trained_at(data, solver) == ("near-a", 0, pytest.approx(10))


@BOTH
def test_a_later_start_in_the_same_pool_is_no_move(solver: str) -> None:
    # Two jobs of 8 accelerators and 2 h, both near at present, share the pool one after the other.
    present = {"jobs": {"one": ["near-a"], "two": ["near-a"]}}
    data = world(job("one", 8, 2), job("two", 8, 2), present=present, moving={"usd_per_job": 99})
    assert solved(data, solver).cost.moving_usd == 0


@BOTH
@pytest.mark.parametrize(("usd", "pools", "paid"), [(3.9, {"near-a"}, 3.9), (4.1, {"far-a"}, 0)])
def test_a_service_pays_for_the_site_that_it_enters(
    solver: str, usd: float, pools: set[str], paid: float
) -> None:
    # One replica for 4 h: 4 USD near, 8 USD far, where it is.
    data = world(service(5), present=FAR, moving={"usd_per_site_entered": usd})
    assert served_at(data, solver) == (pools, pytest.approx(paid))


@BOTH
def test_a_service_leaves_and_fills_its_own_sites_for_nothing(solver: str) -> None:
    present = {"services": {"chat": {"near-a": 1, "far-a": 5}}}
    data = world(service(35), present=present, moving={"usd_per_site_entered": 99}, limits={"max_moves": 0})
    assert served_at(data, solver) == ({"near-a"}, 0)


@BOTH
@pytest.mark.parametrize("usd", [3, 50])
def test_a_service_pays_for_a_second_site_that_it_has_to_have(solver: str, usd: float) -> None:
    # A replica at each of two sites for 4 h: 12 USD, and 'near' is new.
    data = world(service(5, min_sites=2), present=FAR, moving={"usd_per_site_entered": usd})
    assert solved(data, solver).objective == pytest.approx(12 + usd)
    data["limits"] = {"max_moves": 0}
    assert solved(data, solver).unserved == 1


@BOTH
@pytest.mark.parametrize(("usd", "pool"), [(3.9, "near-a"), (4.1, "far-a")])
def test_a_service_at_one_site_changes_it_where_that_pays(solver: str, usd: float, pool: str) -> None:
    data = world(service(5, max_sites=1), present=FAR, moving={"usd_per_site_entered": usd})
    assert served_at(data, solver)[0] == {pool}


@BOTH
@pytest.mark.parametrize(("most", "moved"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_no_more_moves_than_allowed(solver: str, most: int, moved: int) -> None:
    # Each of the two saves by moving near.
    data = world(job("train", 2, 2), service(5), present=FAR, limits={"max_moves": most})
    plan = solved(data, solver)
    near = [entry.placements[0].pool == "near-a" for entry in plan.jobs]
    near += [all(replica.pool == "near-a" for replica in plan.services[0].replicas)]
    assert sum(near) == moved


@BOTH
def test_the_move_that_saves_most_is_made(solver: str) -> None:
    # Moving the job saves 10 USD, moving the service 4 USD.
    data = world(TRAIN, service(5), present=FAR, limits={"max_moves": 1})
    plan = solved(data, solver)
    assert plan.objective == pytest.approx(10 + 8)


@pytest.mark.no_cover
@BOTH
def test_moving_counts_towards_the_budget(solver: str) -> None:
    # Moved it costs 10 + 5, where it is 20 USD: only the move fits into 15.5; at 5.6 USD nothing does.
    data = world(TRAIN, present=FAR, moving={"usd_per_job": 5}, limits={"budget_usd": 15.5})
    assert trained_at(data, solver)[0] == "near-a"
    data["moving"] = {"usd_per_job": 5.6}
    assert [entry.reason for entry in solved(data, solver).left_out] == ["capacity"]


@BOTH
def test_a_move_over_two_sites_is_one_move(solver: str) -> None:
    # 12 accelerators fit in no pool; from 'far' the job moves to both, each paying half and a restart.
    limits = {"min_bandwidth_gbps": 0.1, "max_rtt_ms": 50, "efficiency": 1}
    spread = job("train", 12, 2, max_sites=2, multi_site=limits)
    moving = {"usd_per_job": 4, "restart_hours": 0.5}
    data = world(spread, present=FAR, moving=moving, limits={"max_moves": 1})
    plan = solved(data, solver)
    assert plan.cost.moving_usd == pytest.approx(4 + 0.5 * 6 * (1 + 2))
    by_site = plan.breakdown.by_data_center
    assert by_site["far"].moving_usd == pytest.approx(2 + 0.5 * 6 * 2)


def test_large_programs_avoid_dear_moves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every program counts as large, so that masters decide: at 1e9 USD nothing moves, 20 + 8 USD.
    monkeypatch.setattr("computeroute.solvers.searching.search.LARGE_COLUMNS", 0)
    moving = {"usd_per_job": 1e9, "usd_per_site_entered": 1e9}
    plan = solved(world(TRAIN, service(5), present=FAR, moving=moving), "highs")
    assert (plan.objective, plan.cost.moving_usd) == (pytest.approx(28), 0)
    free = solved(world(TRAIN, service(5), present=FAR), "highs")
    assert free.objective == pytest.approx(14)
