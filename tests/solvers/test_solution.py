"""What is read from a solution of the solver: tolerances are cleared, and cost nobody anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from computeroute.routing import Problem
from computeroute.solvers.exact import build_variables
from computeroute.solvers.solution import decide


def world(rps: float) -> dict[str, Any]:
    """Return users of one service that a pool of 100 accelerators, 10 requests/s each, can serve."""
    return {
        "periods": [{"id": "hour", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 0.001}],
        "locations": [{"id": "users", "jurisdiction": "DE"}],
        "data_centers": [{"id": "site", "jurisdiction": "DE"}],
        "pools": [
            {
                "id": "p",
                "data_center": "site",
                "accelerator": "a",
                "count": 100,
                "usd_per_accelerator_hour": 1,
            }
        ],
        "links": [{"source": "users", "target": "site", "bandwidth_gbps": 1000, "latency_ms": 1}],
        "workloads": [
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": "users", "requests_per_second": rps}],
                "serving": [{"accelerator": "a", "requests_per_second": 10, "service_ms": 1}],
                "max_rtt_ms": 100,
                "target_utilization": 1,
            }
        ],
    }


def test_a_share_left_out_within_tolerances_asks_for_no_replica_more() -> None:
    """A hundred full replicas serve all but 9e-8 of the demand, which counts as all of it."""
    variables = build_variables(Problem.parse(world(1000 * (1 + 9e-8))))
    x = np.zeros(variables.columns.count)
    x[variables.columns.range("share")] = 1 - 9e-8
    x[variables.columns.range("unserved")] = 9e-8
    x[variables.columns.range("replicas")] = 100
    found = decide(variables, x)
    assert found.unserved.sum() == 0
    assert found.replicas.tolist() == [[100]]


def test_more_than_that_does() -> None:
    variables = build_variables(Problem.parse(world(1000 * (1 + 1e-5))))
    x = np.zeros(variables.columns.count)
    x[variables.columns.range("share")] = 1
    x[variables.columns.range("replicas")] = 100
    assert decide(variables, x).replicas.tolist() == [[101]]
