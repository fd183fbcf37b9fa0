"""Work that lacks capacity is told how much of the limits over the whole plan is used."""

from __future__ import annotations

from computeroute.routing import check
from computeroute.routing.problem import Limits, Present
from computeroute.routing.remarks import remarks
from computeroute.routing.scenarios import scenario
from computeroute.solvers import solve
from computeroute.topologies import load


def test_the_budget_and_the_cap_that_keep_work_out_are_named() -> None:
    problem = load("two-sites")
    whole = solve(problem)
    limits = Limits(budget_usd=0.7 * whole.cost.money_usd, carbon_cap_tco2e=2 * whole.emission.tco2e)
    tight = problem.replace(limits=limits)
    plan = solve(tight)
    assert not check(tight, plan)
    (entry, *_) = plan.left_out
    assert entry.reason == "capacity"
    money = f"{plan.cost.money_usd / limits.budget_usd:.1%} of budget_usd"  # type: ignore[operator]
    carbon = f"{plan.emission.tco2e / limits.carbon_cap_tco2e:.1%} of carbon_cap_tco2e"  # type: ignore[operator]
    spent, left = plan.cost.money_usd, tight.limits.budget_usd - plan.cost.money_usd  # type: ignore[operator]
    assert entry.detail.startswith(
        f"budget_usd keeps it out: {spent:.2f} of {limits.budget_usd:.2f} USD used, "
    )
    assert f" used, {left:.2f} left, and at least " in entry.detail
    assert entry.detail.endswith(f"; used of the limits: {money}, {carbon}")


def test_limits_that_are_far_from_used_up_come_last() -> None:
    short = scenario("demand*100").apply(load("two-sites"))
    (entry, *_) = solve(short.replace(limits=Limits(budget_usd=1e6))).left_out
    assert "; used of the limits: " in entry.detail
    assert entry.detail.endswith("% of budget_usd")


def test_moves_are_counted_as_max_moves_counts_them() -> None:
    problem = load("two-sites")
    plan = solve(problem)
    jobs, services = {}, {}
    for job in plan.jobs:
        jobs[job.job] = ("gone",)  # so that each of them has to move
    for service in plan.services:
        services[service.service] = {replica.pool: 1 for replica in service.replicas}
    for most in range(len(jobs)):
        limited = problem.replace(
            present=Present(jobs=jobs, services=services), limits=problem.limits.replace(max_moves=most)
        )
        held = solve(limited)
        assert not check(limited, held)
        assert {entry.detail.split("; ")[0] for entry in held.left_out} == {
            f"max_moves keeps it out: {most} of {most} used, and one more needed"
        }


def test_without_limits_nothing_is_added() -> None:
    short = scenario("demand*100").apply(load("two-sites"))
    plan = solve(short)
    assert any(entry.reason == "capacity" for entry in plan.left_out)
    assert not any("used of the limits" in entry.detail for entry in plan.left_out)


def test_shares_that_bar_all_work_are_told() -> None:
    # Where one of two providers is left, it would have all hours and not half of them.
    limits = Limits(max_provider_share={"*": 0.5})
    problem = scenario("cloud-only").apply(load("two-sites").replace(limits=limits))
    plan = solve(problem)
    assert plan.left_out
    assert {entry.workload for entry in plan.left_out} == {workload.id for workload in problem.workloads}
    told = (
        "bars all work: all pools are of 'cloud', with 50% of all accelerator-hours at most; "
        "raise a share, or add a pool of another provider"
    )
    assert any(f"max_provider_share {told}" in entry.detail for entry in plan.left_out)
    assert any(f"max_provider_share: {told}" in str(remark) for remark in remarks(problem))
    assert not any("max_provider_share" in str(remark) for remark in remarks(load("two-sites")))
