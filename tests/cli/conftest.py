"""The command line, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from computeroute.cli import main
from computeroute.topologies import sample_text

COMMAND = (sys.executable, "-m", "computeroute.cli")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a command that heeds SIGINT even if these tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pipe = subprocess.PIPE
        return subprocess.Popen([*COMMAND, *arguments], stdin=pipe, stdout=pipe, stderr=pipe)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def route() -> Callable[..., Result]:
    """Run a command here."""

    def run(*arguments: str | Path, stdin: str | None = None) -> Result:
        return CliRunner().invoke(
            main, [str(argument) for argument in arguments], input=stdin, prog_name="route"
        )

    return run


@pytest.fixture(scope="session")
def spawn() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process of its own."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        given: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "stdin": subprocess.DEVNULL,
        }
        environment = {**os.environ, **options.pop("environment", {})}
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, text=True, timeout=60, env=environment, check=False, **{**given, **options}
        )

    return run


@pytest.fixture
def two_sites() -> dict[str, Any]:
    """Return the sample as plain data, to be changed."""
    data: dict[str, Any] = json.loads(sample_text("two-sites"))
    return data


@pytest.fixture(scope="session")
def plan_file(route: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan of two-sites."""
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    result = route("plan", "two-sites", "--output", path)
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def overfull(two_sites: dict[str, Any], tmp_path: Path) -> Path:
    """Return a file with one job that fits nowhere."""
    two_sites["workloads"][0]["needs"][0]["count"] = 4096
    path = tmp_path / "overfull.json"
    path.write_text(json.dumps(two_sites))
    return path
