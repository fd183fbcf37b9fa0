"""Integer programs by HiGHS, which is now and then wrong: what is to be certain is solved in two ways."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import highspy
import numpy as np

from ...routing.errors import SolverError
from .highs_calls import Highs, Status, has_solution, loaded, run, values
from .program import ROUNDING, Program, cost_scale
from .request import Answer, Request

DOUBTED = 1e-4
"""Part of the cost by which a solution of HiGHS may differ from what it tells: given a first solution, it has
been seen to give that back with the cost of a better one."""
PRESOLVED_COLUMNS = 3_000
"""From how many columns on HiGHS simplifies integer programs first. Of 110 small ones of ours, solved with
six seeds and scales, it told wrong bounds of six where it did, up to 0.1 % above the optimum, and of two
others, 3e-5 above, where it did not: so what is to be certain is solved both ways.
"""
TOLERANCE = 1e-8
"""Of rows and integers. At 1e-7 and above HiGHS has been seen to overlook what may be left out beyond the
least (1e-7), with which a plan may cost a twentieth; at 1e-9 it may call infeasible what rounding makes so.
"""
LEAST_GAP = 1e-6
"""Part of the least cost, or of a part of the scale as small, that counts as none when a search may end."""
LEAST_SECONDS = 1.0
"""What the second way may take at least; else it takes as long as the first."""
CONTRADICTION = 1e-6
"""Part of the cost by which a bound may be above a solution that is known."""
SUB_MIPS = (
    "mip_heuristic_run_rins",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_root_reduced_cost",
)


@dataclass
class _Ear:
    """Hears how the search goes, passes it on, and ends the search where it is to stop or something fails."""

    request: Request
    scale: float
    told: float = -np.inf
    tells_bounds: bool = True
    raised: BaseException | None = None

    def hear(self, event: Any) -> None:
        """Hear of the bound at this moment."""
        with self:
            self._tell_bound(event.data_out.mip_dual_bound * self.scale)
        self._go_on(event)

    def hear_solution(self, event: Any) -> None:
        """Hear of a better solution."""
        with self:
            if self.raised is None:
                self.request.incumbent(np.array(event.data_out.mip_solution))
        self._go_on(event)

    def _tell_bound(self, bound: float) -> None:
        if self.tells_bounds and self.raised is None and np.isfinite(bound) and bound > self.told:
            self.told = bound
            self.request.bound(bound - ROUNDING * abs(bound))  # so that the last one is the same every time

    def _go_on(self, event: Any) -> None:
        with self:
            if self.raised is None and not self.request.stop():
                return
        event.interrupt()

    def __enter__(self) -> None:
        """Begin with what may raise: nothing of it may get into HiGHS."""

    def __exit__(self, _: Any, raised: BaseException | None, __: TracebackType | None) -> bool:
        self.raised = self.raised or raised
        return True


def solve_by_highs(program: Program, request: Request) -> Answer:
    """Solve a mixed-integer program, a second time in another way where HiGHS fails or is wrong.

    Raises
    ------
    SolverError
        When it fails again.
    """
    began = time.monotonic()
    try:
        answer = _solve_integer(program, request)
    except SolverError:
        answer = None
    taken = time.monotonic() - began
    again = replace(_otherwise(program, request), time_limit=request.time_limit - taken)
    if answer is None or _contradicts(answer, program, request):
        return _solve_integer(program, again)
    if not _is_solved_twice(program, request) or again.time_limit <= 0:
        return answer
    short = replace(again, time_limit=min(again.time_limit, max(taken, LEAST_SECONDS)))
    return _solve_integer(program, again) if _is_refuted(answer, program, short) else answer


def _is_solved_twice(program: Program, request: Request) -> bool:
    return request.twice and program.columns <= PRESOLVED_COLUMNS


def _is_refuted(answer: Answer, program: Program, request: Request) -> bool:
    """Return whether another way of solving finds a solution that is better than what was proven."""
    try:
        other = _solve_integer(program, request)
    except SolverError:
        return False
    return other.x is not None and _contradicts(answer, program, replace(request, hint=other.x))


def _contradicts(answer: Answer, program: Program, request: Request) -> bool:
    """Return whether what was proven is wrong, as a better solution is known."""
    if request.hint is None:
        return False
    known = float(program.cost @ request.hint)
    return answer.infeasible or answer.bound > known + CONTRADICTION * max(cost_scale(program), abs(known))


def _otherwise(program: Program, request: Request) -> Request:
    """Return the request without what HiGHS may have erred in: a first solution, and presolve or its lack.

    Large programs keep presolve where they had a first solution: they are hard to solve without.
    """
    had_hint = request.hint is not None and request.watch
    if had_hint and program.columns > PRESOLVED_COLUMNS:
        return replace(request, hint=None)
    return replace(request, hint=None, presolve=not _is_presolved(program, request))


def _is_presolved(program: Program, request: Request) -> bool:
    return program.columns > PRESOLVED_COLUMNS if request.presolve is None else request.presolve


def _solve_integer(program: Program, request: Request) -> Answer:
    scale = cost_scale(program)
    presolve = _is_presolved(program, request)
    highs = loaded(program, scale, request.time_limit, request.seed, presolve=presolve)
    highs.setOptionValue("mip_feasibility_tolerance", TOLERANCE)
    _set_search(highs, request, _absolute_gap(program, request, scale) / scale)
    # a bound that is told cannot be taken back
    ear = _Ear(request, scale, tells_bounds=request.watch and not _is_solved_twice(program, request))
    highs.cbMipInterrupt.subscribe(ear.hear)
    if request.watch:
        highs.cbMipImprovingSolution.subscribe(ear.hear_solution)
        _set_hint(highs, request)
    status = run(highs)
    if ear.raised is not None:
        raise ear.raised
    return _answer(highs, status, scale, program)


def _absolute_gap(program: Program, request: Request, scale: float) -> float:
    """Return the gap at which to end whatever is asked for: what is nothing beside any cost of the program.

    By default that is 1e-6 of the scale: beside a few large costs, all of what is left to decide may be less.
    """
    if request.absolute_gap is not None:
        return request.absolute_gap
    least = float(np.abs(program.cost[program.cost != 0]).min(initial=scale))
    return LEAST_GAP * max(least, LEAST_GAP * scale)


def _set_search(highs: Highs, request: Request, absolute_gap: float) -> None:
    highs.setOptionValue("mip_rel_gap", request.gap_limit)
    highs.setOptionValue("mip_abs_gap", absolute_gap)
    # When HiGHS 1.12 began anew at the root it was seen to cut the best solutions off: 5 of 18 times, by up
    # to 9 %, in one program of 338 columns that only differed in seed and scale, and never without.
    highs.setOptionValue("mip_allow_restart", False)
    if not request.sub_mips:
        for name in SUB_MIPS:
            highs.setOptionValue(name, False)


def _set_hint(highs: Highs, request: Request) -> None:
    if request.hint is not None:
        known = highspy.HighsSolution()
        known.col_value = request.hint.tolist()
        highs.setSolution(known)


def _answer(highs: Highs, status: highspy.HighsModelStatus, scale: float, program: Program) -> Answer:
    info = highs.getInfo()
    value = info.objective_function_value * scale
    bound = info.mip_dual_bound * scale
    if not program.integer.any():
        bound = value if status == Status.kOptimal else -np.inf
    if not has_solution(highs):
        return Answer(None, bound if np.isfinite(bound) else -np.inf, status == Status.kInfeasible)
    x = values(highs)
    cost = float(program.cost @ x)
    if status == Status.kOptimal and abs(cost - value) > DOUBTED * max(scale, abs(value)):
        raise SolverError("HIGHS failed: its solution does not cost what it tells")
    # HiGHS proves bounds to about 1e-6 of the scale, so that they may be above its own solution.
    return Answer(x, min(bound, cost), False)
