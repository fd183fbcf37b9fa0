"""Plans without a solution, figures that may be absent, and readings that the verifier accepts either way."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from computeroute.routing.check_admission import efficiency
from computeroute.routing.check_findings import close, exceeds
from computeroute.routing.errors import InputError
from computeroute.routing.plan import Cost, Plan
from computeroute.routing.problem import Problem
from computeroute.routing.sites import Pool
from computeroute.routing.verifier import check
from computeroute.solvers import solve

from .tampering import case, changed, plan_data, put
from .test_replan import chat, job, world

HEAD = (
    "schema_version",
    "runtime_seconds",
    "solver",
    "solver_version",
    "seed",
    "problem_name",
    "problem_digest",
)


def broken(name: str, **entries: Any) -> set[str]:
    """Return the constraints that a case breaks with other entries; ``jobs__0__hours`` names a path."""
    data = plan_data(name)
    for path, value in entries.items():
        steps = tuple(int(step) if step.isdigit() else step for step in path.split("__"))
        data = changed(data, steps, put(value))
    return {violation.constraint for violation in check(case(name)[0], Plan.parse(data))}


def empty(**entries: Any) -> dict[str, Any]:
    head = {key: plan_data("home")[key] for key in HEAD}
    return {**head, "status": "infeasible", "objective": None, "bound": None, "gap": None, **entries}


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_a_plan_without_a_solution_may_hold_nothing_but_reasons(status: str) -> None:
    reason = {"workload": "tune", "reason": "memory", "detail": "too little everywhere"}
    plan = Plan.parse(empty(status=status, bound=3.0, left_out=[reason]))
    assert check(case("home")[0], plan) == []


@pytest.mark.parametrize(
    "entries",
    [
        {"jobs": plan_data("home")["jobs"]},
        {"services": plan_data("home")["services"]},
        {"routes": plan_data("home")["routes"]},
        {"purchases": plan_data("spread")["purchases"]},
        {"pool_use": plan_data("home")["pool_use"]},
        {"link_use": plan_data("home")["link_use"]},
        {"objective": 1.0},
        {"gap": 0.0},
        {"cost": Cost(link_usd=1)},
        {"cost_in_all": Cost(link_usd=1)},
        {"emission": {"tco2e": 1}},
        {"breakdown": {"by_owner": {"acme": Cost(link_usd=1)}}},
    ],
    ids=lambda entries: next(iter(entries)),
)
def test_a_plan_without_a_solution_that_holds_something_is_wrong(entries: dict[str, Any]) -> None:
    assert "status" in {v.constraint for v in check(case("home")[0], Plan.parse(empty(**entries)))}


def test_bound_and_gap_may_both_be_absent_until_a_plan_is_called_optimal() -> None:
    assert broken("home", status="feasible", bound=None, gap=None) == set()
    assert broken("home", status="optimal", bound=None, gap=None) == {"status"}


def test_the_gap_is_the_larger_of_cost_and_unserved_work() -> None:
    # 374.24 against 280.68 is a gap of 0.25; 4.2 against 2.1 one of 0.5.
    assert broken("left_out", bound=280.68, gap=0.25) == set()
    assert broken("left_out", bound=280.68, unserved_bound=2.1, gap=0.5) == set()
    assert broken("left_out", bound=280.68, unserved_bound=2.1, gap=0.25) == {"total"}
    assert broken("left_out", unserved_bound=4.3) == {"total"}


def test_a_way_back_to_elsewhere_is_wrong() -> None:
    back = {"routes__0__return_nodes": ["town", "cloud"], "routes__0__return_links": ["up"]}
    assert "route" in broken("cloud", **back)


def test_a_pausing_job_may_run_in_any_hours_of_its_window() -> None:
    # 4 h by day and 2 by night are as good as 5 and 1, but for the money and carbon that they cost.
    runs = [{"period": "night", "hours": 2}, {"period": "day", "hours": 4}]
    assert "schedule" not in broken("cloud", jobs__0__runs=runs, jobs__0__end_hours=12)


def schedule(continuing: bool, **fields: Any) -> list[str]:
    """Return what is wrong with the schedule of a job that runs for 20 h, the whole horizon."""
    problem, data = case("home")[0], plan_data("home")
    raw = problem.model_dump(mode="json")
    raw["workloads"][0] |= {"deadline_hours": None, "interruptible": False, **fields}
    raw["workloads"][0]["needs"][0]["hours"] = 20
    exact = type(problem).parse(raw)
    whole = {"continuing": continuing, "hours": 20, "start_hours": 0, "end_hours": 20, "spot": False}
    runs = [{"period": period, "hours": 10} for period in ("day", "night")]
    data = {**data, "problem_digest": exact.digest, "jobs": [{**data["jobs"][0], **whole, "runs": runs}]}
    found = check(exact, Plan.parse(data))
    return [violation.message for violation in found if violation.constraint == "schedule"]


def test_a_job_that_just_fills_the_horizon_does_not_continue() -> None:
    assert schedule(continuing=False) == []
    assert schedule(continuing=True) == ["continuing is True, should be False"]


@pytest.mark.parametrize("interruptible", [True, False])
@pytest.mark.parametrize(("late_hours", "faults"), [(5e-10, 0), (1e-8, 1), (5e-6, 1)])
def test_an_end_after_the_deadline_is_too_late_but_for_rounding(
    interruptible: bool, late_hours: float, faults: int
) -> None:
    found = schedule(continuing=False, deadline_hours=20 - late_hours, interruptible=interruptible)
    assert len(found) == faults
    assert all("deadline" in message for message in found)


def test_a_route_that_passes_a_node_twice_is_none() -> None:
    # Town, relay, town, relay, home: 2 + 2 + 2 + 3 ms, and back the same way; every hop is there.
    loop = ["town--relay", "town--relay", "town--relay", "relay--home"]
    nodes = ["town", "relay", "town", "relay", "home"]
    ways = {"links": loop, "return_links": loop[::-1], "nodes": nodes, "return_nodes": nodes[::-1]}
    data = plan_data("home")
    (number,) = (at for at, route in enumerate(data["routes"]) if route["origin"] == "town")
    entry = {**data["routes"][number], **ways, "latency_ms": 9, "rtt_ms": 18}
    data = changed(data, ("routes", number), put(entry))
    found = check(case("home")[0], Plan.parse(data))
    assert [each.message for each in found if each.constraint == "route"] == ["passes a node twice"]


def test_a_job_without_a_dataset_needs_no_routes() -> None:
    problem, data = case("home")[0], plan_data("home")
    bare = type(problem).parse(
        changed(problem.model_dump(mode="json"), ("workloads", 0, "dataset"), put(None))
    )
    entry = {**data["jobs"][0], "dataset_routes": [], "transfer_hours": 0, "transfer_gbps": 0}
    plan = Plan.parse({**data, "problem_digest": bare.digest, "jobs": [entry]})
    assert "dataset" not in {violation.constraint for violation in check(bare, plan)}


def test_efficiency_is_linear_in_the_logarithm_and_flat_at_the_end() -> None:
    points = [{"accelerators": 8, "efficiency": 0.7}, {"accelerators": 64, "efficiency": 0.4}]
    pool = Pool(id="p", data_center="d", accelerator="a", count=99, scaling=points)
    assert [efficiency(pool, n) for n in (1, 2, 8, 64, 99)] == pytest.approx([1, 0.9, 0.7, 0.4, 0.4])
    assert efficiency(pool, 16) == pytest.approx(0.6)
    assert efficiency(pool.replace(scaling=[{"accelerators": 1, "efficiency": 0.9}]), 5) == 0.9


def test_nothing_agrees_with_nan_or_infinity() -> None:
    assert close(1e9, 1e9 + 900) and not close(1e9, 1e9 + 1100)
    for odd in (math.nan, math.inf, -math.inf):
        assert not close(odd, odd) and not close(1.0, odd)
        assert exceeds(odd, 1.0)


@pytest.mark.parametrize("name", ["unserved", "unserved_bound"])
def test_work_below_nothing_is_told(name: str) -> None:
    plan = Plan.parse(empty(status="infeasible", **{name: -5.0}))
    assert [each.element for each in check(case("home")[0], plan)] == [f"plan.{name}"]


def served_apart(west: float) -> tuple[Problem, dict[str, Any]]:
    """Return users of two sites without links, very many east, and the plan: a replica for each site."""
    data = world(
        chat(
            demand=[
                {"location": "east", "requests_per_second": 2e6},
                {"location": "west", "requests_per_second": west},
            ],
            serving=[{"accelerator": "a", "requests_per_second": 1e6}],
        ),
        links=[],
    )
    problem = Problem.parse(data)
    plan = json.loads(solve(problem, time_limit=10).to_json())
    assert {each["pool"] for each in plan["services"][0]["replicas"]} == {"e", "w"}
    return problem, plan


def test_few_requests_beside_many_need_a_replica_all_the_same() -> None:
    problem, plan = served_apart(1.9)
    service = plan["services"][0]
    service["replicas"] = [each for each in service["replicas"] if each["pool"] == "e"]
    told = [
        each.message for each in check(problem, Plan.parse(plan)) if each.constraint == "replica_capacity"
    ]
    assert told == ["1.9 requests/s are served without a replica"]


def test_next_to_no_demand_is_served_or_left_out() -> None:
    problem, plan = served_apart(9e-7)
    service = plan["services"][0]
    service["flows"] = [each for each in service["flows"] if each["location"] == "east"]
    told = {each.constraint for each in check(problem, Plan.parse(plan))}
    assert "serve_demand" in told


def test_a_job_that_pauses_always_does_not_run() -> None:
    problem = Problem.parse(world(job("tune", interruptible=True)))
    plan = json.loads(solve(problem, time_limit=10).to_json())
    plan["jobs"][0]["runs"] = []
    assert "runs in no period" in " ".join(each.message for each in check(problem, Plan.parse(plan)))


def test_what_is_no_problem_or_plan_is_told() -> None:
    problem, plan = case("home")
    anything: Any = "text"
    with pytest.raises(InputError, match="problem: must be a Problem, not 'text'"):
        check(anything, plan)
    with pytest.raises(InputError, match="plan: must be a Plan, not 'text'"):
        check(problem, anything)
