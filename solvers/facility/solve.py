"""Facility location from blocks to a proven solution."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..blocks import BlockResult, Blocks
from .instance import read_facility, write_solution
from .search import Search

METHOD = "Lagrangian branch and bound over open sites"


def solve_facility(
    blocks: Blocks,
    *,
    time_limit: float,
    gap_limit: float = 0.0,
    seed: int = 0,
    threads: int | None = None,  # noqa: ARG001
    progress: Callable[[float | None, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> BlockResult:
    """Solve a facility location problem.

    Parameters
    ----------
    blocks
        Choices (one site serves a customer) or divisions (several may), each option or arc using exactly one
        resource; no flows, modules or replicas.
    time_limit
        Wall seconds.
    gap_limit
        Relative gap at which to end.
    seed
        For the solver of small programs and for wandering. After the first seconds searches run side by side,
        so that what a long solve finds also depends on their speed.
    threads
        Taken for the likeness to other solvers: two processes besides this one solve programs, in turn.
    progress
        Told objective (None before there is one) and bound after every step.
    stop
        Asked often; once it returns true, the best solution so far is returned.

    Returns
    -------
    BlockResult
        With the solution, its cost recomputed from the tables, and a proven lower bound.

    Raises
    ------
    SolverError
        When the blocks are no facility location problem, or a solver of programs failed.
    """
    begun = time.monotonic()
    reading = read_facility(blocks)
    search = Search(
        reading.facility,
        begun + time_limit,
        gap_limit,
        seed,
        halted=stop or (lambda: False),
        hear=progress or (lambda _cost, _bound: None),
    )
    search.run()
    share = search.incumbent.share
    return BlockResult(
        solution=None if share is None else write_solution(reading, share),
        objective=search.incumbent.cost,
        bound=search.bound,
        infeasible=search.infeasible,
        method=METHOD,
        seconds=time.monotonic() - begun,
    )
