"""A small integer program over some options of some workloads while all others stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.sparse import csr_array, vstack

from ..blocks import Floats, Ints
from ..programs.program import Program
from .problem import ChoiceProblem

WORK = 0.4
"""Most work on one subproblem, in the deterministic seconds of CP-SAT."""


@dataclass(frozen=True)
class Outcome:
    """What a subproblem gave: options taken (None if no solution was found), whether it was closed.

    ``closed`` is true when the best solution of the subproblem is known, or that there is none.
    """

    taken: Ints | None
    closed: bool


def subprogram(problem: ChoiceProblem, options: Ints, room: Floats) -> Program:
    """Return the program that takes one of ``options`` (ascending) per workload within ``room`` (R)."""
    workloads, row = np.unique(problem.owner[options], return_inverse=True)
    count = len(options)
    place = csr_array((np.ones(count), (row, np.arange(count))), shape=(len(workloads), count))
    turned = csr_array(problem.uses[options].T.tocsr())
    met = np.flatnonzero(np.diff(turned.indptr))
    return Program(
        cost=problem.cost[options],
        lower=np.zeros(count),
        upper=np.ones(count),
        integer=np.ones(count, dtype=bool),
        matrix=csr_array(vstack([place, turned[met]], format="csr")),
        row_lower=np.concatenate([np.ones(len(workloads)), np.full(len(met), -np.inf)]),
        row_upper=np.concatenate([np.ones(len(workloads)), room[met]]),
    )


def solve_subproblem(program: Program, options: Ints, hint: Ints, *, seconds: float, seed: int) -> Outcome:
    """Solve the ``program`` of ``options`` with CP-SAT from the known solution ``hint`` (options).

    Work is limited, so that the outcome is the same every time unless the seconds are over first.
    """
    from ortools.math_opt.python import mathopt

    from ..programs.mathopt import build_model
    from ..programs.program import cost_scale

    model = build_model(program, cost_scale(program))
    variables = list(model.variables())
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(0.01, seconds)),
        threads=1,
        random_seed=seed,
        relative_gap_tolerance=0.0,
        absolute_gap_tolerance=0.0,
    )
    parameters.cp_sat.max_deterministic_time = WORK
    parameters.cp_sat.mip_max_bound = 1e9
    known = dict(zip(variables, np.isin(options, hint).astype(float).tolist(), strict=True))
    start = mathopt.ModelSolveParameters(solution_hints=[mathopt.SolutionHint(variable_values=known)])
    result = mathopt.solve(model, mathopt.SolverType.CP_SAT, params=parameters, model_params=start)
    reason = result.termination.reason
    closed = reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.INFEASIBLE)
    if not result.has_primal_feasible_solution():
        return Outcome(None, closed)
    found = result.variable_values()
    return Outcome(options[np.array([found[variable] for variable in variables]) > 0.5], closed)
