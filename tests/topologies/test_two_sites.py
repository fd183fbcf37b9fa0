"""The plan of ``two-sites``, worked out by hand in docs/two-sites.md, is the one that the solver finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from computeroute.routing import Cost, Plan, Problem, check
from computeroute.solvers import solve
from computeroute.topologies import load

HAND = {
    "finetune": Cost(compute_usd=120, energy_usd=8.4, link_usd=2, carbon_usd=2.8),
    "assistant-eu": Cost(
        compute_usd=234, energy_usd=24.78, link_usd=1.296, carbon_usd=4.62, latency_usd=1.728
    ),
    "assistant-us": Cost(
        compute_usd=108,
        energy_usd=4.2,
        egress_usd=3.1104,
        link_usd=0.7776,
        carbon_usd=1.8816,
        latency_usd=2.7648,
    ),
    "(idle)": Cost(compute_usd=24),
}
TOTAL = 544.3584
WITHOUT_THE_POLICY = 521.8464


@pytest.fixture(scope="module")
def problem() -> Problem:
    return load("two-sites")


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Plan:
    return solve(problem)


def test_the_plan_costs_what_the_page_says(problem: Problem, plan: Plan) -> None:
    assert plan.status == "optimal"
    assert check(problem, plan) == []
    assert plan.cost.total_usd == pytest.approx(TOTAL, abs=1e-9)
    assert plan.objective == pytest.approx(TOTAL, abs=1e-9)
    assert set(plan.breakdown.by_workload) == set(HAND)
    for workload, cost in HAND.items():
        for kind, usd in cost.model_dump().items():
            found = getattr(plan.breakdown.by_workload[workload], kind)
            assert found == pytest.approx(usd, abs=1e-9), (workload, kind)


def test_every_workload_runs_where_the_page_says(plan: Plan) -> None:
    [job] = plan.jobs
    assert [(p.pool, p.accelerators) for p in job.placements] == [("frankfurt-h100", 8)]
    assert (job.start_hours, job.end_hours, job.spot) == (12, 22, False)
    replicas = {
        (service.service, r.pool, r.period): r.replicas for service in plan.services for r in service.replicas
    }
    assert replicas == {
        ("assistant-eu", "frankfurt-h100", "day"): 10,
        ("assistant-eu", "frankfurt-h100", "night"): 3,
        ("assistant-us", "frankfurt-h100", "day"): 2,
        ("assistant-us", "virginia-h100", "day"): 2,
        ("assistant-us", "virginia-h100", "night"): 1,
    }


def test_new_york_is_answered_from_near_first(plan: Plan) -> None:
    [service] = [service for service in plan.services if service.service == "assistant-us"]
    flows = {
        (flow.data_center, flow.period): (flow.requests_per_second, flow.rtt_ms) for flow in service.flows
    }
    assert flows == {
        ("virginia", "day"): pytest.approx((8, 8)),
        ("frankfurt", "day"): pytest.approx((6, 92)),
        ("virginia", "night"): pytest.approx((3, 8)),
    }


def test_what_the_policy_costs(problem: Problem) -> None:
    free = tuple(
        workload.replace(policy=None) if workload.id == "finetune" else workload
        for workload in problem.workloads
    )
    plan = solve(problem.replace(workloads=free))
    assert plan.cost.total_usd == pytest.approx(WITHOUT_THE_POLICY, abs=1e-9)
    [job] = plan.jobs
    assert (job.placements[0].pool, job.spot) == ("virginia-h100", True)


def test_the_page_states_the_same_figures() -> None:
    page = (Path(__file__).parents[2] / "docs" / "two-sites.md").read_text(encoding="utf-8")
    for figure in (TOTAL, WITHOUT_THE_POLICY, *(cost.total_usd for cost in HAND.values())):
        assert re.search(rf"(?<![\d.]){figure:.4f}(?!\d)", page), figure
