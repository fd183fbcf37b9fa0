"""Where not all can be served: who comes first, what is proven, and how the search goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market import rationing
from computeroute.solvers.market import solve as solving
from computeroute.solvers.market.copies import may_copy
from computeroute.solvers.market.plans.rations import Rations
from computeroute.solvers.market.pricing import foretelling
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import MarketSearch, market_of, search_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ..model.test_constraints import job, service
from .form.test_captive import market

NEAR = {"policy": "near"}


def overloaded(seed: int, tightness: float = 1.4) -> Problem:
    return generate(sites=8, services=8, jobs=60, periods=6, locations=6, seed=seed, tightness=tightness)


def searched(problem: Problem, seconds: float = 2.0) -> MarketSearch:
    found = search_of(market_of(problem), Options(time_limit=seconds), 0.0, 0.0)
    found.watch = found.watch.beyond(seconds)
    found.run(rounds=1)
    return found


def built(problem: Problem) -> MarketSearch:
    """Return a search that has its first plan only."""
    found = search_of(market_of(problem), Options(time_limit=6.0), 0.0, 0.0)
    found.watch = found.watch.beyond(6.0)
    found.run(rounds=0)
    return found


def test_who_is_worth_most_for_what_it_takes_comes_first() -> None:
    # "large" takes all, as much as the three others together, which count three times as much. At no prices,
    # it would come first, as the dearest does.
    found = market(job("large", 8, 4, **NEAR), *(job(f"small-{each}", 2, 4, **NEAR) for each in range(3)))
    prices = np.zeros(len(found.rules.capacity))
    prices[found.rules.pool_rows[0]] = 1.0
    placement = Rations.of(found, appraise(found, prices, penalty_of(found))).filled()
    assert [placed.work > 0 for placed in placement.placed] == [True, False, False, False]


def test_who_is_left_out_comes_sooner_the_next_time() -> None:
    # Both are worth the same for what they take; "first" has two places, and takes the only one of "second".
    found = replace(market(job("first", 8, 4), job("second", 8, 4, **NEAR)), closes=False)
    prices = np.zeros(len(found.rules.capacity))
    rations = Rations.of(found, appraise(found, prices, penalty_of(found)))
    rations.rank[:] = [1.5, 1.0]
    assert rations.filled().work() == pytest.approx(1)
    assert rations.best(lambda: False).work() == pytest.approx(0)


def test_who_has_not_been_placed_when_it_is_late_stays_out() -> None:
    found = market(*(job(f"job-{each}", 2, 4, **NEAR) for each in range(4)))
    told = appraise(found, np.full(len(found.rules.capacity), 1e-6), penalty_of(found))
    looks = iter([False, False])
    assert Rations.of(found, told, lambda: next(looks, True)).filled().work() == pytest.approx(2)


def test_a_gang_comes_before_a_service_that_would_break_into_its_pool() -> None:
    # The service takes 2 of the 8 accelerators of near, all of which the job needs, and it has no other pool.
    # Far could serve as well. By worth for what they take the service comes first.
    found = market(job("gang", 8, 4, **NEAR), service(20))
    prices = np.full(len(found.rules.capacity), 1e-6)
    rations = Rations.of(found, appraise(found, prices, penalty_of(found)))
    assert rations.worth[1] > rations.worth[0] and rations.rank[0] > rations.rank[1]
    assert rations.filled().work() == pytest.approx(0)
    rations.rank[:] = rations.worth
    assert rations.filled().work() > 0.9


def test_users_whose_service_needs_several_sites_come_before_jobs() -> None:
    # The job would take all of near, so that the service had one site only, and nobody would be served.
    found = market(job("job", 8, 4, **NEAR), service(20, min_sites=2, policy="both"))
    prices = np.full(len(found.rules.capacity), 1e-6)
    placement = Rations.of(found, appraise(found, prices, penalty_of(found))).filled()
    assert placement.placed[0].work > 0 and placement.placed[1].work == pytest.approx(0)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [1, 2])
def test_rations_leave_less_out_than_the_first_plan(seed: int) -> None:
    found = built(overloaded(seed))
    first = found.unserved()
    assert found._is_short() and found.left_out > 0
    found._rationed()
    assert found.left_out <= found.unserved() < 0.9 * first


@pytest.mark.no_cover
def test_plans_that_leave_work_out_hold_and_say_what_must_be() -> None:
    problem = overloaded(3)
    plan = solve(problem, solver="decomposition", time_limit=2.5)
    assert check(problem, plan) == []
    assert 0 < plan.unserved_bound <= plan.unserved


def test_what_plans_leave_out_counts_where_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    found = built(overloaded(1))
    assert found._is_short() and found._scarce is not None
    unproven = rationing.Scarcity(found._scarce.prices, 0.0)
    monkeypatch.setattr(rationing, "scarcity", lambda *_: unproven)
    assert found._is_short(), "where few blocks leave much out, plans at prices of scarcity are tried"
    with monkeypatch.context() as within:
        within.setattr(rationing, "LACKING", 1.0)
        assert not found._is_short(), "where they leave little out, better prices may serve all"
    monkeypatch.setattr(rationing, "MANY_BLOCKS", 0)
    monkeypatch.setattr(rationing, "FAR", np.inf)
    assert found._is_short()
    monkeypatch.setattr(rationing, "FAR", 0.0)
    assert not found._is_short()


def test_what_is_scarce_is_not_sought_when_time_is_over() -> None:
    found = built(overloaded(1))
    assert found._is_short()
    found.watch = Watch(0.0)
    assert not found._is_short()


def test_where_many_leave_little_out_nothing_is_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    found = built(overloaded(1))
    monkeypatch.setattr(rationing, "MANY_BLOCKS", 0)
    assert found._is_short()
    monkeypatch.setattr(rationing, "SHORT", 1.0)
    assert not found._is_short()


@pytest.mark.no_cover
def test_where_all_is_served_nothing_is_rationed() -> None:
    assert searched(overloaded(1, tightness=0.3))._scarce is None


@pytest.mark.skipif(not may_copy(), reason="this system makes no copies of processes")
def test_prices_of_what_is_scarce_are_sought_beside_and_nothing_stays_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(foretelling, "FEWEST_BLOCKS", 0)
    monkeypatch.setattr(foretelling, "SIZE", 0)
    monkeypatch.setattr(solving, "MANY_BLOCKS", 0)
    monkeypatch.setattr(rationing, "MANY_BLOCKS", 0)
    found = search_of(market_of(overloaded(1)), Options(time_limit=2.5, cores=2), 0.0, 0.0)
    found.watch, copies, others = found.watch.beyond(2.5), may_copy(), children()
    found.run()
    assert found._scarce is not None
    assert (found._beside is not None) == copies, "threads that other tests left behind forbid copies"
    assert children() <= others


@pytest.mark.skipif(not may_copy(), reason="this system makes no copies of processes")
@pytest.mark.parametrize("tightness", [0.3, 1.4])
def test_time_for_bounds_is_kept_where_work_is_left_out_only(
    tightness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = built(overloaded(1, tightness))
    found.watch = Watch(100.0)
    found._seek_beside(Seeker.begin(found.market, found.penalty), None)
    try:
        assert not found.watch.over() and found.watch.left > 100.0
        monkeypatch.setattr(found._until, "_seconds", 0.0)
        assert found.is_served() == (tightness < 1)
        assert found.watch.over() != found.is_served()
    finally:
        found._close_beside()


@pytest.mark.parametrize("seed", range(2))
def test_who_lacks_something_takes_what_is_free_in_the_end(seed: int) -> None:
    """Most of those that leave a plan find their places, or others, again: nothing else has changed."""
    found = built(overloaded(seed))
    assert found.best is not None
    before, jobs = found.best, len(found.market.problem.jobs)
    placement = before.copy()
    for block in [*range(0, jobs, 4), *found.market.unit_blocks[0].tolist()]:
        placement.remove(block)
    found.best = placement
    found._top_up(Watch(10.0))
    lost = placement.work() - before.work()
    assert lost > 0.1
    assert found.unserved() <= before.work() + 0.5 * lost
    assert not found.best.broken_rows().size


def test_nobody_takes_what_is_free_when_all_is_served() -> None:
    found = built(overloaded(0, 0.3))
    before = found.best
    found._top_up(Watch(10.0))
    assert found.is_served() and found.best is before


def children() -> set[str]:
    """Return the processes that this one has begun and not yet waited for."""
    return {pid for told in Path("/proc/self/task").glob("*/children") for pid in told.read_text().split()}
