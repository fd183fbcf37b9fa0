"""``route samples generate``, beside ``route samples`` itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from computeroute.topologies import load

Route = Callable[..., Result]
TINY = ("--sites", "2", "--services", "1", "--jobs", "1", "--periods", "2", "--locations", "2")


def test_a_generated_problem_can_be_planned(route: Route, tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    assert route("samples", "generate", *TINY, "--tightness", "0.4", "-o", path).exit_code == 0
    assert len(load(path).workloads) == 2
    assert route("plan", path, "--format", "json", "--quiet").exit_code == 0


def test_without_output_it_is_printed(route: Route) -> None:
    result = route("samples", "generate", *TINY, "--seed", 4)
    assert json.loads(result.stdout)["name"] == "generated-2x1x1x2-s4-t0.7"
    assert result.stderr == ""


def test_a_tightness_that_is_not_reached_is_told(route: Route) -> None:
    none = ("--services", "0", "--periods", "1", "--tightness", "3")
    told = "tightness 3 is not reached, but 0.99: the work is too little for one accelerator in each pool"
    result = route("samples", "generate", *TINY, "--sites", "1", *none)
    assert result.stderr == told + "\n"
    assert json.loads(result.stdout)["pools"][0]["count"] == 1
    assert route("samples", "generate", *TINY, "--sites", "1", *none, "--quiet").stderr == ""


@pytest.mark.parametrize(
    "arguments", [("--sites", "0"), ("--jobs", "1000000000"), ("--tightness", "nan"), ("--tightness", "-1")]
)
def test_absurd_arguments_end_with_two(arguments: tuple[str, str], route: Route) -> None:
    result = route("samples", "generate", *TINY, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert arguments[0].strip("-") in result.stderr


def test_usage_errors_name_the_command(route: Route) -> None:
    result = route("samples", "generate", "--jobs", "many")
    assert result.exit_code == 2
    assert "route samples generate" in result.stderr


def test_other_words_are_still_names_of_samples(route: Route) -> None:
    assert json.loads(route("samples", "two-sites").stdout)["name"] == "two-sites"
    assert route("samples", "--format", "csv").stdout.startswith("name,title")
    assert "generate" in route("samples", "--help").stdout
    assert route("samples", "two-sites", "generate").exit_code == 2
