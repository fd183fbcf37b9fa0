"""``route breakeven`` and ``route frontier``."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from computeroute.cli_curves import _frontier
from computeroute.routing.errors import SolverError
from computeroute.solvers.frontier_axes import AXES
from computeroute.solvers.total_time import TotalTime
from computeroute.topologies import load

Route = Callable[..., Result]
PAGE = Path(__file__).parents[2] / "docs" / "cloud-or-own.md"


@pytest.fixture(scope="session")
def own_or_rent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that the page on cloud or own shows."""
    path = tmp_path_factory.mktemp("topologies") / "own-or-rent.yaml"
    path.write_text(PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    return path


def test_breakeven_in_every_form(route: Route, own_or_rent: Path) -> None:
    asked = ("breakeven", own_or_rent, "--sweep", "cloud_prices", "--points", "3", "--tolerance", "0.1")
    as_text, as_json, as_csv = (route(*asked, "-q", "-f", form) for form in ("table", "json", "csv"))
    assert as_text.exit_code == as_json.exit_code == as_csv.exit_code == 0
    found = json.loads(as_json.stdout)
    assert as_text.stdout.startswith(f"hybrid pays from {found['breakeven']:.5g} (cloud prices")
    assert found["proven_band"][0] < found["breakeven"] == found["proven_band"][1]
    assert found["modules_at_breakeven"] == {"hall-h100": 1}
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert [float(row["cloud_prices"]) for row in rows] == [point["value"] for point in found["points"]]
    assert as_text.stderr == ""


@pytest.mark.parametrize(("how", "told"), [("keep", "still pays"), ("drop", "drops")])
def test_breakeven_tells_of_commitments(route: Route, how: str, told: str) -> None:
    asked = ("--sweep", "utilization", "--points", "2", "--tolerance", "9", "--commitments", how)
    text = route("breakeven", "two-sites", *asked, "--against", "on-prem-only", "-q").stdout
    assert f"commitments: on-prem-only {told} 96.00 USD that is committed where it takes capacity" in text


@pytest.mark.parametrize("word", ["price", "cloud-prices", "cloud_prices"])
def test_the_price_of_the_cloud_has_one_name_and_the_old_one_still_works(
    route: Route, own_or_rent: Path, word: str
) -> None:
    asked = ("--sweep", word, "--points", "2", "--tolerance", "9", "-q", "-f", "json")
    assert json.loads(route("breakeven", own_or_rent, *asked).stdout)["sweep"] == "cloud_prices"


def test_no_breakeven_is_an_answer(route: Route, own_or_rent: Path) -> None:
    result = route("breakeven", own_or_rent, "--sweep", "horizon", "--to", "1", "--points", "2")
    assert result.exit_code == 0
    assert result.stdout.startswith("hybrid is no better than cloud-only at every value tried from 0.5 to 1")
    assert "horizon 0.5: hybrid 176,461.44, cloud-only" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "3", "--to", "1", "--points", "0"), "2 faults"),
        (("--scenario", "hybird", "--against", "cloud"), "2 faults"),
        (("--against", "hybrid"), "nothing to own"),
        (("--solver", "higsh"), "did you mean 'highs'"),
    ],
)
def test_faults_of_breakeven(
    arguments: tuple[str, ...], message: str, route: Route, own_or_rent: Path
) -> None:
    result = route("breakeven", own_or_rent, "--sweep", "cloud_prices", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_frontier_in_every_form(route: Route) -> None:
    asked = ("frontier", "two-sites", "--axes", "cost,latency", "-q")
    as_text, as_json, as_csv = (route(*asked, "-f", form) for form in ("table", "json", "csv"))
    assert as_text.exit_code == as_json.exit_code == as_csv.exit_code == 0
    assert as_text.stdout.startswith("Cost against latency (longest round trip of a request): 2 plans")
    points = json.loads(as_json.stdout)["points"]
    assert [point["latency"] for point in points] == [92, 8]
    assert [float(row["usd"]) for row in csv.DictReader(io.StringIO(as_csv.stdout))] == [
        point["usd"] for point in points
    ]
    assert points[1]["places"]["assistant-us"] == {"virginia": 1.0}


def test_axes_that_do_not_conflict(route: Route) -> None:
    result = route("frontier", "two-sites")
    assert result.exit_code == 0
    assert result.stdout.startswith("Cost and carbon do not conflict: one plan is best in both")
    assert re.match(r"cheapest: .* tCO2e, 535.06 USD; at most \d+ s to go\nleast carbon: ", result.stderr)
    assert "\npolishing the cheapest: " in result.stderr


def test_alternatives(route: Route) -> None:
    asked = ("frontier", "two-sites", "--points", "2", "--alternatives", "2", "--within", "4")
    result, as_json = route(*asked), route(*asked, "-q", "-f", "json")
    assert "The cheapest plan and 2 other plans" in result.stdout
    assert "What runs elsewhere" in result.stdout
    assert re.search(r"^other plan 1 of \d+: .* workloads moved; at most ", result.stderr, re.MULTILINE)
    others = json.loads(as_json.stdout)["alternatives"]["others"]
    assert all(0 < other["extra"] <= 0.04 + 1e-6 for other in others)
    moves = list(csv.DictReader(io.StringIO(route(*asked, "-q", "-f", "csv", "--table", "moves").stdout)))
    assert {row["workload"] for row in moves} == {"assistant-us"}
    table = json.loads(route(*asked, "-q", "-f", "json", "--table", "alternatives").stdout)
    assert [row["alternative"] for row in table] == [0, 1, 2]


def test_a_frontier_that_leaves_work_out_says_so(route: Route, overfull: Path) -> None:
    result = route("frontier", overfull, "--points", "2")
    assert result.exit_code == 1
    assert result.stderr.endswith("1 of 1 plans leave work out\n")


def test_a_breakeven_of_plans_that_leave_work_out_ends_with_1(route: Route, overfull: Path) -> None:
    result = route("breakeven", overfull, "--sweep", "cloud_prices", "--points", "2", "--tolerance", "9")
    assert (result.exit_code, result.stdout != "") == (1, True)
    assert result.stderr.endswith("4 of 4 plans leave work out\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--points", "1"), "between 2 and 1000"),
        (("--table", "moves"), "needs --alternatives"),
        (("--axes", "cost,beauty"), "'cost,carbon', 'cost,latency'"),
        (("--alternatives", "2", "--within", "-3"), "between 0 and 1000 percent"),
    ],
)
def test_faults_of_frontier(arguments: tuple[str, ...], message: str, route: Route) -> None:
    result = route("frontier", "two-sites", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_range_beyond_all_factors_is_a_fault(route: Route) -> None:
    result = route("breakeven", "two-sites", "--sweep", "utilization", "--to", "1e7")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "at most 1,000,000" in result.stderr


@pytest.mark.parametrize(
    ("command", "purpose"),
    [
        ("breakeven --sweep price --points 2", "for 'hybrid' at cloud_prices"),
        ("frontier", "to trade with"),
        ("plan", ""),
    ],
)
def test_a_problem_without_a_plan_ends_with_1(
    route: Route, two_sites: dict[str, Any], tmp_path: Path, command: str, purpose: str
) -> None:
    two_sites["limits"] = {"budget_usd": 1}  # two committed accelerators cost 96 USD
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    result = route(*command.split(), tmp_path / "t.json", "-f", "csv")
    assert result.exit_code == 1
    assert purpose in result.stderr
    assert "commitments alone cost" in result.stderr
    assert "more time" not in result.stderr


def test_the_answer_is_no_wider_than_the_tables(route: Route) -> None:
    result = route(
        "breakeven", "two-sites", "--sweep", "cloud_prices", "--points", "2", "--tolerance", "1", "-q"
    )
    assert max(map(len, result.stdout.splitlines())) <= 110


def test_a_total_time_limit_ends_a_search_and_is_told(route: Route, own_or_rent: Path) -> None:
    """Of 400 values only few are planned in three seconds."""
    asked = ("breakeven", own_or_rent, "--sweep", "price", "--points", "400", "--total-time-limit", "3")
    as_text, as_json = route(*asked), route(*asked, "-f", "json", "-q")
    assert (as_text.exit_code, as_json.exit_code) == (0, 0)
    assert re.match(r"cloud_prices 0\.1: .* USD; at most \d s to go\n", as_text.stderr)
    assert as_text.stderr.endswith("the total time limit of 3 s is over: this is what was found by then\n")
    assert "stopped before its end" in " ".join(as_text.stdout.split())
    document = json.loads(as_json.stdout)
    assert not document["is_complete"]
    assert 1 <= len(document["points"]) < 400


def test_a_frontier_tells_whether_it_is_complete(route: Route) -> None:
    whole = route("frontier", "two-sites", "-f", "json", "--total-time-limit", "600")
    assert json.loads(whole.stdout)["is_complete"]
    assert "at most" in whole.stderr
    wrong = route("frontier", "two-sites", "--total-time-limit", "0")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "total_time_limit: must be a positive number of seconds" in wrong.stderr


class Told:
    """A place of remarks that asks to stop after the first one."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def say(self, _: str) -> None:
        self.stopped.set()


@pytest.mark.parametrize("curve_alone", [True, False])
def test_a_stop_before_the_alternatives_keeps_the_curve(curve_alone: bool) -> None:
    told: Any = Told()
    how: dict[str, Any] = {"token": TotalTime(told.stopped), "curve_alone": curve_alone, "options": {}}
    asked = (load("two-sites"), told, AXES["latency"], (2, 1, 1.0))
    if curve_alone:
        curve, near = _frontier(*asked, **how)
        assert (len(curve), near) == (1, None)
    else:
        with pytest.raises(SolverError):
            _frontier(*asked, **how)
