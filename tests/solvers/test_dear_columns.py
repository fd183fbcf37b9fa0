"""What is dearer than everything else together does not hide the other costs from solvers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.programs.program import Program, affordable
from computeroute.topologies.generate import generate
from scipy.sparse import csr_array


def two_jobs(gb: float) -> Problem:
    """Return a problem of two jobs, one of which is left out in any case, and has so many GB of data."""
    whole = generate(sites=7, services=0, jobs=27, periods=4, locations=8, seed=120641, tightness=2.5)
    data = whole.model_dump(mode="json", exclude_defaults=True)
    sites = {site["id"]: site for site in data["data_centers"]}
    sites["san-salvador-cirrus"]["max_power_kw"] = 598.98
    sites["los-angeles-cirrus"]["max_power_kw"] = 16.05
    sites["dakar-org-3"]["max_power_kw"] = 9.68
    workloads = {workload["id"]: workload for workload in data["workloads"]}
    first, second = workloads["job-6"], workloads["job-10"]
    first["dataset"]["gb"], second["dataset"]["gb"] = 1.0, gb
    jobs = [first | {"kind": "training"}, second | {"kind": "training", "priority": 1e-6}]
    return Problem.parse(data | {"workloads": jobs})


@pytest.mark.parametrize("solver", ["highs", "scip", "cp-sat", "auto", "decomposition"])
def test_a_dataset_that_is_too_large_for_its_links_changes_no_other_cost(solver: str) -> None:
    costs = []
    for gb in (1e6, 1e8):  # the cost of moving it is 1e5 and 1e7 times all others
        problem = two_jobs(gb)
        plan = solve(problem, solver=solver, gap_limit=0, time_limit=20)
        assert check(problem, plan) == [] and plan.unserved == pytest.approx(1e-6)
        assert plan.objective is not None and plan.bound is not None
        assert plan.bound <= 13.3329018 * (1 + 1e-6)
        costs.append(plan.objective)
    assert costs == pytest.approx([13.3329018] * 2, rel=1e-6)


def test_only_integer_columns_that_alone_cost_more_are_dropped() -> None:
    # At best 3 columns cost -1 together, so that with one more of them they cost 1, 9 and 99 more.
    program = Program(
        cost=np.array([2.0, 10.0, 100.0, 100.0, -1.0]),
        lower=np.zeros(5),
        upper=np.array([1.0, 1.0, 1.0, 1.0, 1.0]),
        integer=np.array([True, True, True, False, False]),
        matrix=csr_array((0, 5)),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
    )
    left = affordable(program, np.array([0.0, 1.0, 0.0, 0.0, 1.0]))
    assert left.upper.tolist() == [1, 1, 0, 1, 1]
    assert affordable(program, None).upper.tolist() == [1] * 5


def test_nothing_is_dropped_where_no_end_of_costs_is_known() -> None:
    program = Program(
        cost=np.array([0.0, 100.0, -1.0]),
        lower=np.zeros(3),
        upper=np.array([np.inf, 1.0, np.inf]),
        integer=np.array([False, True, False]),
        matrix=csr_array((0, 3)),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
    )
    assert affordable(program, np.zeros(3)).upper.tolist() == [np.inf, 1, np.inf]


@pytest.mark.parametrize("seed", range(60))
def test_no_better_solution_is_dropped_with_costs_below_nothing(seed: int) -> None:
    """Of all whole numbers from 0 to 3, no sum that is less than the one known is out of reach."""
    random = np.random.default_rng(seed)
    every = np.array(list(product(range(4), repeat=4)), dtype=float)
    cost = random.integers(-5, 6, 4).astype(float) * 10.0 ** random.integers(0, 3, 4)
    program = Program(
        cost=cost,
        lower=np.zeros(4),
        upper=np.full(4, 3.0),
        integer=np.ones(4, dtype=bool),
        matrix=csr_array((0, 4)),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
    )
    for known in every[random.permutation(len(every))[:40]]:
        left = affordable(program, known)
        better = every[every @ cost < known @ cost]
        assert (better <= left.upper).all()


@pytest.mark.parametrize("solver", ["auto", "decomposition", "highs"])
def test_idle_replicas_that_earn_are_held_beside_jobs(solver: str) -> None:
    """Hours earn 999 at one site, where 2 of 5 accelerators are left beside the job that earns there as well.

    What two replicas and the job earn there in 2 hours is 5 * 2 * 999; requests go to the other site, as
    their way to this one is dearer than a replica there, or to one that is there anyhow.
    """
    site = {"jurisdiction": "DE", "pue": 1, "g_per_kwh": 0}
    pool = {
        "accelerator": "a",
        "usd_per_accelerator_hour": 1,
        "power_utilization": 1,
        "energy_included": False,
    }
    service = {
        "kind": "inference",
        "id": "chat",
        "demand": [{"location": "near", "requests_per_second": 40}],
        "serving": [{"accelerator": "a", "requests_per_second": 10}],
        "target_utilization": 1,
    }
    problem = Problem.parse(
        {
            "schema_version": "1",
            "periods": [{"id": "t", "hours": 2}],
            "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
            "data_centers": [
                {"id": "paid", "usd_per_kwh": -1000, **site},
                {"id": "near", "usd_per_kwh": 0, **site},
            ],
            "pools": [
                {"id": "p", "data_center": "paid", "count": 5, **pool},
                {"id": "n", "data_center": "near", "count": 5, **pool},
            ],
            "links": [{"source": "near", "target": "paid", "bandwidth_gbps": 100, "latency_ms": 5}],
            "workloads": [
                service,
                {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 3, "hours": 2}]},
            ],
        }
    )
    plan = solve(problem, solver=solver, gap_limit=0, time_limit=20)
    assert check(problem, plan) == []
    # Two of the four replicas that requests need are at the paid site, two at the other, for 1 USD an hour.
    assert plan.objective == pytest.approx(-5 * 2 * 999 + 2 * 2 * 1, abs=1e-3)
    assert plan.bound is not None and plan.bound <= plan.objective + 1e-6
