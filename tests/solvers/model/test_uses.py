"""Rows are left out only where nothing could break them: what a column takes twice counts twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from computeroute.routing import check
from computeroute.solvers import solve
from computeroute.solvers.model.uses import Table
from computeroute.topologies import from_data

SOLVERS = ("auto", "highs", "cp-sat", "scip", "decomposition")


def test_entries_of_one_column_add_up_before_columns_of_a_block_are_compared() -> None:
    table = Table()
    # Block 7: column 0 takes 2 + 2 of place 1, column 1 takes 3. Block 8: column 2 takes half of 1.
    table.add([0, 0, 1, 2], 1, 0, [2, 2, 3, 1], [7, 7, 7, 8])
    table.add([0], 0, 1, 5, 7)
    most = table.joined().most(2, 2, np.array([1, 1, 0.5]))
    # Place 1, period 0: max(2 + 2, 3) + 0.5 x 1.
    assert most.tolist() == [[0, 5], [4.5, 0]]


def test_nothing_takes_nothing() -> None:
    assert Table().joined().most(2, 1, np.zeros(0)).tolist() == [[0], [0]]


def two_sites(gbps: float) -> dict[str, Any]:
    """Return a job over two sites; both shares of its dataset come over the one link from its users."""
    sites = ("x", "y")
    return {
        "periods": [{"id": "day", "hours": 24}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 700}],
        "data_centers": [{"id": site, "jurisdiction": "DE"} for site in sites],
        "pools": [{"id": f"p{site}", "data_center": site, "accelerator": "a", "count": 2} for site in sites],
        "locations": [{"id": name, "jurisdiction": "DE"} for name in ("users", "hub")],
        "links": [
            {"source": "users", "target": "hub", "bandwidth_gbps": gbps, "latency_ms": 1},
            *({"source": "hub", "target": site, "bandwidth_gbps": 1, "latency_ms": 1} for site in sites),
        ],
        "workloads": [
            {
                "kind": "training",
                "id": "job",
                "needs": [{"accelerator": "a", "count": 4, "hours": 10}],
                "dataset": {"at": ["users"], "gb": 9, "transfer_hours": 1},
                "max_sites": 2,
                "multi_site": {"min_bandwidth_gbps": 0.5, "max_rtt_ms": 60, "efficiency": 1},
            }
        ],
    }


# 9 GB within an hour are 0.02 Gbit/s, 0.01 to each site: together they need twice what each needs alone.
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("gbps", "unserved"), [(0.015, 1.0), (0.02, 0.0)])
def test_shares_of_a_dataset_that_cross_one_link_count_together(
    solver: str, gbps: float, unserved: float
) -> None:
    problem = from_data(two_sites(gbps))
    plan = solve(problem, solver=solver, time_limit=10)
    assert check(problem, plan) == []
    assert plan.status == "optimal"
    assert plan.unserved == pytest.approx(unserved)
