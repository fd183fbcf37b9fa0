"""Figures so far apart that solvers take the smaller ones for none: plans hold, and no solver fails."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.routing.plan import Plan
from computeroute.solvers import solve

from .small_worlds import one_service

SOLVERS = ("highs", "cp-sat", "scip", "decomposition", "auto")
Data = dict[str, Any]


def narrow(rps: float, bandwidth_gbps: float) -> Data:
    """Return users who send ``rps`` requests of 10 GB a second over a link."""
    data = one_service(rps, {"site": (100, 1.0)})
    data["workloads"][0]["request_kb"] = 1e7
    data["links"][0]["bandwidth_gbps"] = bandwidth_gbps
    return data


def planned(data: Data, solver: str) -> Plan:
    """Return a plan that holds."""
    problem = Problem.parse(data)
    plan = solve(problem, solver=solver, time_limit=5)
    assert check(problem, plan) == []
    return plan


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_needs_next_to_nothing_of_a_replica_is_not_served_without_one(solver: str) -> None:
    """A link of 4e-5 Gbit/s carries 4e-5 / 80 = 5e-7 requests of 80 Gbit a second, 5e-8 replicas.

    Solvers took that for no replica, and the plan had the requests without one.
    """
    plan = planned(narrow(1.0, 4e-5), solver)
    assert plan.unserved == pytest.approx(1.0)
    assert bool(plan.services[0].flows) == bool(plan.services[0].replicas)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_demand_of_very_many_times_a_capacity_is_left_out(solver: str) -> None:
    """1e9 requests of 80 Gbit a second are 8e16 times the link: HiGHS refused so large a coefficient."""
    plan = planned(narrow(1e9, 1e-6), solver)
    assert plan.unserved == 1.0
    assert plan.stopped_by == "gap"


@pytest.mark.parametrize("solver", SOLVERS)
def test_replicas_may_differ_by_any_factor(solver: str) -> None:
    """One replica of ``fast`` or 4 of ``slow`` serve 0.0035 requests/s: 1 USD, or 4 x 0.1 USD.

    A replica of ``fast`` counted as 1e15 of the other in a cut, which HiGHS refused.
    """
    data = one_service(0.0035, {"fast": (1, 1.0), "slow": (5, 0.1)})
    data["accelerators"].append({**data["accelerators"][0], "id": "b"})
    data["pools"][1]["accelerator"] = "b"
    data["workloads"][0]["serving"] = [
        {"accelerator": "a", "requests_per_second": 1e12},
        {"accelerator": "b", "requests_per_second": 0.001},
    ]
    plan = planned(data, solver)
    assert plan.unserved == 0.0
    assert plan.objective == pytest.approx(0.4)


@pytest.mark.parametrize("solver", ["highs", "cp-sat", "scip"])
def test_shares_of_providers_hold_for_a_short_job_in_a_long_horizon(solver: str) -> None:
    """The only job runs 0.001 h of 1e6 h: all at ``cheap`` is above its share of 0.9, all at ``dear`` is not.

    As parts of the horizon, 0.1 x 0.001 / 1e6 = 1e-10 was within the tolerance of the limit, 0.
    """
    data = one_service(0.0, {"cheap": (1, 1.0), "dear": (1, 2.0)})
    data["periods"][0]["hours"] = 1e6
    data["limits"] = {"max_provider_share": {"cheap": 0.9}}
    data["workloads"] = [
        {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 1, "hours": 0.001}]}
    ]
    plan = planned(data, solver)
    assert plan.jobs[0].placements[0].pool == "dear"
