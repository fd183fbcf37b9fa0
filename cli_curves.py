"""Commands that plan many times to draw a curve: ``breakeven`` and ``frontier``."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .cli_options import (
    commitments_option,
    form_option,
    many_plans,
    solving,
    total_option,
    with_delivery,
    with_problem,
    with_scenario,
)

if TYPE_CHECKING:
    from .routing.plan import Plan
    from .routing.problem import Problem
    from .routing.scenarios import Scenario
    from .solvers.frontier import FrontierPoint
    from .solvers.frontier_axes import Axis
    from .solvers.near_optimal import NearOptimal
    from .solvers.total_time import TotalTime
    from .topologies.delivery import Delivery

FRONTIER_EPILOG = """\b
route frontier my.json --axes cost,carbon --points 7
route frontier my.json --axes cost,latency --format csv
route frontier my.json --alternatives 3 --within 2

\b
carbon: emissions within the horizon, by caps on the whole plan.
latency: the longest round trip of any request, by caps on every service.
Tables: points (for csv without --table), alternatives, moves."""
SWEPT = ("utilization", "horizon", "cloud_prices")
AXES = ("cost,carbon", "cost,latency")
TABLES = ("points", "alternatives", "moves")
BREAKEVEN_EPILOG = """\b
route breakeven my.json --sweep utilization
route breakeven my.json --sweep horizon --from 1 --to 6
route breakeven my.json --sweep cloud_prices --scenario on-prem-only --format json

\b
utilization: requests and training, times those of the file; 0.1 to 2.
horizon: years within which bought modules are repaid, their life at most;
0.5 (less where lives are short) to the longest life.
cloud_prices: hourly prices at cloud sites, times those of the file; 0.1 to 2."""


class _Swept(click.Choice[str]):
    """What is varied; ``price`` is what ``cloud_prices`` was called before."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = "cloud_prices" if value == "price" else value.replace("-", "_")
        return super().convert(word, param, ctx)


def _work(
    delivery: Delivery, plans: int, options: dict[str, Any], search: Callable[[TotalTime], Any]
) -> tuple[Any, bool]:
    """Return what a search has found that Ctrl-C or its total time ends, and whether it was ended.

    ``plans`` are asked for, for each of which ``options`` are left with its part of the time.
    """
    from .solvers.total_time import part_of

    total = options.pop("total_time_limit")
    options["time_limit"] = part_of(total, plans, options["time_limit"])
    with many_plans(delivery, total) as token:
        token.expect(plans, options["time_limit"])
        found = search(token)
        is_stopped = token.is_set()
        if is_stopped and not token.is_over():
            delivery.say("stopped early: this is what was found by then")
    return found, is_stopped


@click.command(epilog=BREAKEVEN_EPILOG)
@click.option("--sweep", "name", type=_Swept(SWEPT), required=True, help="What is varied; see below.")
@click.option("--from", "low", type=float, help="Where the sweep begins; see below.")
@click.option("--to", "high", type=float, help="Where it ends; see below.")
@click.option(
    "--tolerance", type=float, help="Width to narrow it to; a thousandth of the range without this."
)
@click.option("--points", default=9, show_default=True, help="Evenly spread points of the curve.")
@click.option("--scenario", "own", default="hybrid", show_default=True, help="The case of owning.")
@click.option("--against", "cloud", default="cloud-only", show_default=True, help="The other case.")
@commitments_option
@solving(seconds=30.0, gap=1e-6)
@total_option
@form_option
@with_delivery
@with_problem
def breakeven(problem: Problem, delivery: Delivery, name: str, own: str, cloud: str, **options: Any) -> None:
    """Find where owning starts to pay.

    Two cases are planned anew at every value of one number: owning (the problem as it is, where the solver
    may buy modules) and renting (cloud sites only). Bisection finds where the better one changes, and
    bounds prove it. No such place within the range is an answer too.
    """
    from .routing.owning import SWEEPS
    from .solvers.bisection import Breakeven, Point
    from .solvers.breakeven import breakeven
    from .solvers.breakeven_report import render_breakeven

    sweep, cases = SWEEPS[name], _two_cases(own, cloud)

    def search(token: TotalTime) -> Breakeven:
        def say(point: Point) -> None:
            costs = f"{own} {point.own.usd:,.2f}, {cloud} {point.cloud.usd:,.2f} USD"
            delivery.say(token.after(f"{name} {point.value:g}: {costs}"))

        return breakeven(problem, sweep, *cases, done=say, cancel=token, **options)

    found, is_stopped = _work(delivery, 2 * max(1, options["points"]), options, search)
    planned = [case for point in found.points for case in (point.own, point.cloud)]
    _verify([(case.problem, case.plan) for case in planned])
    how: dict[str, Any] = {"form": delivery.form, "columns": delivery.columns, "is_stopped": is_stopped}
    delivery.send(render_breakeven(found, sweep, (own, cloud), **how))
    _end([case.plan for case in planned], delivery)


