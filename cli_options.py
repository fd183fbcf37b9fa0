"""What the commands of ``route`` share: how they fail, where they read from, where their results go."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

from .routing.errors import RouteError, SolverError, UnknownNameError

if TYPE_CHECKING:
    from .routing.plan import Plan
    from .routing.problem import Problem
    from .solvers.options import CancelToken, ProgressCallback
    from .solvers.total_time import TotalTime
    from .topologies.delivery import Delivery

SCENARIO = "computeroute.scenario"
"""What a command notes the name of its scenario under."""
DEBUG = "ROUTE_DEBUG"
Command = Callable[..., None]


class Commands(click.Group):
    """A group whose commands end with a message and an exit code, never with a traceback."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **more: Any) -> Any:
        """Run as a program where no arguments are given: it ends then, and a late Ctrl-C changes nothing."""
        try:
            return super().main(args, *others, **more)
        except SystemExit as ended:
            if args is None and threading.current_thread() is threading.main_thread():
                _leave_solvers(ended.code)
            raise
        finally:
            if args is None and threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the options before the command; what is wrong with them is told without control characters."""
        try:
            return super().make_context(*arguments, **more)
        except click.ClickException as error:
            _clean_message(error)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error ends as one message and its exit code."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            _clean_message(error)
            raise
        except RouteError as error:
            _fail(ctx, str(error), error.exit_code)
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(141)
        except OSError as error:
            _forget_stdout()
            _fail(ctx, f"cannot read or write: {error}", 2)
        except KeyboardInterrupt as stop:
            _fail(ctx, "interrupted", 128 + (stop.args[0] if stop.args else signal.SIGINT))
        except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
            _fail(ctx, _unexpected(error), SolverError.exit_code)


def _clean_message(error: click.ClickException) -> None:
    from .routing.text import clean_lines

    vars(error)["message"] = clean_lines(error.message)


def _fail(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    from .routing.text import clean_lines

    click.echo(f"error: {clean_lines(message)}", err=True)
    ctx.exit(exit_code)


def _leave_solvers(code: Any) -> None:
    """End the process now where solvers that do not look at their clocks, in threads, would keep it alive."""
    others = set(threading.enumerate()) - {threading.main_thread()}
    if any(not thread.daemon for thread in others):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _forget_stdout() -> None:
    """Let the interpreter, as it ends, flush what is left of the output into nowhere."""
    with suppress(OSError, ValueError, AttributeError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _unexpected(error: Exception) -> str:
    if os.environ.get(DEBUG):
        from .routing.text import clean_lines

        click.echo(clean_lines(traceback.format_exc()), err=True)
    hint = f"please report it; with {DEBUG}=1 in the environment the traceback is shown"
    return f"unexpected {type(error).__name__}: {error} ({hint})"


def complete_samples(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete names of samples."""
    from .topologies.samples import sample_names

    return [CompletionItem(name) for name in sample_names() if name.startswith(incomplete)]


def complete_sample_words(
    ctx: click.Context, option: click.Parameter, begun: str
) -> list[CompletionItem[str]]:
    """Complete names of samples, and ``generate``."""
    return complete_samples(ctx, option, begun) + [CompletionItem("generate")] * "generate".startswith(begun)


