"""Jobs that lose a part of the whole take the places of many, who answer anew."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market.answers.columns import joined
from computeroute.solvers.market.answers.placing import Priced
from computeroute.solvers.market.improving import displacing
from computeroute.solvers.market.improving.recreating import Recreator
from computeroute.solvers.market.pricing.appraisal import Appraisal
from computeroute.solvers.market.pricing.candidates import job_columns, service_columns
from computeroute.solvers.market.solve import MarketSearch
from computeroute.solvers.options import Options, Progress
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world
from .test_recreating import greedy

FAR_SMALL = [job(f"small-{number}", 1, 4) for number in range(12)]
POLICIES = [{"id": "not-far", "allow": ["DE", "IT"]}, {"id": "near", "allow": ["DE"]}]


def three_pools(*workloads: dict[str, Any]) -> Problem:
    """Return a problem with 12 accelerators near, far and in a third place, at 1, 2 and 4 USD an hour."""
    data = world(*workloads, near={"count": 12}, far={"count": 12}, policies=POLICIES)
    data["data_centers"].append({"id": "third", "jurisdiction": "IT"})
    third = {"id": "third-a", "data_center": "third", "usd_per_accelerator_hour": 4}
    data["pools"].append({**data["pools"][1], **third})
    return Problem.parse(data)


def searched(problem: Problem) -> tuple[MarketSearch, Appraisal, Priced]:
    market, placement, told = greedy(problem)
    search = MarketSearch(market, Options(), Watch(30.0), time.monotonic(), placement.penalty)
    search.best = placement
    columns = joined([job_columns(market, told, 30), service_columns(market, told)])
    return search, told, Priced.of(market, columns, told.prices, told.penalty)


def value_after(search: MarketSearch, told: Appraisal, menu: Priced) -> float:
    for _ in search._displacing(lambda: menu, told, Watch(30.0)):
        pass
    assert search.best is not None
    assert len(search.best.broken_rows()) == 0
    return search.best.value()


@pytest.mark.no_cover
def test_a_job_takes_the_places_of_more_than_make_way_in_other_steps() -> None:
    # 12 small ones near at 4 USD each and the large one in the third place, 12 x 4 h x 4 USD; better are the
    # large one near, 12 x 4 h x 1 USD, and the small ones far at 8 USD each.
    search, told, menu = searched(three_pools(*FAR_SMALL, job("large", 12, 4, policy="not-far")))
    assert search.best is not None
    assert search.best.value() == pytest.approx(48 + 192)
    recreator = Recreator(search.best.copy(), told, np.random.default_rng(0))
    assert [recreator.step() for _ in range(50)] == [0.0] * 50
    assert value_after(search, told, menu) == pytest.approx(48 + 96)
    assert search._stays == {}


def test_all_stays_where_others_have_no_other_place(monkeypatch: pytest.MonkeyPatch) -> None:
    # The large one would save 12 x 4 h x 3 USD near, where another takes 8 that may be nowhere else
    # (who may pause closes nothing to others).
    kept = job("kept", 8, 4, policy="near", interruptible=True)
    search, told, menu = searched(three_pools(kept, job("large", 12, 4, policy="not-far")))
    before = search.best
    assert before is not None and before.work() == 0
    assert value_after(search, told, menu) == pytest.approx(before.value()), "nobody can make way"
    assert [job for job, _ in search._displacers(told)] == [1], "it loses so much that it is tried again"
    monkeypatch.setattr(displacing, "ALWAYS", np.inf)
    value_after(search, told, menu)
    assert search._displacers(told) == [], "others are not tried again at the same prices"


@pytest.mark.parametrize("seed", range(18))
def test_loads_are_what_everybody_takes_and_the_placement_itself_stays(seed: int) -> None:
    market, placement, told = greedy(Problem.parse(random_world(Random(seed))))
    before, recreator = list(placement.placed), Recreator(placement, told, np.random.default_rng(seed))
    for job_number in range(len(market.problem.jobs)):
        pools = np.arange(len(market.problem.pools))[: 1 + job_number % 2]
        found = recreator.displaced(job_number, pools, stays=bool(seed % 2))
        assert all(now is then for now, then in zip(placement.placed, before, strict=True))
        load = np.zeros(len(found.load))
        for each in found.placed:
            load[each.rows] += each.amounts
        assert found.load == pytest.approx(load, abs=1e-9)
        hard = found.hard
        assert (found.load[hard] <= found.room[hard]).all()


def test_who_loses_little_displaces_nobody() -> None:
    search, told, _ = searched(three_pools(job("one", 6, 4), job("two", 6, 4)))
    assert search._displacers(told) == []


def test_first_all_have_to_be_served() -> None:
    kept = [job(f"kept-{number}", 12, 4, policy="near", interruptible=True) for number in range(2)]
    search, told, menu = searched(three_pools(*kept, *FAR_SMALL[:1], job("large", 12, 4, policy="not-far")))
    assert search.best is not None and search.best.work() > 0
    assert list(search._displacing(lambda: menu, told, Watch(30.0))) == []


def test_where_nothing_is_placed_nobody_is_displaced() -> None:
    search, told, menu = searched(three_pools(job("one", 6, 4)))
    search.best = None
    assert list(search._displacing(lambda: menu, told, Watch(1.0))) == []


def test_a_job_wants_every_place_that_costs_less_than_its_own() -> None:
    # 12 accelerators for 4 h: 48 near, 96 far, 192 in the third place, where it is.
    _, placement, told = greedy(three_pools(job("large", 12, 4)))
    recreator = Recreator(placement, told, np.random.default_rng(0))
    recreator.excess[0] = 192 - recreator.least[0]
    assert [place.tolist() for place in recreator.places(0)] == [[0], [1]]
    recreator.excess[0] = 50 - recreator.least[0]
    assert [place.tolist() for place in recreator.places(0)] == [[0]]


def test_services_with_limits_on_their_sites_make_way_too() -> None:
    # The service needs one site, 4 replicas near: it moves far as the job takes all there is near.
    chat = service(40, max_sites=1)
    search, told, _ = searched(three_pools(chat, job("large", 12, 4)))
    assert search.best is not None
    recreator = Recreator(search.best, told, np.random.default_rng(0))
    found = recreator.displaced(0, np.array([0]), stays=False)
    pools = search.market.rules.pool_of_row
    assert found.work() == 0
    assert set(pools[found.placed[0].rows].tolist()) - {-1} == {0}
    assert set(pools[found.placed[1].rows].tolist()) - {-1} == {1}


def test_what_is_spare_counts_until_the_best_is_as_good() -> None:
    # The best leaves all three out; the spare one leaves one out; then the best leaves none out.
    heard: list[Progress] = []
    search, _, _ = searched(three_pools(*FAR_SMALL[:3]))
    full = search.best
    assert full is not None and full.work() == 0
    search.options = Options(progress=heard.append)
    nothing, spare = full.copy(), full.copy()
    for number in range(3):
        nothing.remove(number)
        nothing.put(number, nothing.nothing(number))
    spare.remove(0)
    spare.put(0, spare.nothing(0))
    search.best = nothing
    search._keep_spare(full)
    search._keep_spare(spare)
    assert search._known() is spare and search.best is nothing
    search._offer(full)
    assert search._known() is full
    assert [(told.phase, told.incumbent) for told in heard] == [
        ("cost", 12.0),
        ("unserved work", 1.0),
        ("cost", 12.0),
    ]


@pytest.mark.no_cover
def test_there_is_a_plan_that_serves_all_before_better_prices_are_sought() -> None:
    # The first plan of this leaves work out, and the next one is made after seven seconds of prices.
    problem, stop = generate(sites=20, services=30, jobs=100, periods=24, seed=3), threading.Event()

    def hear(report: Progress) -> None:
        if report.phase == "cost" and report.incumbent is not None:
            stop.set()

    plan = solve(problem, solver="decomposition", time_limit=60, progress=hear, cancel=stop)
    assert (plan.stopped_by, plan.unserved) == ("cancel", 0.0)
    assert plan.objective > 1.03 * 125_600, "it is not what better prices find"
    assert check(problem, plan) == []
