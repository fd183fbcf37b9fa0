"""A job that decides a part of the cost is held to a place: what that costs, and what it proves."""

from __future__ import annotations

import time
from random import Random

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.improving import displacing
from computeroute.solvers.market.improving.holding import freed, held
from computeroute.solvers.market.plans.openings import options_of
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import MarketSearch, market_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world


def pools_of(market: Market, number: int) -> set[tuple[int, ...]]:
    """Return the sets of pools of the options of a job."""
    found = set()
    for options in (market.running, market.pausing):
        mine = options_of(options, number)
        for row in range(mine.start, mine.stop):
            found.add(tuple(sorted(options.pool[options.owner == row].tolist())))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_two_markets_have_all_options_of_a_job_between_them(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    for number in range(len(market.problem.jobs)):
        every = pools_of(market, number)
        for place in every:
            inside, outside = (held(market, number, np.array(place), apart=apart) for apart in (False, True))
            assert pools_of(inside, number) == {place}
            assert pools_of(outside, number) == every - {place}
            others = [pools_of(market, other) for other in range(number)]
            assert [pools_of(inside, other) for other in range(number)] == others


def search_of(problem: Problem) -> MarketSearch:
    search = MarketSearch(market_of(problem), Options(), Watch(20.0), time.monotonic())
    search.penalty = penalty_of(search.market)
    return search


def two_jobs() -> Problem:
    """Return two jobs of 6 accelerators for 4 h, and 8 near at 1 USD and 8 far at 2 USD an hour."""
    return Problem.parse(world(job("one", 6, 4), job("two", 6, 4)))


def test_what_a_job_costs_at_a_place_is_found_and_offered() -> None:
    search = search_of(two_jobs())
    near, far = np.array([0]), np.array([1])
    for place, other in ((near, far), (far, near)):
        found = search._searched_apart(held(search.market, 0, place), 5.0)
        assert found.best is not None
        placement = freed(search.market, found.best)
        assert placement.value() == pytest.approx(6 * 4 * (1 + 2))
        assert search.market.rules.pool_of_row[placement.placed[0].rows].max() == place[0]
        assert search.market.rules.pool_of_row[placement.placed[1].rows].max() == other[0]


def test_a_place_that_is_proven_too_dear_is_left() -> None:
    # Alone, a job costs 24 near and 48 far. The best has it near: no plan with it far is better.
    search = search_of(Problem.parse(world(job("one", 6, 4))))
    seeker = Seeker.begin(search.market, search.penalty)
    search._hear(seeker.told)
    search.best = freed(search.market, search._searched_apart(search.market, 2.0).best)  # type: ignore[arg-type]
    assert search.best.value() == pytest.approx(24)
    search._hold(0, np.array([1]), seeker.told)
    assert search._narrowed is not None
    assert pools_of(search._narrowed.market, 0) == {(0,)}
    search._narrowed = None
    search._hold(0, np.array([1]), seeker.told)
    assert search._narrowed is None, "at the same prices it is not asked again"


def test_a_better_place_is_taken_and_what_is_worse_is_left() -> None:
    search = search_of(Problem.parse(world(job("one", 6, 4))))
    seeker = Seeker.begin(search.market, search.penalty)
    search._hear(seeker.told)
    dear = search._searched_apart(held(search.market, 0, np.array([1])), 2.0).best
    assert dear is not None
    search.best = freed(search.market, dear)
    assert search.best.value() == pytest.approx(48)
    search._hold(0, np.array([0]), seeker.told)
    assert search.best.value() == pytest.approx(24)
    assert search._narrowed is not None
    assert pools_of(search._narrowed.market, 0) == {(0,)}


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_held_markets_are_never_above_the_optimum(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displacing, "DECISIVE", 0.0)
    monkeypatch.setattr(displacing, "DISPLACING_SHARE", 1e-9)
    problem = Problem.parse(random_world(Random(seed)))
    best = solve(problem, solver="highs", gap_limit=1e-6)
    plan = solve(problem, solver="decomposition", gap_limit=0.0, time_limit=1.0)
    assert plan.unserved_bound <= best.unserved + 1e-6
    if plan.bound is not None and best.objective is not None and plan.unserved <= best.unserved + 1e-6:
        assert plan.bound <= best.objective + 1e-5 * max(1.0, abs(best.objective))


def test_all_is_searched_in_the_narrowed_market_from_then_on() -> None:
    search = search_of(Problem.parse(world(job("one", 6, 4), job("two", 6, 4), service(20))))
    search.run(rounds=1)
    assert search.best is not None and search.prices is not None
    narrowed = held(search.market, 0, np.array([0]))
    search._narrow(narrowed, search.prices.prices)
    builder = search._builder(Seeker.begin(search.market, search.penalty), None)
    seeker = search._gone_over(builder)
    assert search.market is builder.market is seeker.market is narrowed
    assert search._narrowed is None
