"""What is asked of a solver about one program, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..rates import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How to solve one program: seconds, gaps, seed, threads, a first solution, what to tell as it runs.

    Solvers decide whether to simplify the program first where ``presolve`` is None. What is proven with HiGHS
    is more certain where it solves small programs ``twice``, with presolve and without.

    Without ``sub_mips``, HiGHS branches instead of solving further integer programs around its relaxation:
    faster where few columns are integer, as it has been seen to spend ten seconds and more in each of those.
    CP-SAT in several threads finds the same each time where it is ``interleaved``, and more where it is not.
    """

    solver: str = "highs"
    time_limit: float
    gap_limit: float = 0.0
    absolute_gap: float | None = None
    seed: int = 0
    presolve: bool | None = None
    twice: bool = False
    threads: int | None = None
    hint: Floats | None = None
    watch: bool = True
    sub_mips: bool = True
    interleaved: bool = True
    stop: Callable[[], bool] = lambda: False
    incumbent: Callable[[Floats], None] = lambda _: None
    bound: Callable[[float], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes
    ----------
    x
        Best solution, or None.
    bound
        Proven lower bound, -inf where none.
    infeasible
        Proved to have no solution.
    """

    x: Floats | None
    bound: float
    infeasible: bool


@dataclass(frozen=True, slots=True)
class Relaxation:
    """An optimal solution of the linear relaxation with its duals; ``x`` is None if there is none."""

    x: Floats | None
    duals: Floats
    infeasible: bool
