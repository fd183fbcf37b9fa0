"""The command ``route``: thin commands around solvers, topologies and routing.

Exit codes: 0 done, 1 the plan leaves work out (or ``verify`` found violations), 2 bad input, usage or output,
3 a solver failed, 130 interrupted, 141 nobody reads the output any more. Results go to standard output, all
else to standard error. Heavy imports are inside the commands, so that help and completion answer at once.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

from .routing.errors import RouteError, SolverError

if TYPE_CHECKING:
    from .routing.plan import Plan
    from .routing.problem import Problem
    from .topologies.delivery import Delivery

DEBUG = "ROUTE_DEBUG"
SHOWN = ("sites", "pools", "links", "rtt", "reach")
SIZES = (("sites", 20), ("services", 20), ("jobs", 50), ("periods", 24), ("locations", 20), ("seed", 0))
EPILOG = """\b
route plan two-sites                       plan a sample, print tables
route plan my.json --output plan.json      plan a file, keep the plan
route verify my.json plan.json             recompute every figure of it
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

REPLAN_EPILOG = """\b
route replan new.json --from plan.json --restart-hours 6 --checkpoint-gb 500
route replan new.json --from plan.json --max-moves 3 -o new-plan.json
route replan new.json --from plan.json --keep-topology asked.json -o new-plan.json
route verify asked.json new-plan.json"""


class Commands(click.Group):
    """A group whose commands end with a message and an exit code, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error ends as one message and its exit code."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except RouteError as error:
            _fail(ctx, str(error), error.exit_code)
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(141)
        except OSError as error:
            _forget_stdout()
            _fail(ctx, f"cannot read or write: {error}", 2)
        except KeyboardInterrupt:
            _fail(ctx, "interrupted", 130)
        except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
            _fail(ctx, _unexpected(error), SolverError.exit_code)


def _fail(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    from .routing.text import clean_lines

    click.echo(f"error: {clean_lines(message)}", err=True)
    ctx.exit(exit_code)


def _forget_stdout() -> None:
    """Let the interpreter, as it ends, flush what is left of the output into nowhere."""
    with suppress(OSError, ValueError, AttributeError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _unexpected(error: Exception) -> str:
    if os.environ.get(DEBUG):
        click.echo(traceback.format_exc(), err=True)
    hint = f"please report it; with {DEBUG}=1 in the environment the traceback is shown"
    return f"unexpected {type(error).__name__}: {error} ({hint})"


def _samples(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    from .topologies.samples import sample_names

    return [CompletionItem(name) for name in sample_names() if name.startswith(incomplete)]


def _sample_words(ctx: click.Context, option: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    return _samples(ctx, option, begun) + [CompletionItem("generate")] * "generate".startswith(begun)


def _topologies(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    return [*_samples(ctx, option, incomplete), CompletionItem(incomplete, type="file")]


def _solvers(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from .solvers import SOLVERS

    return [name for name in SOLVERS if name.startswith(incomplete)]


def _plan_tables(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from .routing.plan_tables import TABLE_NAMES

    return [name for name in TABLE_NAMES if name.startswith(incomplete)]


def _with_problem(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command TOPOLOGY and --workloads, and hand it the problem read from them."""

    @click.argument("topology", shell_complete=_topologies)
    @click.option("-w", "--workloads", type=click.Path(), help="Further workloads: JSON, YAML or CSV.")
    @functools.wraps(command)
    def run(topology: str, workloads: str | None, **others: Any) -> None:
        from .topologies import load

        command(load(topology, workloads), **others)

    return run


def _with_delivery(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --output and --quiet, and hand it the place of its result, found writable."""

    @click.option("-o", "--output", type=click.Path(), help="Write here instead of to standard output.")
    @click.option("-q", "--quiet", is_flag=True, help="Nothing but errors on standard error.")
    @functools.wraps(command)
    def run(output: str | None, quiet: bool, form: str | None = None, **others: Any) -> None:
        from .topologies.delivery import Delivery

        inputs = [others.get(name) for name in ("topology", "workloads", "plan_file")]
        command(delivery=Delivery(form, output, inputs, quiet=quiet), **others)

    return run


_form = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    help="Form of the result; without it json or csv where --output ends so, else table.",
)


PRICE = click.FloatRange(min=0)
SOLVING = (
    click.option(
        "--solver",
        default="auto",
        shell_complete=_solvers,
        help="auto (default), highs, cp-sat, scip or decomposition.",
    ),
    click.option(
        "--time-limit",
        type=float,
        default=60.0,
        show_default=True,
        help="Seconds; then the best plan counts.",
    ),
    click.option(
        "--gap", "gap_limit", type=float, default=1e-3, show_default=True, help="Relative gap to prove."
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Same seed, file and solver: same plan."
    ),
    click.option("--threads", type=int, help="Threads of the solver; its own default without this."),
    click.option("--all-or-nothing", is_flag=True, help="Refuse a plan that leaves work out."),
)


def _solving(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command the options of solvers."""
    for option in reversed(SOLVING):
        command = option(command)
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="computeroute", prog_name="route")
def main() -> None:
    """Plan AI training and inference across regions, with proof.

    A TOPOLOGY is a JSON or YAML file, '-' for standard input, or the name of a sample.
    """


@main.command(epilog=PLAN_EPILOG)
@_solving
@click.option("--table", "name", shell_complete=_plan_tables, help="One table only; see below.")
@_form
@_with_delivery
@_with_problem
def plan(problem: Problem, delivery: Delivery, name: str | None, **options: Any) -> None:
    """Plan where and when everything runs.

    The plan tells site, time, route and cost of every workload, with a proven bound. Progress goes to
    standard error. Ctrl-C stops with the best plan found so far, a second one gives up.
    """
    from .routing.plan_tables import require_table
    from .routing.views import render_plan

    require_table(name)
    found = _solve(problem, delivery, options)
    delivery.send(render_plan(found, problem, delivery.form, name, delivery.columns))
    _end(found, problem, delivery)


