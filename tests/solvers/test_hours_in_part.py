"""Jobs that pause: hours in part of a period where that is worth holding all of it, and very short jobs."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import SOLVERS, solve
from computeroute.solvers.exact import build_variables

from .model.test_constraints import job, world

COMMITTED = {"committed_count": 2, "committed_usd_per_accelerator_hour": 0.5}
FLEXIBLE = job("train", 4, 2, interruptible=True)


def best_cost(data: dict[str, Any], solver: str) -> float:
    problem = Problem.parse(data)
    plan = solve(problem, solver=solver, gap_limit=0, time_limit=20)
    assert check(problem, plan) == []
    assert plan.unserved == 0 and plan.objective is not None and plan.bound is not None
    assert plan.bound <= plan.objective + 1e-9
    return plan.objective


@pytest.mark.parametrize("solver", SOLVERS)
def test_hours_are_spread_where_commitments_cover_a_part_of_them(solver: str) -> None:
    """An hour in each period is covered by 2 accelerators committed for 2 h; two in one pay 4 hours more.

    What is committed costs 0.5 USD x 2 x 4 h in any case.
    """
    assert best_cost(world(FLEXIBLE, near=COMMITTED), solver) == pytest.approx(4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_hours_are_spread_where_emissions_are_limited(solver: str) -> None:
    """4 kW emit 1 kg/kWh in the first period and pay 1 USD/kWh in the second; 4 kg are an hour of the first.

    So 8 USD for accelerators and 4 for energy; all in the second period costs 16, as the other site does.
    """
    data = world(FLEXIBLE, limits={"carbon_cap_tco2e": 0.004})
    data["data_centers"][0] |= {"kind": "on_prem", "g_per_kwh": [1000, 0], "usd_per_kwh": [0, 1]}
    assert best_cost(data, solver) == pytest.approx(12)


@pytest.mark.parametrize(
    ("data", "is_free"),
    [
        (world(FLEXIBLE), False),
        (world(FLEXIBLE, near=COMMITTED, far=COMMITTED), True),
        (world(FLEXIBLE, limits={"budget_usd": 100}), True),
        (world(FLEXIBLE, limits={"carbon_cap_tco2e": 1}), True),
        (world(job("train", 4, 3, interruptible=True)), True),
    ],
)
def test_hours_are_columns_only_where_part_of_a_period_may_be_of_use(
    data: dict[str, Any], is_free: bool
) -> None:
    pauses = build_variables(Problem.parse(data)).pauses
    assert len(pauses.run) and ((pauses.run >= 0) == is_free).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_job_of_no_time_holds_its_pool_for_a_period(solver: str) -> None:
    """The long job has to run first, so the short one, which takes all as well, waits: 8 x 2 h x 1 USD."""
    short = job("short", 8, 1e-6, interruptible=True)
    near = [{"workload": name, "data_center": "near"} for name in ("long", "short")]
    data = world(job("long", 8, 2, deadline_hours=2), short, limits={"pinned": near})
    assert best_cost(data, solver) == pytest.approx(16, abs=1e-4)
