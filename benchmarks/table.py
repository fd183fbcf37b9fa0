"""Tables of many instances: every solve in a process of its own, so limits hold and memory is its own."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TextIO

from computeroute.routing.text import guarded

from benchmarks.known import Known

GRACE_SECONDS = 20.0
"""Seconds beyond the limit (reading, checking, a solver that overruns) before a process is ended."""
OURS = "ours"
WRONG = 1
"""Exit code where a solution was found that does not fit its file; what is known of it is printed."""
FIELDS = ("family", "instance", "best_known", "solver", "status", "objective", "bound", "to_best", "gap")
COLUMNS = (*FIELDS, "seconds", "peak_mib", "method")


@dataclass(frozen=True)
class Row:
    """One instance solved by one solver; ``told`` is what its process printed."""

    known: Known
    solver: str
    told: dict[str, Any]

    @property
    def to_best(self) -> float | None:
        """Relative distance of the objective above the best known value; None where one is missing."""
        best, found = self.known.best, self.told.get("objective")
        if best is None or found is None or not math.isfinite(best):
            return None
        return float((found - best) / max(abs(best), 1e-9))

    def as_dict(self) -> dict[str, Any]:
        """Return the columns of the CSV file."""
        own = {
            "family": self.known.group,
            "instance": self.known.instance,
            "best_known": self.known.best,
            "solver": self.solver,
            "to_best": self.to_best,
        }
        return {name: own[name] if name in own else self.told.get(name) for name in COLUMNS}


def run_table(
    instances: Sequence[Known], solvers: Sequence[str], options: Sequence[str], seconds: float, jobs: int
) -> Iterator[Row]:
    """Yield a row per instance and solver as they end, ``jobs`` at once.

    A KeyboardInterrupt in the caller ends the processes that run; rows yielded before stay valid.
    """
    running: set[subprocess.Popen[str]] = set()
    pool = ThreadPoolExecutor(jobs)
    work = ((known, solver) for known in instances for solver in solvers)
    futures: set[Future[Row]] = set()
    try:
        for known, solver in work:
            futures.add(pool.submit(_run, known, solver, options, seconds + GRACE_SECONDS, running))
            if len(futures) >= jobs:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in wait(futures).done)
    finally:
        for process in list(running):
            process.kill()
        pool.shutdown(cancel_futures=True)


def _run(
    known: Known, solver: str, options: Sequence[str], seconds: float, running: set[subprocess.Popen[str]]
) -> Row:
    command = [sys.executable, "-m", "benchmarks", "solve", known.family, str(known.path), *options]
    command += ["--instance", known.instance, "--by", solver]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running.add(process)
    try:
        printed, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Row(known, solver, {"status": f"ended after {seconds:g} s"})
    finally:
        running.discard(process)
    if process.returncode not in (0, WRONG) or not printed.strip():
        last = errors.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        return Row(known, solver, {"status": "error", "method": last[0]})
    return Row(known, solver, json.loads(printed))


def csv_of(rows: Iterable[Row]) -> str:
    """Return the rows as the text of a CSV file that no spreadsheet takes for formulas."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    for row in rows:
        cells = row.as_dict().items()
        writer.writerow({name: guarded(cell) if isinstance(cell, str) else cell for name, cell in cells})
    return stream.getvalue()


def write_row(stream: TextIO, row: Row) -> None:
    """Write one line as soon as it is known."""
    told = row.told
    best = "infeasible" if row.known.best == math.inf else number(row.known.best)
    status = told.get("status", "")
    found = number(told.get("objective")) if told.get("objective") is not None else status
    cells = [f"{row.known.group:20}", f"{row.known.instance:20}", f"{row.solver:7}", f"{best:>15}"]
    cells += [f"{found:>15}", f"{percent(row.to_best):>9}", f"{percent(told.get('gap')):>9}"]
    stream.write(" ".join([*cells, f"{number(told.get('seconds')):>9}"]) + "\n")
    stream.flush()


def write_heading(stream: TextIO) -> None:
    """Write the line above the table of a group."""
    cells = [
        f"{'group':20}",
        f"{'instance':20}",
        f"{'solver':7}",
        f"{'best known':>15}",
        f"{'objective':>15}",
    ]
    stream.write(" ".join([*cells, f"{'to best':>9}", f"{'gap':>9}", f"{'seconds':>9}"]) + "\n")


def number(value: float | None) -> str:
    """Return a number with separators of thousands, a dash for None."""
    return "-" if value is None else f"{value:,.10g}"


def percent(value: float | None) -> str:
    """Return a share as a percentage, a dash for None."""
    return "-" if value is None else f"{value:.4%}"
