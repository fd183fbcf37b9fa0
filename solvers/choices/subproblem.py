"""A small integer program over some options of some workloads while all others stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.sparse import csr_array, vstack

from ..blocks import Floats, Ints
from ..program import Program
from .problem import ChoiceProblem

TOLERANCE = 1e-9
"""HiGHS repairs solutions that are off by more than its tolerance, and prints that it does."""


@dataclass(frozen=True)
class Outcome:
    """What a subproblem gave: options taken (None if no solution), a bound of its cost.

    ``closed`` is true when the best solution of the subproblem is known, or that there is none.
    """

    taken: Ints | None
    bound: float
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


def solve_subproblem(
    problem: ChoiceProblem,
    options: Ints,
    room: Floats,
    *,
    hint: Ints | None,
    seconds: float,
    nodes: int,
    seed: int,
) -> Outcome:
    """Take one of ``options`` (ascending) of each of their workloads within ``room`` (R) at the least cost.

    Parameters
    ----------
    hint
        Options (ascending) of a known solution.
    seconds, nodes
        Limits; the number of nodes makes the outcome the same every time unless the seconds are over first.
    """
    from ortools.math_opt.python import mathopt

    from ..mathopt import build_model, cost_scale

    program = subprogram(problem, options, room)
    scale = cost_scale(program)
    model = build_model(program, scale)
    variables = list(model.variables())
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(0.01, seconds)),
        node_limit=nodes,
        random_seed=seed,
        relative_gap_tolerance=0.0,
    )
    parameters.highs.double_options["mip_feasibility_tolerance"] = TOLERANCE
    extra = {}
    if hint is not None:
        known = np.isin(options, hint).astype(float)
        start = mathopt.SolutionHint(variable_values=dict(zip(variables, known.tolist(), strict=True)))
        extra["model_params"] = mathopt.ModelSolveParameters(solution_hints=[start])
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=parameters, **extra)
    reason = result.termination.reason
    closed = reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.INFEASIBLE)
    bound = result.termination.objective_bounds.dual_bound * scale
    if not result.has_primal_feasible_solution():
        return Outcome(None, np.inf if closed else bound, closed)
    found = result.variable_values()
    values = np.array([found[variable] for variable in variables])
    return Outcome(options[values > 0.5], bound, closed)
