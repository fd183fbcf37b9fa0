"""The command that plans on from a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Route = Callable[..., Result]


@pytest.fixture
def old(route: Route, tmp_path: Path) -> Path:
    plan = tmp_path / "plan.json"
    assert route("plan", "two-sites", "-q", "-o", plan).exit_code == 0
    return plan


def test_nothing_changes_where_nothing_has_changed(route: Route, old: Path) -> None:
    result = route("replan", "two-sites", "--from", old, "--drain-usd", "1", "--move-usd", "1", "-f", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {change["action"] for change in document["changes"]} == {"keep"}
    assert document["moving_usd"] == 0


def test_what_it_keeps_is_verified(route: Route, old: Path, tmp_path: Path) -> None:
    asked, new = tmp_path / "asked.json", tmp_path / "new.json"
    result = route("replan", "two-sites", "--from", old, "--max-moves", "0", "--restart-hours", "2",
                   "--checkpoint-gb", "9", "-o", new, "--keep-topology", asked)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "Changes: 3 keep" in result.stdout
    assert "--keep-topology" not in result.stderr
    assert route("verify", asked, new).exit_code == 0
    assert json.loads(asked.read_text(encoding="utf-8"))["limits"]["max_moves"] == 0


def test_a_plan_that_is_kept_without_its_topology_is_remarked_on(
    route: Route, old: Path, tmp_path: Path
) -> None:
    result = route("replan", "two-sites", "--from", old, "-o", tmp_path / "new.json")
    assert "--keep-topology" in result.stderr
    refused = route("report", "two-sites", tmp_path / "new.json")
    assert refused.exit_code == 2
    assert "after route replan: what its --keep-topology wrote" in refused.stderr


def test_lost_capacity_moves_work(route: Route, old: Path, tmp_path: Path) -> None:
    data = json.loads(route("samples", "two-sites").stdout)
    data["pools"] = [pool for pool in data["pools"] if pool["id"] != "frankfurt-h100"]
    file = tmp_path / "less.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    result = route("replan", file, "--from", old, "-f", "csv")
    assert result.exit_code == 1
    assert "drop,assistant-eu" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--move-usd", "-1"], "--move-usd"),
        (["--move-usd", "inf"], "usd_per_job"),
        (["--max-moves", "-1"], "--max-moves"),
        (["--solver", "abacus"], "abacus"),
    ],
)
def test_mistakes_are_told(route: Route, old: Path, arguments: list[str], message: str) -> None:
    result = route("replan", "two-sites", "--from", old, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_inputs_are_not_overwritten(route: Route, old: Path) -> None:
    before = old.read_bytes()
    result = route("replan", "two-sites", "--from", old, "-o", old)
    assert result.exit_code == 2
    assert old.read_bytes() == before


def test_a_plan_is_needed(route: Route, tmp_path: Path) -> None:
    assert route("replan", "two-sites").exit_code == 2
    assert route("replan", "two-sites", "--from", tmp_path / "none.json").exit_code == 2


def test_plan_and_topology_do_not_share_a_file(route: Route, old: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    result = route("replan", "two-sites", "--from", old, "-o", both, "--keep-topology", both)
    assert (result.exit_code, both.exists()) == (2, False)
    assert "two results" in result.stderr


def test_a_plan_of_other_work_is_doubted(route: Route, old: Path, tmp_path: Path) -> None:
    data = json.loads(route("samples", "two-sites").stdout)
    for work in data["workloads"]:
        work["id"] += "-new"
    file = tmp_path / "other.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert "is it the right plan?" in route("replan", file, "--from", old).stderr
    assert "is it the right plan?" not in route("replan", "two-sites", "--from", old).stderr


def test_a_plan_in_other_pools_is_doubted(route: Route, old: Path, tmp_path: Path) -> None:
    text = route("samples", "two-sites").stdout
    for pool in json.loads(text)["pools"]:
        text = text.replace(json.dumps(pool["id"]), json.dumps(pool["id"] + "-new"))
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")
    assert "no pool of the plan is in this topology" in route("replan", file, "--from", old).stderr
