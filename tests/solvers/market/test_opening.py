"""Alternative routes past crowded links: sought where there is time to use them."""

from __future__ import annotations

import threading
import time

from computeroute.routing.paths import PathFinder
from computeroute.solvers import Options
from computeroute.solvers.market.opening import plain_market, widened
from computeroute.topologies import load


def test_where_it_is_late_no_alternatives_are_sought() -> None:
    problem = load("east-data-west-compute")
    finder, now = PathFinder(problem), time.monotonic()
    market, in_time = plain_market(problem, finder), Options(time_limit=1e6)
    assert market.crowded.any()
    assert len(widened(market, finder, in_time, now).services.arc_demand) > len(market.services.arc_demand)
    assert widened(market, finder, Options(time_limit=10), now - 2) is market


def test_who_asked_to_stop_does_not_wait_for_alternatives() -> None:
    problem, cancel = load("east-data-west-compute"), threading.Event()
    finder = PathFinder(problem)
    market = plain_market(problem, finder)
    cancel.set()
    assert widened(market, finder, Options(time_limit=1e6, cancel=cancel), time.monotonic()) is market
