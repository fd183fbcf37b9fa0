"""``route breakeven`` and ``route frontier``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Route = Callable[..., Result]
OWN_OR_RENT = Path(__file__).parents[2] / "docs" / "own-or-rent.json"


def test_breakeven_in_every_form(route: Route) -> None:
    asked = ("breakeven", OWN_OR_RENT, "--sweep", "price", "--points", "3", "--tolerance", "0.01")
    as_text, as_json, as_csv = (route(*asked, "-q", "-f", form) for form in ("table", "json", "csv"))
    assert as_text.exit_code == as_json.exit_code == as_csv.exit_code == 0
    found = json.loads(as_json.stdout)
    assert as_text.stdout.startswith(f"hybrid pays from {found['breakeven']:.4g} (cloud prices")
    assert found["proven_band"][0] <= found["breakeven"] <= found["proven_band"][1]
    assert found["modules_at_breakeven"] == {"hall-h100": 1}
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert [float(row["price"]) for row in rows] == [point["value"] for point in found["points"]]
    assert as_text.stderr == ""


def test_no_breakeven_is_an_answer(route: Route) -> None:
    result = route("breakeven", OWN_OR_RENT, "--sweep", "horizon", "--to", "1", "--points", "2")
    assert result.exit_code == 0
    assert result.stdout.startswith("hybrid is no better than cloud-only at every value tried from 0.5 to 1")
    assert "horizon 0.5: own" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "3", "--to", "1", "--points", "0"), "2 faults"),
        (("--scenario", "hybird", "--against", "cloud"), "2 faults"),
        (("--against", "hybrid"), "nothing to own"),
        (("--solver", "higsh"), "did you mean 'highs'"),
    ],
)
def test_faults_of_breakeven(arguments: tuple[str, ...], message: str, route: Route) -> None:
    result = route("breakeven", OWN_OR_RENT, "--sweep", "price", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
