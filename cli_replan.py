"""The command ``replan``: plan on from a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .cli_options import (
    end_with,
    form_option,
    not_both_stdin,
    solved,
    sum_up,
    with_problem,
    with_scenario,
    with_solving,
)

if TYPE_CHECKING:
    from .routing.problem import Problem

REPLAN_EPILOG = """\b
route replan new.json --from plan.json --restart-hours 6 --checkpoint-gb 500
route replan new.json --from plan.json --max-moves 3 -o new-plan.json
route replan new.json --from plan.json --keep-topology asked.json -o new-plan.json
route verify asked.json new-plan.json"""
PRICE = click.FloatRange(min=0)


@click.command(epilog=REPLAN_EPILOG)
@click.option(
    "--from",
    "plan_file",
    metavar="PLAN",
    type=click.Path(),
    required=True,
    callback=not_both_stdin,
    help="The present plan (JSON): where everything runs now.",
)
@click.option("--max-moves", type=click.IntRange(min=0), help="How many workloads may move.")
@click.option("--move-usd", "usd_per_job", type=PRICE, help="USD for each job that moves.")
@click.option("--restart-hours", type=PRICE, help="Hours of training that the move of a job loses.")
@click.option("--checkpoint-gb", type=PRICE, help="GB that the move of a job carries, priced by its route.")
@click.option(
    "--drain-usd",
    "usd_per_site_entered",
    type=PRICE,
    help="USD for each data center that a service enters, drained elsewhere.",
)
@with_solving
@click.option("--all-or-nothing", is_flag=True, help="Refuse a plan that leaves work out.")
@click.option("-o", "--output", type=click.Path(), help="Keep the new plan here, as JSON.")
@click.option(
    "--keep-topology",
    type=click.Path(),
    help="Keep the topology here with the present and the prices, to verify the plan by.",
)
@click.option("-q", "--quiet", is_flag=True, help="Nothing but errors on standard error.")
@form_option
@with_problem
@with_scenario
def replan(
    problem: Problem,
    *,
    plan_file: str,
    max_moves: int | None,
    output: str | None,
    keep_topology: str | None,
    quiet: bool,
    form: str | None,
    **others: Any,
) -> None:
    """Plan on from a plan: what stays, moves, begins and ends.

    Moving is part of the cost: the plan leaves the present place of work only where that pays. Prices not
    given are those of the file (its 'moving'). The changes go to standard output.
    """
    from .routing.present import Moving
    from .routing.replan import going_on
    from .routing.replan_view import render_changes
    from .topologies.delivery import Delivery, require_apart
    from .topologies.plans import load_plan

    told = click.get_current_context().params
    inputs = [told.get(name) for name in ("topology", "workloads", "plan_file", "book")]
    delivery = Delivery(form, None, quiet=quiet)
    places = (keep_topology, output)
    topology_place, plan_place = (
        None if path is None else Delivery("json", path, inputs, quiet=quiet) for path in places
    )
    require_apart(keep_topology, output)
    prices = {name: others.pop(name) for name in Moving.model_fields}
    old = load_plan(plan_file)
    problem = going_on(problem, old, max_moves, **prices)
    if not {*problem.present.jobs, *problem.present.services} & {*problem.workload}:
        delivery.say("no workload of the plan is in this topology; is it the right plan?")
    elif not problem.present.pools & {*problem.pool}:
        delivery.say("no pool of the plan is in this topology; is it the right plan?")
    found = solved(problem, delivery, others | {"similar_plan": old})
    delivery.send(render_changes(problem, found, delivery.form, delivery.columns, old=old))
    if topology_place is not None:
        topology_place.send(problem.model_dump_json(indent=2))
    if plan_place is not None:
        plan_place.send(found.to_json())
        sum_up(found, problem, plan_place)
        if topology_place is None:
            delivery.say("to verify or report this plan later, keep its topology too: --keep-topology FILE")
    end_with(found, problem, delivery)


REPLANNING = (replan,)
"""Commands of this module."""
