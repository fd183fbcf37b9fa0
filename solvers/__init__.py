"""Solvers: ``solve(problem)`` returns a plan with its proof.

A solver is a callable ``(Problem, Options) -> Plan``; :data:`SOLVERS` names those that come with the library.
Nothing here prints, exits or configures logging, and nothing is shared between calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from ..routing.errors import UnknownNameError, require
from ..routing.plan import Plan
from ..routing.problem import Problem
from .options import CancelToken, Options, Progress, ProgressCallback, options_of
from .overcommitted import refused
from .stopping import StoppedError

Solver = Callable[[Problem, Options], Plan]

__all__ = ["SOLVERS", "CancelToken", "Options", "Progress", "ProgressCallback", "Solver", "solve"]


def _highs(problem: Problem, options: Options) -> Plan:
    from .exact import solve_exact

    return solve_exact(problem, options, "highs")


def _cp_sat(problem: Problem, options: Options) -> Plan:
    from .exact import solve_exact

    return solve_exact(problem, options, "cp-sat")


def _scip(problem: Problem, options: Options) -> Plan:
    from .exact import solve_exact

    return solve_exact(problem, options, "scip")


def _decomposition(problem: Problem, options: Options) -> Plan:
    from .automatic import solve_decomposed

    return solve_decomposed(problem, options)


def _auto(problem: Problem, options: Options) -> Plan:
    from .automatic import solve_auto

    return solve_auto(problem, options)


SOLVERS: MappingProxyType[str, Solver] = MappingProxyType(
    {"auto": _auto, "highs": _highs, "cp-sat": _cp_sat, "scip": _scip, "decomposition": _decomposition}
)
"""Solvers by name. ``auto`` is the exact solver through HiGHS, or the decomposition, or both in turn, as the
structure of the problem suggests. The decomposition leaves problems to the exact solver whose services
survive losses that ask for too much to be listed."""


def solve(problem: Problem, *, solver: str | Solver = "auto", **options: Any) -> Plan:
    """Plan ``problem``.

    Parameters
    ----------
    problem
        What to plan; it may serve many calls and threads at once.
    solver
        A name in :data:`SOLVERS`, or any callable ``(Problem, Options) -> Plan``.
    **options
        Fields of :class:`Options`: ``time_limit`` (s), ``gap_limit``, ``seed``, ``threads``, ``cores``,
        ``progress``, ``cancel``, ``all_or_nothing``, ``similar_plan``.

    Returns
    -------
    Plan
        The best plan found, with its proven bound and gap. It is falsy when nothing usable was found.

    Raises
    ------
    UnknownNameError
        For an unknown solver or option.
    InputError
        For a problem, a solver or an option of the wrong kind, an option out of its range, and a similar plan
        that contradicts itself.
    SolverError
        When the solver failed; RejectedPlanError when the verifier rejects its plan.
    """
    require("problem", problem, Problem, "a Problem, as topologies.load returns")
    require("solver", solver, str | Callable, "the name of a solver, or a callable")
    chosen = options_of(options)
    if chosen.similar_plan is not None:
        chosen.similar_plan.require_whole()
    if not isinstance(solver, str):
        plan = solver(problem, chosen)
        require("what the solver returned", plan, Plan, "a Plan")
        return _verified(problem, plan, getattr(solver, "__name__", type(solver).__name__))
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, list(SOLVERS))
    started, nothing = time.monotonic(), refused(problem, chosen, solver)
    try:
        plan = SOLVERS[solver](problem, chosen) if nothing is None else nothing
    except StoppedError:
        plan = _stopped(problem, chosen, solver, started)
    return _verified(problem, plan, solver)


def _verified(problem: Problem, plan: Plan, solver: str) -> Plan:
    from .verified import verified

    return verified(problem, plan, solver)


def _stopped(problem: Problem, options: Options, solver: str, started: float) -> Plan:
    """Return that nothing is known, as somebody asked to stop before."""
    from .accounts.header import Header

    return Header(problem, options, solver, "cancel", started).no_plan(0.0, proven=False)
