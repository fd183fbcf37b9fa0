"""The exact solver: the whole model as one mixed-integer program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np

from ..routing.paths import PathFinder
from ..routing.plan import Plan, Status, StoppedBy
from ..routing.problem import Problem
from .arrays import Arrays
from .assemble import Assembler, unserved_share
from .constraints import CONSTRAINTS, Constraint, link_limits
from .formulation import build_arrays
from .jobs import build_job_options
from .options import Options, Progress, relative_gap
from .rates import Floats, build_rates
from .routebook import RouteBook
from .runner import run_search
from .search import UNSERVED_TOLERANCE, Event, Found, Proved, Settings
from .services import build_services
from .solution import decide
from .variables import VariableBuilder, Variables


def build_variables(problem: Problem) -> Variables:
    """Return the columns of ``problem``, with alternative routes where links could be overloaded."""
    finder, rates = PathFinder(problem), build_rates(problem)
    book = RouteBook(problem, finder).prepare()
    variables = _variables(problem, book)
    scarce = _scarce_links(variables)
    if not scarce:
        return variables
    assert rates is not None
    return _variables(problem, RouteBook(problem, finder, scarce).prepare())


def _variables(problem: Problem, book: RouteBook) -> Variables:
    rates = build_rates(problem)
    jobs = build_job_options(problem, rates, book)
    return VariableBuilder(problem, rates, jobs, build_services(problem, book)).build()


def _scarce_links(variables: Variables) -> frozenset[str]:
    limit = link_limits(variables)
    over = (variables.traffic.most(*limit.shape, variables.upper) > limit).any(axis=1)
    return frozenset(variables.problem.links[index // 2].id for index in np.flatnonzero(over))


@dataclass
class Keeper:
    """The best solution and the bounds heard so far; reports progress."""

    arrays: Arrays
    options: Options
    started: float
    best: Floats | None = None
    bounds: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take in one event of the search."""
        if isinstance(event, Found) and (self.best is None or self._rank(event.x) < self._rank(self.best)):
            self.best = event.x
        elif isinstance(event, Proved):
            self.bounds[event.phase] = max(event.bound, self.bounds.get(event.phase, -np.inf))
        self.report()

    def _rank(self, x: Floats) -> tuple[float, float]:
        unserved = float(self.arrays.unserved @ x)
        return round(unserved / UNSERVED_TOLERANCE) * UNSERVED_TOLERANCE, float(self.arrays.cost @ x)

    def report(self) -> None:
        """Tell the caller how far the solve is."""
        if self.options.progress is None:
            return
        bound = self.bounds.get("cost")
        incumbent = None if self.best is None else float(self.arrays.cost @ self.best) + self.arrays.offset
        proven = None if bound is None else bound + self.arrays.offset
        gap = relative_gap(incumbent, proven)
        self.options.progress(Progress("cost", incumbent, proven, gap, time.monotonic() - self.started))


def solve_exact(
    problem: Problem,
    options: Options,
    solver: str,
    cell_solver: str | None = None,
    constraints: tuple[Constraint, ...] = CONSTRAINTS,
) -> Plan:
    """Solve the whole model with one MathOpt solver.

    Raises
    ------
    SolverError
        When the solver fails.
    """
    started = time.monotonic()
    variables = build_variables(problem)
    arrays = build_arrays(variables, constraints)
    keeper = Keeper(arrays, options, started)
    keeper.report()
    settings = Settings(
        solver=solver,
        seconds=max(0.05, options.time_limit - (time.monotonic() - started)),
        gap_limit=options.gap_limit,
        seed=options.seed,
        threads=options.threads,
        cell_solver=cell_solver or solver,
    )
    stop: Callable[[], bool] = options.cancel.is_set if options.cancel else lambda: False
    finished = run_search(arrays, settings, keeper.hear, stop)
    stopped_by: StoppedBy = "gap" if finished else "cancel" if stop() else "time"
    return _plan(variables, keeper, options, solver, stopped_by)


def _plan(variables: Variables, keeper: Keeper, options: Options, solver: str, stopped_by: StoppedBy) -> Plan:
    problem = variables.problem
    common = {
        "stopped_by": stopped_by,
        "solver": solver,
        "solver_version": f"ortools {version('ortools')}",
        "seed": options.seed,
        "problem_name": problem.name,
        "problem_digest": problem.digest,
    }
    floor = float(keeper.arrays.unserved @ keeper.arrays.lower)
    if keeper.best is None:
        return Plan(
            status="unknown",
            objective=None,
            bound=None,
            gap=None,
            unserved_bound=floor,
            runtime_seconds=time.monotonic() - keeper.started,
            **common,
        )
    decisions = decide(variables, keeper.best)
    tables = Assembler(variables, decisions).tables()
    weight = problem.objective.money_weight
    in_all = tables["cost_in_all"]
    objective = weight * in_all.money_usd + in_all.carbon_usd + in_all.latency_usd
    unserved = unserved_share(variables, decisions)
    bound = min(objective, keeper.bounds.get("cost", -np.inf) + keeper.arrays.offset)
    unserved_bound = min(unserved, max(floor, keeper.bounds.get("unserved work", 0.0)))
    gap = max(relative_gap(objective, bound) or 0.0, relative_gap(unserved, unserved_bound) or 0.0)
    status: Status = "optimal" if gap <= options.gap_limit + 1e-9 else "feasible"
    return Plan(
        status=status,
        objective=objective,
        bound=bound,
        gap=gap,
        unserved=unserved,
        unserved_bound=unserved_bound,
        runtime_seconds=time.monotonic() - keeper.started,
        **common,
        **tables,
    )
