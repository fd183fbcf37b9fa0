"""The exact solver: the whole model as one mixed-integer program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..routing.paths import PathFinder
from ..routing.plan import Plan, StoppedBy
from ..routing.problem import Problem
from .accounts.header import Header
from .accounts.solution import decide
from .admissible.jobs import build_job_options
from .admissible.routebook import RouteBook, alternatives_of, spares_money
from .admissible.serving_arcs import build_services
from .arrays import Arrays
from .first_plan import FirstPlan
from .model.constraints import CONSTRAINTS, Constraint, link_limits
from .model.formulation import build_arrays
from .model.likeness import Likeness
from .model.size import check_size
from .model.variables import VariableBuilder, Variables
from .options import Options
from .programs.program import partial_program
from .programs.solve_program import solve_relaxation
from .rates import Floats, Rates, build_rates
from .resuming import is_hopeless, resumed_solution, seek_bound
from .searching.events import Event, Found, Proved
from .searching.keeper import Keeper
from .searching.runner import run_search
from .searching.search import LARGE_COLUMNS
from .searching.telling import Settings

FAR = 0.1
"""Gap of a plan to begin from beyond which the decomposition looks for another one."""
PROOF_SECONDS, PROOF_SHARE = 10.0, 0.1
"""Time, and part of the limit, for the proof that there is no plan at all."""
FALLBACK_COLUMNS = 1_000
"""Columns up to which a search ends, or has a plan, at once."""


@dataclass(frozen=True)
class Lead:
    """What is known before a search, a solution and bounds; ``hear`` is told all that comes of it."""

    start: Floats | None = None
    proved: tuple[Proved, ...] = ()
    hear: Callable[[Event], None] = lambda _: None


def build_variables(problem: Problem) -> Variables:
    """Return the columns of ``problem``, with alternative routes where links could be overloaded."""
    from .market.form.market import build_market

    finder, rates = PathFinder(problem), build_rates(problem)
    plain = _variables(problem, rates, RouteBook(problem, finder).prepare())
    market = build_market(problem, rates, plain.jobs, plain.services)
    return with_alternatives(plain, finder, market.crowded_links)


def with_alternatives(variables: Variables, finder: PathFinder, crowded: frozenset[str]) -> Variables:
    """Return the columns, each with one route so far, with alternatives past links that are ``crowded``.

    These are those of the decomposition, so that both plan with the same routes. It knows nothing of flows
    after losses, where links that could be overloaded by these are crowded, too.
    """
    problem = variables.problem
    scarce = crowded | _scarce_links(variables) if variables.services.rescues else crowded
    if not (scarce or spares_money(problem)):
        return variables
    routed = len(variables.services.arc_demand) + len(variables.jobs.table)
    book = RouteBook(problem, finder, scarce, alternatives_of(routed))
    found = _variables(problem, variables.rates, book.prepare())
    # Ways past crowded links may crowd others.
    while book.is_small and not _scarce_links(found) <= book.scarce:
        book = RouteBook(problem, finder, book.scarce | _scarce_links(found), book.alternatives)
        found = _variables(problem, variables.rates, book.prepare())
    return found


def _variables(problem: Problem, rates: Rates, book: RouteBook) -> Variables:
    jobs = build_job_options(problem, rates, book)
    return VariableBuilder(problem, rates, jobs, build_services(problem, rates, book)).build()


def _scarce_links(variables: Variables) -> frozenset[str]:
    limit = link_limits(variables)
    over = (variables.traffic.most(len(limit), variables.rates.periods, variables.upper) > limit).any(axis=1)
    return frozenset(variables.problem.links[index // 2].id for index in np.flatnonzero(over))


def solve_exact(
    problem: Problem,
    options: Options,
    solver: str,
    cell_solver: str | None = None,
    constraints: tuple[Constraint, ...] = CONSTRAINTS,
) -> Plan:
    """Solve the whole model with one solver.

    Raises
    ------
    SolverError
        When the solver fails, or the model would be too large.
    """
    started = time.monotonic()
    check_size(problem)
    variables = build_variables(problem)
    arrays = build_arrays(variables, constraints)
    return search_exact(variables, arrays, options, (solver, cell_solver or solver), started=started)


def solve_protected(problem: Problem, options: Options) -> Plan:
    """Plan a problem with services that survive losses of which the decomposition knows nothing."""
    return solve_exact(problem, options, "highs", cell_solver="scip")


def search_exact(
    variables: Variables,
    arrays: Arrays,
    options: Options,
    solvers: tuple[str, str],
    *,
    started: float,
    lead: Lead | None = None,
) -> Plan:
    """Search the whole model from what is known.

    ``solvers`` are of the whole and of what is left of a period. With nothing known the decomposition looks
    for a first plan and a bound beside the search, but for large models that go on from a plan that serves
    all. What comes of it is no worse than going on with the plan of a similar problem, where there is one;
    the search begins there, with the bound that prices prove in a few seconds. A plan that is far from that
    bound is no reason to do without the decomposition.
    """
    known, resumed, likeness = lead or Lead(), None, None
    if options.similar_plan is not None:
        likeness = Likeness.of(variables, options.similar_plan)
        resumed = resumed_solution(variables, arrays, options.similar_plan, options.seed)
    keeper = Keeper(arrays, options, started, known.start)
    if resumed is not None:
        keeper.hear(Found(resumed))
    for proved in known.proved:
        keeper.bounds[proved.phase] = proved.bound
    keeper.report()
    stop = options.is_cancelled
    is_large = arrays.columns > LARGE_COLUMNS
    goes_on = resumed is not None and is_large and keeper.serves_all()
    if goes_on:
        _prove_soon(variables, keeper, stop)
        goes_on = keeper.is_close(FAR)
    settings = replace(_settings(options, solvers, started), start=keeper.best, likeness=likeness)
    needs_plan = lead is None and not goes_on and arrays.columns > FALLBACK_COLUMNS
    first = FirstPlan(variables, arrays, options, settings.cell_solver, started, is_large)
    awaits = is_large and not variables.services.rescues

    def hear(event: Event) -> None:
        keeper.hear(event)
        known.hear(event)

    finished = keeper.is_close() or run_search(
        arrays,
        settings,
        hear,
        stop,
        first if needs_plan else None,
        enough=keeper.is_close,
        awaits=awaits,
    )
    ended = keeper.is_close() or (finished and keeper.best is not None)
    stopped_by: StoppedBy = "gap" if ended else "cancel" if stop() else "time"
    if awaits or stopped_by != "gap" or not keeper.is_proven():
        keeper.fall_back()
    if resumed is not None:
        keeper.settle_for(resumed)
    return _plan(variables, keeper, options, solvers[0], stopped_by)


def _prove_soon(variables: Variables, keeper: Keeper, stop: Callable[[], bool]) -> None:
    """Let a few seconds of prices prove what they can of a plan that serves everybody."""
    told: list[float] = []

    def enough(bound: float) -> bool:
        told.append(bound)
        keeper.hear(Proved("complete cost", bound))
        return stop() or keeper.is_close() or is_hopeless(told, keeper.closing_bound())

    seek_bound(variables, keeper.options, enough)


def _settings(options: Options, solvers: tuple[str, str], started: float) -> Settings:
    return Settings(
        solver=solvers[0],
        seconds=max(0.05, options.time_limit - (time.monotonic() - started)),
        gap_limit=options.gap_limit,
        seed=options.seed,
        threads=options.threads,
        cores=options.usable_cores,
        cell_solver=solvers[1],
    )


def _plan(variables: Variables, keeper: Keeper, options: Options, solver: str, stopped_by: StoppedBy) -> Plan:
    header = Header(variables.problem, options, solver, stopped_by, keeper.started)
    floor = float(keeper.arrays.unserved @ keeper.arrays.lower)
    if keeper.best is None:
        seconds = min(PROOF_SECONDS, PROOF_SHARE * options.time_limit)
        nothing = stopped_by != "cancel" and _nothing_fits(keeper.arrays, seconds)
        return header.no_plan(floor, proven=nothing)
    unserved_bound = max(floor, keeper.bounds.get("unserved work", 0.0))
    return header.plan(variables, decide(variables, keeper.best), keeper.cost_bound(), unserved_bound)


def _nothing_fits(arrays: Arrays, seconds: float) -> bool:
    """Return whether even leaving everything out breaks a limit, as commitments above the budget do."""
    program = partial_program(arrays, arrays.cost)
    compact = program.compact()
    return not compact.consistent or solve_relaxation(compact.program, seconds).infeasible
