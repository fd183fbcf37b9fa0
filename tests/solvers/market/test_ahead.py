"""Prices sought while the market is built: what a sample of workloads tells of the whole."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.routing.paths import PathFinder
from computeroute.solvers import solve
from computeroute.solvers.market.ahead import PricesAhead, sampled, sought_ahead
from computeroute.solvers.market.copies import may_copy
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.market.pricing import foretelling, representing
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.foretelling import Foretold
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of, search_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

copies = pytest.mark.skipif(not may_copy(), reason="this system makes no copies of processes")
OPTIONS = Options(time_limit=20.0, cores=2)


def problem(seed: int = 1) -> Problem:
    return generate(sites=8, services=12, jobs=160, periods=3, locations=6, seed=seed)


@pytest.fixture
def every_problem_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(representing, "WORTH", 0.01)
    monkeypatch.setattr(foretelling, "FEWEST_BLOCKS", 0)
    monkeypatch.setattr(foretelling, "SIZE", 0)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_a_sample_takes_about_what_all_take(seed: int) -> None:
    found = problem(seed)
    whole, sample = market_of(found), sampled(found, OPTIONS, 100, 8)
    whole = replace(whole, rules=whole.rules.uncounted())
    assert len(sample.problem.jobs) <= 100 and len(sample.problem.services) <= 8
    free = np.zeros(len(whole.rules.capacity))
    assert len(sample.rules.capacity) == len(free), "prices of one are prices of the other"
    small, all_ = (appraise(each, free, 1.0, whole=False).complete for each in (sample, whole))
    assert small == pytest.approx(all_, rel=0.3)


def test_everybody_drawn_is_the_problem_itself() -> None:
    """With as many as there are, each counts for one: a bound of the sample is one of the whole."""
    found = problem()
    whole, sample = plain_market(found, PathFinder(found)), sampled(found, OPTIONS, 200, 12)
    whole = replace(whole, closes=False, rules=whole.rules.uncounted())
    prices = np.full(len(whole.rules.capacity), 0.1)
    links = np.unique(whole.rules.traffic_use[0])
    prices[links[links < len(prices)]] = 0.0
    mine, all_ = (appraise(each, prices, 1.0).complete for each in (sample, whole))
    assert mine == pytest.approx(all_, rel=1e-9)


@copies
@pytest.mark.usefixtures("every_problem_is_large")
def test_its_prices_prove_more_than_none() -> None:
    found = problem()
    with sought_ahead(found, OPTIONS) as apart:
        assert apart is not None
        market = market_of(found, OPTIONS)
        apart.wait_for(lambda told: bool(told.prices.any()), Watch(20.0).over)
        told = apart.heard
    assert told is not None and told.prices.any() and (told.natural >= 0).all()
    penalty = penalty_of(market)
    proven = Seeker.begin(market, penalty, told.prices).told.complete
    assert proven > Seeker.begin(market, penalty).told.complete
    with pytest.raises(ProcessLookupError):
        os.kill(apart._process, 0)


@copies
@pytest.mark.usefixtures("every_problem_is_large")
def test_a_search_begins_at_them_and_does_not_seek_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problem()
    with sought_ahead(found, OPTIONS) as apart:
        search = search_of(market_of(found, OPTIONS), Options(time_limit=1.5, cores=2), time.monotonic(), 1.5)
        assert apart is not None
        apart.wait_for_news(Watch(20.0).over)
        search.ahead = apart
        monkeypatch.setattr(search, "_told_by_few", lambda: pytest.fail("prices are there"))
        search.run()
        assert search.ahead is None and not apart.running
    assert search.best is not None and check(found, search.plan()) == []


@copies
@pytest.mark.usefixtures("every_problem_is_large")
@pytest.mark.parametrize("solver", ["auto", "decomposition"])
def test_plans_verify(solver: str) -> None:
    found = problem()
    assert check(found, solve(found, solver=solver, time_limit=1.5, cores=2)) == []


def test_small_problems_and_single_cores_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with sought_ahead(problem(), OPTIONS) as small:
        assert small is None
    monkeypatch.setattr(representing, "WORTH", 0.01)
    with sought_ahead(problem(), Options(cores=1)) as alone:
        assert alone is None


@copies
def test_where_there_is_no_room_for_a_copy_nothing_is_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(representing, "WORTH", 0.01)
    monkeypatch.setattr(os, "fork", full)
    with sought_ahead(problem(), OPTIONS) as apart:
        assert apart is None


@copies
def test_what_fails_inside_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(representing, "WORTH", 0.01)
    seen: list[PricesAhead] = []
    with pytest.raises(KeyError), sought_ahead(problem(), OPTIONS) as apart:
        assert apart is not None
        seen.append(apart)
        raise KeyError
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0]._process, 0)


def test_what_a_seeker_tells_is_its_prices() -> None:
    market = market_of(problem())
    seeker = Seeker.begin(market, penalty_of(market))
    told = Foretold.of(seeker)
    assert told.prices is seeker.told.prices and told.box == seeker.box
