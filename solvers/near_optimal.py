"""Other plans that cost almost as little and differ most in where workloads run.

Modelling to generate alternatives (Brill, Chang and Hopkins, 1982, the hop-skip-jump method): under a row
that holds the cost to a part above the least, keep as little as possible of where workloads ran in that of
the plans so far of which most is kept; then, keeping no more than that, pay as little as possible. What is
kept at a site counts by how much ran there before, so that it is certain that a plan differs most only where
workloads ran at one site each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from ..routing.errors import Fault, InputError, SolverError
from ..routing.places import Places, parts_of_asked
from ..routing.plan import Plan
from ..routing.problem import Problem
from .accounts.header import Header
from .accounts.solution import decide
from .arrays import Arrays
from .exact import build_variables
from .model.formulation import build_arrays
from .model.size import check_size
from .model.slivers import serve_slivers
from .model.variables import Variables
from .near_optimal_large import forbidding_plan, sites_of
from .no_plan import no_plan
from .options import Options
from .programs.program import Program, partial_program
from .programs.request import Answer, Request
from .programs.solve_program import settle, solve_integer
from .rates import Floats
from .searching.search import LARGE_COLUMNS
from .searching.telling import UNSERVED_TOLERANCE, most_unserved
from .whereabouts import kept_columns, moved

LEAST_DIFFERENCE = 1e-3
"""Part of one workload that has to run elsewhere for a plan to be another one."""
SLACK = 1e-6
GAP = 1e-4
TIE = 1e-3


@dataclass(frozen=True)
class Alternative:
    """A plan that differs.

    Attributes
    ----------
    extra
        What it costs more, as a part of the least cost found.
    moved
        How many workloads, in parts, run elsewhere than in the first plan.
    moved_least
        The same against that of all plans before it that is most like it.
    """

    plan: Plan
    extra: float
    moved: float
    moved_least: float


@dataclass(frozen=True)
class NearOptimal:
    """The best plan and others.

    ``ended`` says why there are no more: as many as were asked for, ``alike`` where any other that is cheap
    enough is like one of these, or ``time`` where none was found within the time or after a stop.
    """

    best: Plan
    alternatives: tuple[Alternative, ...]
    ended: Literal["count", "alike", "time"]


def near_optimal(
    problem: Problem,
    count: int,
    within: float,
    *,
    best: Plan | None = None,
    done: Callable[[Alternative], None] | None = None,
    most_columns: int = LARGE_COLUMNS,
    **options: Any,
) -> NearOptimal:
    """Return the best plan, and up to ``count`` others that cost at most the part ``within`` more.

    Each differs as much as possible from those before it, and leaves no more out than the best. There are
    fewer where no other plan is cheap enough, or none was found in time.

    Parameters
    ----------
    best
        The plan to start from; it is made where absent.
    most_columns
        Columns beyond which the model is not solved whole, but planned anew with sites forbidden.
    **options
        Those of :func:`.solve`, for the best plan and for both steps of each other one.

    Raises
    ------
    InputError
        For numbers out of range.
    SolverError
        When there is no plan, or the whole model, which this needs, would be too large.
    """
    require_in_range(count, within)
    variables = _whole(problem)
    first = _solved(problem, options) if best is None else best
    exact = {**options, "solver": _exact(options)}
    search = _Search(problem, first, within, exact, options, most_columns, variables)
    found: list[Alternative] = []
    for each in search.run(count):
        found.append(each)
        if done is not None:
            done(each)
    return NearOptimal(first, tuple(found), "count" if len(found) == count else search.ended)


def require_in_range(count: int, within: float) -> None:
    """Raise InputError unless so many alternatives, and such a part of the cost, can be asked for."""
    checks = {
        "alternatives": (1 <= count <= 100, "must be between 1 and 100"),
        "within": (0 <= within <= 10, "must be between 0 and 1000 percent"),
    }
    faults = [Fault(name, message) for name, (fine, message) in checks.items() if not fine]
    if faults:
        raise InputError(faults, "options")


def _whole(problem: Problem) -> Variables:
    """Return the columns of the whole model, before anything is solved: there may be too many."""
    try:
        check_size(problem)
        return build_variables(problem)
    except SolverError as error:
        raise SolverError(
            "alternatives need the whole model, which would be too large; "
            "plan fewer locations, services or jobs at a time"
        ) from error


def _solved(problem: Problem, options: Mapping[str, Any]) -> Plan:
    from . import solve

    plan = solve(problem, **options)
    if not plan:
        raise no_plan(plan, problem, "to differ from")
    return plan


def _exact(options: Mapping[str, Any]) -> str:
    name = options.get("solver", "auto")
    return name if name in ("cp-sat", "scip") else "highs"


@dataclass
class _Search:
    """The model, the limits on cost and work left out, and the plans so far."""

    problem: Problem
    first: Plan
    within: float
    options: dict[str, Any]
    given: dict[str, Any]
    """Options with the solver that was asked for."""
    most_columns: int
    variables: Variables
    kept: list[Floats] = field(default_factory=list)
    """What a unit of each column keeps of one of the plans so far, see :func:`kept_columns`."""

    ended: Literal["alike", "time"] = "time"
    """Why there is no further plan."""

    known: list[Places] = field(default_factory=list)
    """Where workloads run in the plans so far."""

    def run(self, count: int) -> Iterator[Alternative]:
        """Yield alternatives until there are ``count`` or no other is to be had."""
        self.arrays: Arrays = build_arrays(self.variables)
        known = self.known = [parts_of_asked(self.problem, self.first)]
        while len(known) <= count and not self._stopped():
            self.kept.append(kept_columns(self.variables, known[-1]))
            plan = self._next_large() if self.arrays.columns > self.most_columns else self._next()
            if plan is None:
                return
            now = parts_of_asked(self.problem, plan)
            each = [sum(moved(self.problem, before, now).values()) for before in known]
            if min(each) < LEAST_DIFFERENCE:
                self.ended = "alike"
                return
            known.append(now)
            least = self.first.objective or 0.0
            extra = ((plan.objective or 0.0) - least) / max(abs(least), 1e-9)
            yield Alternative(plan, extra, each[0], min(each))

    def _stopped(self) -> bool:
        cancel = self.options.get("cancel")
        return cancel is not None and cancel.is_set()

    def _next_large(self) -> Plan | None:
        """Return a plan that is made with sites forbidden, see ``near_optimal_large``."""
        least = self.first.objective or 0.0
        most_usd = least + self.within * abs(least)
        used = [sites_of(at) for at in self.known]
        return forbidding_plan(self.problem, self.first, most_usd, self.variables, used, options=self.given)

    def _next(self) -> Plan | None:
        """Return the plan that keeps least of those so far, the cheapest of these."""
        started = time.monotonic()
        least = self._solve(self._differing(), None)
        if least.x is None:
            self.ended = "alike" if least.infeasible else "time"
            return None
        cheapest = self._program(self.arrays.cost)
        for kept in self.kept:
            cheapest = cheapest.with_row(kept, float(least.x[-1]) + SLACK)
        answer = self._solve(cheapest, least.x[:-1])
        x = least.x[:-1] if answer.x is None else answer.x
        if not self._is_complete():
            x = serve_slivers(self.arrays, x, most_unserved(self.first.unserved) - self.first.unserved)
        return self._plan(x, started)

    def _differing(self) -> Program:
        """Return the program whose last column is what is kept of the plan of which most is kept.

        A little of the mean of all breaks ties.
        """
        mean = np.mean(self.kept, axis=0)
        program = self._program(TIE * mean)
        kept = csr_array(np.hstack([np.array(self.kept), np.full((len(self.kept), 1), -1.0)]))
        wider = hstack([program.matrix, csr_array((program.matrix.shape[0], 1))])
        most = float(len(self.problem.workloads))
        return Program(
            cost=np.append(program.cost, 1.0),
            lower=np.append(program.lower, 0.0),
            upper=np.append(program.upper, most),
            integer=np.append(program.integer, False),
            matrix=csr_array(vstack([wider, kept])),
            row_lower=np.append(program.row_lower, np.full(len(self.kept), -np.inf)),
            row_upper=np.append(program.row_upper, np.zeros(len(self.kept))),
        )

    def _program(self, cost: Floats) -> Program:
        """Return the model with another objective, the cost and the work left out limited."""
        arrays, first = self.arrays, self.first
        least = first.objective or 0.0
        limit = least + self.within * abs(least) - arrays.offset
        scale = max(abs(limit), 1.0)
        program = partial_program(arrays, cost).with_row(arrays.cost / scale, limit / scale)
        if self._is_complete():
            upper = np.where(arrays.unserved > 0, arrays.lower, arrays.upper)
            return program.with_bounds(arrays.lower, upper)
        return program.with_row(arrays.unserved, most_unserved(first.unserved))

    def _is_complete(self) -> bool:
        """Return whether the first plan leaves out no more than what cannot be placed at all."""
        floor = float(self.arrays.unserved @ self.arrays.lower)
        return self.first.unserved <= floor + UNSERVED_TOLERANCE

    def _solve(self, program: Program, hint: Floats | None) -> Answer:
        compact = program.compact()
        if not compact.consistent:
            return Answer(None, -np.inf, True)
        options = Options(**{name: value for name, value in self.options.items() if name != "solver"})
        request = Request(
            solver=self.options["solver"],
            time_limit=options.time_limit,
            gap_limit=max(GAP, options.gap_limit),
            seed=options.seed,
            threads=options.threads,
            hint=None if hint is None else hint[compact.free],
            watch=False,
            stop=self._stopped,
        )
        answer = solve_integer(compact.program, request)
        if answer.x is None:
            return answer
        x = compact.whole(settle(compact.program, answer.x))
        return Answer(x, answer.bound + compact.constant, answer.infeasible)

    def _plan(self, x: Floats, started: float) -> Plan:
        """Return the plan of a solution; the bounds are those of the best plan, of the same problem."""
        options = Options(**{name: value for name, value in self.options.items() if name != "solver"})
        header = Header(self.problem, options, self.options["solver"], "gap", started)
        decisions = decide(self.variables, x)
        plan = header.plan(self.variables, decisions, self.first.bound, self.first.unserved_bound)
        return plan.model_copy(update={"stopped_by": "gap"})
