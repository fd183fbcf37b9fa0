"""Change sets: what stays, moves, begins and ends, and why."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from computeroute.routing import InputError, Plan, Problem
from computeroute.routing.plan import Cost
from computeroute.routing.present import Present
from computeroute.routing.replan import COSTS, going_on, present_of, workload_changes
from computeroute.routing.replan_view import render_changes
from computeroute.solvers import solve

Data = dict[str, Any]


def job(name: str, count: int = 4, **more: Any) -> Data:
    needs = [{"accelerator": "a", "count": count, "hours": 2}]
    return {"kind": "training", "id": name, "needs": needs, **more}


def chat(rps: float = 5, **more: Any) -> Data:
    demand = [{"location": "east", "requests_per_second": rps}]
    serving = [{"accelerator": "a", "requests_per_second": 10}]
    return {"kind": "inference", "id": "chat", "demand": demand, "serving": serving, **more}


def world(*workloads: Data, **more: Any) -> Data:
    """Two sites with a pool of 8 each, 1 USD an hour east and 2 USD west, for 2 hours."""
    return {
        "periods": [{"id": "t", "hours": 2}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 0}],
        "data_centers": [{"id": "east", "jurisdiction": "DE"}, {"id": "west", "jurisdiction": "FR"}],
        "pools": [
            {"id": "e", "data_center": "east", "accelerator": "a", "count": 8, "usd_per_accelerator_hour": 1},
            {"id": "w", "data_center": "west", "accelerator": "a", "count": 8, "usd_per_accelerator_hour": 2},
        ],
        "links": [{"source": "east", "target": "west", "bandwidth_gbps": 1, "latency_ms": 5}],
        "policies": [{"id": "german", "allow": ["DE"]}],
        "workloads": list(workloads),
        **more,
    }


def planned(problem: Problem) -> Plan:
    return solve(problem, solver="highs", gap_limit=1e-9)


def changes(data: Data) -> dict[str, tuple[str, str]]:
    problem = Problem.parse(data)
    return {c.workload: (c.action, c.why) for c in workload_changes(problem, planned(problem))}


def test_the_present_of_a_plan_is_where_everything_is() -> None:
    plan = planned(Problem.parse(world(job("one"), chat(15))))
    assert present_of(plan) == Present.model_validate(
        {"jobs": {"one": ["e"]}, "services": {"chat": {"e": 2}}}
    )


def test_what_is_no_plan_is_no_present_and_one_that_places_nothing_keeps_nothing() -> None:
    nothing = planned(Problem.parse(world(job("one", 99))))
    assert present_of(nothing) == Present()
    with pytest.raises(InputError, match=r"is none .its status is 'infeasible'.; plan the old"):
        present_of(nothing.model_copy(update={"status": "infeasible"}))


def test_prices_and_limit_given_replace_those_of_the_file_and_others_stay() -> None:
    old = planned(Problem.parse(world(job("one"))))
    file = Problem.parse(world(job("one"), moving={"usd_per_job": 3, "restart_hours": 2}))
    on = going_on(file, old, None, usd_per_job=5, checkpoint_gb=None)
    assert (on.moving.usd_per_job, on.moving.restart_hours, on.limits.max_moves) == (5, 2, None)
    assert going_on(file, old, 4).limits.max_moves == 4


def test_every_action() -> None:
    present = {"jobs": {"kept": ["e"], "moved": ["w"], "ended": ["e"], "lost": ["e"]}}
    data = world(job("kept", 2), job("moved", 2), job("lost", 99), job("new", 2), job("late", 99), chat(),
                 present=present | {"services": {"gone": {"w": 2}}})  # fmt: skip
    found = changes(data)
    assert {name: action for name, (action, _) in found.items()} == {
        "kept": "keep", "moved": "move", "ended": "drop", "lost": "drop", "new": "add", "late": "wait",
        "chat": "add", "gone": "drop",
    }  # fmt: skip
    assert next(iter(found)) == "moved"
    assert found["ended"][1] == "is not in the topology any more"
    assert found["lost"][1].startswith("gang: ")


def at(pool: str) -> Data:
    return {"jobs": {"one": [pool]}}


def unbought(reserved: float) -> list[Data]:
    """Return the pools with another one, in which nothing stands before somebody buys it."""
    module = {"module_accelerators": 8, "capital_usd_per_module": 1e9, "lifetime_years": 1, "max_modules": 1}
    more = {"id": "m", "data_center": "west", "accelerator": "a", "count": 0, "usd_per_accelerator_hour": 2}
    return [*world()["pools"], {**more, "expansion": module, "reserve_fraction": reserved}]


def two_hours() -> Data:
    """Return two hours in which another job fills the pool e, that is dear now, in the first of them only."""
    full = job("other", 8, policy="german", deadline_hours=1)
    full["needs"][0]["hours"] = 1
    one = job("one")
    one["needs"][0]["hours"] = 1
    dear = [{**pool, "usd_per_accelerator_hour": 5 - at} for at, pool in enumerate(world()["pools"])]
    periods = [{"id": "t", "hours": 1}, {"id": "u", "hours": 1}]
    return world(one, full, present=at("e"), periods=periods, pools=dear)


def expandable() -> list[Data]:
    """Return the pools, of which e may grow at a high price."""
    return [{**world()["pools"][0], "expansion": unbought(0)[2]["expansion"]}, world()["pools"][1]]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (world(job("one"), present=at("w")), COSTS),
        (two_hours(), COSTS),
        (world(job("one"), job("other", 8, policy="german"), present=at("e"), pools=expandable()), COSTS),
        (world(job("one"), present=at("lost")), "gone: lost"),
        (world(job("one", policy="german"), present=at("w")), "barred, or too small for it: w"),
        (
            world(
                job("one"),
                present=at("w"),
                limits={"forbidden": [{"workload": "one", "data_center": "west"}]},
            ),
            "barred, or too small for it: w",
        ),
        (world(job("one"), job("other", 8, policy="german"), present=at("e")), "full of other work: e"),
        (world(job("one"), present=at("m"), pools=unbought(0.0)), COSTS),
        (world(job("one"), present=at("m"), pools=unbought(1.0)), "gone: m"),
    ],
)
def test_why_a_job_moves(data: Data, why: str) -> None:
    assert changes(data)["one"] == ("move", why)


def test_what_a_service_enters_and_leaves() -> None:
    found = changes(world(chat(), present={"services": {"chat": {"w": 1, "lost": 1}}}))
    assert found["chat"] == ("move", "gone: lost; enters east; leaves west")
    found = changes(world(chat(), present={"services": {"chat": {"w": 1, "e": 1}}}))
    assert found["chat"] == ("keep", "leaves west")


def test_a_service_that_nobody_asks_for_is_dropped() -> None:
    assert changes(world(chat(0), present={"services": {"chat": {"w": 1}}}))["chat"][0] == "drop"


def test_forms_say_the_same() -> None:
    data = world(job("one"), job("=two"), present=at("w"), moving={"usd_per_job": 3})
    problem = Problem.parse(data)
    plan = planned(problem)
    document = json.loads(render_changes(problem, plan, "json", 110))
    assert document["counts"] == {"move": 1, "add": 1, "drop": 0, "wait": 0, "keep": 0}
    assert document["moving_usd"] == 3
    assert document["changes"][0] == {
        "action": "move", "workload": "one", "kind": "training", "from": ["w"], "to": ["e"],
        "moving_usd": 3, "cost_usd": 11, "why": COSTS,
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(render_changes(problem, plan, "csv", 110))))
    assert [(row["action"], row["from"], row["to"]) for row in rows] == [("move", "w", "e"), ("add", "", "e")]
    assert rows[1]["workload"] == "'=two"
    text = render_changes(problem, plan, "table", 110)
    assert "Changes: 1 move, 1 add; moving costs 3.00 USD\n" in text
    old = plan.model_copy(update={"cost": Cost(compute_usd=7.5)})
    both = [render_changes(problem, plan, form, 110, old=old) for form in ("table", "json")]
    in_all = f"in all {plan.cost.total_usd:.2f} USD, 7.50 USD before\n"
    assert f"moving costs 3.00 USD; {in_all}" in both[0]
    assert json.loads(both[1]) == document | {"cost_before_usd": 7.5}


def test_a_plan_with_places_that_cannot_be_is_told_by_place() -> None:
    problem = Problem.parse(world(job("tune"), chat()))
    plan = solve(problem, time_limit=10)
    data = json.loads(plan.to_json())
    data["jobs"][0]["placements"] = []
    with pytest.raises(InputError, match=r"the plan to go on from.*jobs"):
        present_of(Plan.parse(data))


def test_what_is_left_out_is_a_table_of_its_own() -> None:
    """Beside a job that takes all of the one pool, one of two replicas is served in the other."""
    small = [world()["pools"][0], {**world()["pools"][1], "count": 1}]
    data = world(chat(20), job("j", 8, policy="german", priority=50), present=at("e"), pools=small)
    problem = Problem.parse(data)
    plan = solve(problem, gap_limit=1e-9)
    (row,) = json.loads(render_changes(problem, plan, "json", 110))["left_out"]
    assert (row["workload"], row["location"], row["reason"]) == ("chat", "east", "capacity")
    assert row["peak_requests_per_second"] == pytest.approx(10)
    text = render_changes(problem, plan, "table", 110)
    assert "in part left out (capacity)" in text and "Left out (1)" in text
    data["pools"] = world()["pools"]
    served = Problem.parse(data)
    assert "Left out" not in render_changes(served, solve(served, gap_limit=1e-9), "table", 110)
