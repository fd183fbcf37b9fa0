"""The solver ``auto``: the exact search, the decomposition, or the one and then the other.

Which it is follows from the structure of the problem; see :mod:`.structure`. Where the decomposition comes
first and leaves a gap, the exact search goes on from its plan and its bounds if the model is small enough.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..routing.errors import SolverError
from ..routing.paths import PathFinder
from ..routing.plan import Plan
from ..routing.problem import Problem
from .arrays import Arrays
from .better import better
from .exact import Lead, search_exact, solve_protected, with_alternatives
from .first_plan import tell_bounds
from .market.ahead import PricesAhead, sought_ahead
from .market.form.market import Market
from .market.opening import plain_market, widened
from .market.plans.handover import as_solution
from .market.solve import MarketSearch, market_of, search_of
from .model.formulation import build_arrays
from .model.variables import Variables
from .options import Options, Progress
from .racing import ALONE_SHARE, EXACT, Rival, columns_of
from .searching.events import Proved
from .searching.telling import UNSERVED_TOLERANCE
from .structure import Choice, Structure, choose, measure, model_columns

PROVEN_GAP = 1e-6
"""Gap of the decomposition up to which it is done where no shared limit could bind."""
HANDOVER_COLUMNS, COLUMNS_PER_SECOND, SMALL_COLUMNS_PER_SECOND = 120_000, 500, 2_000
"""Columns up to which the exact search goes on where the decomposition has ended and leaves a gap, and those
for every second that it has up to which time is kept for that, or it runs beside, the latter where periods
are small: with more it finds nothing, and takes a core from what does."""
FIRST_SHARE, MOST_SHARE = 0.5, 0.8
"""Parts of the time after which the exact search goes on: where everything is served, and in any case."""
FLOWS_COLUMNS = 20_000
"""Columns, those of flows after losses not counted, up to which these are left to the exact search."""
MOST_GUARD_ROWS = 30_000
"""Rows of guards up to which the whole model is tried."""
ASKED_MUCH = "services survive losses that ask for much"
LEAST_SHARE = 0.1
"""Part of the time below which the exact search is not begun."""
MUCH = 0.01
"""Part of the work that is much to leave out."""
LITTLE_COLUMNS, LITTLE_SHARE = 3_000, 0.5
"""Columns up to which the decomposition places all blocks anew at once, and the part of the time for that."""


def solve_auto(problem: Problem, options: Options) -> Plan:
    """Plan ``problem`` with the solver that suits its structure; the plan's ``solver`` tells which, and why.

    Raises
    ------
    SolverError
        When a solver fails.
    StoppedError
        When somebody asks to stop before it is known what is possible.
    """
    started = time.monotonic()
    with sought_ahead(problem, options) as ahead:
        return _chosen(problem, options, started, ahead)


def _chosen(problem: Problem, options: Options, started: float, ahead: PricesAhead | None) -> Plan:
    """Return the plan of the solver that suits the structure of a problem."""
    finder = PathFinder(problem)
    market = plain_market(problem, finder, options, started)
    if market.services.rescues and _needs_flows(market):
        if ahead is not None:
            ahead.close()
        choice = Choice("highs", ASKED_MUCH)
        _tell(options, str(choice), started)
        return solve_protected(problem, options).model_copy(update={"solver": str(choice)})
    structure = measure(market)
    if ahead is not None and structure.columns <= HANDOVER_COLUMNS:
        ahead.close()
    choice = Choice("decomposition", ASKED_MUCH) if _asks_much(market) else choose(structure)
    _tell(options, str(choice), started)
    if choice.solver == "highs":
        scarce = _leaving_much(market, finder, structure, options, started)
        if scarce is None:
            return _exact(market, finder, choice, options, started)
        choice = Choice("decomposition", f"{choice.reason}; a first plan leaves much out")
        return _raced(scarce, choice, options, started, alone_share=0.0)
    return _decomposed(widened(market, finder, options), structure, choice, options, started, ahead=ahead)


def _leaving_much(
    market: Market, finder: PathFinder, structure: Structure, options: Options, started: float
) -> MarketSearch | None:
    """Return a search with a first plan that leaves much out; None where it does not, or one is enough.

    Of which work to leave out the exact search finds out slowly: its relaxation leaves parts of all out.
    """
    if structure.columns <= LITTLE_COLUMNS or options.usable_cores < 2 or options.is_cancelled():
        return None
    search = search_of(widened(market, finder, options), options, started, options.time_limit)
    search.options = replace(options, progress=None)
    search.run(rounds=0)
    search.options = options
    leaves_much = search.unserved() > MUCH * sum(work.priority for work in market.problem.workloads)
    return search if leaves_much else None


def _exact(market: Market, finder: PathFinder, choice: Choice, options: Options, started: float) -> Plan:
    """Return the plan of the exact search, or of the decomposition where a solver fails."""
    variables = with_alternatives(columns_of(market), finder, market.crowded_links)
    try:
        plan = search_exact(variables, build_arrays(variables), options, EXACT, started=started)
    except SolverError as error:
        choice = replace(choice, solver="decomposition", reason=f"{choice.reason}; {error}")
        _tell(options, str(choice), started)
        plan = _searched(widened(market, finder, options), options, started)
    return plan.model_copy(update={"solver": str(choice)})


def _asks_much(market: Market) -> bool:
    """Return whether losses ask for so much that the whole model helps little."""
    services = market.services
    return bool(services.rescues) or len(services.guards) * market.rates.periods > MOST_GUARD_ROWS


def _needs_flows(market: Market) -> bool:
    """Return whether flows after losses are for the exact search: it is small, or nothing simpler does."""
    return market.services.stand_ins is None or model_columns(market) <= FLOWS_COLUMNS


def solve_decomposed(problem: Problem, options: Options) -> Plan:
    """Plan ``problem`` by decomposition, or by the exact search where losses ask for too much to be listed.

    Its bound is proven for the routes offered.

    Raises
    ------
    SolverError
        When a solver fails.
    StoppedError
        When somebody asks to stop before it is known what is possible.
    """
    started = time.monotonic()
    with sought_ahead(problem, options) as ahead:
        market = market_of(problem, options, started)
        if market.services.stand_ins is None:
            return solve_protected(problem, options)
        known = _all_at_once(market, options, started)
        if known is None:
            return _searched(market, options, started, ahead)
    if known.stopped_by != "time" or not _has_time(options, started):
        return known
    plan = _searched(market, replace(options, similar_plan=known or options.similar_plan), started)
    return better(known.model_copy(update=_end_of(plan)), plan, options.gap_limit)


def _searched(market: Market, options: Options, started: float, ahead: PricesAhead | None = None) -> Plan:
    """Return the plan of the decomposition when its time is up."""
    search = search_of(market, options, started, options.time_limit)
    search.ahead = ahead
    search.run()
    return search.plan()


def _all_at_once(market: Market, options: Options, started: float) -> Plan | None:
    """Return the better one of a first plan and what comes of placing all blocks anew at once.

    Where blocks are so few, that is the neighbourhood to begin with. None where they are not, or where the
    solver fails.
    """
    if _asks_much(market) or model_columns(market) > LITTLE_COLUMNS:
        return None
    sooner = replace(options, time_limit=LITTLE_SHARE * options.time_limit)
    search = search_of(market, options, started, sooner.time_limit)
    search.run(rounds=0)
    plan = search.plan()
    if search.is_close() or not _has_time(sooner, started):
        return plan
    try:
        found = _gone_on(search, sooner, started).model_copy(update={"solver": plan.solver})
    except SolverError:
        return None
    return better(plan.model_copy(update=_end_of(found)), found, options.gap_limit)


def _end_of(plan: Plan) -> dict[str, Any]:
    return {"stopped_by": plan.stopped_by, "runtime_seconds": plan.runtime_seconds}


def _tell(options: Options, what: str, started: float) -> None:
    if options.progress is not None:
        options.progress(Progress(what, None, None, None, time.monotonic() - started))


def _decomposed(
    market: Market,
    structure: Structure,
    choice: Choice,
    options: Options,
    started: float,
    *,
    ahead: PricesAhead | None,
) -> Plan:
    """Return the plan of the decomposition, or what the exact search makes of it."""
    goes_on = structure.columns <= HANDOVER_COLUMNS and not _asks_much(market)
    has_part = goes_on and _gets_far(structure, options)
    is_free = structure.contested == 0
    if has_part and not is_free and options.usable_cores > 1:
        return _raced(search_of(market, options, started, options.time_limit), choice, options, started)
    closer = replace(options, gap_limit=min(options.gap_limit, PROVEN_GAP)) if is_free else options
    search = search_of(market, closer, started, options.time_limit * (MOST_SHARE if has_part else 1.0))
    search.ahead = ahead
    if has_part:
        _end_where_served(search, FIRST_SHARE * options.time_limit)
    search.run(rounds=0 if goes_on and is_free else None)
    is_done = search.is_close() or not goes_on or not _has_time(options, started)
    search.options = options
    plan = search.plan().model_copy(update={"solver": str(choice)})
    if is_done:
        return plan
    then = replace(choice, then="highs")
    _tell(options, str(then), started)
    try:
        other = _gone_on(search, options, started).model_copy(update={"solver": str(then)})
    except SolverError as error:
        return plan.model_copy(update={"solver": str(replace(choice, reason=f"{choice.reason}; {error}"))})
    return better(plan.model_copy(update={"stopped_by": other.stopped_by}), other, options.gap_limit)


def _gets_far(structure: Structure, options: Options) -> bool:
    """Return whether the exact search is worth a part of the time, or a core."""
    seconds = options.time_limit * (1.0 if options.usable_cores > 1 else 1.0 - FIRST_SHARE)
    each_second = SMALL_COLUMNS_PER_SECOND if structure.suits_exact else COLUMNS_PER_SECOND
    return structure.columns <= each_second * seconds


def _raced(
    search: MarketSearch,
    choice: Choice,
    options: Options,
    started: float,
    *,
    alone_share: float = ALONE_SHARE,
) -> Plan:
    """Return the better plan of the decomposition and of the exact search beside it.

    The decomposition has a part of the time for itself. Where the exact search begins at once, its plan is
    taken if it is proven: that is the same in every run.
    """
    both = replace(choice, beside="highs")
    with Rival(search, options, started, str(both), alone_share) as rival:
        search.has_rival, search.hint = True, rival.hint
        search.watch = search.watch.also(rival.has_ended)
        search.options = replace(options, progress=rival.hear)
        search.run()
        if not search.is_close():
            rival.wait(lambda: not _has_time(options, started, 0.0))
    search.options = options
    search.complete = max(search.complete, rival.complete)
    plan = search.plan().model_copy(update={"solver": str(choice)})
    other = rival.plan()
    if other is None:
        return plan
    if not alone_share and other.stopped_by == "gap":
        return other.model_copy(update={"solver": str(both)})
    is_done = search.is_close() or other.stopped_by == "gap"
    stopped_by = "gap" if is_done else "cancel" if options.is_cancelled() else "time"
    plan, found = (
        each.model_copy(update={"solver": str(both), "stopped_by": stopped_by}) for each in (plan, other)
    )
    return better(plan, found, options.gap_limit)


def _end_where_served(search: MarketSearch, seconds: float) -> None:
    """Let a search end after so many seconds where its plan serves everybody."""

    def enough() -> bool:
        is_late = time.monotonic() - search.started > seconds
        return is_late and search.best is not None and search.unserved() <= UNSERVED_TOLERANCE

    search.watch = search.watch.also(enough)


def _has_time(options: Options, started: float, least: float = LEAST_SHARE) -> bool:
    """Return whether there is that part of the time to go on, and nobody asked to stop."""
    in_time = time.monotonic() - started < (1 - least) * options.time_limit
    return in_time and not options.is_cancelled()


def _gone_on(search: MarketSearch, options: Options, started: float) -> Plan:
    """Return what the exact search finds that begins with the plan and the bounds of ``search``."""
    variables = columns_of(search.market)
    arrays = build_arrays(variables)
    lead = lead_of(search, variables, arrays)
    return search_exact(variables, arrays, options, EXACT, started=started, lead=lead)


def lead_of(search: MarketSearch, variables: Variables, arrays: Arrays) -> Lead:
    """Return the plan of the decomposition as a solution, with the bounds that hold for it.

    Where the plan is no solution of the whole model, only the bound of complete plans is of use.
    """
    proved: list[Proved] = []
    tell_bounds(search, arrays, proved.append)
    start = None if search.best is None else as_solution(variables, arrays, search.market, search.best)
    if start is None:
        proved = [each for each in proved if each.phase == "complete cost"]
    return Lead(start, tuple(proved))
