"""Building a market gives signs of life; routes past crowded links are sought where there is time for it."""

from __future__ import annotations

import threading
import time

import pytest
from computeroute.routing.paths import PathFinder
from computeroute.solvers import Options, Progress
from computeroute.solvers.market import opening
from computeroute.solvers.market.ahead import sampled
from computeroute.solvers.market.opening import ROUTED_PER_SECOND, plain_market, widened
from computeroute.topologies import load


def test_where_there_is_little_time_no_alternatives_are_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = load("east-data-west-compute")
    finder = PathFinder(problem)
    market = plain_market(problem, finder)
    arcs, options = len(market.services.arc_demand), len(market.jobs.table)
    routed = arcs + options
    assert arcs and options
    assert market.crowded.any()
    enough = Options(time_limit=1.01 * routed / ROUTED_PER_SECOND)
    assert len(widened(market, finder, enough).services.arc_demand) > arcs
    assert widened(market, finder, Options(time_limit=0.99 * routed / ROUTED_PER_SECOND)) is market
    monkeypatch.setattr(opening, "MOST_ROUTED", 0.99 * routed)
    assert widened(market, finder, enough) is market


def test_who_asked_to_stop_does_not_wait_for_alternatives() -> None:
    problem, cancel = load("east-data-west-compute"), threading.Event()
    finder = PathFinder(problem)
    market = plain_market(problem, finder)
    cancel.set()
    assert widened(market, finder, Options(time_limit=1e6, cancel=cancel)) is market


def test_what_takes_long_to_build_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "NEWS_SECONDS", 0.0)
    problem, heard = load("east-data-west-compute"), list[Progress]()
    options = Options(progress=heard.append)
    plain_market(problem, PathFinder(problem), options, time.monotonic() - 100.0)
    workloads = len(problem.jobs) + len(problem.services)
    assert {report.phase for report in heard} == {f"listing the options and routes of {workloads} workloads"}
    assert len(heard) >= workloads
    seconds = [report.seconds for report in heard]
    assert seconds == sorted(seconds) and seconds[0] >= 100.0
    heard.clear()
    sampled(problem, options, 1, 1)
    assert not heard, "a sample is drawn in a process of its own"
    monkeypatch.setattr(opening, "NEWS_SECONDS", 60.0)
    plain_market(problem, PathFinder(problem), options)
    assert not heard, "this takes no minute"
