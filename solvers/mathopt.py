"""A :class:`Program` through OR-Tools MathOpt: built in bulk, solved, and read back."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from scipy.sparse import csr_array

from ..routing.errors import SolverError
from .listening import CallbackError, Listener, values_of
from .program import Program
from .rates import Floats

SOLVER_TYPES = {
    "highs": mathopt.SolverType.HIGHS,
    "cp-sat": mathopt.SolverType.CP_SAT,
    "scip": mathopt.SolverType.GSCIP,
}
FORBIDDING = 1e7
"""Times a small cost of a program beyond which large ones are there to forbid something."""
MOST_COST = 1e13
"""Cost, as solvers see it, that none exceeds: HiGHS fails where some are far above."""
DOUBTED_COLUMNS = 20_000
"""Relaxations up to this size are solved again without presolve before they are believed infeasible: the
presolve of HiGHS has been seen to err where a row leaves room of about its tolerance only."""
SETTLE_SECONDS = 10.0
CP_SAT_UNIT = 1e6
"""CP-SAT rounds continuous columns to multiples of one over this."""
QUIET_TOLERANCE = 1e-9
"""HiGHS repairs solutions that are off by more than its tolerance, and prints that it does, whatever it is
told; so tight a tolerance leaves next to nothing to repair."""
FAILURES = (AttributeError, RuntimeError, ValueError)
"""What MathOpt raises when a solver fails."""
SUB_MIPS = (
    "mip_heuristic_run_rins",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_root_reduced_cost",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How to solve one program: seconds, gaps, seed, threads, a first solution, what to tell as it runs.

    Without ``sub_mips``, HiGHS branches instead of solving further integer programs around its relaxation:
    faster where few columns are integer, as it has been seen to spend ten seconds and more in each of those.
    CP-SAT in several threads finds the same each time where it is ``interleaved``, and more where it is not.
    """

    solver: str = "highs"
    time_limit: float
    gap_limit: float = 0.0
    absolute_gap: float | None = None
    seed: int = 0
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


def cost_scale(program: Program) -> float:
    """Return a power of two near the typical cost, so that tolerances of solvers mean something.

    Where many costs are so large that they stand for what is not to be, the others would be lost in these.
    """
    priced = np.abs(program.cost[program.cost != 0])
    if not len(priced):
        return 1.0
    small, large = np.quantile(priced, [0.1, 0.9])
    usual = max(large if large <= FORBIDDING * small else small, priced.max() / MOST_COST)
    return float(2.0 ** np.round(np.log2(usual)))


def solve_relaxation(program: Program, time_limit: float, seed: int = 0) -> Relaxation:
    """Solve the linear relaxation (HiGHS, by what method it sees fit; GLOP where that fails)."""
    relaxed = Program(**{**_fields(program), "integer": np.zeros(program.columns, dtype=bool)})
    scale = cost_scale(program)
    model = build_model(relaxed, scale)
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(time_limit, 0.01)), random_seed=seed
    )
    result = _solve_linear(model, parameters)
    if _is_infeasible(result) and program.columns <= DOUBTED_COLUMNS:
        parameters.presolve = mathopt.Emphasis.OFF
        result = _solve_linear(model, parameters)
    infeasible = _is_infeasible(result)
    if (
        not result.solutions
        or result.solutions[0].dual_solution is None
        or not result.has_primal_feasible_solution()
    ):
        return Relaxation(None, np.zeros(len(program.row_lower)), infeasible)
    x = values_of(result.variable_values(), program.columns)
    duals = values_of(result.solutions[0].dual_solution.dual_values, len(program.row_lower)) * scale
    return Relaxation(x, duals, False)


def solve_integer(program: Program, request: Request) -> Answer:
    """Solve a mixed-integer program with the solver of that name.

    Raises
    ------
    SolverError
        When the solver refuses the model or ends without telling anything.
    """
    if request.solver == "cp-sat":
        return _solve_on_grid(program, request)
    return _solve_as_given(program, request)


