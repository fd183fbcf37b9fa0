"""One instance: read, solved, written down and checked again from its file."""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from computeroute.solvers.blocks import BlockResult
from computeroute.solvers.decomposition import solve_blocks

from benchmarks.families import Family, Limits, Solution, WrongSolutionError, family, opened

ROUNDING = 1e-6
"""Relative gap that counts as none; a bound above the objective by more is wrong."""


@dataclass(frozen=True)
class Outcome:
    """What is printed of one instance.

    Attributes
    ----------
    instance, family
        What was solved.
    status
        ``optimal`` (gap of 1e-6 at most), ``feasible``, ``infeasible`` (proved) or ``unknown``.
    objective
        As recomputed from the instance file, None without a solution.
    bound, gap
        Proven lower bound and relative gap to it; negative where the bound is wrong.
    seconds
        Of solving alone; reading the file and checking the solution are not in it.
    peak_mib
        Largest memory of the process, reading included.
    feasible
        Whether a solution was found and fits the instance file.
    method
        Which solver, and why.
    """

    instance: str
    family: str
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    seconds: float
    peak_mib: float
    feasible: bool
    method: str
    is_wrong: bool = False
    """Whether a solution was found that does not fit the instance file."""

    def as_row(self) -> dict[str, object]:
        """Return the fields that are printed by name."""
        return {name: value for name, value in asdict(self).items() if name != "is_wrong"}


def solve_file(
    name: str, path: Path, instance: str | None, limits: Limits
) -> tuple[Outcome, Solution | None]:
    """Solve one instance and check what was found against its file; a solution that does not fit is None.

    Raises
    ------
    BadFileError, OSError
        When the file cannot be read.
    RouteError
        When a solver fails.
    """
    kind = family(name)
    blocks, context = opened(kind, path, instance)
    _tell_unknown_name(path, instance)
    began = time.monotonic()
    with stdout_to_stderr():
        if kind.solve is not None:
            result = kind.solve(blocks, context, limits)
        else:
            result = solve_blocks(
                blocks,
                time_limit=limits.seconds,
                gap_limit=limits.gap,
                seed=limits.seed,
                threads=limits.threads,
                stop=limits.stop,
            )
    seconds = time.monotonic() - began
    solution = None if result.solution is None else kind.to_solution(result.solution, context)
    objective = None if solution is None else checked(kind, path, instance, solution)
    title = instance or path.stem
    return outcome(title, name, result, objective, seconds), None if objective is None else solution


def _tell_unknown_name(path: Path, instance: str | None) -> None:
    """Tell where a file is not what the instance is named after; lines of a file have names of theirs."""
    if instance is not None and path.stem not in instance and "/" not in instance:
        sys.stderr.write(f"{path}: solved as it stands; {instance!r} names nothing in it\n")


def outcome(title: str, name: str, result: BlockResult, objective: float | None, seconds: float) -> Outcome:
    """Return what is told of a result whose objective, recomputed from the file, is ``objective``."""
    bound = result.bound if math.isfinite(result.bound) else None
    gap = None
    if objective is not None and bound is not None:
        gap = (objective - bound) / max(abs(objective), 1e-9)
        if gap < -ROUNDING:
            sys.stderr.write(f"{title}: wrong bound: {bound:.12g} is above {objective:.12g}\n")
        gap = max(0.0, gap) if gap >= -ROUNDING else gap
    return Outcome(
        instance=title,
        family=name,
        status=_status(result, objective, gap),
        objective=objective,
        bound=bound,
        gap=gap,
        seconds=round(seconds, 3),
        peak_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        feasible=objective is not None,
        method=result.method,
        is_wrong=objective is None and result.solution is not None,
    )


def _status(result: BlockResult, objective: float | None, gap: float | None) -> str:
    if objective is None:
        return "infeasible" if result.infeasible else "unknown"
    return "optimal" if gap is not None and 0 <= gap <= ROUNDING else "feasible"


def checked(kind: Family, path: Path, instance: str | None, solution: Solution) -> float | None:
    """Return the objective by the instance file, None (and why, on standard error) where it does not fit."""
    try:
        return kind.check(path, instance, solution)
    except WrongSolutionError as error:
        sys.stderr.write(f"{path}: wrong solution: {error}\n")
        return None


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what solvers print to standard error, whatever language they print it in."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
