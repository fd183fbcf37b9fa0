"""The verifier stays fast on large plans."""

from __future__ import annotations

import time

import pytest
from computeroute.routing.plan import Plan
from computeroute.routing.problem import Problem
from computeroute.routing.verifier import check

PERIODS, PLACES = 500, 200


def large_problem() -> Problem:
    """Return 500 hours in which 200 places ask one site for a request per second each."""
    places = [f"place-{n}" for n in range(PLACES)]
    return Problem.parse(
        {
            "periods": [{"id": f"h{n}", "hours": 1} for n in range(PERIODS)],
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 0}],
            "data_centers": [{"id": "site", "jurisdiction": "DE"}],
            "pools": [{"id": "pool", "data_center": "site", "accelerator": "a", "count": 1}],
            "locations": [{"id": place, "jurisdiction": "DE"} for place in places],
            "links": [
                {"id": f"to-{n}", "source": place, "target": "site", "bandwidth_gbps": 1, "latency_ms": 1}
                for n, place in enumerate(places)
            ],
            "workloads": [
                {
                    "kind": "inference",
                    "id": "chat",
                    "demand": [{"location": place, "requests_per_second": 1} for place in places],
                    "serving": [{"accelerator": "a", "requests_per_second": PLACES}],
                }
            ],
        }
    )


def large_plan(problem: Problem) -> Plan:
    place = {"pool": "pool", "data_center": "site"}
    flow = {**place, "requests_per_second": 1, "rtt_ms": 2, "latency_ms": 2}
    nodes = [link.source for link in problem.links]
    periods = [period.id for period in problem.periods]
    routes = [
        {
            "id": link.id,
            "origin": link.source,
            "destination": "site",
            "nodes": [link.source, "site"],
            "links": [link.id],
            "return_nodes": ["site", link.source],
            "return_links": [link.id],
            "latency_ms": 1,
            "rtt_ms": 2,
            "jurisdictions": ["DE"],
        }
        for link in problem.links
    ]
    service = {
        "service": "chat",
        "replicas": [{**place, "period": period, "replicas": 1, "accelerators": 1} for period in periods],
        "flows": [
            {**flow, "period": period, "location": node, "route": f"to-{n}"}
            for period in periods
            for n, node in enumerate(nodes)
        ],
        "requests_per_second": PLACES,
        "mean_rtt_ms": 2,
        "worst_rtt_ms": 2,
        "cost": {},
    }
    return Plan.parse(
        {
            "status": "optimal",
            "objective": 0,
            "bound": 0,
            "gap": 0,
            "runtime_seconds": 0,
            "solver": "hand",
            "solver_version": "1",
            "seed": 0,
            "problem_name": problem.name,
            "problem_digest": problem.digest,
            "services": [service],
            "routes": routes,
            "pool_use": [
                {"pool": "pool", "period": period, "used": 1, "available": 1, "utilization": 1}
                for period in periods
            ],
        }
    )


@pytest.mark.no_cover
def test_a_hundred_thousand_flows_take_seconds() -> None:
    problem = large_problem()
    plan = large_plan(problem)
    begin = time.process_time()
    assert check(problem, plan) == []
    assert time.process_time() - begin < 10
