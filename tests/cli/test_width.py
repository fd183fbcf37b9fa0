"""What people read fits the narrowest terminal that is provided for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from computeroute.routing.text import width
from computeroute.topologies import delivery

Route = Callable[..., Result]


@pytest.mark.parametrize(
    "command",
    [
        "compare two-sites -s hybrid -s training*3 -s cloud-only",
        "pooling two-sites",
        "stress two-sites",
        "replan two-sites --move-usd 1 --drain-usd 1 --from",
    ],
)
def test_reports_fit_eighty_columns(
    route: Route, plan_file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(delivery, "DEFAULT_COLUMNS", delivery.NARROWEST)
    result = route(*command.split(), *([plan_file] if command.endswith("--from") else []))
    assert result.exit_code in (0, 1), result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if width(line) > delivery.NARROWEST] == []


def test_what_is_not_shown_is_told_and_kept_for_programs(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DEFAULT_COLUMNS", 50)
    command = ("stress", "two-sites", "--no-replan", "--table", "losses")
    assert "not shown for want of room: kind, cards (" in route(*command).stdout
    assert "kind,jobs,requests_per_second,accelerators," in route(*command, "-f", "csv").stdout


def test_a_gap_stands_beside_its_cost_at_every_width(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "DEFAULT_COLUMNS", 60)
    shown = route("compare", "two-sites", "--table", "figures").stdout
    assert "gap %" in shown.partition("not shown for want of room")[0]
    assert "used %" in shown.partition("not shown for want of room")[2]
