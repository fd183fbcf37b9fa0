"""All solvers are offered the same routes, so that what one proves no plan of another undercuts."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.verifier import check
from computeroute.solvers import solve

SITES = {"s0": "US", "s2": "US", "s3": "DE"}
LINKS = (
    ("u0", "s2", 0.01, 1, 0.0),
    ("u0", "s3", 1.0, 8, 0.01),
    ("u1", "s3", 0.002, 5, 0.0),
    ("u1", "s0", 0.0004, 1, 0.0),
    ("s0", "s2", 0.01, 5, 0.0),
    ("s2", "s3", 0.01, 0, 0.0),
)


def world() -> dict[str, Any]:
    """Return users at ``u1``, from where narrow links lead to ``s3`` at once and over other sites."""
    return {
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": [{"id": name, "jurisdiction": where} for name, where in SITES.items()],
        "pools": [{"id": "p", "data_center": "s3", "accelerator": "a", "count": 16}],
        "locations": [{"id": name, "jurisdiction": "FR"} for name in ("u0", "u1")],
        "links": [
            {
                "source": one,
                "target": other,
                "bandwidth_gbps": gbps,
                "latency_ms": latency_ms,
                "usd_per_gb": usd,
                "directed": usd > 0,
            }
            for one, other, gbps, latency_ms, usd in LINKS
        ],
        "workloads": [
            {
                "kind": "training",
                "id": "job",
                "needs": [{"accelerator": "a", "count": 3, "hours": 3}],
                "dataset": {"at": ["s2"], "gb": 90},
            },
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": "u1", "requests_per_second": 2000.0}],
                "serving": [{"accelerator": "a", "requests_per_second": 700.0}],
                "request_kb": 0.5,
            },
        ],
    }


@pytest.mark.parametrize("solver", ["auto", "highs", "scip", "decomposition"])
def test_what_goes_round_takes_the_way_that_costs_nothing(solver: str) -> None:
    """4,000 bit a request: 2 of 8 Mbit/s go straight, 0.4 over s0 and s2, where the last link is free.

    So 0.7 of the service is left out, and the job, whose 90 GB in 3 h ask for 67 of 10 Mbit/s.
    """
    problem = Problem.parse(world())
    plan = solve(problem, solver=solver, time_limit=20)
    assert not check(problem, plan)
    assert plan.unserved == pytest.approx(1.7, abs=1e-6)
    assert plan.cost.link_usd == pytest.approx(0.0, abs=1e-9)
