"""How large a model becomes, known before it is built."""

from __future__ import annotations

from ...routing.errors import SolverError
from ...routing.problem import Problem

MOST_COLUMNS = 1_500_000
"""Of the whole model; several KiB of memory each while it is built and solved."""
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
    """Raise SolverError when the whole model would be too large to build."""
    protects = any(service.survive for service in problem.services)
    check_columns(possible_columns(problem), LESS_PROTECTION if protects else OTHER_SOLVER)


def check_columns(columns: int, way_out: str) -> None:
    """Raise SolverError, with the way out of it, when there are too many columns for the whole model."""
    if columns > MOST_COLUMNS:
        raise SolverError(
            f"the whole model would have up to {columns:,} columns, and {MOST_COLUMNS:,} is the most that is "
            f"tried; {way_out}, or plan fewer locations, services or jobs at a time"
        )
