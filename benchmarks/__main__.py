"""``python -m benchmarks``: one instance, or tables of all of them."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from benchmarks.alternatives import SOLVERS, solve_whole_file
from benchmarks.families import MODULES, BadFileError, Limits
from benchmarks.known import read_known
from benchmarks.single import solve_file
from benchmarks.summary import summaries, write_summary
from benchmarks.table import OURS, Row, run_table, write_csv, write_heading, write_row


class OneLineError(click.ClickException):
    """Bad input: one line, exit code 2."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run published instances through the solvers."""


@main.command()
@click.argument("family", type=click.Choice(list(MODULES)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--instance", help="Which instance of the file, such as cap71-ss or capa-8000.")
@click.option("--time-limit", default=60.0, show_default=True, help="Seconds of solving.")
@click.option("--gap-limit", default=0.0, show_default=True, help="Relative gap at which to end.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the solvers.")
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
    unknown.
    """
    limits = Limits(seconds=time_limit, gap=gap_limit, seed=seed, threads=threads)
    try:
        if by == OURS:
            found, written = solve_file(family, file, instance, limits)
        else:
            found, written = solve_whole_file(family, file, instance, limits, by), None
        if solution is not None and written is not None:
            solution.write_text(json.dumps(written) + "\n")
    except BadFileError as error:
        raise OneLineError(str(error)) from error
    except OSError as error:
        raise OneLineError(f"{error.filename or file}: {error.strerror or error}") from error
    _print(found.as_row())


@main.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with best_known.csv.")
@click.option(
    "--only",
    multiple=True,
    default=["*"],
    help="Shell pattern for instance, group or family, such as 'GAP/*' or d20*; may be given several times.",
)
@click.option("--time-limit", default=60.0, show_default=True, help="Seconds for each instance and solver.")
@click.option("--gap-limit", default=0.0, show_default=True, help="Relative gap at which to end.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", default=2, show_default=True, help="Threads of every solver.")
@click.option(
    "--jobs", default=1, show_default=True, help="Instances at once; more than one distorts seconds."
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
    try:
        instances = read_known(data, *only)
    except BadFileError as error:
        raise OneLineError(str(error)) from error
    if not instances:
        raise OneLineError(f"no instance matches {' or '.join(only)}")
    options = ["--time-limit", time_limit, "--gap-limit", gap_limit, "--seed", seed, "--threads", threads]
    solvers = [OURS, *SOLVERS] if alternatives else [OURS]
    rows: list[Row] = []
    with suppress(KeyboardInterrupt):
        for row in run_table(instances, solvers, [str(each) for each in options], time_limit, jobs):
            if not rows or rows[-1].known.group != row.known.group:
                write_heading(sys.stdout)
            rows.append(row)
            write_row(sys.stdout, row)
    write_summary(sys.stdout, summaries(rows))
    if file is not None:
        write_csv(file, rows)


@main.command()
@click.option("--topology", default="multicloud", show_default=True, help="A sample, or a file.")
@click.option("--scenarios", "count", default=8, show_default=True, help="How many; 200 are there.")
@click.option("--time-limit", default=60.0, show_default=True, help="Seconds for each scenario.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the solver.")
def sweep(*, topology: str, count: int, time_limit: float, threads: int | None) -> None:
    """Plan scenarios cold, as a sweep and as a sweep in two processes; print one line of JSON."""
    from computeroute.topologies import load

    from benchmarks.sweeps import measure

    _print(measure(load(topology), count, time_limit=time_limit, threads=threads).row())


def _print(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
