"""``route stress``: its forms, its ends, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from .conftest import start
from .test_process import hard_problem

Route = Callable[..., Result]


def test_table(route: Route, plan_file: Path) -> None:
    result = route("stress", "two-sites", "--plan", plan_file)
    assert result.exit_code == 0
    assert "5 of 5 losses hit the present plan" in result.stdout
    assert "4 of 5 leave out more than the present plan" in result.stdout
    assert "What the worst loss hits at once: frankfurt" in result.stdout
    assert result.stderr.startswith("1/5  without frankfurt: optimal; at most ")


def test_without_a_plan_it_plans_first(route: Route, plan_file: Path) -> None:
    given, planned = (
        route("stress", "two-sites", "--no-replan", "-f", "csv", *more).stdout
        for more in ((), ("--plan", plan_file))
    )
    assert given == planned
    rows = list(csv.DictReader(io.StringIO(planned)))
    assert rows[0]["loss"] == "frankfurt"
    assert {row["replan"] for row in rows} == {"not asked for"}


def test_json(route: Route, plan_file: Path) -> None:
    document = json.loads(route("stress", "two-sites", "--plan", plan_file, "-f", "json", "-q").stdout)
    worst = document["losses"][0]
    assert worst["scenario"] == "without=frankfurt"
    assert worst["links"] == ["berlin--frankfurt", "frankfurt--virginia"]
    assert worst["at_once"]["jobs"] == 1
    # assistant-eu (weight 1) and finetune (1) wholly, 3 of 8.5 requests/s of assistant-us (weight 1)
    assert worst["at_once"]["unserved"] == pytest.approx(2 + 3 / 8.5)
    assert worst["replan"]["unserved"] == pytest.approx(2)
    assert worst["replan"]["recovered"] == pytest.approx(3 / 8.5)


def test_one_table(route: Route, plan_file: Path) -> None:
    arguments = ("stress", "two-sites", "--plan", plan_file, "--no-replan", "--table")
    rows = list(csv.DictReader(io.StringIO(route(*arguments, "lost_workloads", "-f", "csv").stdout)))
    assert {row["workload"] for row in rows if row["loss"] == "frankfurt"} == {
        *("assistant-eu", "assistant-us", "finetune")
    }
    assert json.loads(route(*arguments, "losses", "-f", "json").stdout)[0]["loss"] == "frankfurt"
    assert route(*arguments, "losses").stdout.startswith("Losses (5)")
    wrong = route(*arguments, "loses")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "unknown table 'loses'; did you mean 'losses'" in wrong.stderr


def test_a_plan_of_another_problem_ends_with_2(
    route: Route, plan_file: Path, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    two_sites["name"] = "another"
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    result = route("stress", tmp_path / "t.json", "--plan", plan_file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {plan_file}: the plan is for '")


def test_a_plan_that_does_not_verify_ends_with_2(route: Route, plan_file: Path, tmp_path: Path) -> None:
    plan = json.loads(plan_file.read_text())
    plan["objective"] = plan["bound"] = 1.0
    (tmp_path / "p.json").write_text(json.dumps(plan))
    result = route("stress", "two-sites", "--plan", tmp_path / "p.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path / 'p.json'}: the plan does not verify: total, plan: objective is 1" in result.stderr
    assert result.stderr.endswith("; see route verify\n")


def test_the_plan_is_not_overwritten(route: Route, plan_file: Path) -> None:
    result = route("stress", "two-sites", "--plan", plan_file, "-o", plan_file)
    assert result.exit_code == 2
    assert "is read as an input" in result.stderr


def test_a_present_plan_that_leaves_work_out_is_no_failure(route: Route, overfull: Path) -> None:
    result = route("stress", overfull, "--top", 1)
    assert result.exit_code == 0
    assert "leaves out weight" in result.stdout
    assert "4 without a re-plan" in result.stdout


def test_no_plan_at_all_ends_as_plan_does(route: Route, two_sites: dict[str, Any], tmp_path: Path) -> None:
    two_sites["limits"] = {"budget_usd": 1}  # two committed accelerators cost 96 USD
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    result = route("stress", tmp_path / "t.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "commitments alone cost 96.00 USD" in result.stderr


def test_names_are_shown_without_what_steers_a_terminal(
    route: Route, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    two_sites["links"][0]["id"] = "=cmd|calc"
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    text = route("stress", tmp_path / "t.json", "--no-replan", "-f", "csv").stdout
    assert "'=cmd|calc,link" in text


def test_interrupt_returns_what_is_done(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(hard_problem()))
    options = ["--solver", "cp-sat", "--gap", "0", "--time-limit", "1", "--format", "json"]
    with start("stress", str(tmp_path / "t.json"), *options) as process:
        assert process.stderr
        next(line for line in iter(process.stderr.readline, b"") if line.startswith(b"1/"))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert b"stopping; what is done so far follows" in error
    verdicts = {loss["replan"]["verdict"] for loss in json.loads(out)["losses"]}
    assert "not reached" in verdicts


@pytest.mark.parametrize("command", [("stress", "-", "--plan", "-"), ("replan", "-", "--from", "-")])
def test_only_one_input_is_standard_input(route: Route, command: tuple[str, ...]) -> None:
    result = route(*command)
    assert result.exit_code == 2
    assert "only one of" in result.stderr
