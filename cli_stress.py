"""Commands that try a problem out: ``stress`` loses what can be lost, ``pooling`` parts the owners."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from .cli_options import (
    form_option,
    many_plans,
    not_both_stdin,
    require_table,
    total_option,
    watched,
    with_delivery,
    with_problem,
    with_scenario,
    with_solving,
)

if TYPE_CHECKING:
    from .routing.plan import Plan
    from .routing.problem import Problem
    from .topologies.delivery import Delivery

STRESS_EPILOG = """\b
route stress my.json --plan plan.json
route stress my.json --pairs --top 20 --format csv --output losses.csv
route stress my.json --no-replan --table lost_workloads

\b
Tables: losses (for csv without --table), lost_workloads, fewer_sites."""
POOLING_EPILOG = """\b
route pooling my.json
route pooling my.json --format csv --table hours

\b
Tables: owners (for csv without --table), hours, left_out."""
LEAST_SECONDS = 0.1
"""For all re-plans where the present plan has taken longer than it was to."""
jobs_option = click.option("--jobs", type=int, default=1, show_default=True, help="Plans made at once.")
table_option = click.option("--table", "name", help="One table only; see below.")


@click.command(epilog=STRESS_EPILOG)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(),
    callback=not_both_stdin,
    help="The present plan (JSON); one is made without this.",
)
@click.option("--pairs", is_flag=True, help="Lose two at once as well.")
@click.option("--replan/--no-replan", default=True, help="Whether to plan anew without what is lost.")
@click.option("--top", type=click.IntRange(0), metavar="N", help="Re-plan the N worst losses only.")
@jobs_option
@with_solving
@total_option
@table_option
@form_option
@with_delivery
@with_problem
@with_scenario
def stress(
    problem: Problem, delivery: Delivery, plan_file: str | None, name: str | None, **options: Any
) -> None:
    """Lose every site, link and risk group in turn.

    Says what the present plan loses at once, what a re-plan recovers and at what cost, the worst first.
    Ctrl-C ends with what is done so far. The exit code is 0 whatever the losses do.
    """
    from .routing.stress_report import TABLE_NAMES, render_stress

    require_table(name, TABLE_NAMES)
    several = {key: options.pop(key) for key in ("pairs", "replan", "top", "jobs")}
    present, is_whole = _present(problem, delivery, plan_file, options)
    trials = _stress(problem, present, delivery, several | options | ({} if is_whole else {"top": 0}))
    how: dict[str, Any] = {"form": delivery.form, "name": name, "columns": delivery.columns}
    delivery.send(render_stress(problem, present, trials, **how))


def _present(
    problem: Problem, delivery: Delivery, plan_file: str | None, options: dict[str, Any]
) -> tuple[Plan, bool]:
    """Return the plan of a file, found to be one of ``problem`` and to verify; without a file, a new one.

    Also whether to go on from it: Ctrl-C while it was made means that nothing is planned any more. It takes
    a half of a total time limit at most, and what it takes is taken off.
    """
    if plan_file is not None:
        from .topologies.plans import load_plan_of

        return load_plan_of(problem, plan_file), True
    from .solvers import solve
    from .solvers.total_time import part_of

    total = options["total_time_limit"]
    began, seconds = time.monotonic(), part_of(total, 2, options["time_limit"])
    asked = {name: value for name, value in options.items() if name != "total_time_limit"}
    with watched(delivery) as (cancel, progress):
        planned = solve(problem, cancel=cancel, progress=progress, **asked | {"time_limit": seconds})
    if total is not None:
        options["total_time_limit"] = max(total - (time.monotonic() - began), LEAST_SECONDS)
    _require_plan(planned, problem, delivery)
    if cancel.is_set():
        delivery.say("stopped early: nothing is planned anew")
    return planned, not cancel.is_set()


def _require_plan(planned: Plan, problem: Problem, delivery: Delivery) -> None:
    from .routing.errors import SolverError
    from .routing.report import why_infeasible

    if planned.status == "unknown":
        raise SolverError("no present plan was found before the solver was stopped")
    if not planned:
        delivery.say(why_infeasible(planned, problem))
        sys.exit(1)


def _stress(problem: Problem, present: Plan, delivery: Delivery, options: dict[str, Any]) -> list[Any]:
    from .solvers.stress import stress

    with many_plans(delivery, options["total_time_limit"]) as token:

        def tell(trial: Any, of: int) -> None:
            token.expect(of, options["time_limit"], options["jobs"])
            delivery.say(token.counted(f"without {trial.failure.name}: {trial.verdict}", of))

        return stress(problem, present, done=tell, cancel=token, **options)


@click.command(epilog=POOLING_EPILOG)
@jobs_option
@with_solving
@total_option
@table_option
@form_option
@with_delivery
@with_problem
@with_scenario
def pooling(problem: Problem, delivery: Delivery, name: str | None, **options: Any) -> None:
    """Plan every owner alone, and all together.

    Compares how full accelerators are, what is left out and what it costs, by owner and hour by hour. Clouds
    sell to everybody, to owners alone as well.
    Ends with 1 where a plan is missing, because of an error or of Ctrl-C.
    """
    from .routing.pooling_report import TABLE_NAMES, render_pooling

    require_table(name, TABLE_NAMES)
    found = _pooling(problem, delivery, options)
    delivery.send(render_pooling(found, form=delivery.form, name=name, columns=delivery.columns))
    if not found:
        delivery.say("not every plan is there, so there are no totals")
        sys.exit(1)


def _pooling(problem: Problem, delivery: Delivery, options: dict[str, Any]) -> Any:
    from .solvers.pooling import compare_pooling

    with many_plans(delivery, options["total_time_limit"]) as token:

        def tell(outcome: Any, of: int) -> None:
            token.expect(of, options["time_limit"], options["jobs"])
            delivery.say(token.counted(outcome.line(), of))

        return compare_pooling(problem, done=tell, cancel=token, **options)


TRIED_OUT = (stress, pooling)
"""Commands of this module."""