def complete_topologies(
    ctx: click.Context, option: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Complete names of samples, and files."""
    return [*complete_samples(ctx, option, incomplete), CompletionItem(incomplete, type="file")]


def complete_solvers(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of solvers."""
    from .solvers import SOLVERS

    return [name for name in SOLVERS if name.startswith(incomplete)]


def complete_plan_tables(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of tables of a plan."""
    from .routing.plan_tables import TABLE_NAMES

    return [name for name in TABLE_NAMES if name.startswith(incomplete)]


def with_problem(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command TOPOLOGY and --workloads, and hand it the problem read from them."""

    @click.argument("topology", shell_complete=complete_topologies, is_eager=True)
    @click.option("-w", "--workloads", type=click.Path(), help="Further workloads: JSON, YAML or CSV.")
    @functools.wraps(command)
    def run(topology: str, workloads: str | None, **others: Any) -> None:
        from .topologies import load

        command(load(topology, workloads), **others)

    return run


def with_scenario(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --scenario and --scenarios, and hand it the problem as the scenario changes it."""

    @click.option(
        "-s", "--scenario", "lines", multiple=True, help="A scenario of it, by name or in one line."
    )
    @click.option("--scenarios", "book", type=click.Path(), help="File (YAML, JSON) that declares scenarios.")
    @functools.wraps(command)
    def run(problem: Problem, lines: tuple[str, ...], book: str | None, **others: Any) -> None:
        command(_changed(problem, lines, book) if lines or book is not None else problem, **others)

    return run


def _changed(problem: Problem, lines: Sequence[str], book: str | None) -> Problem:
    from .routing.scenarios import BUILT_IN, chosen
    from .topologies import load_scenarios

    known = BUILT_IN if book is None else load_scenarios(book)
    if not lines:
        raise click.UsageError(f"--scenarios {book} needs --scenario: which of its scenarios?")
    found = chosen(lines, known)
    if len(lines) > 1 or len(found) > 1:
        told = (
            f"--scenario {lines[0]} is a sweep" if len(lines) == 1 else "--scenario is there more than once"
        )
        raise click.UsageError(f"{told}: name one, join changes by '+', or use route compare")
    click.get_current_context().meta[SCENARIO] = found[0].name
    return found[0].apply(problem)


def with_delivery(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --output and --quiet, and hand it the place of its result, found writable."""

    @click.option("-o", "--output", type=click.Path(), help="Write here instead of to standard output.")
    @click.option("-q", "--quiet", is_flag=True, help="Nothing but errors on standard error.")
    @functools.wraps(command)
    def run(output: str | None, quiet: bool, form: str | None = None, **others: Any) -> None:
        from .topologies.delivery import Delivery

        inputs = [others.get(name) for name in ("topology", "workloads", "plan_file", "book")]
        command(delivery=Delivery(form, output, inputs, quiet=quiet), **others)

    return run


form_option = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    help="Form of the result; without it json or csv where --output ends so, else table.",
)


commitments_option = click.option(
    "--commitments",
    type=click.Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="Whether what is committed where scenarios take capacity out is still paid.",
)


def solving(*, seconds: float = 60.0, gap: float = 1e-3) -> Callable[[Command], Command]:
    """Return what gives a command the options of a solver, by the names of ``solve``, with these defaults."""
    options = (
        click.option(
            "--solver",
            default="auto",
            shell_complete=complete_solvers,
            help="auto (default), highs, cp-sat, scip or decomposition.",
        ),
        click.option(
            "--time-limit",
            type=float,
            default=seconds,
            show_default=True,
            help="Seconds for a plan; then the best one counts.",
        ),
        click.option(
            "--gap",
            "gap_limit",
            type=click.FloatRange(0, 1),
            default=gap,
            show_default=True,
            help="Relative gap to prove; 0.001 is 0.1 %.",
        ),
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Same seed, file and solver: same plan, unless time ends it.",
        ),
        click.option("--threads", type=int, help="Threads of the solver; its own default without this."),
    )
    return lambda command: functools.reduce(lambda made, option: option(made), reversed(options), command)


with_solving = solving()


total_option = click.option(
    "--total-time-limit",
    type=float,
    help="Seconds for all plans; twice what those asked for may take without this.",
)


def require_table(name: str | None, known: Sequence[str]) -> None:
    """Raise UnknownNameError unless there is a table of that name, or none is asked for."""
    if name is not None and name not in known:
        raise UnknownNameError("table", name, known)


@contextmanager
def many_plans(delivery: Delivery, seconds: float | None = None) -> Iterator[TotalTime]:
    """Keep standard output for the result, and give a token that Ctrl-C sets, saying what follows then.

    So does the end of the time for all plans, of which ``seconds`` are given.
    """
    from .solvers.searching.interrupt import interrupt_token, say_stopping
    from .solvers.total_time import TotalTime
    from .topologies.delivery import keep_output_clean

    keep_output_clean()
    quiet = delivery.quiet or sys.stderr is None
    with interrupt_token((lambda: None) if quiet else say_stopping) as asked:
        token = TotalTime(asked, seconds)
        yield token
        if token.is_over():
            limit = f"the total time limit of {token.seconds:g} s"
            delivery.say(f"{limit} is over: this is what was found by then")


@contextmanager
def watched(delivery: Delivery) -> Iterator[tuple[CancelToken, ProgressCallback | None]]:
    """Give a token that Ctrl-C sets, and a callback that writes progress to standard error unless quiet."""
    from .routing.progress import ProgressWriter
    from .solvers.searching.interrupt import interrupt_token, say_stopping
    from .topologies.delivery import keep_output_clean

    keep_output_clean()
    if delivery.quiet or sys.stderr is None:
        with interrupt_token(lambda: None) as token:
            yield token, None
    else:
        with ProgressWriter(sys.stderr) as progress, interrupt_token(say_stopping) as token:
            yield token, progress


def solved(problem: Problem, delivery: Delivery, options: dict[str, Any]) -> Plan:
    """Return the plan of a problem; progress goes to standard error, Ctrl-C keeps the best so far."""
    from .solvers import solve

    with watched(delivery) as (token, progress):
        found = solve(problem, cancel=token, progress=progress, **options)
    return found.model_copy(update={"scenario": click.get_current_context().meta.get(SCENARIO, "")})


def sum_up(found: Plan, problem: Problem, delivery: Delivery) -> None:
    """Say in a line what a plan is worth that went to a file."""
    if found and delivery.path is not None:
        from .routing.report import headline

        delivery.say(headline(found, problem))


def end_with(found: Plan, problem: Problem, delivery: Delivery) -> None:
    """Leave with the exit code of a plan, saying why it is not 0."""
    if found.status == "unknown":
        hint = "; allow it more time, or take another --solver" if found.stopped_by == "time" else ""
        raise SolverError(f"no plan was found before the solver was stopped{hint}")
    if found.left_out or not found:
        from .routing.report import why_infeasible

        delivery.say("the plan leaves work out" if found else why_infeasible(found, problem))
        sys.exit(1)


def not_both_stdin(ctx: click.Context, _: click.Parameter, plan_file: str) -> str:
    """Refuse a plan and a topology that are both to come from standard input."""
    if plan_file == "-" == ctx.params.get("topology"):
        raise click.BadParameter("only one of TOPOLOGY and PLAN can be standard input")
    return plan_file
