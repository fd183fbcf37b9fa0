"""Where work is left out for want of capacity, the pool with most room is told."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.verifier import check
from computeroute.solvers import solve

Data = dict[str, Any]
SOLVERS = ("highs", "decomposition")
WORLD: Data = {
    "schema_version": "1",
    "periods": [{"id": "long", "hours": 3}, {"id": "short", "hours": 1}],
    "accelerators": [{"id": "h100", "memory_gb": 80, "peak_tflops": 1000, "tdp_w": 700}],
    "data_centers": [{"id": "a", "jurisdiction": "DE"}, {"id": "b", "jurisdiction": "DE"}],
    "pools": [
        {
            "id": "a-h100",
            "data_center": "a",
            "accelerator": "h100",
            "count": 8,
            "usd_per_accelerator_hour": 1,
        },
        {
            "id": "b-h100",
            "data_center": "b",
            "accelerator": "h100",
            "count": 6,
            "usd_per_accelerator_hour": 1,
        },
    ],
    "links": [{"id": "ab", "source": "a", "target": "b", "bandwidth_gbps": 10, "latency_ms": 1}],
}


def job(name: str, count: int, hours: float, **more: Any) -> Data:
    needs = [{"accelerator": "h100", "count": count, "hours": hours}]
    return {"kind": "training", "id": name, "needs": needs, **more}


def left_out(solver: str, *workloads: Data, **world: Any) -> list[str]:
    problem = Problem.parse({**WORLD, **world, "workloads": list(workloads)})
    plan = solve(problem, solver=solver, time_limit=20)
    assert not check(problem, plan)
    assert {entry.reason for entry in plan.left_out} == {"capacity"}
    return [entry.detail for entry in plan.left_out]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_job_is_told_the_mean_over_all_periods(solver: str) -> None:
    """4 of 8 are held for 3 of 4 hours by the one that counts more: 8 - 4 * 3 / 4 = 5 are free."""
    first = job("first", 4, 3, priority=10, deadline_hours=3)
    (detail,) = left_out(solver, first, job("second", 8, 2), pools=WORLD["pools"][:1])
    told = "5.0 of 8 free on average, 8 needed for 2.0 h without a break in 'a-h100', all that it could use; "
    assert detail.startswith(told)
    assert detail.endswith("taken by other work, or too small")


@pytest.mark.parametrize("solver", SOLVERS)
def test_jobs_that_no_period_is_short_enough_for_are_told_so(solver: str) -> None:
    """Two jobs of 1 h hold all 8 accelerators each: one for the 3 h of a period, as no other is shorter."""
    long = [{"id": "long", "hours": 3}]
    (detail,) = left_out(
        solver, job("first", 8, 1), job("second", 8, 1), pools=WORLD["pools"][:1], periods=long
    )
    told = "8 needed for 1.0 h without a break (held for whole periods, of up to 3.0 h) in 'a-h100'"
    assert told in detail


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_pool_with_most_room_for_what_is_needed_is_told(solver: str) -> None:
    """All of ``a`` is held for 4 hours, 1 of 6 of ``b``: 5 are free there, and 6 needed."""
    first, second = job("first", 8, 4, priority=10), job("second", 1, 4, priority=10)
    (detail,) = left_out(solver, first, second, job("third", 6, 4))
    told = "5.0 of 6 free on average, 6 needed for 4.0 h without a break in 'b-h100', where most room is of 2"
    assert detail.startswith(told)


@pytest.mark.parametrize("solver", SOLVERS)
def test_requests_are_told_of_the_periods_in_which_they_lack(solver: str) -> None:
    """A replica takes 4 of 8; demand is 1, then 3 replicas: in the second period none is free."""
    service = {
        "kind": "inference",
        "id": "chat",
        "demand": [{"location": "a", "requests_per_second": [10, 30]}],
        "serving": [{"accelerator": "h100", "accelerators_per_replica": 4, "requests_per_second": 10}],
        "target_utilization": 1,
    }
    (detail,) = left_out(solver, service, pools=WORLD["pools"][:1])
    assert detail.startswith("0.0 of 8 free on average, 4 needed in 'a-h100', all that it could use; ")


@pytest.mark.parametrize("solver", SOLVERS)
def test_all_replicas_that_are_lacking_are_told(solver: str) -> None:
    """Replicas of 4 serve 10 each: two of six stand in the 8 there are, four more would take 16."""
    service = {
        "kind": "inference",
        "id": "chat",
        "demand": [{"location": "a", "requests_per_second": 60}],
        "serving": [{"accelerator": "h100", "accelerators_per_replica": 4, "requests_per_second": 10}],
        "target_utilization": 1,
    }
    (detail, *others) = left_out(solver, service, pools=WORLD["pools"][:1])
    assert set(others) <= {detail}
    assert detail.startswith("0.0 of 8 free on average, 16 needed by 4 replicas of 4 in 'a-h100', all ")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_job_that_may_pause_is_told_its_hours(solver: str) -> None:
    """3 of 4 hours of the 8 are taken by the one that counts more; 2 hours do not fit into the other."""
    first = job("first", 8, 3, priority=10)
    (detail,) = left_out(solver, first, job("second", 8, 2, interruptible=True), pools=WORLD["pools"][:1])
    assert detail.startswith("2.0 of 8 free on average, 8 needed for 2.0 h in 'a-h100', all ")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_site_whose_power_is_used_up_is_told(solver: str) -> None:
    """Accelerators draw 0.7 kW: four of eight use up 2.8 of 3 kW, for 3 of 4 hours 2.1 on average."""
    sites = [{**WORLD["data_centers"][0], "max_power_kw": 3}, WORLD["data_centers"][1]]
    first = job("first", 4, 3, priority=10, deadline_hours=3)
    (detail,) = left_out(solver, first, job("second", 4, 2), pools=WORLD["pools"][:1], data_centers=sites)
    assert detail.startswith(
        "max_power_kw keeps it out: 'a' draws 2.1 of 3.0 kW on average, and 2.8 more are needed; "
    )


FIRST = {"priority": 10}
DIRTY = [{**site, "g_per_kwh": 1000} for site in WORLD["data_centers"]]
# The first job takes all of 'a', 8 accelerators for 4 h: 32 USD, and 8 * 0.7 kW * 4 h * 1 kg = 0.0224 tCO2e.
# The second would take 24 USD and 0.0168 tCO2e at 'b'.
BINDING: list[tuple[Data, str]] = [
    (
        {"limits": {"budget_usd": 40}},
        "budget_usd keeps it out: 32.00 of 40.00 USD used, 8.00 left, and at least 24.00 needed "
        "where there is room; ",
    ),
    (
        {"limits": {"carbon_cap_tco2e": 0.03}, "data_centers": DIRTY},
        "carbon_cap_tco2e keeps it out: 0.0224 of 0.03 tCO2e used, 0.0076 left, and at least 0.0168 needed "
        "where there is room; ",
    ),
    (
        {"limits": {"max_provider_share": {"b": 0.4}}},
        "max_provider_share keeps it out: 'b' has 0 of all 32 accelerator-hours, 40% are permitted, "
        "and 24 more needed where there is room; ",
    ),
    (
        {"limits": {"max_moves": 0}, "present": {"jobs": {"second": ["a-h100"]}}},
        "max_moves keeps it out: 0 of 0 used, and one more needed where there is room; ",
    ),
]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("world", "told"), BINDING)
def test_the_limit_of_the_whole_plan_that_keeps_work_out_comes_first(
    world: Data, told: str, solver: str
) -> None:
    (detail,) = left_out(solver, job("first", 8, 4, **FIRST), job("second", 6, 4), **world)
    assert detail.startswith(told)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_limit_that_leaves_enough_is_not_said_to_keep_work_out(solver: str) -> None:
    """The second job of 8 has no room beside the first, and 68 of 100 USD would pay for it."""
    (detail,) = left_out(
        solver, job("first", 8, 4, priority=10), job("second", 8, 4), limits={"budget_usd": 100}
    )
    assert detail.startswith("0.0 of 8 free on average, 8 needed")
    assert detail.endswith("; used of the limits: 32.0% of budget_usd")


def chat(rate: float, **more: Any) -> Data:
    """Return a service whose requests of 62.5 kB and answers of 1,250 kB are 0.5 and 10 Mbit."""
    return {
        "kind": "inference",
        "id": "chat",
        "demand": [{"location": "b", "requests_per_second": rate}],
        "serving": [{"accelerator": "h100", "accelerators_per_replica": 1, "requests_per_second": 1000}],
        "request_kb": 62.5,
        "response_kb": 1250,
        **more,
    }


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_link_that_is_full_of_requests_is_told(solver: str) -> None:
    """Answers of 10 Mbit fill 8 of 10 Gbit/s at 800 requests/s, as a fifth is reserved; 200 are left out."""
    links = [{**WORLD["links"][0], "reserve_fraction": 0.2}]
    detail, *_ = left_out(solver, chat(1000), pools=WORLD["pools"][:1], links=links)
    told = "; link 'ab' from 'a' to 'b' on the way has 0.000 of 8.000 Gbit/s free on average, 2.000 needed;"
    assert told in detail


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_link_that_others_fill_is_told_to_a_job(solver: str) -> None:
    """Answers take 9 of 10 Gbit/s of the other direction, requests 0.45; a dataset of 9 GB in 7.2 s is 10."""
    dataset = {"at": ["b"], "gb": 9, "transfer_hours": 0.002}
    work = (chat(900, priority=10), job("data", 2, 2, dataset=dataset))
    (detail,) = left_out(solver, *work, pools=WORLD["pools"][:1])
    told = "; link 'ab' from 'b' to 'a' on the way has 9.550 of 10.000 Gbit/s free on average, 10.000 needed;"
    assert told in detail


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_link_between_the_sites_of_a_job_is_told(solver: str) -> None:
    """Twelve of fourteen need both sites and 2 Gbit/s each way; answers leave 1 of 10."""
    between = {"min_bandwidth_gbps": 2, "max_rtt_ms": 10, "efficiency": 1}
    work = (chat(900, priority=10), job("wide", 12, 4, max_sites=2, multi_site=between))
    limits = {"pinned": [{"workload": "chat", "data_center": "a"}]}
    (detail,) = left_out(solver, *work, limits=limits)
    assert "from 'a' to 'b' on the way has 1.000 of 10.000 Gbit/s free on average, 2.000 needed;" in detail


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_link_is_told_where_one_way_has_room(solver: str) -> None:
    """One replica of all eight serves 1,000 requests/s: two are asked for, and links carry what is there."""
    serving = [{"accelerator": "h100", "accelerators_per_replica": 8, "requests_per_second": 400}]
    details = left_out(solver, chat(800, serving=serving, target_utilization=1), pools=WORLD["pools"][:1])
    assert not any("link 'ab'" in detail for detail in details)
