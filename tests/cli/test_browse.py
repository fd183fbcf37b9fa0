"""``route validate``, ``show``, ``samples`` and ``schema``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from computeroute.topologies import accelerators, sample_text, samples, schema

Route = Callable[..., Result]


def test_validate_names_every_fault_with_its_place(
    route: Route, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    two_sites["pools"][0]["data_center"] = "frankfurd"
    two_sites["links"][0]["latency_ms"] = -1
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    result = route("validate", tmp_path / "t.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {tmp_path / 't.json'}: 2 faults" in result.stderr
    assert "did you mean 'frankfurt'" in result.stderr
    assert "latency_ms" in result.stderr


def test_validate_counts_further_workloads(route: Route, tmp_path: Path) -> None:
    job = {"kind": "training", "id": "extra", "needs": [{"accelerator": "h100", "count": 1, "hours": 1}]}
    (tmp_path / "more.json").write_text(json.dumps({"workloads": [job]}))
    result = route("validate", "two-sites", "-w", tmp_path / "more.json", "-f", "json")
    assert json.loads(result.stdout)["counts"]["training_jobs"] == 2


def test_validate_remarks_on_what_may_be_a_mistake(
    route: Route, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    two_sites["links"].append(two_sites["links"][0])
    path = tmp_path / "t.json"
    path.write_text(json.dumps(two_sites))
    result = route("validate", path)
    assert result.exit_code == 0
    told = "has the ends and all figures of links[0] 'berlin--frankfurt': is it meant?"
    assert result.stderr == f"remark: links[3] 'berlin--frankfurt#2': {told}\n"
    assert route("validate", path, "--quiet").stderr == ""


@pytest.mark.parametrize("name", ["sites", "pools", "links", "rtt", "reach"])
def test_show_one_table_in_every_form(name: str, route: Route) -> None:
    rows = list(csv.DictReader(io.StringIO(route("show", "two-sites", "--table", name, "-f", "csv").stdout)))
    document = json.loads(route("show", "two-sites", "--table", name, "-f", "json").stdout)
    assert len(rows) == len(document[name])
    assert set(document) == {"name", "digest", "policy", name}
    assert route("show", "two-sites", "--table", name).stdout.strip() in route("show", "two-sites").stdout


def test_the_catalog_lists_every_accelerator(route: Route) -> None:
    rows = list(csv.DictReader(io.StringIO(route("catalog", "-f", "csv").stdout)))
    assert [row["id"] for row in rows] == list(accelerators())
    assert rows[0].keys() == {"id", "name", "peak_tflops", "memory_gb", "tdp_w"}
    assert json.loads(route("catalog", "-f", "json").stdout)[5]["id"] == "h100"
    shown = route("catalog").stdout
    assert all(name in shown for name in accelerators())


def test_show_csv_has_the_sites_unless_told(route: Route) -> None:
    assert route("show", "two-sites", "-f", "csv").stdout.startswith("id,name,kind")


def test_show_unknown_policy(route: Route) -> None:
    result = route("show", "two-sites", "--policy", "eu-onyl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "unknown policy 'eu-onyl'; did you mean 'eu-only'?" in result.stderr


def test_show_unknown_table(route: Route) -> None:
    assert route("show", "two-sites", "--table", "routes").exit_code == 2


def test_samples_are_listed_and_printed(route: Route) -> None:
    names = [sample.name for sample in samples()]
    assert [record["name"] for record in json.loads(route("samples", "-f", "json").stdout)] == names
    assert [line.split()[0] for line in route("samples").stdout.splitlines()[3:]] == names
    assert route("samples", "-f", "csv").stdout.startswith("name,title,description\n")
    assert route("samples", "two-sites").stdout.rstrip("\n") == sample_text("two-sites").rstrip("\n")


def test_a_written_sample_plans_like_the_sample(route: Route, tmp_path: Path) -> None:
    result = route("samples", "two-sites", "--output", tmp_path / "mine.json")
    assert result.stdout == ""
    assert route("validate", tmp_path / "mine.json").stdout == route("validate", "two-sites").stdout


def test_unknown_sample(route: Route) -> None:
    result = route("samples", "two-site")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "unknown sample 'two-site'; did you mean 'two-sites'?" in result.stderr


def test_schema(route: Route, tmp_path: Path) -> None:
    result = route("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == schema()
    assert route("schema", "-q", "-o", tmp_path / "s.json").output == ""
    assert json.loads((tmp_path / "s.json").read_text()) == schema()
