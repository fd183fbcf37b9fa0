"""Every end of a command: a message, an exit code, and never a traceback for a mistake of the user."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from computeroute.cli import Commands
from computeroute.routing import InputError, OutputError, SolverError
from computeroute.topologies.delivery import WIDEST, Delivery

Route = Callable[..., Result]


def ending(error: BaseException) -> Result:
    """Return how a command ends that raises ``error``."""

    @click.group(cls=Commands)
    def group() -> None:
        pass

    @group.command()
    def fail() -> None:
        raise error

    return CliRunner().invoke(group, ["fail"])


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (InputError(["one", "two"], "file.json"), 2, "error: file.json: 2 faults\n  one\n  two\n"),
        (OutputError("x: cannot be written"), 2, "error: x: cannot be written\n"),
        (SolverError("highs: died"), 3, "error: highs: died\n"),
        (OSError(5, "Input/output error"), 2, "error: cannot read or write: [Errno 5] Input/output error\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (InputError(["\x1b[2Jname\x07"]), 2, "error: name\n"),
    ],
)
def test_errors_end_with_their_exit_code(error: BaseException, exit_code: int, message: str) -> None:
    result = ending(error)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr == message


def test_a_defect_is_one_line_unless_a_traceback_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ending(ZeroDivisionError("division by zero"))
    assert result.exit_code == 3
    assert result.stderr.startswith("error: unexpected ZeroDivisionError: division by zero (please report it")
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("ROUTE_DEBUG", "1")
    assert "Traceback" in ending(ZeroDivisionError()).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "plan",
        "plan two-sites --form table",
        "validate",
        "verify two-sites",
        "plan two-sites -f xml",
        "plna x",
        "show a b",
    ],
)
def test_usage_errors_end_with_2(arguments: str, route: Route) -> None:
    result = route(*arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: route" in result.stderr


@pytest.mark.parametrize("command", ["plan", "validate", "show"])
@pytest.mark.parametrize("topology", ["none.json", "two-site", ".", "/dev/null"])
def test_unreadable_topologies_end_with_2(command: str, topology: str, route: Route) -> None:
    result = route(command, topology)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {topology}: ")


@pytest.mark.parametrize(
    "command", ["plan two-sites", "validate two-sites", "show two-sites", "samples", "schema"]
)
@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (".", "it is a directory"),
        ("none/x.json", "there is no directory"),
        ("file/x.json", "there is no directory"),
    ],
)
def test_an_output_is_checked_before_anything_is_solved(
    command: str, output: str, reason: str, route: Route, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = route(*command.split(), "-o", tmp_path / output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {tmp_path / output}: cannot be written: {reason}")


@pytest.mark.parametrize("output", ["/route-plan.json", "a\0b", "x" * 5000])
def test_an_output_that_the_system_refuses(
    output: str, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    with as_nobody(), pytest.raises(OutputError, match="cannot be written: "):
        Delivery(None, output)


def test_an_output_that_fails_late_goes_to_stdout(route: Route) -> None:
    result = route("plan", "two-sites", "-q", "-f", "json", "-o", "/dev/full")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["status"] == "optimal"
    assert result.stderr.startswith("error: /dev/full: cannot be written")
    assert result.stderr.endswith("the result went to standard output\n")


@pytest.mark.parametrize("argument", ["topology", "workloads"])
def test_an_input_is_not_overwritten(
    argument: str, route: Route, two_sites: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "t.json").write_text(json.dumps(two_sites))
    inputs = {"topology": [tmp_path / "t.json"], "workloads": ["two-sites", "-w", tmp_path / "t.json"]}
    before = (tmp_path / "t.json").read_text()
    result = route("plan", *inputs[argument], "-o", tmp_path / "t.json")
    assert result.exit_code == 2
    assert "is read as an input; name another file" in result.stderr
    assert (tmp_path / "t.json").read_text() == before


@pytest.mark.parametrize("links", [{"x": "x"}, {"x": "y", "y": "x"}])
def test_a_link_that_leads_to_itself_is_no_output(
    links: dict[str, str], route: Route, tmp_path: Path
) -> None:
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    result = route("validate", "two-sites", "-o", tmp_path / "x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("x: cannot be written: it is a symbolic link that leads to itself\n")
    assert all((tmp_path / name).is_symlink() for name in links)


def test_what_a_link_leads_to_is_written(route: Route, tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("new")
    assert route("validate", "two-sites", "-o", tmp_path / "x").exit_code == 0
    assert (tmp_path / "x").is_symlink()
    assert (tmp_path / "new").read_text().startswith("two-sites is valid")


STEERING = "x\x1b[2J\x9b2J\u202ey"


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "two-sites", "-o", STEERING),
        ("validate", "two-sites", "-o", f"{STEERING}/z"),
        ("validate", STEERING),
        ("validate", "two-sites", STEERING),
        (STEERING,),
        ("validate", "two-sites", f"--{STEERING}"),
        ("plan", "two-sites", "-s", STEERING),
        ("plan", "two-sites", "--scenarios", STEERING),
    ],
)
def test_no_name_steers_a_terminal(
    arguments: tuple[str, ...], route: Route, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = route(*arguments).stderr
    assert told
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)


def test_a_closed_terminal_does_not_cost_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    delivery = Delivery(None, str(tmp_path / "x"))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=refuse))
    delivery.say("stopped early")
    delivery.send("result")
    assert (tmp_path / "x").read_text() == "result\n"


def test_an_old_output_is_replaced(route: Route, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    assert route("validate", "two-sites", "-o", tmp_path / "old.txt").exit_code == 0
    assert (tmp_path / "old.txt").read_text().startswith("two-sites is valid")
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


def test_dash_is_standard_output(route: Route) -> None:
    assert route("samples", "-o", "-").stdout == route("samples").stdout


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    Delivery(None, None).say("nobody hears this")
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="standard output is closed"):
        Delivery(None, None)


@pytest.mark.parametrize(("columns", "expected"), [(40, 80), (100, 100), (500, WIDEST)])
def test_width_follows_the_terminal_within_limits(
    columns: int, expected: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Delivery(None, str(tmp_path / "x")).columns == 110
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert Delivery(None, None).columns == expected
