"""Commands that plan many times to draw a curve: ``breakeven`` and ``frontier``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .routing.problem import Problem
    from .routing.scenarios import Scenario
    from .solvers.options import CancelToken
    from .topologies.delivery import Delivery

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
SWEPT = ("utilization", "horizon", "price")
BREAKEVEN_EPILOG = """\b
route breakeven my.json --sweep utilization
route breakeven my.json --sweep horizon --from 1 --to 6
route breakeven my.json --sweep price --scenario on-prem-only --format json

\b
utilization: requests and training, times those of the file.
horizon: years within which bought modules are repaid, their life at most.
price: hourly prices at cloud sites, times those of the file."""


def _solving(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command the options of each of its plans."""
    for option in (
        click.option("--threads", type=int, help="Threads of the solver; its own default without this."),
        click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same plans."),
        click.option(
            "--gap", "gap_limit", type=float, default=1e-6, show_default=True, help="Gap to prove, each plan."
        ),
        click.option(
            "--time-limit", type=float, default=30.0, show_default=True, help="Seconds for each plan."
        ),
        click.option("--solver", default="auto", help="As of route plan."),
    ):
        command = option(command)
    return command


def _work(delivery: Delivery, search: Callable[[CancelToken], Any]) -> Any:
    """Run a search that Ctrl-C ends with what it has found."""
    from .solvers.interrupt import interrupt_token, say_stopping
    from .topologies.delivery import keep_output_clean

    keep_output_clean()
    quiet = delivery.quiet or sys.stderr is None
    with interrupt_token((lambda: None) if quiet else say_stopping) as token:
        found = search(token)
        if token.is_set():
            delivery.say("stopped early: this is what was found by then")
        return found


@click.option("--sweep", "name", type=click.Choice(SWEPT), required=True, help="What is varied; see below.")
@click.option("--from", "low", type=float, help="Where the sweep begins.")
@click.option("--to", "high", type=float, help="Where it ends.")
@click.option("--tolerance", type=float, help="Width to narrow it to; a thousandth of the range.")
@click.option("--points", default=9, show_default=True, help="Evenly spread points of the curve.")
@click.option("--scenario", "own", default="hybrid", show_default=True, help="The case of owning.")
@click.option("--against", "cloud", default="cloud-only", show_default=True, help="The other case.")
@_solving
def breakeven(problem: Problem, delivery: Delivery, name: str, own: str, cloud: str, **options: Any) -> None:
    """Find where owning starts to pay.

    Two cases are planned anew at every value of one number: owning (the problem as it is, where the solver
    may buy modules) and renting (cloud sites only). Bisection finds where the better one changes, and
    bounds prove it. No such place within the range is an answer too.
    """
    from .routing.owning import SWEEPS
    from .solvers.breakeven import Point, breakeven
    from .solvers.breakeven_report import render_breakeven

    def say(point: Point) -> None:
        delivery.say(f"{name} {point.value:g}: own {point.own.usd:,.2f}, cloud {point.cloud.usd:,.2f} USD")

    sweep, cases = SWEEPS[name], _two_cases(own, cloud)
    found = _work(
        delivery, lambda token: breakeven(problem, sweep, *cases, done=say, cancel=token, **options)
    )
    delivery.send(render_breakeven(found, sweep, (own, cloud), delivery.form, delivery.columns))


def _two_cases(*lines: str) -> list[Scenario]:
    """Return the scenarios of both lines, with the faults of both where they have any."""
    from .routing.scenarios import BUILT_IN, chosen

    found = chosen(lines, BUILT_IN)
    return found if len(found) == len(lines) else found * len(lines)


def add_commands(
    group: click.Group, form: Decorator, with_delivery: Decorator, with_problem: Decorator
) -> None:
    """Add the commands of this module to ``group``, with the options that all commands share."""
    for command, epilog in ((breakeven, BREAKEVEN_EPILOG),):
        group.command(epilog=epilog)(form(with_delivery(with_problem(command))))
