"""Comparisons: figures recomputed by hand, moves with their reasons, and the tables of both."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from computeroute.routing.capacity import degraded_pool
from computeroute.routing.comparison import Case, Compared, compare, figures
from computeroute.routing.comparison_tables import certainty, render_comparison
from computeroute.routing.moves import moves_between
from computeroute.routing.places import parts_of_asked, parts_of_running
from computeroute.routing.plan_parts import Purchase
from computeroute.routing.problem import Problem
from computeroute.routing.report import TOO_CHEAP
from computeroute.routing.scenarios import BUILT_IN, Scenario, chosen
from computeroute.solvers import solve
from computeroute.solvers.sweep import solve_scenarios
from computeroute.topologies import load

from .test_replan import chat, expandable, job, world

LINES = ("hybrid", "cloud-only", "on-prem-only", "prices*2")


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    """Compare the two-sites sample as it is, at one of its sites only, and dearer."""
    return compare(
        [outcome.case() for outcome in solve_scenarios(load("two-sites"), chosen(LINES, _known()))]
    )


def _known() -> dict[str, Scenario]:

    return dict(BUILT_IN)


def test_figures_are_sums_over_the_plan(compared: list[Compared]) -> None:
    case, found = compared[0].case, compared[0].figures
    assert found is not None
    assert case.plan is not None
    assert case.problem is not None
    hours = case.problem.durations_hours[0]
    assert len(set(case.problem.durations_hours)) == 1
    assert found.used_hours == pytest.approx(sum(use.used for use in case.plan.pool_use) * hours)
    assert found.available_hours == pytest.approx(28 * case.problem.horizon_hours)
    flows = [
        (flow.requests_per_second, flow.rtt_ms) for service in case.plan.services for flow in service.flows
    ]
    mean = sum(rate * rtt for rate, rtt in flows) / sum(rate for rate, _ in flows)
    assert found.mean_rtt_ms == pytest.approx(mean)
    assert found.worst_rtt_ms == max(rtt for _, rtt in flows)
    assert found.cost == case.plan.cost
    assert found.tco2e == case.plan.emission.tco2e


def test_who_leaves_a_site_whose_link_is_gone_is_told_so() -> None:
    # Some of New York is served from Frankfurt, over Virginia; without that link, all of it from Virginia.
    lines = ("hybrid", "without=frankfurt--virginia")
    cases = [outcome.case() for outcome in solve_scenarios(load("two-sites"), chosen(lines, _known()))]
    (move,) = compare(cases)[1].moves
    assert (move.workload, move.why) == ("assistant-us", "cut")
    assert move.detail == "the way is gone to frankfurt (link frankfurt--virginia)"


def test_lost_capacity_is_not_available(compared: list[Compared]) -> None:
    cloud = compared[1].figures
    assert cloud is not None
    assert cloud.available_hours == pytest.approx(16 * load("two-sites").horizon_hours)


def test_capacity_that_is_lost_in_part_is_not_available() -> None:
    problem = Problem.parse(world(job("one")))
    degraded = problem.replace(pools=(degraded_pool(problem.pools[0], 0.5), problem.pools[1]))
    found = figures(degraded, solve(degraded))
    assert (found.used_hours, found.available_hours) == (2 * 4, 2 * (4 + 8))


def test_who_may_not_go_so_far_any_more_is_told_so() -> None:
    """New York is 92 ms from Frankfurt, which serves a part of it."""
    lines = ("hybrid", "max_rtt_ms=50")
    cases = [outcome.case() for outcome in solve_scenarios(load("two-sites"), chosen(lines, _known()))]
    moves = {move.workload: move for move in compare(cases)[1].moves}
    assert (moves["assistant-us"].why, moves["assistant-us"].detail) == (
        "other",
        "ways to frankfurt are too slow now",
    )


def test_moves_tell_where_from_where_to_and_why(compared: list[Compared]) -> None:
    moves = {move.workload: move for move in compared[1].moves}
    assert moves["finetune"].why == "left out"
    assert moves["finetune"].detail.startswith("residency")
    assert moves["finetune"].after == {}
    assert moves["finetune"].cost_usd == 0
    assert moves["assistant-us"].why == "gone"
    assert "frankfurt" in moves["assistant-us"].detail
    before = moves["assistant-us"].before
    assert sum(before.values()) == pytest.approx(1)
    assert moves["assistant-us"].share == pytest.approx(before["frankfurt"])


def why_moved(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[str, str]]:
    problems = [Problem.parse(before), Problem.parse(after)]
    plans = [solve(problem, gap_limit=1e-9) for problem in problems]
    moves = moves_between(problems[0], plans[0], problems[1], plans[1])
    return {move.workload: (move.why, move.detail) for move in moves}


def degraded(to: float) -> list[dict[str, Any]]:
    """Return the pools, of which the cheaper one has lost a part."""
    return [{**world()["pools"][0], "reserve_fraction": 1 - to}, world()["pools"][1]]


GERMAN = job("german", 8, policy="german")
OTHER = ("other", "costs or limits changed")
BEFORE = world(job("one"))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (world(job("one"), GERMAN), ("full", "east has no room left")),
        (world(job("one"), GERMAN, pools=expandable()), OTHER),
        (world(job("one"), limits={"forbidden": [{"workload": "one", "data_center": "east"}]}), OTHER),
        (
            world(job("one"), job("german", 2, policy="german"), pools=degraded(0.25)),
            ("other", "east is too small for it now"),
        ),
        (world(job("one"), pools=degraded(0.0)), ("gone", "no capacity at east")),
    ],
)
def test_a_place_is_full_only_where_it_could_not_hold_a_job(
    after: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert why_moved(BEFORE, after)["one"] == expected


def test_a_place_is_full_for_a_service_where_no_replica_more_fits() -> None:
    before, after = world(chat(40)), world(chat(40), job("german", 6, policy="german"))
    assert why_moved(before, after) == {
        "chat": ("full", "east has no room left"),
        "german": ("new", "was not there"),
    }
    forbidden = {"forbidden": [{"workload": "chat", "data_center": "east"}]}
    assert (
        why_moved(before, world(chat(40), job("german", 6, policy="german"), limits=forbidden))["chat"]
        == OTHER
    )


def test_cheaper_is_only_what_does_the_same_for_less() -> None:
    dear = [{**world()["pools"][0], "usd_per_accelerator_hour": 3}, world()["pools"][1]]
    cheap = [world()["pools"][0], {**world()["pools"][1], "usd_per_accelerator_hour": 0.5}]
    assert why_moved(BEFORE, world(job("one"), pools=cheap))["one"] == ("cheaper", "4.00 USD less")
    assert why_moved(BEFORE, world(job("one", 1), pools=dear))["one"] == OTHER


def test_a_pool_of_another_type_makes_no_place_full() -> None:
    kinds = [*world()["accelerators"], {"id": "b", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 0}]
    pools = [*world()["pools"], {"id": "f", "data_center": "east", "accelerator": "b", "count": 1}]
    pools[0] = {**pools[0], "usd_per_accelerator_hour": 9}
    small = job("small", 1)
    small["needs"][0]["accelerator"] = "b"
    later = world(job("one"), small, accelerators=kinds, pools=pools)
    assert why_moved(BEFORE, later)["one"] == OTHER


def test_a_plan_has_no_moves_against_itself_and_returns_are_told(compared: list[Compared]) -> None:
    base, cloud = compared[0].case, compared[1].case
    assert base.plan is not None
    assert base.problem is not None
    assert cloud.plan is not None
    assert cloud.problem is not None
    assert moves_between(base.problem, base.plan, base.problem, base.plan) == ()
    back = {m.workload: m for m in moves_between(cloud.problem, cloud.plan, base.problem, base.plan)}
    assert back["finetune"].why == "back"
    gone = base.problem.replace(workloads=base.problem.workloads[1:])
    dropped = moves_between(base.problem, base.plan, gone, base.plan.model_copy(update={"jobs": ()}))
    assert [(move.workload, move.why) for move in dropped] == [("finetune", "dropped")]


def test_places_are_parts_of_what_runs_or_of_what_is_asked(compared: list[Compared]) -> None:
    for each in compared:
        problem, plan = each.case.problem, each.case.plan
        assert problem is not None
        assert plan is not None
        running, asked = parts_of_running(problem, plan), parts_of_asked(problem, plan)
        for name, parts in running.items():
            assert sum(parts.values()) == pytest.approx(1)
            served = sum(asked[name].values())
            assert served == pytest.approx(1) or any(entry.workload == name for entry in plan.left_out)
            assert {at: part / served for at, part in asked[name].items()} == pytest.approx(parts)


def test_places_of_services_count_requests_not_rates(compared: list[Compared]) -> None:
    # A rate for 16 of 24 h at one site and another one for 8 h at another: by requests, not by rates.
    problem, plan = compared[0].case.problem, compared[0].case.plan
    assert problem is not None
    assert plan is not None
    day, night = (problem.periods[at].replace(hours=hours) for at, hours in ((0, 16.0), (1, 8.0)))
    service = next(each for each in plan.services if each.service == "assistant-eu")
    flow = service.flows[0].model_copy(update={"requests_per_second": 10.0})
    flows = (
        flow.model_copy(update={"period": day.id, "data_center": "frankfurt"}),
        flow.model_copy(update={"period": night.id, "data_center": "virginia"}),
    )
    moved = plan.model_copy(update={"services": (service.model_copy(update={"flows": flows}),), "jobs": ()})
    found = parts_of_running(problem.replace(periods=(day, night)), moved)
    assert found == {"assistant-eu": pytest.approx({"frankfurt": 2 / 3, "virginia": 1 / 3})}


def test_certainty_follows_from_the_bounds(compared: list[Compared]) -> None:
    base, cloud, _, dear = (each.figures for each in compared)
    assert base is not None
    assert cloud is not None
    assert dear is not None
    assert certainty(dear, base) == "dearer"
    assert certainty(base, dear) == "cheaper"
    assert certainty(base, base) == "alike"
    assert certainty(cloud, base) == "other work"


def test_what_the_bounds_leave_open_is_neither_dearer_nor_alike(compared: list[Compared]) -> None:
    base = compared[0].figures
    assert base is not None
    assert base.objective is not None
    looser = replace(base, bound=0.9 * base.objective)
    dearer = replace(base, objective=1.05 * base.objective, bound=0.95 * base.objective)
    assert certainty(looser, base) == certainty(base, looser) == certainty(dearer, base) == "open"


def test_nothing_is_certain_between_plans_that_weigh_money_differently(compared: list[Compared]) -> None:
    # Twice the weight doubles the objective of the very same plan, which is no dearer for it.
    found = compared[0].figures
    assert found is not None
    assert found.objective is not None
    assert found.bound is not None
    doubled = replace(found, objective=2 * found.objective, bound=2 * found.bound, money_weight=2.0)
    assert certainty(doubled, found) == "other aim"


def test_jobs_that_continue_show_their_cost_to_the_end() -> None:
    # Fine-tuning for 30 of 24 hours: the plan is chosen, and found dearer, by what it costs to its end.
    outcomes = solve_scenarios(load("two-sites"), chosen(("hybrid", "training*3"), _known()))
    compared = compare([outcome.case() for outcome in outcomes])
    tables = json.loads(render_comparison(compared, "json", None, 110))
    in_all = [outcome.plan.cost_in_all.total_usd for outcome in outcomes if outcome.plan]
    assert [row["in_all_usd"] for row in tables["figures"]] == in_all
    assert tables["differences"][0]["in_all_usd"] == pytest.approx(in_all[1] - in_all[0])
    assert in_all[1] > tables["figures"][1]["total_usd"] + 1
    assert [row["note"] for row in tables["figures"]] == ["", ""]
    after = compared[1].case
    assert after.plan is not None
    [place, *_] = next(job for job in after.plan.jobs if job.continuing).placements
    bought = Purchase(pool=place.pool, modules=1, accelerators=8, capital_usd=164.38)
    buying = replace(after, plan=after.plan.model_copy(update={"purchases": (bought,)}))
    told = json.loads(render_comparison(compare([after, buying]), "json", None, 110))["figures"]
    assert [row["note"] for row in told] == ["", f"purchases {TOO_CHEAP}"]


def test_tables_have_the_figures_for_people_and_programs(compared: list[Compared]) -> None:
    text = render_comparison(compared, "table", None, 110)
    assert "Scenarios (4)" in text
    assert "Differences to hybrid" in text
    assert "cloud-only: 3 workloads moved" in text
    assert max(map(len, text.splitlines())) <= 110
    document = json.loads(render_comparison(compared, "json", None, 110))
    assert [row["scenario"] for row in document["figures"]] == list(LINES)
    assert {"figures", "cost", "differences", "left_out", "moves"} == set(document)
    rows = list(csv.DictReader(io.StringIO(render_comparison(compared, "csv", "differences", 110))))
    total = float(rows[0]["total_usd"])
    assert total == pytest.approx(document["figures"][1]["total_usd"] - document["figures"][0]["total_usd"])


def test_a_service_that_is_left_out_in_part_is_named() -> None:
    """A job takes the cheap site; the other holds one of two replicas, 10 of 20 requests/s."""
    small = [world()["pools"][0], {**world()["pools"][1], "count": 1}]
    first, second = world(chat(20)), world(chat(20), job("j", 8, policy="german", priority=50), pools=small)
    problems = [Problem.parse(first), Problem.parse(second)]
    cases = [Case(n, p, solve(p, gap_limit=1e-9)) for n, p in zip(("one", "two"), problems, strict=True)]
    rows = compare(cases)
    (move,) = (move for move in rows[1].moves if move.workload == "chat")
    assert move.why == "left out" and move.detail.startswith("in part, capacity: 0.0 of ")
    text = render_comparison(rows, "table", None, 160)
    assert "two: left out (1)" in text and "one: left out" not in text
    (row,) = json.loads(render_comparison(rows, "json", "left_out", 160))["left_out"]
    assert (row["scenario"], row["workload"], row["reason"]) == ("two", "chat", "capacity")
    assert row["peak_requests_per_second"] == pytest.approx(10)


def test_a_case_without_a_plan_is_a_row_with_its_error(compared: list[Compared]) -> None:
    broken = Case("=1+1", None, None, "scenario '=1+1': no pool is left")
    rows = compare([broken, compared[0].case])
    assert rows[1].moves == ()
    for name in (None, "figures"):
        assert render_comparison(rows, "table", name, 160).count("no pool is left") == 1
    assert render_comparison(rows, "table", "cost", 160).count("no pool is left") == 0
    note = json.loads(render_comparison(rows, "json", None, 160))["figures"][0]["note"]
    assert note == "scenario '=1+1': no pool is left"
    assert "'=1+1" in render_comparison(rows, "csv", None, 110)
    assert figures(*_pair(compared[0])) == rows[1].figures


def _pair(each: Compared) -> tuple[object, object]:
    return each.case.problem, each.case.plan


def test_work_left_out_without_proof_is_noted(compared: list[Compared]) -> None:
    """The widest gap is of the work left out then, not of the cost beside which it stands."""
    case = compared[0].case
    assert case.plan is not None
    plan = case.plan.model_copy(update={"unserved": 2.0, "unserved_bound": 0.5})
    rows = compare([replace(case, plan=plan), case])
    notes = [row["note"] for row in json.loads(render_comparison(rows, "json", None, 160))["figures"]]
    assert notes == ["unserved is not proven: bound 0.500", ""]
    near = case.plan.model_copy(update={"unserved": 1.58806, "unserved_bound": 1.58762})
    assert "unserved is not proven: bound 1.587620" in render_comparison(
        compare([replace(case, plan=near)]), "table", None, 160
    )
