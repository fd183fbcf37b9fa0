"""The plan of a similar problem as a solution of the whole model: everything goes on, where it can.

Often only a bound is missing then, and prices of the decomposition may prove one in a second or two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..routing.errors import SolverError
from ..routing.plan import Plan
from .arrays import Arrays
from .model.variables import Variables
from .options import Options
from .programs.program import partial_program, penalised_cost
from .programs.solve_program import solve_relaxation
from .rates import Floats

SECONDS = 30.0
"""For what is not decided by the plan: routes, parts of demands, reserves for losses."""
PRICE_SECONDS, PRICE_SHARE = 3.0, 0.05
"""Most seconds, and share of the time limit, for prices that may prove what a plan is missing."""

FEWEST_STEPS, MOST_STEPS, HOPE = 8, 25, 2.0
"""Bounds before prices may be given up, how many are looked ahead to, and at how many times their pace."""


def resumed_solution(variables: Variables, arrays: Arrays, plan: Plan, seed: int = 0) -> Floats | None:
    """Return ``plan`` as values of all columns; None where nothing of the kind keeps the rows.

    Where it fits as it is, that is what is returned, so what comes of it costs no more than going on as
    before. Where not, whole decisions are held and the rest is decided anew; else what does not fit is left
    out.
    """
    from .market.form.market import build_market
    from .market.plans.handover import as_solution, as_values
    from .market.plans.resuming import gone_on, resumed
    from .market.pricing.penalty import penalty_of

    market = build_market(variables.problem, variables.rates, variables.jobs, variables.services)
    placement = resumed(market, 1.0, plan)
    found = as_solution(variables, arrays, market, placement)
    if found is None:
        found = _completed(arrays, as_values(variables, arrays, market, placement), seed)
    if found is not None:
        return found
    fitting = gone_on(market, penalty_of(market), plan)
    if fitting is None:
        return None
    found = as_solution(variables, arrays, market, fitting)
    return _completed(arrays, as_values(variables, arrays, market, fitting), seed) if found is None else found


def seek_bound(variables: Variables, options: Options, enough: Callable[[float], bool]) -> None:
    """Seek prices that prove a bound of what complete plans cost (offset excluded).

    It ends when ``enough(bound)``, asked with every bound, when better prices gain little, or soon.
    """
    from .market.form.market import build_market
    from .market.pricing.penalty import penalty_of
    from .market.pricing.prices import Seeker
    from .watch import Watch

    seconds = min(PRICE_SECONDS, PRICE_SHARE * options.time_limit)
    market = build_market(variables.problem, variables.rates, variables.jobs, variables.services)
    seeker = Seeker.begin(market, penalty_of(market))
    seeker.run(Watch(seconds, lambda: enough(seeker.told.complete)))


def is_hopeless(told: Sequence[float], needed: float) -> bool:
    """Return whether bounds told one after the other stay below the one needed, faster as they may rise."""
    steps = len(told)
    if steps < FEWEST_STEPS:
        return False
    pace = (told[-1] - told[steps // 2]) / (steps - 1 - steps // 2)
    return told[-1] + HOPE * pace * max(0, MOST_STEPS - steps) < needed


def _completed(arrays: Arrays, x: Floats, seed: int) -> Floats | None:
    """Return the best solution with the integers of ``x``, None where there is none."""
    program = partial_program(arrays, penalised_cost(arrays))
    whole = np.clip(x, program.lower, program.upper)
    held = program.with_bounds(
        np.where(program.integer, whole, program.lower), np.where(program.integer, whole, program.upper)
    ).compact()
    if not held.consistent:
        return None
    try:
        found = solve_relaxation(held.program, SECONDS, seed).x
    except SolverError:  # an aid to the search, which may well go on without
        return None
    return None if found is None else np.where(program.integer, whole, held.whole(found))
