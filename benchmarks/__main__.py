"""``python -m benchmarks``: one instance, or tables of all of them."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from computeroute.routing.errors import RouteError
from computeroute.solvers.options import LARGEST_SEED, LONGEST_SECONDS, MOST_THREADS
from computeroute.solvers.searching.interrupt import interrupt_token, say_stopping
from computeroute.topologies.delivery import Delivery
from computeroute.topologies.writing import write_text

from benchmarks.alternatives import SOLVERS, solve_whole_file
from benchmarks.families import MODULES, BadFileError, Limits, Solution
from benchmarks.families import family as kind_of
from benchmarks.known import read_known
from benchmarks.single import Outcome, solve_file
from benchmarks.summary import summaries, write_summary
from benchmarks.table import OURS, Row, csv_of, run_table, write_heading, write_row

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class Range(click.FloatRange):
    """A finite number within limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; NaN is none."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is not a number", param, ctx)
        return found


SECONDS = Range(0, LONGEST_SECONDS, min_open=True)
GAP = Range(0, 1)
SEED = click.IntRange(0, LARGEST_SEED)
THREADS = click.IntRange(1, MOST_THREADS)


class OneLineError(click.ClickException):
    """What went wrong in one line; bad input where no other exit code is given."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run published instances through the solvers."""


@main.command()
@click.argument("family", type=click.Choice(list(MODULES)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--instance", help="Which instance of the file, such as cap71-ss or capa-8000.")
@click.option("--time-limit", type=SECONDS, default=60.0, show_default=True, help="Seconds of solving.")
@click.option("--gap-limit", type=GAP, default=0.0, show_default=True, help="Relative gap at which to end.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--threads", type=THREADS, help="Threads of the solvers.")
@click.option(
    "--by",
    type=click.Choice([OURS, *SOLVERS]),
    default=OURS,
    help="Solve the whole model with another solver instead.",
)
@click.option("--solution", type=click.Path(path_type=Path), help="Write the solution to this file.")
def solve(
    *,
    family: str,
    file: Path,
    instance: str | None,
    time_limit: float,
    gap_limit: float,
    seed: int,
    threads: int | None,
    by: str,
    solution: Path | None,
) -> None:
    """Solve one instance and print one line of JSON.

    "feasible" and "objective" are recomputed from the instance file; "seconds" counts solving only: reading
    the file and checking the solution are not in it. "status" is optimal, feasible, infeasible (proved) or
    unknown. The exit code is 1 where what was found does not fit the file, 2 where that cannot be read.
    "te" knows no gap limit and no seed: it is one linear program. Ctrl-C ends the search with the best
    solution so far ("te" and other solvers have none); the second time, the exit code is 130.
    """
    limits = Limits(seconds=time_limit, gap=gap_limit, seed=seed, threads=threads)
    if solution is not None and by != OURS:
        raise OneLineError("--solution is written of our own solvers only")
    with told_in_a_line(file), given_up():
        _require_place(solution)
        if by == OURS:
            found, written = _solved(family, file, instance, limits)
        else:
            found, written = solve_whole_file(family, file, instance, limits, by), None
    with told_in_a_line("standard output"):
        _print(found.as_row())
    if solution is not None and written is None:
        click.echo(f"{solution}: not written, as there is no solution", err=True)
    elif solution is not None:
        with told_in_a_line(solution):
            write_text(solution, json.dumps(written) + "\n")
    if found.is_wrong:
        sys.exit(1)


def _solved(family: str, file: Path, instance: str | None, limits: Limits) -> tuple[Outcome, Solution | None]:
    """Solve one instance with our own solvers; Ctrl-C asks those that can end for what they have."""
    if kind_of(family).solve is not None:
        return solve_file(family, file, instance, limits)
    with interrupt_token(say_stopping) as token:
        return solve_file(family, file, instance, replace(limits, stop=token.is_set))


@main.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with best_known.csv.")
@click.option(
    "--only",
    multiple=True,
    default=["*"],
    help="Shell pattern for instance, group or family, such as 'GAP/*' or d20*; may be given several times.",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=60.0,
    show_default=True,
    help="Seconds for each instance and solver.",
)
@click.option("--gap-limit", type=GAP, default=0.0, show_default=True, help="Relative gap at which to end.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--threads", type=THREADS, default=2, show_default=True, help="Threads of every solver.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Instances at once; more than one distorts seconds.",
)
@click.option(
    "--alternatives/--no-alternatives", default=True, help="HiGHS and CP-SAT on the whole model too."
)
@click.option("--csv", "file", type=click.Path(path_type=Path), help="Write all rows to this file too.")
def table(
    *,
    data: Path,
    only: tuple[str, ...],
    time_limit: float,
    gap_limit: float,
    seed: int,
    threads: int,
    jobs: int,
    alternatives: bool,
    file: Path | None,
) -> None:
    """Solve many instances and print a table per group with a line for each, then a summary.

    Ctrl-C ends the instance that runs and sums up what is done.
    """
    with told_in_a_line(data):
        _require_place(file)
        instances = read_known(data, *only)
    if not instances:
        raise OneLineError(f"no instance matches {' or '.join(only)}")
    options = ["--time-limit", time_limit, "--gap-limit", gap_limit, "--seed", seed, "--threads", threads]
    solvers = [OURS, *SOLVERS] if alternatives else [OURS]
    rows: list[Row] = []
    is_whole = False
    with suppress(KeyboardInterrupt), terminated_as_interrupted():
        for row in run_table(instances, solvers, [str(each) for each in options], time_limit, jobs):
            if not rows or rows[-1].known.group != row.known.group:
                write_heading(sys.stdout)
            rows.append(row)
            write_row(sys.stdout, row)
        is_whole = True
    write_summary(sys.stdout, summaries(rows))
    if file is not None:
        with told_in_a_line(file):
            write_text(file, csv_of(rows))
    if not is_whole:
        sys.exit(INTERRUPTED)


@main.command()
@click.option("--topology", default="multicloud", show_default=True, help="A sample, or a file.")
@click.option(
    "--scenarios",
    "count",
    type=click.IntRange(1, 200),
    default=8,
    show_default=True,
    help="How many; 200 are there.",
)
@click.option(
    "--time-limit", type=SECONDS, default=60.0, show_default=True, help="Seconds for each scenario."
)
@click.option("--threads", type=THREADS, help="Threads of the solver.")
def sweep(*, topology: str, count: int, time_limit: float, threads: int | None) -> None:
    """Plan scenarios cold, as a sweep and as a sweep in two processes; print one line of JSON."""
    from computeroute.topologies import load

    from benchmarks.sweeps import measure

    with told_in_a_line(topology):
        _print(measure(load(topology), count, time_limit=time_limit, threads=threads).row())


@contextmanager
def told_in_a_line(file: Path | str) -> Iterator[None]:
    """End with one line where a file cannot be read or written, or a solver fails."""
    try:
        yield
    except BadFileError as error:
        raise OneLineError(str(error)) from error
    except RouteError as error:
        raise OneLineError(str(error), error.exit_code) from error
    except OSError as error:
        raise OneLineError(f"{error.filename or file}: {error.strerror or error}") from error


@contextmanager
def given_up() -> Iterator[None]:
    """End with the exit code of an interrupt where there is one."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: processes that run are ended, and what is done is summed up."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _require_place(file: Path | None) -> None:
    """Raise OutputError where a file cannot be written."""
    if file is not None:
        Delivery(None, str(file))


def _print(row: dict[str, Any]) -> None:
    if sys.stdout is None:
        raise OneLineError("standard output is closed")
    sys.stdout.write(json.dumps(row, allow_nan=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
