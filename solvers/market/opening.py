"""From a problem to its market: options, arcs, and routes past crowded links where arcs are few."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...routing.paths import PathFinder
from ...routing.problem import Problem
from ..admissible.jobs import build_job_options
from ..admissible.routebook import RouteBook, alternatives_of, spares_money
from ..admissible.serving_arcs import build_services
from ..options import Options, Progress
from ..rates import build_rates
from ..stopping import never, require_going_on
from .form.market import Market, build_market
from .pricing.foretelling import steps_take_long
from .pricing.representing import has_many_workloads

NEWS_SECONDS = 5.0
"""Time after which what goes on is told, again and again, while a market is built."""
PROGRAM_SHARE = 0.03
"""Part of the time limit that a small integer program may take on the way."""
COUNTING = 2.0
"""Multiple of what takes long up to which large things are priced by the piece: where steps of prices take
longer, too few are left for so many rows more, and plans and bounds are no better."""
MOST_ROUTED = 20_000
"""Arcs and options of jobs up to which all that could be short of bandwidth get alternative routes: with more
of them a search that has so much more to choose from finds dearer plans."""
ROUTED_PER_SECOND = 2_000
"""Arcs and options for every second of the time limit up to which they do: to seek these takes about half a
millisecond each, and is told by work so that the same problem gets the same plan."""


def plain_market(
    problem: Problem, finder: PathFinder, options: Options | None = None, started: float | None = None
) -> Market:
    """Return the market of ``problem`` with one route for every pair, to be searched as ``options`` say.

    ``started`` is when the solve began, by the monotonic clock, if not now.

    Raises StoppedError where somebody asks to stop before that of a large problem is there.
    """
    if options is None:
        return _market(problem, RouteBook(problem, finder))
    halted = _attended(problem, options, time.monotonic() if started is None else started)
    market = _market(problem, RouteBook(problem, finder), halted)
    seconds = min(market.program_seconds, PROGRAM_SHARE * options.time_limit)
    if steps_take_long(market, options.time_limit, COUNTING):
        market = replace(market, rules=market.rules.uncounted())
    return replace(market, cores=options.usable_cores, program_seconds=seconds)


def _attended(problem: Problem, options: Options, started: float) -> Callable[[], bool]:
    """Return what is asked again and again whether to stop, and gives a sign of life now and then.

    Small problems are not stopped before they have a plan.
    """
    is_cancelled = options.is_cancelled if has_many_workloads(problem) else never
    workloads, next_news = len(problem.jobs) + len(problem.services), started + NEWS_SECONDS

    def halted() -> bool:
        nonlocal next_news
        now = time.monotonic()
        if options.progress is not None and now >= next_news:
            next_news = now + NEWS_SECONDS
            what = f"listing the options and routes of {workloads:,} workloads"
            options.progress(Progress(what, None, None, None, now - started))
        return is_cancelled()

    return halted


def widened(market: Market, finder: PathFinder, options: Options | None = None) -> Market:
    """Return a plain market; where arcs and options are few for the time, with ways past crowded links.

    Who asked to stop does not wait for these.
    """
    if options is not None and options.is_cancelled():
        return market
    problem, scarce, routed = market.problem, market.crowded_links, market.routed
    if routed > _most_routed(options) or not (scarce or spares_money(problem)):
        return market
    book = RouteBook(problem, finder, scarce, alternatives_of(routed))
    found = _market(problem, book)
    # Ways past crowded links may crowd others.
    while book.is_small and not found.crowded_links <= book.scarce:
        book = RouteBook(problem, finder, book.scarce | found.crowded_links, book.alternatives)
        found = _market(problem, book)
    if not len(market.rules.counting):
        found = replace(found, rules=found.rules.uncounted())
    return replace(found, cores=market.cores, program_seconds=market.program_seconds)


def _most_routed(options: Options | None) -> float:
    """Return the arcs and options up to which alternatives are sought."""
    in_time = np.inf if options is None else ROUTED_PER_SECOND * options.time_limit
    return min(MOST_ROUTED, in_time)


def _market(problem: Problem, book: RouteBook, halted: Callable[[], bool] = never) -> Market:
    rates = build_rates(problem)
    book.prepare()
    jobs = build_job_options(problem, rates, book, halted)
    services = build_services(problem, rates, book, halted)
    require_going_on(halted)
    market = build_market(problem, rates, jobs, services)
    require_going_on(halted)
    return market
