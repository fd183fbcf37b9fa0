"""Commands that compare futures: several plans of one problem side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .cli_options import (
    commitments_option,
    form_option,
    many_plans,
    require_table,
    total_option,
    with_delivery,
    with_problem,
    with_solving,
)

if TYPE_CHECKING:
    from .routing.errors import OutputError
    from .routing.plan import Plan
    from .routing.problem import Problem
    from .routing.scenarios import Scenario
    from .solvers.sweep import Outcome
    from .topologies.delivery import Delivery

COMPARE_EPILOG = """\b
route compare europe-hybrid --scenario hybrid --scenario cloud-only --scenario on-prem-only
route compare my.json -s hybrid -s "demand*1.5" -s "cloud-only + cloud_prices*0.8" -s without=fra
route compare my.json --scenarios futures.yaml --jobs 2 --folder results

\b
Built in: hybrid (as the file is), cloud-only, on-prem-only, unprotected
(nothing survives losses).
In one line: kind=, provider=, owner=, jurisdiction=, alone=, without=,
survive=, min_sites=, demand*, training*, prices*, cloud_prices*, energy*,
network*, carbon*, bandwidth*, budget_usd=, carbon_cap_tco2e=, max_rtt_ms=,
commitments=drop, joined with '+'. Without --scenario: the first three,
or all of the file."""

CASES = ("hybrid", "cloud-only", "on-prem-only")
"""Scenarios that are compared where none is asked for."""


@click.command(epilog=COMPARE_EPILOG)
@click.option(
    "-s", "--scenario", "names", multiple=True, help="A scenario, by name or in one line; repeatable."
)
@click.option("--scenarios", "book", type=click.Path(), help="File (YAML, JSON) of scenarios and sweeps.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Scenarios planned at once.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Ray cluster.",
)
@click.option("--folder", type=click.Path(), help="Keep plans here; a run that was cut off goes on.")
@commitments_option
@click.option("--table", "name", help="One table only: figures, cost, differences or moves.")
@with_solving
@total_option
@form_option
@with_delivery
@with_problem
def compare(
    problem: Problem,
    delivery: Delivery,
    names: tuple[str, ...],
    book: str | None,
    name: str | None,
    **run: Any,
) -> None:
    """Plan scenarios and put them side by side.

    Cost by kind, carbon, round trips, unserved work, use and gap of each; differences to the first; which
    workloads move, and why. Without --scenario, all of the file of --scenarios; without that, hybrid,
    cloud-only and on-prem-only.
    """
    from .routing.comparison import compare as compared
    from .routing.comparison_tables import TABLE_NAMES, render_comparison

    require_table(name, TABLE_NAMES)
    scenarios = _chosen(names, book)
    outcomes = _planned(problem, delivery, scenarios, run)
    _require_any(outcomes)
    cases = [outcome.case() for outcome in outcomes]
    delivery.send(render_comparison(compared(cases), delivery.form, name, delivery.columns))
    _end(outcomes, len(scenarios), delivery)


def _chosen(names: Sequence[str], book: str | None) -> list[Scenario]:
    """Return the scenarios asked for: those named, else those of the file, else the built-in ones."""
    from .routing.errors import InputError
    from .routing.scenarios import BUILT_IN, chosen
    from .topologies import load_scenarios

    known = load_scenarios(book) if book else BUILT_IN
    declared = [name for name in known if name not in BUILT_IN] if book else list(CASES)
    if not names and not declared:
        raise InputError(["holds no scenario; declare one, or name some with --scenario"], book or "")
    return chosen(names or declared, known)


def _planned(
    problem: Problem, delivery: Delivery, scenarios: list[Scenario], run: dict[str, Any]
) -> list[Outcome]:
    """Plan the scenarios, telling of each on standard error as it is there."""
    from .routing.errors import SolverError
    from .routing.text import clean
    from .solvers.sweep import solve_scenarios

    def unkept(error: OutputError) -> None:
        click.echo(f"warning: {clean(str(error))}; its result is not lost", err=True)

    with many_plans(delivery, run["total_time_limit"]) as token:
        token.expect(len(scenarios), run["time_limit"], run["jobs"])

        def done(outcome: Outcome) -> None:
            delivery.say(token.counted(outcome.line(why=False), len(scenarios)))

        outcomes = solve_scenarios(
            problem, scenarios, done=done, unkept=unkept, cancel=token, verifies=_verifies, **run
        )
        if not outcomes and token.is_over():
            raise SolverError("the total time limit was over before there was a plan; allow more time")
    return outcomes


def _verifies(problem: Problem, plan: Plan) -> bool:
    """Return whether a plan that was kept is one of the problem, all its figures included."""
    from .routing import check

    return not check(problem, plan)


def _require_any(outcomes: Sequence[Outcome]) -> None:
    """Raise what became of the scenarios where all of them failed, or none was reached before Ctrl-C."""
    from .routing.errors import InputError, SolverError

    if not outcomes:
        raise KeyboardInterrupt
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if len(errors) < len(outcomes):
        return
    if any(isinstance(error, SolverError) for error in errors):
        raise SolverError("\n".join(map(str, errors)))
    raise InputError(map(str, errors))


def _end(outcomes: Sequence[Outcome], asked: int, delivery: Delivery) -> None:
    """Leave with 1 where a scenario has no plan, or leaves work out."""
    missing = asked - sum(map(bool, outcomes))
    if missing:
        delivery.say(f"{missing} of {asked} scenarios have no plan")
    if missing or any(outcome.plan and outcome.plan.left_out for outcome in outcomes):
        sys.exit(1)


FUTURES = (compare,)
"""Commands of this module."""
