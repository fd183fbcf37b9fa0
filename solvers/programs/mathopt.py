"""A :class:`Program` through OR-Tools MathOpt (CP-SAT, SCIP, GLOP): built in bulk, solved, and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.sat.sat_parameters_pb2 import SatParameters
from scipy.sparse import csr_array

from ...routing.errors import SolverError
from .listening import CallbackError, Listener, interrupted, values_of
from .program import Program, cost_scale
from .request import Answer, Relaxation, Request

SOLVER_TYPES = {"cp-sat": mathopt.SolverType.CP_SAT, "scip": mathopt.SolverType.GSCIP}
CP_SAT_UNIT = 1e6
"""CP-SAT rounds continuous columns to multiples of one over this."""
FAILURES = (AttributeError, RuntimeError, ValueError)
"""What MathOpt raises when a solver fails."""


def build_model(program: Program, scale: float) -> mathopt.Model:
    """Return the MathOpt model of ``program`` with its cost divided by ``scale``."""
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(program.columns))
    proto.variables.lower_bounds.extend(program.lower.tolist())
    proto.variables.upper_bounds.extend(program.upper.tolist())
    proto.variables.integers.extend(program.integer.tolist())
    priced = np.flatnonzero(program.cost)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend((program.cost[priced] / scale).tolist())
    matrix = program.matrix
    matrix.sort_indices()
    proto.linear_constraints.ids.extend(range(matrix.shape[0]))
    proto.linear_constraints.lower_bounds.extend(program.row_lower.tolist())
    proto.linear_constraints.upper_bounds.extend(program.row_upper.tolist())
    proto.linear_constraint_matrix.row_ids.extend(
        np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)).tolist()
    )
    proto.linear_constraint_matrix.column_ids.extend(matrix.indices.tolist())
    proto.linear_constraint_matrix.coefficients.extend(matrix.data.tolist())
    return mathopt.Model.from_model_proto(proto)


def relax_by_glop(program: Program, time_limit: float) -> Relaxation:
    """Solve a program without integers with GLOP."""
    scale = cost_scale(program)
    parameters = mathopt.SolveParameters(time_limit=timedelta(seconds=max(time_limit, 0.01)))
    result = _solve(build_model(program, scale), mathopt.SolverType.GLOP, params=parameters)
    rows = len(program.row_lower)
    if (
        not result.solutions
        or result.solutions[0].dual_solution is None
        or not result.has_primal_feasible_solution()
    ):
        return Relaxation(None, np.zeros(rows), _is_infeasible(result))
    duals = values_of(result.solutions[0].dual_solution.dual_values, rows) * scale
    return Relaxation(values_of(result.variable_values(), program.columns), duals, False)


def solve_on_grid(program: Program, request: Request) -> Answer:
    """Solve with CP-SAT, which rounds continuous columns to a grid.

    Continuous columns are scaled to [0, 1] and every row they are in is widened by what rounding them to the
    grid can move it, so what CP-SAT solves is a relaxation: its bound, less what rounding can move the cost,
    is proven. A gap as small as that cannot be closed: it counts as none.
    """
    continuous = ~program.integer
    if np.isinf(program.upper[continuous]).any():
        raise SolverError("CP-SAT takes no continuous columns without an upper bound")
    unit = np.where(continuous & (program.upper > 0), program.upper, 1.0)
    matrix = csr_array(program.matrix * unit[None, :])
    room = 1.01 / CP_SAT_UNIT * (abs(matrix) @ continuous.astype(float))
    scaled = Program(
        cost=program.cost * unit,
        lower=program.lower / unit,
        upper=program.upper / unit,
        integer=program.integer,
        matrix=matrix,
        row_lower=program.row_lower - room,
        row_upper=program.row_upper + room,
    )
    hint = None if request.hint is None else request.hint / unit
    rounded = float(np.abs(scaled.cost[continuous]).sum()) / CP_SAT_UNIT
    inner = replace(
        request,
        hint=hint,
        incumbent=lambda x: request.incumbent(x * unit),
        absolute_gap=max(rounded, request.absolute_gap or 0.0),
    )
    answer = solve_as_given(scaled, inner)
    moved = rounded + 1e-6 * abs(answer.bound)
    return Answer(None if answer.x is None else answer.x * unit, answer.bound - moved, answer.infeasible)


def solve_as_given(program: Program, request: Request) -> Answer:
    """Solve with SCIP, or CP-SAT where it needs no grid; without presolve where that errs."""
    answer = _solve_once(program, request)
    if answer.infeasible and request.hint is not None:
        return _solve_once(program, replace(request, presolve=False))
    return answer


def _solve_once(program: Program, request: Request) -> Answer:
    scale = cost_scale(program)
    model = build_model(program, scale)
    listener = Listener(request.incumbent, request.bound, request.stop, scale, program.columns)
    extra: dict[str, Any] = {}
    if request.watch:
        extra["cb"] = listener.hear_bounds if request.solver == "scip" else listener.hear_solutions
        extra["callback_reg"] = mathopt.CallbackRegistration(events={mathopt.Event.MIP_SOLUTION})
    if request.hint is not None:
        values = dict(zip(model.variables(), request.hint.tolist(), strict=True))
        extra["model_params"] = mathopt.ModelSolveParameters(
            solution_hints=[mathopt.SolutionHint(variable_values=values)]
        )
    # SCIP fails as soon as it has an interrupter (OR-Tools 9.15).
    stop = request.stop if request.solver == "cp-sat" else None
    try:
        with interrupted(stop) as interrupter:
            parameters = _parameters(request, scale, is_mixed=not program.integer.all())
            extra |= {"params": parameters, "interrupter": interrupter}
            result = _solve(model, SOLVER_TYPES[request.solver], **extra)
    except CallbackError as error:
        raise error.raised from None
    return _answer(result, scale, program)


def _parameters(request: Request, scale: float, *, is_mixed: bool) -> mathopt.SolveParameters:
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(request.time_limit, 0.01)),
        relative_gap_tolerance=request.gap_limit,
        random_seed=request.seed,
    )
    if request.presolve is False:
        parameters.presolve = mathopt.Emphasis.OFF
    absolute_gap = request.absolute_gap
    if absolute_gap is None and request.solver == "cp-sat":
        absolute_gap = 0.0  # CP-SAT's own default is 1e-4
    if absolute_gap is not None:
        parameters.absolute_gap_tolerance = absolute_gap / scale
    if request.solver == "cp-sat":
        parameters.threads = request.threads or 1
        parameters.cp_sat.mip_var_scaling = CP_SAT_UNIT
        parameters.cp_sat.mip_max_bound = 1e9
        parameters.cp_sat.mip_wanted_precision = 1e-7
        parameters.cp_sat.interleave_search = request.interleaved and (request.threads or 1) > 1
        if is_mixed:
            # Its reductions by dominance have been seen to cut off the optimum (OR-Tools 9.15).
            parameters.cp_sat.keep_all_feasible_solutions_in_presolve = True
            parameters.cp_sat.linearization_level = 2
            parameters.cp_sat.search_branching = SatParameters.PORTFOLIO_WITH_QUICK_RESTART_SEARCH
    else:
        parameters.gscip.real_params["numerics/feastol"] = 1e-7
    return parameters


def _solve(model: mathopt.Model, solver: mathopt.SolverType, **arguments: Any) -> mathopt.SolveResult:
    try:
        return mathopt.solve(model, solver, **arguments)
    except FAILURES as error:
        # MathOpt stumbles over the status that it is to tell (an AttributeError); that lies beneath.
        status = error.__context__ if isinstance(error, AttributeError) else error
        raise SolverError(f"{solver.name} failed: {status or 'it does not tell why'}") from error


def _answer(result: mathopt.SolveResult, scale: float, program: Program) -> Answer:
    bound = result.termination.objective_bounds.dual_bound * scale
    if not result.has_primal_feasible_solution():
        return Answer(None, bound if np.isfinite(bound) else -np.inf, _is_infeasible(result))
    x = values_of(result.variable_values(), program.columns)
    return Answer(x, min(bound, float(program.cost @ x)), False)


def _is_infeasible(result: mathopt.SolveResult) -> bool:
    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)
