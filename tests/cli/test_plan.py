"""``route plan`` and ``route verify``."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from computeroute import cli, cli_options
from computeroute.routing import CONSTRAINTS, Plan, SolverError
from computeroute.topologies import load
from computeroute.topologies.delivery import Delivery

Route = Callable[..., Result]


def test_json_is_the_plan_with_its_proof_at_the_top(route: Route) -> None:
    result = route("plan", "two-sites", "--format", "json")
    data = json.loads(result.stdout)
    assert result.exit_code == 0
    assert data["status"] == "optimal"
    assert data["gap"] <= 1e-3
    assert data["bound"] <= data["objective"] * (1 + 1e-9)
    assert Plan.parse(data).to_json() + "\n" == result.stdout


def test_progress_is_on_stderr_only(route: Route) -> None:
    result = route("plan", "two-sites")
    assert result.stderr.splitlines()[-1].endswith("gap 0.000 %")
    assert "best 544.36, bound 544.36" in result.stderr
    assert " s  cost" not in result.stdout


def test_quiet(route: Route, tmp_path: Path) -> None:
    result = route("plan", "two-sites", "--quiet", "--output", tmp_path / "plan.json")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("name", "first"), [("p.json", "{"), ("p.CSV", "kind,workload"), ("p.txt", "plan for")]
)
def test_form_follows_the_ending_of_the_output(name: str, first: str, route: Route, tmp_path: Path) -> None:
    result = route("plan", "two-sites", "-o", tmp_path / name)
    assert result.stdout == ""
    assert result.stderr.splitlines()[-2] == f"written to {tmp_path / name}"
    assert (tmp_path / name).read_text().startswith(first)


def test_format_wins_over_the_ending(route: Route, tmp_path: Path) -> None:
    route("plan", "two-sites", "-o", tmp_path / "p.json", "-f", "csv")
    assert (tmp_path / "p.json").read_text().startswith("kind,workload")


def test_one_table_in_every_form(route: Route) -> None:
    as_json, as_csv, as_text = (
        route("plan", "two-sites", "-q", "--table", "pool_use", "-f", form).stdout
        for form in ("json", "csv", "table")
    )
    records = json.loads(as_json)
    assert [record["pool"] for record in records] == [
        row["pool"] for row in csv.DictReader(io.StringIO(as_csv))
    ]
    assert as_text.startswith("pool use\npool ")


@pytest.mark.parametrize("solver", ["auto", "highs", "cp-sat", "scip"])
def test_solvers_by_name_agree(solver: str, route: Route) -> None:
    result = route(
        "plan", "two-sites", "-q", "-f", "json", "--solver", solver, "--threads", "1", "--seed", "3"
    )
    data = json.loads(result.stdout)
    assert data["objective"] == pytest.approx(544.3584, rel=2e-3)
    assert data["seed"] == 3


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--solver", "higs", "unknown solver 'higs'; did you mean 'highs'?"),
        ("--time-limit", "-1", "time_limit"),
        ("--time-limit", "nan", "time_limit"),
        ("--gap", "1.5", "Invalid value for '--gap'"),
        ("--gap", "nan", "gap_limit"),
        ("--seed", "-1", "seed"),
        ("--threads", "0", "threads"),
        ("--table", "job", "unknown table 'job'; did you mean 'jobs'?"),
        ("--workloads", "none.csv", "none.csv: no such file"),
    ],
)
def test_options_out_of_range(option: str, value: str, message: str, route: Route) -> None:
    result = route("plan", "two-sites", option, value)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_further_workloads(route: Route, tmp_path: Path) -> None:
    job = {"kind": "training", "id": "extra", "needs": [{"accelerator": "h100", "count": 1, "hours": 1}]}
    (tmp_path / "more.json").write_text(json.dumps({"workloads": [job]}))
    result = route(
        "plan", "two-sites", "-w", tmp_path / "more.json", "-q", "-f", "csv", "--table", "placements"
    )
    assert [row["job"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["finetune", "extra"]


def test_work_left_out_ends_with_1_and_its_reason(route: Route, overfull: Path) -> None:
    result = route("plan", overfull)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "the plan leaves work out"
    assert "1 workload, wholly or in part" in result.stdout
    assert "Left out (1)" in result.stdout
    assert "finetune" in result.stdout.split("Left out (1)")[1]


def test_all_or_nothing_ends_with_1(route: Route, overfull: Path) -> None:
    result = route("plan", overfull, "--all-or-nothing")
    assert result.exit_code == 1
    assert "infeasible: not everything can be placed" in result.stdout
    assert result.stderr.splitlines()[-1] == "not everything can be placed, and all or nothing was asked for"


def test_a_plan_of_another_problem_is_told_first(route: Route, overfull: Path, tmp_path: Path) -> None:
    route("plan", "two-sites", "-q", "-o", tmp_path / "plan.json")
    result = route("verify", overfull, tmp_path / "plan.json")
    told = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert told.startswith("the plan is for 'two-sites' (sha256:")
    hint = "give that topology (after route replan: what its --keep-topology wrote), or that scenario of it"
    assert f"; {hint} against this topology: " in told


def test_a_plan_that_is_written_is_summed_up(route: Route, overfull: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    whole = route("plan", "two-sites", "-o", path)
    assert whole.stderr.splitlines()[-2:] == [
        f"written to {path}",
        "optimal: objective 544.36 USD, proven bound 544.36 USD, gap 0.000 %; all work is placed",
    ]
    short = route("plan", overfull, "-o", path).stderr.splitlines()
    assert "; left out: 1 workload, wholly or in part (weight 1.000 of 3.000, proven bound" in short[-2]
    assert short[-1] == "the plan leaves work out"
    assert "objective" not in route("plan", "two-sites", "-q", "-o", path).stderr
    assert "objective" not in route("plan", "two-sites").stderr


def test_a_plan_of_another_topology_is_told_in_a_few_lines(route: Route, plan_file: Path) -> None:
    result = route("verify", "multicloud", plan_file)
    assert result.exit_code == 1
    told = " ".join(result.stdout.split())
    assert (
        "; that lacks 3 workloads of the plan: 'assistant-eu', 'assistant-us', 'finetune', and 2 pools"
        in told
    )
    assert ", so nothing else was checked; " in told
    assert result.stdout.count("\n") < 6


def test_a_plan_that_holds_for_a_changed_topology_too(
    route: Route, plan_file: Path, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "t.json").write_text(json.dumps({**two_sites, "name": "another name"}))
    result = route("verify", tmp_path / "t.json", plan_file)
    assert result.exit_code == 1
    assert result.stdout.endswith("all other checks hold for this topology too\n")


def test_routes_of_datasets_have_no_round_trip(route: Route) -> None:
    table = route("plan", "two-sites", "-q", "-f", "csv", "--table", "routes").stdout
    routes = {row["id"]: row for row in csv.DictReader(io.StringIO(table))}
    one_way = {name: row for name, row in routes.items() if row["links"] and not row["return_links"]}
    assert 0 < len(one_way) < len(routes)
    assert all(float(row["latency_ms"]) > 0 for row in one_way.values())
    assert {name for name, row in routes.items() if row["rtt_ms"] == ""} == set(one_way)


def test_commitments_above_the_budget_are_named(route: Route, overfull: Path) -> None:
    data = json.loads(overfull.read_text())
    data["pools"][0] |= {"committed_count": 1, "committed_usd_per_accelerator_hour": 7}
    overfull.write_text(json.dumps({**data, "limits": {"budget_usd": 10}}))
    result = route("plan", overfull)
    said = "commitments alone cost 264.00 USD, more than the budget of 10.00 USD"
    assert result.exit_code == 1
    assert f"infeasible: {said}" in result.stdout
    assert result.stderr.splitlines()[-1] == said


def test_no_plan_in_time_is_a_failure_of_the_solver() -> None:
    found = Plan(
        status="unknown", stopped_by="time", objective=None, bound=None, gap=None, runtime_seconds=1,
        solver="s", solver_version="1", seed=0, problem_name="p", problem_digest="d",
    )  # fmt: skip
    with pytest.raises(SolverError, match="allow it more time") as failure:
        cli_options.end_with(found, load("two-sites"), Delivery(None, None))
    assert failure.value.exit_code == 3


def test_topology_from_standard_input(route: Route, two_sites: dict[str, Any]) -> None:
    assert route("plan", "-", "-q", stdin=json.dumps(two_sites)).exit_code == 0


def test_names_with_formulas_and_escapes(route: Route, two_sites: dict[str, Any], tmp_path: Path) -> None:
    two_sites["workloads"][0]["id"] = "=HYPERLINK(1)"
    two_sites["name"] = "<b>上海</b>"
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    result = route("plan", tmp_path / "t.json", "-q", "-f", "csv", "--table", "jobs")
    assert result.stdout.splitlines()[1].startswith("'=HYPERLINK(1),")
    assert "<b>上海</b>" in route("plan", tmp_path / "t.json", "-q").stdout


def test_verify_holds(route: Route, plan_file: Path) -> None:
    result = route("verify", "two-sites", plan_file)
    assert result.exit_code == 0
    assert result.stdout == f"all {len(CONSTRAINTS)} checks hold\n"
    assert result.stderr == ""
    document = json.loads(route("verify", "two-sites", plan_file, "-f", "json").stdout)
    assert document["holds"]
    assert len(document["checks"]) == len(CONSTRAINTS)
    assert route("verify", "two-sites", plan_file, "-f", "csv").stdout == "constraint,element,message\n"


def test_verify_lists_violations(route: Route, plan_file: Path, tmp_path: Path) -> None:
    data = json.loads(plan_file.read_text())
    data["cost"]["compute_usd"] += 1
    (tmp_path / "p.json").write_text(json.dumps(data))
    result = route("verify", "two-sites", tmp_path / "p.json")
    assert result.exit_code == 1
    assert "violation" in result.stdout.splitlines()[0]
    assert "compute_usd is 487, should be 486" in result.stdout
    found = json.loads(route("verify", "two-sites", tmp_path / "p.json", "-f", "json").stdout)
    assert not found["holds"]
    assert found["violations"][0]["constraint"] == "total"
    rows = list(
        csv.DictReader(io.StringIO(route("verify", "two-sites", tmp_path / "p.json", "-f", "csv").stdout))
    )
    assert rows == found["violations"]


def test_verify_reads_a_plan_from_standard_input(route: Route, plan_file: Path) -> None:
    assert route("verify", "two-sites", "-", stdin=plan_file.read_text()).exit_code == 0


@pytest.mark.parametrize("options", [(), ("-f", "json"), ("-f", "csv"), ("--table", "cost")], ids=str)
def test_report_prints_what_plan_printed(options: tuple[str, ...], route: Route, tmp_path: Path) -> None:
    planned = route("plan", "two-sites", "-q", "-f", "json", "-o", tmp_path / "p.json")
    assert planned.exit_code == 0
    printed = route("report", "two-sites", tmp_path / "p.json", *options)
    assert (printed.exit_code, printed.stderr) == (0, "")
    again = route("plan", "two-sites", "-q", *options).stdout
    assert _without_seconds(printed.stdout) == _without_seconds(again)


def _without_seconds(text: str) -> str:
    return re.sub(r"in [0-9.]+ s\b|\"runtime_seconds\": [0-9.e-]+", "", text)


def test_report_refuses_a_plan_that_does_not_verify(route: Route, plan_file: Path, tmp_path: Path) -> None:
    data = json.loads(plan_file.read_text())
    data["cost"]["compute_usd"] += 1
    (tmp_path / "p.json").write_text(json.dumps(data))
    result = route("report", "two-sites", tmp_path / "p.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "compute_usd is 487, should be 486" in result.stderr


def test_report_refuses_a_plan_of_another_problem(route: Route, plan_file: Path) -> None:
    result = route("report", "multicloud", plan_file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is for 'two-sites'" in result.stderr


def test_report_names_tables(route: Route, plan_file: Path) -> None:
    result = route("report", "two-sites", plan_file, "--table", "job")
    assert result.exit_code == 2
    assert "did you mean 'jobs'" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("{", "not JSON"),
        ("[]", "a plan is a JSON object"),
        ('{"status": "fine"}', "status"),
    ],
)
def test_verify_refuses_what_is_no_plan(text: str, message: str, route: Route, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(text)
    result = route("verify", "two-sites", tmp_path / "p.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_verify_says_of_a_plan_that_places_nothing(route: Route, tmp_path: Path) -> None:
    problem = json.loads(route("samples", "two-sites").stdout)
    problem["pools"][0]["committed_count"] = 1
    problem["pools"][0]["committed_usd_per_accelerator_hour"] = 1.0
    problem["limits"] = {"budget_usd": 0}
    (tmp_path / "x.json").write_text(json.dumps(problem))
    assert route("plan", tmp_path / "x.json", "-o", tmp_path / "p.json").exit_code == 1
    result = route("verify", tmp_path / "x.json", tmp_path / "p.json")
    assert result.exit_code == 0
    assert "the plan is infeasible: it places nothing" in result.stderr
    printed = route("report", tmp_path / "x.json", tmp_path / "p.json")
    assert printed.exit_code == 0
    assert "infeasible: commitments alone cost" in printed.stdout


def test_only_one_input_can_be_standard_input(route: Route) -> None:
    result = route("verify", "-", "-", stdin="{}")
    assert result.exit_code == 2
    assert "only one of TOPOLOGY and PLAN can be standard input" in result.stderr


def test_options_reach_click(route: Route) -> None:
    options = {option for parameter in cli.main.commands["plan"].params for option in parameter.opts}
    assert options >= {
        "--solver",
        "--time-limit",
        "--gap",
        "--seed",
        "--threads",
        "--all-or-nothing",
        "--table",
    }
    assert isinstance(cli.main, click.Group)
