"""``--scenario`` of the commands that work on one problem."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from computeroute.topologies.plans import load_plan

Route = Callable[..., Result]
MORE = "demand*1.2"


def test_the_plan_of_a_scenario_is_verified_against_it_only(route: Route, tmp_path: Path) -> None:
    kept = tmp_path / "plan.json"
    assert route("plan", "two-sites", "-s", MORE, "-o", kept).exit_code == 0
    assert "all 36 checks hold" in route("verify", "two-sites", kept, "-s", MORE).stdout
    other = route("verify", "two-sites", kept)
    assert other.exit_code == 1
    assert f"the plan is for 'two-sites, scenario {MORE}' (" in other.stdout


def test_a_plan_says_which_scenario_it_is_of(route: Route, tmp_path: Path) -> None:
    assert f"plan for   two-sites, scenario {MORE} (" in route("plan", "two-sites", "-s", MORE).stdout
    assert "plan for   two-sites (" in route("plan", "two-sites").stdout
    route("compare", "two-sites", "-s", MORE, "--folder", tmp_path)
    (kept,) = tmp_path.glob("*.json")
    assert load_plan(kept).scenario == MORE


def test_plans_that_compare_keeps_are_read(route: Route, tmp_path: Path) -> None:
    route("compare", "two-sites", "-s", MORE, "--folder", tmp_path)
    (kept,) = tmp_path.glob("*.json")
    assert route("verify", "two-sites", kept, "--scenario", MORE).exit_code == 0
    assert route("stress", "two-sites", "-s", MORE, "--plan", kept, "--no-replan").exit_code == 0
    refused = route("stress", "two-sites", "--plan", kept, "--no-replan")
    assert refused.exit_code == 2
    assert "or that scenario of it" in refused.stderr


def test_a_plan_goes_on_into_a_scenario(route: Route, tmp_path: Path) -> None:
    kept = tmp_path / "plan.json"
    route("plan", "two-sites", "-o", kept)
    changes = json.loads(
        route("replan", "two-sites", "--from", kept, "-s", "without=frankfurt", "-f", "json").stdout
    )
    assert {change["action"] for change in changes["changes"]} & {"move", "drop"}


@pytest.mark.parametrize("command", ["validate", "show", "frontier", "pooling"])
def test_other_commands_take_one_too(route: Route, command: str) -> None:
    lost = route(command, "two-sites", "-s", "without=nowhere")
    assert lost.exit_code == 2
    assert "scenario 'without=nowhere': unknown" in lost.stderr


def test_a_file_of_scenarios_is_chosen_from(route: Route, tmp_path: Path) -> None:
    book = tmp_path / "futures.yaml"
    book.write_text("scenarios:\n  grown: demand*1.2\nsweeps:\n  both: [[hybrid, grown]]\n")
    told = route("plan", "two-sites", "--scenarios", book, "-s", "grown", "-f", "json")
    other = route("plan", "two-sites", "-s", MORE, "-f", "json").stdout
    other = other.replace(f'"scenario": "{MORE}"', '"scenario": "grown"')
    assert told.stdout == _without_time(told.stdout, other)
    for arguments, message in (
        (["-s", "both"], "is a sweep"),
        (["-s", "grown", "-s", "hybrid"], "more than once"),
        ([], "which of its scenarios"),
    ):
        refused = route("plan", "two-sites", "--scenarios", book, *arguments)
        assert refused.exit_code == 2
        assert message in refused.stderr
    assert route("validate", "two-sites", "--scenarios", book, "-s", "grown", "-o", book).exit_code == 2


def _without_time(one: str, other: str) -> str:
    """Return the second of two plans (JSON) with the run time of the first."""
    seconds = json.dumps(json.loads(one)["runtime_seconds"])
    return other.replace(json.dumps(json.loads(other)["runtime_seconds"]), seconds)


@pytest.mark.parametrize(
    "arguments",
    [("verify", "two-sites", "multicloud"), ("compare", "two-sites", "--scenarios", "multicloud")],
)
def test_samples_are_no_plans_nor_scenarios(route: Route, arguments: tuple[str, ...]) -> None:
    result = route(*arguments)
    assert (result.exit_code, result.stderr) == (2, "error: multicloud: no such file\n")
