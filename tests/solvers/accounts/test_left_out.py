"""What bars work is told by its first true reason: the one that the verifier finds by itself."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.plan import LeftOut, Plan
from computeroute.routing.scenarios import scenario
from computeroute.routing.verifier import check
from computeroute.solvers import solve

from ...routing.check_cases import WORLD
from ...routing.test_check_left_out import JOBS, SERVICES, service, split

Data = dict[str, Any]
SOLVERS = ("highs", "cp-sat", "scip", "decomposition")


def planned(workload: Data, solver: str = "highs", **world: Any) -> tuple[Problem, Plan]:
    problem = Problem.parse({**WORLD, **world, "workloads": [workload]})
    return problem, solve(problem, solver=solver, time_limit=20)


def barred(workload: Data, solver: str = "highs", **world: Any) -> LeftOut | None:
    """Return the first entry of what a plan, which has to hold, leaves out of a workload that is alone."""
    problem, plan = planned(workload, solver, **world)
    assert not check(problem, plan)
    return plan.left_out[0] if plan.left_out else None


@pytest.mark.no_cover
@pytest.mark.parametrize(("workload", "world", "reasons"), [*JOBS, *SERVICES])
def test_the_reason_is_one_that_the_verifier_finds(workload: Data, world: Data, reasons: set[str]) -> None:
    entry = barred(workload, **world)
    assert ("capacity" if entry is None else entry.reason) in reasons


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_service_time_above_the_limit_leaves_the_service_out(solver: str) -> None:
    entry = barred(service(max_latency_ms=4), solver)
    assert entry is not None
    assert entry.reason == "latency"
    assert "service time alone" in entry.detail


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_service_is_served_where_it_is_fast_enough(solver: str) -> None:
    slow = {"accelerator": "small", "requests_per_second": 1, "service_ms": 50}
    quick = {"accelerator": "big", "requests_per_second": 1, "service_ms": 5}
    assert barred({**service(max_latency_ms=30), "serving": [slow, quick]}, solver) is None


def test_work_whose_pools_are_lost_is_told_so() -> None:
    problem = Problem.parse({**WORLD, "workloads": [{**service(), "id": "other"}, JOBS[0][0]]})
    sites = " + ".join(f"without={site.id}" for site in problem.data_centers)
    lost = scenario(sites).apply(problem)
    plan = solve(lost)
    assert not check(lost, plan)
    assert {entry.reason for entry in plan.left_out} == {"gang"}
    assert all("no pool that it can use has any accelerators" in entry.detail for entry in plan.left_out)


def test_a_cluster_larger_than_its_pools_is_told_so() -> None:
    large = {**JOBS[0][0], "needs": [{"accelerator": "big", "count": 10_000, "hours": 1}]}
    entry = barred(large)
    assert entry is not None
    assert entry.detail == (
        "no pool that it may use holds so large a cluster: 10,000 are needed where 'home-big' holds 20"
    )


def test_the_way_is_too_long_where_the_service_time_is_not() -> None:
    entry = barred(service(max_latency_ms=14.9))
    assert entry is not None
    assert "too far" in entry.detail


def test_a_job_over_several_sites_is_told_what_lacks_between_them() -> None:
    near = barred(split(24, rtt_ms=9))
    narrow = barred(split(24), links=[{**link, "bandwidth_gbps": 0.5} for link in WORLD["links"]])
    assert near is not None
    assert (near.reason, "too far apart" in near.detail) == ("latency", True)
    assert narrow is not None
    assert (narrow.reason, "too narrow" in narrow.detail) == ("bandwidth", True)
