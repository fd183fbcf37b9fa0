"""HiGHS as the solvers call it: a :class:`Program` passed over as arrays, run, and read back.

HiGHS is asked through its own package, not through OR-Tools. The one in there (1.12) told bounds above the
optimum in 9 of 764 runs of 191 small programs of ours at a tight tolerance, in 16 at its own, and prints past
what it is told. This one (1.16) is silent, and wrong less often; :mod:`.highs` has what is done about that.
"""

from __future__ import annotations

import highspy
import numpy as np

from ...routing.errors import SolverError
from ..rates import Floats
from .program import Program, cost_scale
from .request import Relaxation

Status = highspy.HighsModelStatus
ENDED = frozenset(
    {
        Status.kInfeasible,
        Status.kInterrupt,
        Status.kMemoryLimit,
        Status.kTimeLimit,
        Status.kUnbounded,
        Status.kUnboundedOrInfeasible,
    }
)
"""How HiGHS may end without a solution; "optimal", too, may come with none that is within its tolerances."""


class Highs(highspy.Highs):
    """HiGHS that prints nothing: its own would print a banner as it is made."""

    def enableCallbacks(self) -> None:  # noqa: N802
        """Do so, as its constructor asks for, in silence."""
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def relax_by_highs(
    program: Program,
    time_limit: float,
    seed: int,
    *,
    presolve: bool,
    interior: bool = False,
    scale: float | None = None,
) -> Relaxation:
    """Solve a program without integers, with ``interior`` up to a point inside of what is optimal.

    ``scale`` divides the costs for HiGHS, which perturbs large ones by more; it is what is usual without.

    Raises
    ------
    SolverError
        When HiGHS fails.
    """
    scale = cost_scale(program) if scale is None else scale
    highs = loaded(program, scale, time_limit, seed, presolve=presolve)
    if interior:
        highs.setOptionValue("solver", "ipm")
        highs.setOptionValue("run_crossover", "off")
    status = run(highs)
    if not has_solution(highs):
        return Relaxation(None, np.zeros(len(program.row_lower)), status == Status.kInfeasible)
    duals = np.array(highs.getSolution().row_dual) * scale
    return Relaxation(values(highs), duals, False)


def highs_has_threads() -> bool:
    """Return whether HiGHS has threads of its own in this process, as somebody called it with several."""
    highs = Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("threads", 1)
    return bool(highs.run() == highspy.HighsStatus.kError)


def loaded(program: Program, scale: float, time_limit: float, seed: int, *, presolve: bool) -> Highs:
    """Return HiGHS with the program, its cost divided by ``scale``.

    It has no threads of its own: a copy of this process would wait for such threads forever.

    Raises
    ------
    SolverError
        When HiGHS refuses the program.
    """
    matrix = program.matrix
    matrix.sort_indices()
    highs = Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", seed)
    highs.setOptionValue("time_limit", max(time_limit, 0.01))
    if not presolve:
        highs.setOptionValue("presolve", "off")
    status = highs.passModel(
        program.columns,
        len(program.row_lower),
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.cost / scale,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        program.integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise SolverError("HIGHS failed: it refuses the program")
    return highs


def run(highs: Highs) -> highspy.HighsModelStatus:
    """Run it and return how it ended.

    Raises
    ------
    SolverError
        When it failed.
    """
    outcome = highs.run()
    if outcome == highspy.HighsStatus.kError and highs.getModelStatus() == Status.kNotset:
        # what else is in this process has it run with several threads: then it refuses to have one
        highs.setOptionValue("threads", 0)
        outcome = highs.run()
    status = highs.getModelStatus()
    if outcome == highspy.HighsStatus.kError or not (status in ENDED or has_solution(highs)):
        raise SolverError(f"HIGHS failed: {highs.modelStatusToString(status)}")
    return status


def has_solution(highs: Highs) -> bool:
    """Return whether there is a solution within the tolerances."""
    return bool(highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible)


def values(highs: Highs) -> Floats:
    """Return the solution.

    Raises
    ------
    SolverError
        When it holds something else than numbers.
    """
    x = np.array(highs.getSolution().col_value)
    if not np.isfinite(x).all():
        raise SolverError("HIGHS failed: its solution has no values")
    return x