def _solve_on_grid(program: Program, request: Request) -> Answer:
    """Solve with CP-SAT, which rounds continuous columns to a grid.

    Continuous columns are scaled to [0, 1] and every row they are in is widened by what rounding them to the
    grid can move it, so what CP-SAT solves is a relaxation: its bound, less what rounding can move the cost,
    is proven.
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
    inner = replace(request, hint=hint, incumbent=lambda x: request.incumbent(x * unit))
    answer = _solve_as_given(scaled, inner)
    moved = float(np.abs(scaled.cost[continuous]).sum()) / CP_SAT_UNIT + 1e-6 * abs(answer.bound)
    return Answer(None if answer.x is None else answer.x * unit, answer.bound - moved, answer.infeasible)


def _solve_as_given(program: Program, request: Request) -> Answer:
    scale = cost_scale(program)
    model = build_model(program, scale)
    variables = list(model.variables())
    listener = Listener(request.incumbent, request.bound, request.stop, scale, program.columns)
    extra: dict[str, Any] = {}
    if request.watch and request.solver == "highs":
        extra["msg_cb"] = listener.read_log
    elif request.watch:
        extra["cb"] = listener.hear_bounds if request.solver == "scip" else listener.hear_solutions
        extra["callback_reg"] = mathopt.CallbackRegistration(events={mathopt.Event.MIP_SOLUTION})
    if request.hint is not None and (request.watch or request.solver != "highs"):
        # HiGHS with so tight a tolerance has been seen to cut off solutions better than the one it was given
        values = dict(zip(variables, request.hint.tolist(), strict=True))
        extra["model_params"] = mathopt.ModelSolveParameters(
            solution_hints=[mathopt.SolutionHint(variable_values=values)]
        )
    parameters = _parameters(request, scale)
    try:
        result = _solve(model, SOLVER_TYPES[request.solver], params=parameters, **extra)
        if _is_infeasible(result) and request.hint is not None:
            parameters.presolve = mathopt.Emphasis.OFF  # the hint is a solution, so presolve has erred
            result = _solve(model, SOLVER_TYPES[request.solver], params=parameters, **extra)
    except CallbackError as error:
        raise error.raised from None
    return _answer(result, scale, program)


def _parameters(request: Request, scale: float) -> mathopt.SolveParameters:
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=max(request.time_limit, 0.01)),
        relative_gap_tolerance=request.gap_limit,
        random_seed=request.seed,
    )
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
    elif request.solver == "scip":
        parameters.gscip.real_params["numerics/feastol"] = 1e-7
    else:
        _set_highs(parameters, request)
    return parameters


def _set_highs(parameters: mathopt.SolveParameters, request: Request) -> None:
    # When HiGHS begins anew at the root it has been seen to cut the best solutions off: 5 of 18 times, by up
    # to 9 %, in one program of 338 columns that only differed in seed and scale, and never without.
    parameters.highs.bool_options["mip_allow_restart"] = False
    if not request.watch:
        parameters.highs.double_options["mip_feasibility_tolerance"] = QUIET_TOLERANCE
    if not request.sub_mips:
        for name in SUB_MIPS:
            parameters.highs.bool_options[name] = False


def _solve(
    model: mathopt.Model, solver: mathopt.SolverType, *, params: mathopt.SolveParameters, **arguments: Any
) -> mathopt.SolveResult:
    """Solve once, and HiGHS a second time in a plainer way where it fails within itself.

    HiGHS has no threads of its own: a copy of this process would wait for such threads forever. What else is
    in this process may have called it with several before; then it refuses to have one.
    """
    if solver == mathopt.SolverType.HIGHS:
        params.highs.int_options["threads"] = 1
    try:
        return mathopt.solve(model, solver, params=params, **arguments)
    except FAILURES as error:
        if solver != mathopt.SolverType.HIGHS:
            raise _failure(solver, error) from error
    try:
        return mathopt.solve(model, solver, params=_plainer(params), **arguments)
    except FAILURES as error:
        raise _failure(solver, error) from error


def _solve_linear(model: mathopt.Model, params: mathopt.SolveParameters) -> mathopt.SolveResult:
    """Solve a linear program with HiGHS, or with GLOP where that fails: as with costs from 1e-6 to 1e6."""
    try:
        return _solve(model, mathopt.SolverType.HIGHS, params=params)
    except SolverError:
        return _solve(model, mathopt.SolverType.GLOP, params=params)


def _plainer(params: mathopt.SolveParameters) -> mathopt.SolveParameters:
    """Return the parameters without what HiGHS has been seen to fail in, such as presolve."""
    plain = deepcopy(params)
    plain.presolve = mathopt.Emphasis.OFF
    plain.highs.double_options.clear()
    plain.highs.int_options.clear()
    return plain


def highs_has_threads() -> bool:
    """Return whether HiGHS has threads of its own in this process, as somebody called it with several."""
    params = mathopt.SolveParameters()
    params.highs.int_options["threads"] = 1
    model = mathopt.Model()
    model.maximize(model.add_binary_variable())
    try:
        mathopt.solve(model, mathopt.SolverType.HIGHS, params=params)
    except FAILURES:
        return True
    return False


def _failure(solver: mathopt.SolverType, error: Exception) -> SolverError:
    # MathOpt stumbles over the status that it is to tell (an AttributeError); that status lies beneath.
    status = error.__context__ if isinstance(error, AttributeError) else error
    return SolverError(f"{solver.name} failed: {status or 'it does not tell why'}")


def _answer(result: mathopt.SolveResult, scale: float, program: Program) -> Answer:
    bound = result.termination.objective_bounds.dual_bound * scale
    if not result.has_primal_feasible_solution():
        return Answer(None, bound if np.isfinite(bound) else -np.inf, _is_infeasible(result))
    x = values_of(result.variable_values(), program.columns)
    # HiGHS proves bounds to about 1e-6 of the scale, so that they may be above its own solution.
    return Answer(x, min(bound, float(program.cost @ x)), False)


def _is_infeasible(result: mathopt.SolveResult) -> bool:
    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)


def _fields(program: Program) -> dict[str, Any]:
    return {name: getattr(program, name) for name in program.__dataclass_fields__}


def settle(program: Program, x: Floats) -> Floats:
    """Return ``x`` with its integers rounded and its continuous columns optimal for them, where possible."""
    rounded = np.where(program.integer, np.round(x), x)
    lower = np.where(program.integer, rounded, program.lower)
    upper = np.where(program.integer, rounded, program.upper)
    compact = program.with_bounds(lower, upper).compact()
    if not compact.consistent or compact.program.columns == 0:
        return rounded
    polished = solve_relaxation(compact.program, SETTLE_SECONDS)
    return rounded if polished.x is None else compact.whole(polished.x)