def _solve(problem: Problem, delivery: Delivery, options: dict[str, Any]) -> Plan:
    from .routing.progress import ProgressWriter
    from .solvers import solve
    from .solvers.interrupt import interrupt_token, say_stopping
    from .topologies.delivery import keep_output_clean

    keep_output_clean()
    if delivery.quiet or sys.stderr is None:
        with interrupt_token(lambda: None) as token:
            return solve(problem, cancel=token, **options)
    with ProgressWriter(sys.stderr) as progress, interrupt_token(say_stopping) as token:
        return solve(problem, cancel=token, progress=progress, **options)


def _end(found: Plan, problem: Problem, delivery: Delivery) -> None:
    """Leave with the exit code of a plan, saying why it is not 0."""
    if found.status == "unknown":
        hint = "; allow it more time" if found.stopped_by == "time" else ""
        raise SolverError(f"no plan was found before the solver was stopped{hint}")
    if found.left_out or not found:
        from .routing.report import why_infeasible

        delivery.say("the plan leaves work out" if found else why_infeasible(found, problem))
        sys.exit(1)


@main.command()
@_form
@_with_delivery
@_with_problem
def validate(problem: Problem, delivery: Delivery) -> None:
    """Say what is in a problem, or all its faults."""
    from .routing.views import render_contents

    delivery.send(render_contents(problem, delivery.form, delivery.columns))


def _not_both_stdin(ctx: click.Context, _: click.Parameter, plan_file: str) -> str:
    if plan_file == "-" == ctx.params.get("topology"):
        raise click.BadParameter("only one of TOPOLOGY and PLAN can be standard input")
    return plan_file


@main.command()
@_form
@_with_delivery
@_with_problem
@click.argument("plan_file", metavar="PLAN", type=click.Path(), callback=_not_both_stdin)
def verify(problem: Problem, delivery: Delivery, plan_file: str) -> None:
    """Check a plan independently of the solvers.

    Every constraint, route, cost and carbon figure is recomputed from the problem and the PLAN (JSON) alone.
    Ends with 0 where all checks hold, else with 1 and every violation by name.
    """
    from .routing import check
    from .routing.views import render_findings
    from .topologies.plans import load_plan

    violations = check(problem, load_plan(plan_file))
    delivery.send(render_findings(violations, delivery.form, delivery.columns))
    sys.exit(1 if violations else 0)


@main.command(epilog=REPLAN_EPILOG)
@click.option(
    "--from",
    "plan_file",
    metavar="PLAN",
    type=click.Path(),
    required=True,
    callback=_not_both_stdin,
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
@_solving
@click.option("-o", "--output", type=click.Path(), help="Keep the new plan here, as JSON.")
@click.option(
    "--keep-topology",
    type=click.Path(),
    help="Keep the topology here with the present and the prices, to verify the plan by.",
)
@click.option("-q", "--quiet", is_flag=True, help="Nothing but errors on standard error.")
@_form
@_with_problem
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
    from .topologies.delivery import Delivery
    from .topologies.plans import load_plan

    inputs = [click.get_current_context().params.get(name) for name in ("topology", "workloads", "plan_file")]
    delivery = Delivery(form, None, quiet=quiet)
    kept = [Delivery("json", path, inputs, quiet=quiet) for path in (keep_topology, output) if path]
    prices = {name: others.pop(name) for name in Moving.model_fields}
    problem = going_on(problem, load_plan(plan_file), max_moves, **prices)
    found = _solve(problem, delivery, others)
    delivery.send(render_changes(problem, found, delivery.form, delivery.columns))
    texts = [problem.model_dump_json(indent=2)] * bool(keep_topology) + [found.to_json()] * bool(output)
    for place, text in zip(kept, texts, strict=True):
        place.send(text)
    _end(found, problem, delivery)


@main.command()
@click.option("--policy", help="The data policy whose rules apply; none without this.")
@click.option("--table", "name", type=click.Choice(SHOWN), help="One table only; csv has sites without this.")
@_form
@_with_delivery
@_with_problem
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
@click.argument("name", required=False, shell_complete=_sample_words)
@_form
@_with_delivery
def samples(delivery: Delivery, name: str | None) -> None:
    """List the sample problems, or print one."""
    from .routing.views import render_samples
    from .topologies import sample_text, samples

    if name is None:
        delivery.send(render_samples(samples(), delivery.form, delivery.columns))
    else:
        delivery.send(sample_text(name))


@click.command(params=[click.Option([f"--{name}"], default=size, show_default=True) for name, size in SIZES])
@click.option("--tightness", default=0.7, show_default=True, help="Work over capacity; above 1 too much.")
@_with_delivery
def generate(delivery: Delivery, **arguments: Any) -> None:
    """Print a problem of any size, made up between real metropolitan areas."""
    from .topologies.generate import Recipe, generate_text

    delivery.send(generate_text(Recipe(**arguments)))


@main.command()
@_form
@_with_delivery
def catalog(delivery: Delivery) -> None:
    """List the accelerators that a file may use without defining them."""
    from .routing.views import render_accelerators
    from .topologies import accelerators

    delivery.send(render_accelerators(accelerators().values(), delivery.form, delivery.columns))


@main.command()
@_with_delivery
def schema(delivery: Delivery) -> None:
    """Print the JSON Schema of topology files."""
    from .routing.tables import to_json
    from .topologies import schema

    delivery.send(to_json(schema()))


if __name__ == "__main__":
    main(prog_name="route")
