"""From a problem to its market: options, arcs, and routes past crowded links where arcs are few."""

from __future__ import annotations

from dataclasses import replace

from ...routing.paths import PathFinder
from ...routing.problem import Problem
from ..jobs import build_job_options
from ..rates import build_rates
from ..routebook import RouteBook
from ..serving_arcs import build_services
from .market import Market, build_market
from .traffic import links_of

ALTERNATIVE_ARCS = 20_000
"""Arcs up to which every pair that could be short of bandwidth gets alternative routes."""


def plain_market(problem: Problem, finder: PathFinder, cores: int = 1) -> Market:
    """Return the market of ``problem`` with one route for every pair."""
    return _market(problem, RouteBook(problem, finder), cores)


def widened(market: Market, finder: PathFinder) -> Market:
    """Return a plain market, where arcs are few with alternative routes past crowded links."""
    if len(market.services.arc_demand) > ALTERNATIVE_ARCS or not market.crowded.any():
        return market
    problem = market.problem
    return _market(problem, RouteBook(problem, finder, links_of(problem, market.crowded)), market.cores)


def _market(problem: Problem, book: RouteBook, cores: int) -> Market:
    rates = build_rates(problem)
    book.prepare()
    jobs, services = build_job_options(problem, rates, book), build_services(problem, rates, book)
    return replace(build_market(problem, rates, jobs, services), cores=cores)
