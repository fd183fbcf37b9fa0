"""Users for whom all pools in reach are too small: worked by hand, and against plans."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.remarks import remarks
from computeroute.routing.scenarios import scenario
from computeroute.solvers import solve
from computeroute.topologies import load

EXPANSION = {
    "module_accelerators": 2,
    "max_modules": 3,
    "capital_usd_per_module": 1,
    "lifetime_years": 5,
}


def told(data: dict[str, Any]) -> list[str]:
    return [str(remark) for remark in remarks(Problem.parse(data))]


def service(rate: float | list[float] = 1.0, name: str = "v", **fields: Any) -> dict[str, Any]:
    """Return a service whose replicas have 2 accelerators and plans use for 0.8 x 5 = 4 requests/s."""
    serving = [{"accelerator": "a", "accelerators_per_replica": 2, "requests_per_second": 5}]
    demand = [{"location": "x", "requests_per_second": rate}]
    base = {"kind": "inference", "id": name, "serving": serving, "demand": demand}
    return {**base, "target_utilization": 0.8, **fields}


def world(*workloads: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return 5 accelerators at ``s`` and 4 at ``t``, of which plans may use 4 and 3."""
    sites = (("s", "DE", 5), ("t", "US", 4))
    return {
        "periods": [{"id": "day", "hours": 12}, {"id": "night", "hours": 12}],
        "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 0}],
        "data_centers": [{"id": name, "jurisdiction": law} for name, law, _ in sites],
        "pools": [
            {"id": name, "data_center": name, "accelerator": "a", "count": count, "reserve_fraction": 0.2}
            for name, _, count in sites
        ],
        "locations": [{"id": "x", "jurisdiction": "DE"}],
        "links": [
            {"source": "x", "target": name, "bandwidth_gbps": 1, "latency_ms": ms}
            for name, ms in (("s", 1), ("t", 5))
        ],
        "policies": [{"id": "de", "allow": ["DE"]}],
        "workloads": list(workloads),
        **others,
    }


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({}, 12.0),  # 2 replicas of 4 accelerators and 1 of 3, at 4 requests/s each
        ({"policy": "de"}, 8.0),
        ({"max_rtt_ms": 9.9}, 8.0),
        ({"max_rtt_ms": 10}, 12.0),
    ],
)
def test_a_service_may_have_more_users_than_its_pools_serve(fields: dict[str, Any], most: float) -> None:
    assert told(world(service([1, most], **fields))) == []
    assert told(world(service([1, most + 0.1], **fields))) == [
        "workloads[0] 'v': no plan can serve all of it: "
        f"users ask for {most + 0.1} requests/s in period 'night',"
        f" and all pools in their reach, were they empty, serve {most}"
    ]


def test_pinned_places_and_modules_count() -> None:
    pinned = {"pinned": [{"workload": "v", "data_center": "t"}]}
    assert len(told(world(service(4.1), limits=pinned))) == 1
    data = world(service(4.1), limits=pinned)
    data["pools"][1]["expansion"] = EXPANSION
    assert told(data) == []
    data["workloads"] = [service(16.1)]  # floor(0.8 x 10) = 8 accelerators: 4 replicas
    assert len(told(data)) == 1


def test_users_at_one_place_may_be_too_many_for_what_they_reach() -> None:
    """Those who may be served in DE only ask for 9 of 8; the others would have room."""
    users = [
        {"location": "x", "requests_per_second": 9, "policy": "de"},
        {"location": "s", "requests_per_second": 1},
    ]
    (remark,) = told(world(service(demand=users)))
    assert "users ask for 9.0 requests/s" in remark
    assert remark.endswith("serve 8.0")


def test_services_may_be_too_many_together() -> None:
    """In DE 8 requests/s fit each, not both: 4 accelerators for 2 x 6 / 2 = 6."""
    data = world(service(6, "v", policy="de"), service(6, "w", policy="de"), service(1, "u"))
    assert told(data) == [
        "workloads: no plan can serve all users: some need 6.0 accelerators in period 'day',"
        " and all pools in their reach have 4.0"
    ]
    assert {entry.workload for entry in solve(Problem.parse(data)).left_out} <= {"v", "w"}
    assert told(world(service(4, "v", policy="de"), service(4, "w", policy="de"), service(1, "u"))) == []


def test_what_nobody_may_serve_is_told_once() -> None:
    (remark,) = told(world(service(100, max_rtt_ms=1)))
    assert "too far" in remark


@pytest.mark.parametrize("factor", [1.2, 1.5, 2, 6])
def test_what_is_told_is_left_out(factor: float) -> None:
    """Frankfurt alone serves Berlin's 40 requests/s, and 48 at most."""
    problem = scenario(f"demand*{factor}").apply(load("two-sites"))
    told = any("no plan can serve all" in str(remark) for remark in remarks(problem))
    left_out = {entry.workload for entry in solve(problem).left_out}
    assert not told or left_out
    assert told == (factor > 1.2)
