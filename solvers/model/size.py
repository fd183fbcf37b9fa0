"""How large a model becomes, known before it is built."""

from __future__ import annotations

from typing import NoReturn

from ...routing.errors import SolverError
from ...routing.problem import Problem

MOST_COLUMNS = 1_500_000
"""Of the whole model; several KiB of memory each while it is built and solved."""
MOST_POSSIBLE = 10 * MOST_COLUMNS
"""Columns, were all pools admissible, beyond which it is not looked how many there are."""
OTHER_SOLVER = "take the solver decomposition"
LESS_PROTECTION = "let fewer services survive losses (the solver decomposition knows nothing of them)"


def possible_columns(problem: Problem) -> int:
    """Return an upper bound of the columns for shares of demands and starts of jobs.

    Residency, latency and memory are not looked at; what they rule out makes the model smaller.
    """
    periods = len(problem.periods)
    pools: dict[str, int] = {}
    for pool in problem.pools:
        pools[pool.accelerator] = pools.get(pool.accelerator, 0) + 1
    columns = 0
    for service in problem.services:
        slots = sum(pools.get(kind, 0) for kind in {serving.accelerator for serving in service.serving})
        columns += len(service.demand) * slots * periods
    return columns + len(problem.jobs) * len(problem.pools) * periods


def check_size(problem: Problem) -> None:
    """Raise SolverError when the whole model would certainly be too large to build."""
    possible = possible_columns(problem)
    if possible > MOST_POSSIBLE:
        _refuse(problem, f"up to {possible:,}")


def check_columns(problem: Problem, columns: int) -> None:
    """Raise SolverError, with the way out of it, when there are too many columns for the whole model.

    ``columns`` are those counted so far: what is barred is no column.
    """
    if columns > MOST_COLUMNS:
        _refuse(problem, f"at least {columns:,}")


def _refuse(problem: Problem, count: str) -> NoReturn:
    protects = any(service.survive for service in problem.services)
    way_out = LESS_PROTECTION if protects else OTHER_SOLVER
    raise SolverError(
        f"the whole model would have {count} columns, and {MOST_COLUMNS:,} is the most that is tried; "
        f"{way_out}, or plan fewer locations, services or jobs at a time"
    )
