"""docs/commands.md names every command, option and table."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from computeroute.cli import SHOWN, generate, main
from computeroute.routing.plan_tables import TABLE_NAMES
from computeroute.routing.show import SHOWN as TABLES_SHOWN
from computeroute.solvers import SOLVERS

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
OPTIONS = {
    option
    for command in main.commands.values()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("-")
}


@pytest.mark.parametrize("name", sorted({*main.commands, *OPTIONS, *TABLE_NAMES, *SHOWN, *SOLVERS}))
def test_is_documented(name: str) -> None:
    assert f"`{name}" in TEXT or f"`route {name}" in TEXT


def test_help_names_solvers_and_tables() -> None:
    plan = main.commands["plan"]
    helps = " ".join(str(parameter.to_info_dict().get("help")) for parameter in plan.params)
    assert all(name in helps for name in SOLVERS)
    assert all(name in str(plan.epilog) for name in TABLE_NAMES)
    assert SHOWN == TABLES_SHOWN


def test_every_option_says_what_it_does() -> None:
    commands = [*main.commands.values(), generate]
    options = [each for command in commands for each in command.params if isinstance(each, click.Option)]
    assert [each.opts for each in options if not each.help] == []
