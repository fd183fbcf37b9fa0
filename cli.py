"""The command ``route``: thin commands around solvers, topologies and routing.

Exit codes: 0 done, 1 the plan leaves work out (or ``verify`` found violations), 2 bad input, usage or output,
3 a solver failed, 130 interrupted, 141 nobody reads the output any more. Results go to standard output, all
else to standard error. Heavy imports are inside the commands, so that help and completion answer at once.
"""

from __future__ import annotations

from .cli_start import raise_interrupts  # isort: split

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .cli_curves import CURVES
from .cli_futures import FUTURES
from .cli_options import (
    Commands,
    complete_plan_tables,
    complete_sample_words,
    end_with,
    form_option,
    not_both_stdin,
    solved,
    sum_up,
    with_delivery,
    with_problem,
    with_scenario,
    with_solving,
)
from .cli_replan import REPLANNING
from .cli_stress import TRIED_OUT
from .routing.cores import keep_array_sums_on_one_core

if TYPE_CHECKING:
    from .routing.problem import Problem
    from .topologies.delivery import Delivery

MOST_REMARKS = 50
SHOWN = ("sites", "pools", "links", "rtt", "reach")
SIZES = (
    ("sites", 20, "Data centers."),
    ("services", 20, "Inference services."),
    ("jobs", 50, "Training jobs."),
    ("periods", 24, "Up to 24 divide one day, more are of one hour each."),
    ("locations", 20, "Metropolitan areas with users."),
    ("seed", 0, "Same arguments: same problem."),
)
EPILOG = """\b
route plan two-sites                       plan a sample, print tables
route plan my.json --output plan.json      plan a file, keep the plan
route verify my.json plan.json             recompute every figure of it
route report my.json plan.json             print it once more, or one table
route show my.json --policy eu             what a data policy can reach
route samples two-sites --output my.json   start from a sample

\b
Exit codes: 0 done; 1 work is left out, or a plan does not verify;
2 bad input or usage; 3 a solver failed; 130 interrupted.
Completion: eval "$(_ROUTE_COMPLETE=bash_source route)" in ~/.bashrc,
zsh_source likewise; _ROUTE_COMPLETE=fish_source route | source."""
PLAN_EPILOG = """\b
route plan east-data-west-compute --time-limit 30
route plan multicloud --solver highs --gap 0.0005 --output plan.json
route plan my.json --workloads jobs.csv --format csv --table jobs

\b
Tables: assignments (for csv without --table), summary, jobs, placements,
runs, services, replicas, flows, routes, cost, left_out, purchases,
pool_use, link_use."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="computeroute", prog_name="route")
def main() -> None:
    """Plan AI training and inference across regions, with proof.

    A TOPOLOGY is a JSON or YAML file, '-' for standard input, or the name of a sample.
    """
    raise_interrupts()
    keep_array_sums_on_one_core()


@main.command(epilog=PLAN_EPILOG)
@with_solving
@click.option("--all-or-nothing", is_flag=True, help="Refuse a plan that leaves work out.")
@click.option("--table", "name", shell_complete=complete_plan_tables, help="One table only; see below.")
@form_option
@with_delivery
@with_problem
@with_scenario
def plan(problem: Problem, delivery: Delivery, name: str | None, **options: Any) -> None:
    """Plan where and when everything runs.

    The plan tells site, time, route and cost of every workload, with a proven bound. Progress goes to
    standard error. Ctrl-C stops with the best plan found so far, a second one gives up.
    """
    from .routing.plan_tables import require_table
    from .routing.plausible import implausible
    from .routing.views import render_plan

    require_table(name)
    for remark in islice(implausible(problem), MOST_REMARKS):
        delivery.say(f"remark: {remark}")
    found = solved(problem, delivery, options)
    delivery.send(render_plan(found, problem, delivery.form, name, delivery.columns))
    sum_up(found, problem, delivery)
    end_with(found, problem, delivery)


@main.command()
@form_option
@with_delivery
@with_problem
@with_scenario
def validate(problem: Problem, delivery: Delivery) -> None:
    """Say what is in a problem, or all its faults.

    What is likely to be a mistake though it is none for certain is told on standard error.
    """
    from .routing.remarks import remarks
    from .routing.views import render_contents

    delivery.send(render_contents(problem, delivery.form, delivery.columns))
    for remark in islice(remarks(problem), MOST_REMARKS):
        delivery.say(f"remark: {remark}")


@main.command()
@form_option
@with_delivery
@with_problem
@click.argument("plan_file", metavar="PLAN", type=click.Path(), callback=not_both_stdin)
@with_scenario
def verify(problem: Problem, delivery: Delivery, plan_file: str) -> None:
    """Check a plan independently of the solvers.

    Every constraint, route, cost and carbon figure is recomputed from the problem and the PLAN (JSON) alone.
    Ends with 0 where all checks hold, else with 1 and every violation by name.
    """
    from .routing import check
    from .routing.views import render_findings
    from .topologies.plans import load_plan

    plan = load_plan(plan_file)
    violations = check(problem, plan)
    if plan.status in ("infeasible", "unknown"):
        delivery.say(f"the plan is {plan.status}: it places nothing")
    delivery.send(render_findings(violations, delivery.form, delivery.columns))
    sys.exit(1 if violations else 0)


@main.command(epilog="Tables: as those of route plan.")
@click.option("--table", "name", shell_complete=complete_plan_tables, help="One table only; see below.")
@form_option
@with_delivery
@with_problem
@click.argument("plan_file", metavar="PLAN", type=click.Path(), callback=not_both_stdin)
@with_scenario
def report(problem: Problem, delivery: Delivery, plan_file: str, name: str | None) -> None:
    """Print a plan that was kept, once more.

    It is checked as by route verify before, and refused where it does not hold or is for another problem.
    """
    from .routing.plan_tables import require_table
    from .routing.views import render_plan
    from .topologies.plans import load_plan_of

    require_table(name)
    kept = load_plan_of(problem, plan_file, or_none=True)
    delivery.send(render_plan(kept, problem, delivery.form, name, delivery.columns))


@main.command()
@click.option("--policy", help="The data policy whose rules apply; none without this.")
@click.option("--table", "name", type=click.Choice(SHOWN), help="One table only; csv has sites without this.")
@form_option
@with_delivery
@with_problem
@with_scenario
def show(problem: Problem, delivery: Delivery, policy: str | None, name: str | None) -> None:
    """Show sites, links, round trips and reach."""
    from .routing.show import render_problem

    delivery.send(render_problem(problem, policy, delivery.form, name, delivery.columns))


class Samples(click.Command):
    """The command ``samples``, of which ``samples generate`` is a command of its own."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Hand over to ``generate`` where that is the first word."""
        if args[:1] == ["generate"]:
            return generate.make_context(f"{info_name} generate", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@main.command(cls=Samples, epilog="route samples generate --help: problems of any size, made up.")
@click.argument("name", required=False, shell_complete=complete_sample_words)
@form_option
@with_delivery
def samples(delivery: Delivery, name: str | None) -> None:
    """List the sample problems, or print one."""
    from .routing.views import render_samples
    from .topologies import sample_text, samples

    if name is None:
        delivery.send(render_samples(samples(), delivery.form, delivery.columns))
    else:
        delivery.send(sample_text(name))


@click.command(
    params=[
        click.Option([f"--{name}"], default=size, show_default=True, help=what) for name, size, what in SIZES
    ]
)
@click.option("--tightness", default=0.7, show_default=True, help="Work over capacity; above 1 too much.")
@with_delivery
def generate(delivery: Delivery, **arguments: Any) -> None:
    """Print a problem of any size, made up between real metropolitan areas."""
    from .topologies.generate import Recipe, generate_text

    delivery.send(generate_text(Recipe(**arguments), delivery.say))


@main.command()
@form_option
@with_delivery
def catalog(delivery: Delivery) -> None:
    """List the accelerators that a file may use without defining them."""
    from .routing.views import render_accelerators
    from .topologies import accelerators

    delivery.send(render_accelerators(accelerators().values(), delivery.form, delivery.columns))


@main.command()
@with_delivery
def schema(delivery: Delivery) -> None:
    """Print the JSON Schema of topology files."""
    from .routing.tables import to_json
    from .topologies import schema

    delivery.send(to_json(schema()))


for further in (*FUTURES, *CURVES, *REPLANNING, *TRIED_OUT):
    main.add_command(further)

if __name__ == "__main__":
    main(prog_name="route")
