"""What services may use: the way that the objective ranks first, and pools that hold a replica."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import check
from computeroute.solvers import solve
from computeroute.topologies import from_data

SOLVERS = ("highs", "decomposition")
USD_PER_MS = 1e-8


def two_ways(**objective: float) -> dict[str, Any]:
    """Return users with a fast and a free way to a site, 100 kB for each of 100 requests/s of a day."""
    link = {"source": "users", "target": "site", "bandwidth_gbps": 100}
    return {
        "accelerators": [{"id": "x", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
        "data_centers": [{"id": "site", "jurisdiction": "DE"}],
        "pools": [{"id": "pool", "data_center": "site", "accelerator": "x", "count": 10}],
        "locations": [{"id": "users", "jurisdiction": "DE"}],
        "links": [
            {**link, "id": "fast", "latency_ms": 1, "usd_per_gb": 0.1},
            {**link, "id": "free", "latency_ms": 50},
        ],
        "objective": objective,
        "workloads": [
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": "users", "requests_per_second": 100}],
                "serving": [{"accelerator": "x", "accelerators_per_replica": 2, "requests_per_second": 100}],
                "response_kb": 100,
            }
        ],
    }


# 8.64e6 requests of 1e-4 GB: fast costs 86.4 USD, and 2 ms of each 0.1728; free costs 100 ms of each, 8.64.
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("weight", [0, 0.01, 1, 100])
def test_ways_are_ranked_by_the_objective(solver: str, weight: float) -> None:
    problem = from_data(two_ways(money_weight=weight, usd_per_ms_request=USD_PER_MS))
    plan = solve(problem, solver=solver, time_limit=5)
    assert check(problem, plan) == []
    assert plan.objective == pytest.approx(min(weight * 86.4 + 0.1728, 8.64))
    assert plan.bound == pytest.approx(plan.objective)


@pytest.mark.parametrize("solver", SOLVERS)
def test_where_nothing_counts_ways_leave_most_of_a_budget(solver: str) -> None:
    data = two_ways(money_weight=0, usd_per_ms_request=0)
    problem = from_data({**data, "limits": {"budget_usd": 1}})
    plan = solve(problem, solver=solver, time_limit=5)
    assert check(problem, plan) == []
    assert plan.unserved == 0


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("largest", "reasons"), [(2, []), (1, ["gang"])])
def test_a_replica_is_a_cluster(solver: str, largest: int, reasons: list[str]) -> None:
    data = two_ways()
    data["pools"][0]["max_gang"] = largest
    problem = from_data(data)
    plan = solve(problem, solver=solver, time_limit=5)
    assert check(problem, plan) == []
    assert [entry.reason for entry in plan.left_out] == reasons