def _two_cases(*lines: str) -> list[Scenario]:
    """Return the scenarios of both lines, with the faults of both where they have any."""
    from .routing.scenarios import BUILT_IN, chosen

    found = chosen(lines, BUILT_IN)
    return found if len(found) == len(lines) else found * len(lines)


@click.command(epilog=FRONTIER_EPILOG)
@click.option("--axes", type=click.Choice(AXES), default=AXES[0], show_default=True, help="What to trade.")
@click.option("--points", default=5, show_default=True, help="Evenly spread caps, both ends included.")
@click.option("--alternatives", "count", default=0, help="So many other plans that differ most.")
@click.option("--within", default=1.0, show_default=True, help="Percent that these may be dearer.")
@click.option("--table", "name", type=click.Choice(TABLES), help="One table only; csv has points without it.")
@solving(seconds=30.0, gap=1e-4)
@total_option
@form_option
@with_delivery
@with_problem
@with_scenario
def frontier(
    problem: Problem,
    delivery: Delivery,
    *,
    axes: str,
    points: int,
    count: int,
    within: float,
    name: str | None,
    **options: Any,
) -> None:
    """Trade cost against carbon or latency.

    Plans from the cheapest to the cleanest (or fastest), none beaten by another in both, each with a proven
    bound. With --alternatives also plans that are almost as cheap as the cheapest and run elsewhere.
    """
    from .solvers.frontier_axes import AXES
    from .solvers.frontier_report import render_frontier

    if name not in (None, "points") and not count:
        raise click.UsageError(f"--table {name} needs --alternatives N")
    axis = AXES[axes.removeprefix("cost,")]
    (found, near), is_stopped = _work(
        delivery,
        max(1, points) + (1 + 2 * count if count > 0 else 0),
        options,
        lambda token: _frontier(
            problem,
            delivery,
            axis,
            (points, count, within),
            token=token,
            curve_alone=name in (None, "points"),
            options=options,
        ),
    )
    plans = [(each.problem, each.plan) for each in found]
    plans += [(problem, each.plan) for each in (near.alternatives if near else ())]
    _verify(plans)
    delivery.send(
        render_frontier(
            found,
            near,
            problem,
            axis,
            form=delivery.form,
            name=name,
            columns=delivery.columns,
            is_stopped=is_stopped,
        )
    )
    _end([plan for _, plan in plans], delivery)


def _end(plans: list[Plan], delivery: Delivery) -> None:
    """Leave with 1 where plans leave work out."""
    if short := sum(bool(plan.left_out) for plan in plans):
        delivery.say(f"{short} of {len(plans)} plans leave work out")
        sys.exit(1)


def _frontier(
    problem: Problem,
    delivery: Delivery,
    axis: Axis,
    asked: tuple[int, int, float],
    *,
    token: TotalTime,
    curve_alone: bool,
    options: dict[str, Any],
) -> tuple[list[FrontierPoint], NearOptimal | None]:
    """Return the curve and the alternatives; none of these where Ctrl-C left none and the curve will do."""
    from .routing.errors import SolverError
    from .routing.text import MOST_TIMES
    from .solvers.frontier import frontier
    from .solvers.frontier_known import Tried
    from .solvers.known_plans import KnownPlans
    from .solvers.near_optimal import Alternative, near_optimal, require_in_range

    def say(found: Tried) -> None:
        short = ", leaves work out" if found.plan.left_out else ""
        figures = f"{found.value:.5g} {axis.unit}, {found.usd:,.2f} USD{short}"
        delivery.say(token.after(f"{found.step}: {figures}"))

    points, count, within = asked
    number = itertools.count(1)

    def say_other(found: Alternative) -> None:
        usd = found.plan.objective or 0.0
        dearer = f"{100 * found.extra:.2f} % dearer" if found.extra <= MOST_TIMES else f"{usd:,.2f} USD"
        figures = f"{dearer}, {found.moved:.2f} workloads moved"
        delivery.say(token.after(f"other plan {next(number)} of {count}: {figures}"))

    options = {"cancel": token, **options}
    if count:
        require_in_range(count, within / 100)
    curve = frontier(problem, axis, points=points, done=say, **options)
    if not count:
        return curve, None
    try:
        known = KnownPlans(options, [each.plan for each in curve])
        best = known.improved(problem, known.solve(problem, afresh=True)) or None
        return curve, near_optimal(problem, count, within / 100, best=best, done=say_other, **options)
    except SolverError:
        if not (token.is_set() and curve_alone):
            raise
        return curve, None


def _verify(plans: list[tuple[Problem, Plan]]) -> None:
    """Raise SolverError unless every plan passes the verifier against its problem."""
    from .routing import check
    from .routing.errors import SolverError

    for problem, plan in plans:
        if violations := check(problem, plan):
            raise SolverError(f"a plan does not verify: {violations[0].element}: {violations[0].message}")


CURVES = (breakeven, frontier)
"""Commands of this module."""
