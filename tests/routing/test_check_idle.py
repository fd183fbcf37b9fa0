"""Replicas that nobody could use are no part of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve
from computeroute.topologies import from_data

from .tampering import case, changed, plan_data, put

REPLICAS = ("services", 0, "replicas")


def idle(name: str, number: int, count: int) -> list[str]:
    """Return what is said of replicas when a service of a worked plan holds so many in a period."""
    problem, _ = case(name)
    data = plan_data(name)
    entry = data["services"][0]["replicas"][number]
    each = entry["accelerators"] // entry["replicas"]
    other = {**entry, "replicas": count, "accelerators": count * each}
    plan = Plan.parse(changed(data, (*REPLICAS, number), put(other)))
    return [v.message for v in check(problem, plan) if v.constraint == "replica_capacity"]


# Of 6 requests/s a replica: 10 by day ask for 2 replicas, 4 by night for 1.
@pytest.mark.parametrize(
    ("number", "count", "most"), [(0, 2, None), (0, 3, 2), (1, 1, None), (1, 2, 1), (1, 9, 1)]
)
def test_a_pool_holds_no_more_replicas_than_its_users_ask_for(
    number: int, count: int, most: int | None
) -> None:
    expected = [] if most is None else [f"{count} replicas, all users in reach ask for at most {most}"]
    assert idle("home", number, count) == expected


def world() -> dict[str, Any]:
    """Return a job that one of two providers may not run alone, and a service that cannot survive a loss.

    Provider a has the site with the job's pool and may bill half of all hours. Users reach b only.
    """
    return {
        "accelerators": [{"id": "x", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
        "data_centers": [{"id": name, "provider": name, "jurisdiction": "DE"} for name in "ab"],
        "pools": [
            {"id": "a", "data_center": "a", "accelerator": "x", "count": 1},
            {"id": "b", "data_center": "b", "accelerator": "x", "count": 1},
        ],
        "locations": [{"id": "users", "jurisdiction": "DE"}],
        "links": [{"source": "users", "target": "b", "bandwidth_gbps": 1, "latency_ms": 1}],
        "limits": {"max_provider_share": {"a": 0.5}, "pinned": [{"workload": "job", "pool": "a"}]},
        "workloads": [
            {"kind": "training", "id": "job", "needs": [{"accelerator": "x", "count": 1, "hours": 24}]},
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": "users", "requests_per_second": 1}],
                "serving": [{"accelerator": "x", "requests_per_second": 1}],
                "survive": "site",
            },
        ],
    }


# One idle replica of chat in b for 24 h would be half of all hours, so that the job may have the other half:
# one of two workloads left out instead of both.
@pytest.mark.parametrize("solver", ["highs", "decomposition"])
def test_replicas_of_users_whom_no_plan_serves_loosen_no_share(solver: str) -> None:
    problem: Problem = from_data(world())
    plan = solve(problem, solver=solver, time_limit=5)
    assert check(problem, plan) == []
    assert (plan.unserved, plan.unserved_bound) == (2.0, 2.0)
    data = plan.model_dump(mode="json")
    replica = {"pool": "b", "data_center": "b", "period": "all", "replicas": 1, "accelerators": 1}
    entry = {"service": "chat", "replicas": [replica], "flows": [], "requests_per_second": 0, "cost": {}}
    data["services"] = [entry]
    messages = [violation.message for violation in check(problem, Plan.parse(data))]
    assert "1 replicas, all users in reach ask for at most 0" in messages
