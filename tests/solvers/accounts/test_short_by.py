"""Left-out work is told by how much it misses what bars it."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve


def world(workload: dict[str, Any], **fields: Any) -> Problem:
    """Two pools of 4 and 8 cards of 80 GB, the larger one in the US."""
    return Problem.parse(
        {
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 80, "tdp_w": 0}],
            "data_centers": [{"id": "s", "jurisdiction": "DE"}, {"id": "t", "jurisdiction": "US"}],
            "pools": [
                {"id": "ps", "data_center": "s", "accelerator": "a", "count": 4},
                {"id": "pt", "data_center": "t", "accelerator": "a", "count": 8},
            ],
            "links": [{"source": "s", "target": "t", "bandwidth_gbps": 1, "latency_ms": 1}],
            "policies": [{"id": "de", "allow": ["DE"]}],
            "workloads": [{**workload, **fields}],
        }
    )


def job(count: int = 4, hours: float = 1, **fields: Any) -> Problem:
    needs = [{"accelerator": "a", "count": count, "hours": hours}]
    return world({"kind": "training", "id": "j", "needs": needs}, **fields)


def chat(**fields: Any) -> Problem:
    serving = [{"accelerator": "a", "requests_per_second": 1}]
    demand = [{"location": "s", "requests_per_second": 1}]
    return world({"kind": "inference", "id": "v", "serving": serving, "demand": demand}, **fields)


@pytest.mark.parametrize(
    ("problem", "short"),
    [
        (job(memory_gb_per_accelerator=81), "it needs 81 GB, and the largest has 80"),
        (chat(memory_gb_per_accelerator=100.5), "it needs 100.5 GB, and the largest has 80"),
        (job(9), "9 are needed where 'pt' holds 8"),
        (job(8, policy="de"), "8 are needed where 'ps' holds 4"),
        (
            job(hours=3, deadline_hours=2.5, earliest_start_hours=0.25),
            "at its fastest it takes 3.00 h, and it may run from 0.25 h to its deadline at 2.50 h",
        ),
    ],
)
def test_what_is_needed_and_what_there_is(problem: Problem, short: str) -> None:
    plan = solve(problem)
    assert not check(problem, plan)
    (entry, *_) = plan.left_out
    assert entry.detail.endswith(f": {short}")


def test_a_pool_that_is_fast_but_out_of_reach_is_not_told() -> None:
    """The fast cards are where the dataset has no way to; the others take 3 hours, and there are 2.5."""
    data = job(dataset={"at": ["s"], "gb": 1}, deadline_hours=2.5).model_dump(mode="json", exclude_unset=True)
    data["accelerators"].append({**data["accelerators"][0], "id": "fast"})
    data["pools"][1]["accelerator"] = "fast"
    data["links"] = []
    data["workloads"][0]["needs"] = [
        {"accelerator": "a", "count": 4, "hours": 3},
        {"accelerator": "fast", "count": 4, "hours": 1},
    ]
    (entry,) = solve(Problem.parse(data)).left_out
    assert entry.reason == "deadline"
    assert "at its fastest" not in entry.detail


def test_jobs_that_may_span_sites_are_not_told_of_one() -> None:
    limits = {"min_bandwidth_gbps": 1, "max_rtt_ms": 9, "efficiency": 1}
    (entry,) = solve(job(26, max_sites=2, multi_site=limits)).left_out
    assert entry.reason == "gang"
    assert "needed" not in entry.detail
