"""Who asks to stop, or sets a short limit, does not wait for what takes minutes on large problems."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from computeroute.routing import check
from computeroute.routing.paths import PathFinder
from computeroute.routing.problem import Problem
from computeroute.solvers import Options, solve
from computeroute.solvers.admissible.jobs import build_job_options
from computeroute.solvers.admissible.routebook import RouteBook
from computeroute.solvers.admissible.serving_arcs import build_services
from computeroute.solvers.market import solve as module
from computeroute.solvers.market.plans.building import Builder
from computeroute.solvers.market.pricing import representing
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.giants import Giants
from computeroute.solvers.market.solve import market_of, penalty_of, search_of
from computeroute.solvers.rates import build_rates
from computeroute.solvers.stopping import StoppedError, until_stopped
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate


def problem() -> Problem:
    return generate(sites=8, services=12, jobs=60, periods=4, locations=6, seed=1)


def after(times: int) -> Callable[[], bool]:
    """Return what asks to stop when it is asked for the next time after so many."""
    asked = count()
    return lambda: next(asked) >= times


@pytest.fixture
def every_problem_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(representing, "WORTH", 0.01)
    monkeypatch.setattr(module, "has_many_blocks", lambda _: True)


def test_items_end_where_somebody_asks_to_stop() -> None:
    seen: list[str] = []
    with pytest.raises(StoppedError):
        seen.extend(until_stopped("abc", after(2)))
    assert seen == ["a", "b"]
    assert list(until_stopped("abc", after(3))) == ["a", "b", "c"]


@pytest.mark.parametrize("build", [build_job_options, build_services])
def test_options_and_arcs_are_not_all_built_then(build: Callable[..., object]) -> None:
    found = problem()
    rates, book = build_rates(found), RouteBook(found, PathFinder(found)).prepare()
    with pytest.raises(StoppedError):
        build(found, rates, book, after(5))


@pytest.mark.usefixtures("every_problem_is_large")
@pytest.mark.parametrize("solver", ["auto", "decomposition"])
def test_there_is_no_plan_where_a_large_market_was_not_built(solver: str) -> None:
    cancel = threading.Event()
    cancel.set()
    plan = solve(problem(), solver=solver, cancel=cancel)
    assert not plan
    assert (plan.status, plan.stopped_by, plan.objective) == ("unknown", "cancel", None)
    assert plan.solver == solver


def test_small_problems_have_a_plan_all_the_same() -> None:
    found, cancel = problem(), threading.Event()
    cancel.set()
    plan = solve(found, solver="decomposition", cancel=cancel)
    assert plan and plan.stopped_by == "cancel"
    assert check(found, plan) == []


@pytest.mark.usefixtures("every_problem_is_large")
def test_a_large_market_is_not_searched_then(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = threading.Event()
    options = Options(time_limit=20.0, cores=1, cancel=cancel)
    search = search_of(market_of(problem(), options), options, time.monotonic(), 20.0)
    told = search._told_by_few

    def stopped() -> object:
        cancel.set()
        return told()

    monkeypatch.setattr(search, "_told_by_few", stopped)
    monkeypatch.setattr(search, "_build", lambda *_: pytest.fail("somebody waits"))
    search.run()
    assert search.best is None and search.plan().status == "unknown"


@pytest.mark.parametrize("places", [0, 10, 50])
def test_who_has_no_place_yet_is_left_out_of_a_plan_that_ends(places: int) -> None:
    market = market_of(problem())
    penalty, nothing = penalty_of(market), np.zeros(len(market.rules.capacity))
    told = appraise(market, nothing, penalty)
    giants = Giants.of(market, told)
    builder = Builder(market, penalty, nothing, giants, nothing, over=after(places))
    placement = builder.build(told, 1, Watch(60.0))
    out = np.count_nonzero(placement.work_of_blocks()[: len(market.problem.jobs)])
    assert out >= 60 - len(giants.jobs) - places
    assert (out < 60) == (places > 0 or len(giants.jobs) > 1)
    assert len(placement.broken_rows()) == 0


@pytest.mark.usefixtures("every_problem_is_large")
@pytest.mark.parametrize(("least", "is_served"), [(0.0, False), (60.0, True)])
def test_a_plan_of_a_large_market_ends_soon_after_the_limit(
    least: float, is_served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PLAN_SECONDS", least)
    found = problem()
    options = Options(time_limit=0.01, cores=1)
    search = search_of(market_of(found, options), options, time.monotonic(), 0.01)
    monkeypatch.setattr(search, "sharpen", lambda: pytest.fail("it is late"))
    search.run()
    plan = search.plan()
    assert (plan.unserved < 5.0) == is_served
    assert check(found, plan) == []
