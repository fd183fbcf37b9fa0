"""``route compare``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from computeroute.cli_futures import _end
from computeroute.routing.scenarios import BUILT_IN
from computeroute.solvers.sweep import solve_scenarios
from computeroute.topologies import load
from computeroute.topologies.delivery import Delivery

Route = Callable[..., Result]


def test_the_built_in_scenarios_are_compared_without_asking(route: Route) -> None:
    result = route("compare", "two-sites")
    assert result.exit_code == 1  # the two restricted ones leave work out
    assert "Differences to hybrid" in result.stdout
    assert "3/3  on-prem-only:" in result.stderr


def test_lines_and_a_file_of_scenarios(route: Route, tmp_path: Path) -> None:
    book = tmp_path / "futures.yaml"
    book.write_text(
        "scenarios:\n  dear:\n    - scale: {prices: 2}\nsweeps:\n  s: [[hybrid, dear], [carbon*2]]\n"
    )
    result = route("compare", "two-sites", "--scenarios", book, "-f", "json", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    names = [row["scenario"] for row in json.loads(result.stdout)["figures"]]
    assert names == ["dear", "hybrid+carbon*2", "dear+carbon*2"]
    result = route(
        "compare", "two-sites", "--scenarios", book, "-s", "hybrid", "-s", "dear+demand*0.5", "-f", "csv"
    )
    assert [row["scenario"] for row in csv.DictReader(io.StringIO(result.stdout))] == [
        "hybrid",
        "dear+demand*0.5",
    ]


@pytest.mark.parametrize(("how", "told", "usd"), [("keep", "still pays", 568.62), ("drop", "drops", 472.62)])
def test_what_is_committed_where_capacity_is_taken_out_is_told(
    route: Route, how: str, told: str, usd: float
) -> None:
    """Two accelerators at 2 USD are committed in the cloud for 24 hours."""
    asked = ("compare", "two-sites", "-s", "hybrid", "-s", "on-prem-only", "--commitments", how, "-q")
    text = route(*asked).stdout
    assert f"on-prem-only: {told} 96.00 USD that is committed where it takes capacity out" in text
    row = json.loads(route(*asked, "-f", "json").stdout)["figures"][1]
    assert (row["scenario"], row["total_usd"]) == ("on-prem-only", pytest.approx(usd, abs=0.005))
    assert row["note"].startswith(told)


def test_a_folder_is_gone_on_from(route: Route, tmp_path: Path) -> None:
    first = route("compare", "two-sites", "-s", "hybrid", "--folder", tmp_path, "-f", "json")
    second = route("compare", "two-sites", "-s", "hybrid", "--folder", tmp_path, "-f", "json")
    assert first.stdout == second.stdout
    assert "read from the folder" in second.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-s", "cloud-onl", "-s", "demand*x"], "2 faults"),
        (["--scenarios", "nothing.yaml"], "nothing.yaml"),
        (["--table", "moved"], "did you mean 'moves'"),
        (["--jobs", "0"], "jobs"),
        (["--time-limit", "0"], "time_limit"),
        (["--total-time-limit", "-1"], "total_time_limit"),
    ],
)
def test_bad_usage_ends_with_two(route: Route, arguments: list[str], expected: str) -> None:
    result = route("compare", "two-sites", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr


def test_scenarios_that_fail_are_rows_and_the_others_count(route: Route) -> None:
    result = route("compare", "two-sites", "-s", "hybrid", "-s", "without=nowhere", "-s", "kind=edge")
    assert result.exit_code == 1
    assert result.output.count("no pool is left") == 1
    assert result.stderr.count("kind=edge: failed") == 1
    assert "2 of 3 scenarios have no plan" in result.stderr
    assert route("compare", "two-sites", "-s", "kind=edge").exit_code == 2


def test_scenarios_that_all_fail_print_no_result(route: Route) -> None:
    result = route("compare", "two-sites", "-q", "-s", "kind=edge", "-s", "without=nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no pool is left" in result.stderr
    assert "nowhere" in result.stderr
    result = route("compare", "two-sites", "-s", "kind=edge", "-s", "without=nowhere")
    assert result.stderr.count("no pool is left") == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_plan_that_cannot_be_kept_is_not_lost(route: Route, tmp_path: Path, jobs: int) -> None:
    # Something else has the name of the draft of a plan: as with a full disk, it cannot be written.
    asked = ("compare", "two-sites", "-s", "hybrid", "-s", "prices*2", "-f", "csv", "--jobs", jobs)
    assert route(*asked, "--folder", tmp_path).exit_code == 0
    for file in tmp_path.glob("*.json"):
        file.unlink()
        file.with_suffix(".part").mkdir()
    result = route(*asked, "--folder", tmp_path, "-q")
    assert result.exit_code == 0
    assert result.stdout == route(*asked).stdout
    warnings = result.stderr.splitlines()
    assert len(warnings) == 2
    assert all(line.startswith(f"warning: {tmp_path}") and "not lost" in line for line in warnings)


def test_a_file_without_scenarios_is_a_fault(route: Route, tmp_path: Path) -> None:
    book = tmp_path / "none.yaml"
    book.write_text("scenarios: {}\n")
    result = route("compare", "two-sites", "--scenarios", book)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "holds no scenario" in result.stderr


def test_the_file_of_scenarios_is_not_overwritten(route: Route, tmp_path: Path) -> None:
    book = tmp_path / "futures.yaml"
    book.write_text("scenarios: {a: hybrid}\n")
    result = route("compare", "two-sites", "--scenarios", book, "-o", book)
    assert (result.exit_code, book.read_text()) == (2, "scenarios: {a: hybrid}\n")


def test_scenarios_that_were_not_reached_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    found = solve_scenarios(load("two-sites"), [BUILT_IN["hybrid"]])
    _end(found, 1, Delivery("table", None))
    with pytest.raises(SystemExit) as left:
        _end(found, 3, Delivery("table", None))
    assert left.value.code == 1
    assert "2 of 3 scenarios have no plan" in capsys.readouterr().err


def test_a_kept_plan_that_does_not_verify_is_made_anew(route: Route, tmp_path: Path) -> None:
    asked = ("compare", "two-sites", "-s", "hybrid", "--folder", tmp_path, "-f", "csv")
    first = route(*asked)
    (kept,) = tmp_path.glob("*.json")
    document = json.loads(kept.read_text(encoding="utf-8"))
    document["plan"]["cost"]["compute_usd"] = 1.0
    kept.write_text(json.dumps(document), encoding="utf-8")
    second = route(*asked)
    assert second.stdout == first.stdout
    assert "read from the folder" not in second.stderr
