"""Prices sought in a process beside: what they prove, what comes back, and that nothing stays behind."""

from __future__ import annotations

import io
import os
import signal
import threading
import time

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market import beside
from computeroute.solvers.market import solve as module
from computeroute.solvers.market.beside import Beginning, Heard, PricesBeside
from computeroute.solvers.market.copies import may_copy
from computeroute.solvers.market.pricing import foretelling
from computeroute.solvers.market.pricing.foretelling import Foretold
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.pricing.representing import representative
from computeroute.solvers.market.solve import market_of, search_of
from computeroute.solvers.options import Options
from computeroute.solvers.processes import read_frame
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

copies = pytest.mark.skipif(not may_copy(), reason="this system makes no copies of processes")


def problem(seed: int = 1) -> Problem:
    return generate(sites=8, services=6, jobs=40, periods=3, locations=6, seed=seed)


def seeker_of(found: Problem) -> Seeker:
    market = market_of(found)
    return Seeker.begin(market, penalty_of(market))


def frames(stream: io.BytesIO) -> list[Heard]:
    stream.seek(0)
    found = []
    while stream.tell() < len(stream.getvalue()):
        found.append(read_frame(stream))
    return found


@pytest.fixture
def every_market_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foretelling, "FEWEST_BLOCKS", 0)
    monkeypatch.setattr(foretelling, "SIZE", 0)


def test_bounds_rise_from_step_to_step_and_prices_settle() -> None:
    stream = io.BytesIO()
    now = time.monotonic()
    beside._seek(Beginning(seeker_of(problem())), stream, now + 2.0, now + 2.5)
    heard = frames(stream)
    bounds = [each.complete for each in heard]
    assert len(heard) > 3 and bounds == sorted(bounds) and bounds[-1] > bounds[0]
    assert not heard[0].is_settled and heard[-1].is_settled


@pytest.mark.parametrize("periods", [4, 24])
def test_merged_periods_come_after_a_small_sample_where_there_are_enough(
    periods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "FINER", (10, 2))
    whole = seeker_of(generate(sites=6, services=6, jobs=40, periods=periods, locations=4, seed=1))
    sample = representative(whole.market, whole.penalty, 5, 1)
    assert sample is not None
    small, before = Foretold.of(Seeker.begin(sample, whole.penalty)), whole.told.complete
    found, is_settled = beside._begun(Beginning(whole, small), time.monotonic() + 20.0)
    assert is_settled == (periods == 24)
    assert found.told.complete >= before
    assert (found.told.complete > before) or not is_settled


def test_a_finer_sample_comes_between_the_first_one_and_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "FINER", (10, 2))
    whole = seeker_of(problem())
    sample = representative(whole.market, whole.penalty, 5, 1)
    assert sample is not None
    small = Foretold.of(Seeker.begin(sample, whole.penalty))
    finer = beside._finer(whole, small, Watch(10.0))
    assert finer is not None and finer.market.stands_for is whole.market
    assert len(sample.units) < len(finer.market.units) < len(whole.market.units)
    monkeypatch.setattr(beside, "FINER", (40, 6))
    assert beside._finer(whole, small, Watch(10.0)) is None, "so few stand for nobody else"


@copies
def test_what_comes_back_is_what_the_prices_prove_here() -> None:
    seeker = seeker_of(problem())
    first = seeker.told.complete
    apart = PricesBeside(Beginning(seeker), 5.0, 1.0)
    try:
        apart.wait_for(lambda heard: heard.is_settled and heard.complete > first, Watch(20.0).over)
        heard = apart.news()
        assert heard is not None and heard.is_settled and heard.complete > first
        assert seeker.move(heard.prices, heard.box) > 0
        assert seeker.told.complete == pytest.approx(
            heard.complete, rel=1e-4
        )  # Some bounds were raised there.
        assert seeker.move(heard.prices, heard.box) == 0, "they are no better than themselves"
    finally:
        apart.close()
    with pytest.raises(ProcessLookupError):
        os.kill(apart._process, 0)


@pytest.mark.no_cover
@copies
@pytest.mark.usefixtures("every_market_is_long")
@pytest.mark.parametrize("seed", range(3))
def test_plans_are_sound_and_bounds_below_the_optimum(seed: int) -> None:
    found = generate(sites=4, services=3, jobs=12, periods=3, locations=3, seed=seed)
    best = solve(found, solver="highs", time_limit=20, gap_limit=1e-4)
    plan = solve(found, solver="decomposition", time_limit=1, gap_limit=0.0, cores=2)
    assert check(found, plan) == []
    assert plan.unserved >= best.unserved - 1e-6
    assert plan.bound is not None and best.objective is not None
    assert plan.bound <= best.objective * (1 + 1e-6)


