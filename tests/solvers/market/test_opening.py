"""Alternative routes past crowded links: sought where there is time to use them."""

from __future__ import annotations

import threading

from computeroute.routing.paths import PathFinder
from computeroute.solvers import Options
from computeroute.solvers.market.opening import ARCS_PER_SECOND, plain_market, widened
from computeroute.topologies import load


def test_where_there_is_little_time_no_alternatives_are_sought() -> None:
    problem = load("east-data-west-compute")
    finder = PathFinder(problem)
    market = plain_market(problem, finder)
    arcs = len(market.services.arc_demand)
    assert market.crowded.any()
    enough = Options(time_limit=1.01 * arcs / ARCS_PER_SECOND)
    assert len(widened(market, finder, enough).services.arc_demand) > arcs
    assert widened(market, finder, Options(time_limit=0.99 * arcs / ARCS_PER_SECOND)) is market


def test_who_asked_to_stop_does_not_wait_for_alternatives() -> None:
    problem, cancel = load("east-data-west-compute"), threading.Event()
    finder = PathFinder(problem)
    market = plain_market(problem, finder)
    cancel.set()
    assert widened(market, finder, Options(time_limit=1e6, cancel=cancel)) is market
