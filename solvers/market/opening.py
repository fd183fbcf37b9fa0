"""From a problem to its market: options, arcs, and routes past crowded links where arcs are few."""

from __future__ import annotations

import time
from dataclasses import replace

from ...routing.paths import PathFinder
from ...routing.problem import Problem
from ..jobs import build_job_options
from ..options import Options
from ..rates import build_rates
from ..routebook import RouteBook
from ..serving_arcs import build_services
from .market import Market, build_market
from .traffic import links_of

PROGRAM_SHARE = 0.03
"""Part of the time limit that a small integer program may take on the way."""
ALTERNATIVE_ARCS = 20_000
"""Arcs up to which every pair that could be short of bandwidth gets alternative routes."""

LATE_SHARE = 0.15
"""Part of the time limit after which no alternative routes are sought: that takes up to seven times as long
as all before."""


def plain_market(problem: Problem, finder: PathFinder, options: Options | None = None) -> Market:
    """Return the market of ``problem`` with one route for every pair, to be searched as ``options`` say."""
    market = _market(problem, RouteBook(problem, finder))
    if options is None:
        return market
    seconds = min(market.program_seconds, PROGRAM_SHARE * options.time_limit)
    return replace(market, cores=options.usable_cores, program_seconds=seconds)


def widened(market: Market, finder: PathFinder, options: Options | None, started: float) -> Market:
    """Return a plain market; where arcs are few and it is not late, with alternatives past crowded links."""
    if options is not None and _is_late(options, started):
        return market
    if len(market.services.arc_demand) > ALTERNATIVE_ARCS or not market.crowded.any():
        return market
    problem = market.problem
    found = _market(problem, RouteBook(problem, finder, links_of(problem, market.crowded)))
    return replace(found, cores=market.cores, program_seconds=market.program_seconds)


def _is_late(options: Options, started: float) -> bool:
    """Return whether what time is left, if any, is for the search."""
    is_cancelled = options.cancel is not None and options.cancel.is_set()
    return is_cancelled or time.monotonic() - started > LATE_SHARE * options.time_limit


def _market(problem: Problem, book: RouteBook) -> Market:
    rates = build_rates(problem)
    book.prepare()
    jobs, services = build_job_options(problem, rates, book), build_services(problem, rates, book)
    return build_market(problem, rates, jobs, services)