@copies
@pytest.mark.usefixtures("every_market_is_long")
def test_a_search_goes_on_where_the_process_dies() -> None:
    found = problem()
    search = search_of(market_of(found), Options(time_limit=2.0, gap_limit=0.0), time.monotonic(), 2.0)

    def kill() -> None:
        while search._beside is None:
            time.sleep(0.01)
        os.kill(search._beside._process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    # The thread begins once the copy is made: a process of several threads makes none.
    begin = search._seek_beside

    def begun(*given: object) -> None:
        begin(*given)  # type: ignore[arg-type]
        killer.start()

    search._seek_beside = begun  # type: ignore[method-assign]
    search.run()
    killer.join()
    assert search._beside is not None and not search._beside.running and search._beside.is_lost
    assert search.best is not None and check(found, search.plan()) == []
    assert search._raised_at is search.prices, "what it would have proven in the end is proven here"


@copies
@pytest.mark.usefixtures("every_market_is_long")
def test_bounds_are_heard_while_plans_are_improved() -> None:
    search = search_of(market_of(problem()), Options(time_limit=2.0, cores=2), time.monotonic(), 2.0)
    improve, known, heard = search._improve, [], []

    def noted(seeker: Seeker, watch: Watch) -> None:
        assert search._beside is not None
        search._beside.wait_for_news(watch.over)
        proven, was_over = search._beside.proven(), watch.over()
        improve(seeker, watch)
        if not was_over:
            known.append(proven)
            heard.append(search.complete)

    search._improve = noted  # type: ignore[method-assign]
    search.run()
    assert heard and all(bound >= proven for bound, proven in zip(heard, known, strict=True))


@copies
@pytest.mark.usefixtures("every_market_is_long")
@pytest.mark.parametrize(("cores", "is_large"), [(1, False), (2, False), (2, True)])
def test_however_long_building_is_prices_are_waited_for_but_on_large_problems(
    cores: int, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG_SHARE", 0.0)
    monkeypatch.setattr(module, "LARGE_LONG_SHARE", 0.0)
    monkeypatch.setattr(module, "has_many_blocks", lambda _: is_large)
    search = search_of(market_of(problem()), Options(time_limit=1.0, cores=cores), time.monotonic(), 1.0)
    waited, wait = [], search._seek_or_wait
    monkeypatch.setattr(search, "_seek_or_wait", lambda seeker: waited.append(wait(seeker)))
    search.run()
    assert len(waited) == (not is_large)


@copies
@pytest.mark.usefixtures("every_market_is_long")
def test_where_there_is_no_room_for_a_copy_prices_and_plans_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full() -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", full)
    found = problem()
    search = search_of(market_of(found), Options(time_limit=1.0, cores=2), time.monotonic(), 1.0)
    search.run()
    assert search._beside is None and check(found, search.plan()) == []


@pytest.mark.usefixtures("every_market_is_long")
def test_on_one_core_and_beside_other_threads_prices_and_plans_take_turns() -> None:
    market = market_of(problem())
    alone = search_of(market, Options(time_limit=1.0, cores=1), time.monotonic(), 1.0)
    alone.run()
    assert alone._beside is None and alone.best is not None
    threaded = search_of(market, Options(time_limit=1.0, cores=2), time.monotonic(), 1.0)
    thread = threading.Thread(target=threaded.run)
    thread.start()
    thread.join()
    assert threaded._beside is None and threaded.best is not None


@copies
def test_a_rival_has_the_core_unless_steps_take_very_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foretelling, "FEWEST_BLOCKS", 0)
    market = market_of(problem())
    limits = np.arange(1, 10_000) / 1e3
    seconds = next(limit for limit in limits.tolist() if not foretelling.steps_take_long(market, limit))
    for times, alone, beside_another in ((0.9, True, True), (1.1, True, False), (20.0, False, False)):
        options = Options(time_limit=times * seconds, cores=2)
        search = search_of(market, options, time.monotonic(), options.time_limit)
        assert search._may_seek_beside() == alone
        search.has_rival = True
        assert search._may_seek_beside() == beside_another
