"""``route pooling``: its forms and its ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Route = Callable[..., Result]


@pytest.fixture
def shared(two_sites: dict[str, Any], tmp_path: Path) -> Path:
    """Return two-sites with the American service given to the cloud's owner."""
    two_sites["workloads"][2]["owner"] = "cloud"
    path = tmp_path / "shared.json"
    path.write_text(json.dumps(two_sites))
    return path


def test_table(route: Route, shared: Path) -> None:
    result = route("pooling", shared)
    assert result.exit_code == 0
    assert "3 workloads of 2 owners, 2 data centers" in result.stdout
    assert "each alone   " in result.stdout
    assert "same work    3 workloads served wholly by both: " in result.stdout
    assert result.stderr.splitlines()[-1].startswith("3/3  together: 544.36 USD, gap 0.000 % (")


def test_an_owner_alone_has_the_cloud(route: Route) -> None:
    """All work of two-sites is of acme, which rents in Virginia: alone it does what all together do."""
    text = route("pooling", "two-sites", "-q").stdout
    assert (
        "for all      1 data center of clouds: each alone may rent there what owners before it leave" in text
    )
    alone, together = (
        line.split("in use, ")[1] for line in text.splitlines() if "accelerators in use, " in line
    )
    assert alone == together == "weight 0.000 left out, 530.56 USD"
    assert "because" not in text


@pytest.mark.no_cover
def test_json(route: Route, shared: Path) -> None:
    document = json.loads(route("pooling", shared, "-q", "-f", "json", "--jobs", 2).stdout)
    plan = json.loads(route("plan", shared, "-q", "-f", "json").stdout)
    spent = sum(plan["cost"][f"{kind}_usd"] for kind in ("compute", "energy", "capital", "egress", "link"))
    assert document["totals"]["together"]["money_usd"] == pytest.approx(spent)
    assert [owner["owner"] for owner in document["owners"]] == ["acme", "cloud", "(idle)", "(all)"]
    assert document["totals"]["alone"]["money_usd"] > spent
    assert len(document["hours"]) == 2
    assert document["left_out"] == document["without_owner"] == []


def test_csv_and_one_table(route: Route, shared: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(route("pooling", shared, "-q", "-f", "csv").stdout)))
    assert rows[-1]["owner"] == "(all)"
    hours = json.loads(route("pooling", shared, "-q", "-f", "json", "--table", "hours").stdout)
    assert [hour["period"] for hour in hours] == ["day", "night"]
    assert route("pooling", shared, "-q", "--table", "owners").stdout.startswith("Owners: ")
    assert route("pooling", shared, "--table", "owner").exit_code == 2


def test_work_of_nobody_is_told(route: Route, shared: Path) -> None:
    data = json.loads(shared.read_text())
    del data["workloads"][0]["owner"]
    shared.write_text(json.dumps(data))
    text = route("pooling", shared, "-q").stdout
    assert "2 workloads of 2 owners, 2 data centers; 1 workload without an owner on neither side" in text
    for workload in data["workloads"]:
        workload.pop("owner", None)
    shared.write_text(json.dumps(data))
    result = route("pooling", shared)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no workload names its owner")


def test_what_is_left_out_is_listed(route: Route, shared: Path) -> None:
    data = json.loads(shared.read_text())
    data["workloads"][0]["needs"][0]["count"] = 4096
    shared.write_text(json.dumps(data))
    result = route("pooling", shared, "-q", "-f", "json", "--table", "left_out")
    assert json.loads(result.stdout) == [
        {"workload": "finetune", "owner": "acme", "alone_unserved": 1.0, "together_unserved": 1.0}
    ]


def test_a_missing_plan_ends_with_1(route: Route, shared: Path) -> None:
    data = json.loads(shared.read_text())
    data["limits"] = {"budget_usd": 50}  # the commitments of the cloud alone cost 96 USD
    shared.write_text(json.dumps(data))
    result = route("pooling", shared)
    assert result.exit_code == 1
    assert "no plan, or not of all" in result.stdout
    assert "2/3  alone=cloud: infeasible" in result.stderr
    assert result.stderr.endswith("not every plan is there, so there are no totals\n")
