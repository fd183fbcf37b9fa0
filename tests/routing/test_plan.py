"""The plan: exact round trip through JSON, frozen, truthy when usable, and strict about what it reads."""

from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any

import pytest
from computeroute.routing import plan as plans
from computeroute.routing.errors import InputError
from computeroute.routing.plan import (
    Breakdown,
    Cost,
    Emission,
    Flow,
    JobPlan,
    JobRun,
    LeftOut,
    LinkUse,
    Placement,
    Plan,
    PoolUse,
    Purchase,
    ReplicaPlan,
    Route,
    ServicePlan,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

THIRD = 1 / 3


def plan(**changes: Any) -> Plan:
    cost = Cost(compute_usd=0.1 + 0.2, energy_usd=THIRD, carbon_usd=1e-300, latency_usd=5e307)
    plain = {
        "status": "optimal",
        "objective": 12.5,
        "bound": 12.5 - 2**-40,
        "gap": 2**-40 / 12.5,
        "runtime_seconds": 0.25,
        "solver": "highs",
        "solver_version": "9.15",
        "seed": 7,
        "problem_name": "Zürich 東京",
        "problem_digest": "sha256:0",
        "cost": cost,
        "emission": Emission(energy_kwh=THIRD, tco2e=-0.0),
        "breakdown": Breakdown(by_workload={"tune": cost, "(idle)": Cost()}),
        "jobs": (
            JobPlan(
                job="tune",
                placements=(
                    Placement(pool="p", data_center="d", accelerators=4),
                    Placement(pool="q", data_center="e", accelerators=4),
                ),
                start_hours=0,
                end_hours=THIRD,
                hours=THIRD,
                runs=(JobRun(period="all", hours=THIRD),),
                dataset_routes=("r1", None),
                cost=cost,
                cost_in_all=cost,
            ),
        ),
        "services": (
            ServicePlan(
                service="chat",
                replicas=(ReplicaPlan(period="all", pool="p", data_center="d", replicas=2, accelerators=4),),
                flows=(
                    Flow(
                        period="all",
                        location="x",
                        pool="p",
                        data_center="d",
                        requests_per_second=THIRD,
                        route="r1",
                        rtt_ms=8.1,
                        latency_ms=9.1,
                    ),
                ),
                requests_per_second=THIRD,
                mean_rtt_ms=8.1,
                cost=cost,
            ),
        ),
        "left_out": (LeftOut(workload="grow", reason="capacity", detail="<b>none</b>\n\u2028left"),),
        "purchases": (Purchase(pool="p", modules=1, accelerators=8, capital_usd=THIRD),),
        "routes": (
            Route(id="r1", origin="x", destination="d", nodes=("x", "d"), links=("x--d",), latency_ms=THIRD),
        ),
        "pool_use": (PoolUse(pool="p", period="all", used=8, available=16, utilization=0.5),),
        "link_use": (
            LinkUse(
                link="x--d",
                source="x",
                target="d",
                period="all",
                gbps=THIRD,
                bandwidth_gbps=1,
                utilization=THIRD,
            ),
        ),
    }
    return Plan(**{**plain, **changes})


@pytest.mark.parametrize("indent", [None, 2])
def test_a_plan_is_the_same_after_a_round_trip_through_json(indent: int | None) -> None:
    text = plan().to_json(indent)
    back = Plan.from_json(text)
    assert back == plan()
    assert back.to_json(indent) == text
    assert math.copysign(1, back.emission.tco2e) == -1
    assert Plan.from_json(text.encode()) == back
    assert json.loads(text)["gap"] == plan().gap


def test_a_plan_cannot_change_and_may_be_a_key() -> None:
    one, costs = plan(), plan().breakdown.by_workload
    with pytest.raises(TypeError, match="frozen"):
        costs["tune"] = Cost()
    back = Plan.from_json(one.to_json())
    assert back == one
    assert {one: "kept"}[back] == "kept"
    assert Breakdown(by_workload=costs).by_workload == costs


def test_the_head_of_the_json_is_what_scripts_look_for() -> None:
    data = json.loads(plan().to_json())
    assert [data[key] for key in ("schema_version", "status", "objective", "bound")] == [
        "1",
        "optimal",
        12.5,
        12.5 - 2**-40,
    ]
    assert json.loads(plan(objective=None, bound=None, gap=None, status="unknown").to_json())["gap"] is None


def test_a_plan_of_many_flows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\n" in plan().to_json()
    monkeypatch.setattr(plans, "INDENTED_FLOWS", sum(len(each.flows) for each in plan().services) - 1)
    assert "\n" not in plan().to_json()
    assert Plan.from_json(plan().to_json()) == plan()


@settings(max_examples=50)
@given(st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(codec="utf-8")))
def test_every_number_and_text_survives(number: float, text: str) -> None:
    one = plan(objective=number, problem_name=text)
    assert Plan.from_json(one.to_json()) == one


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_infinities_are_never_sentinels(number: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        plan(objective=number)


@pytest.mark.parametrize(
    ("status", "usable"), [("optimal", True), ("feasible", True), ("infeasible", False), ("unknown", False)]
)
def test_a_plan_is_true_when_it_can_be_used(status: str, usable: bool) -> None:
    assert bool(plan(status=status)) is usable


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        plan().status = "feasible"  # type: ignore[misc]


def test_plans_are_pickled_and_copied() -> None:
    one = plan()
    assert one.route["r1"].destination == "d"
    for twin in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert twin == one
        assert twin.route == one.route


def test_costs_add_up_and_scale() -> None:
    cost = Cost(
        compute_usd=1, energy_usd=2, capital_usd=4, egress_usd=8, link_usd=16, carbon_usd=32, latency_usd=64,
        facility_usd=128,
    )  # fmt: skip
    assert (cost.money_usd, cost.total_usd) == (159, 255)
    assert (cost + cost).total_usd == (cost * 2).total_usd == 510
    assert (cost * 0.5).link_usd == 8
    assert Emission(energy_kwh=1, tco2e=2) + Emission(energy_kwh=3) == Emission(energy_kwh=4, tco2e=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.json: not JSON"),
        ('{"status": "optimal"', "p.json: not JSON"),
        ("[" * 100_000, "p.json: not JSON"),
        (b"\xff\xfe", "p.json: not JSON"),
        ("[]", "p.json: a plan is a JSON object"),
        ('{"pools": []}', "p.json: this is a problem; a plan comes from 'route plan' with --output"),
        ("{}", "status: is required"),
        (
            '{"status": "done"}',
            "status: must be 'optimal', 'feasible', 'infeasible' or 'unknown', got 'done'",
        ),
        ('{"gap": NaN}', "gap: must be a finite number, got NaN"),
        ('{"gap": "x"}', "gap: must be a number, got 'x'"),
        ('{"gap": "0.5"}', "gap: must be a number, without quotes, got '0.5'"),
        ('{"unserved": true}', "unserved: must be a number, got true"),
        ('{"seed": 1.5}', "seed: must be a whole number, got 1.5"),
        ('{"seed": "1"}', "seed: must be a whole number, without quotes, got '1'"),
        (
            '{"jobs": [{"job": "a", "spot": "yes"}]}',
            "jobs[0].spot: must be true or false, got 'yes'",
        ),
        (
            '{"purchases": [{"pool": "p", "modules": "3"}]}',
            "purchases[0].modules: must be a whole number, without quotes, got '3'",
        ),
        ('{"jobs": [{"job": "a", "job_id": 5}]}', "jobs[0].job_id: unknown key; did you mean 'job'?"),
        ('{"routes": [{"id": "r1", "nodes": "x"}]}', "routes[0] 'r1'.nodes: must be a list, got 'x'"),
        ('{"schema_version": "9"}', "schema_version: version '9' is not supported"),
    ],
)
def test_what_is_no_plan_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Plan.from_json(text, "p.json")
    assert message in str(caught.value)


def test_what_is_no_text_is_no_plan() -> None:
    anything: Any = None
    with pytest.raises(InputError, match="text: must be a text or bytes, not None"):
        Plan.from_json(anything)


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        Plan.parse(
            {**json.loads(plan().to_json()), "left_out": [{"workload": "a", "reason": "luck", "detail": ""}]}
        )
    assert "left_out[0].reason: must be 'residency', 'transit'" in str(caught.value)


def test_tables_are_data_frames() -> None:
    assert plan().to_frames()["routes"].iloc[0]["nodes"]
