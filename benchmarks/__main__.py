"""``python -m benchmarks``: one instance, or tables of all of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks.families import MODULES, BadFileError, Limits
from benchmarks.single import solve_file


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
    solution: Path | None,
) -> None:
    """Solve one instance and print one line of JSON.

    "feasible" and "objective" are recomputed from the instance file; "seconds" counts solving only: reading
    the file and checking the solution are not in it. "status" is optimal, feasible, infeasible (proved) or
    unknown.
    """
    limits = Limits(seconds=time_limit, gap=gap_limit, seed=seed, threads=threads)
    try:
        found, written = solve_file(family, file, instance, limits)
        if solution is not None and written is not None:
            solution.write_text(json.dumps(written) + "\n")
    except BadFileError as error:
        raise OneLineError(str(error)) from error
    except OSError as error:
        raise OneLineError(f"{error.filename or file}: {error.strerror or error}") from error
    _print(found.as_row())


def _print(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
