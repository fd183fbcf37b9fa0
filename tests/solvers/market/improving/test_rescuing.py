"""Who is left out takes a place by force where others can go elsewhere, and the price of being left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.columns import Columns
from computeroute.solvers.market.answers.placing import Placement, Priced
from computeroute.solvers.market.improving import displacing, ejecting, rescuing
from computeroute.solvers.market.improving.rescuing import left_out, rescued
from computeroute.solvers.market.plans.building import Builder, narrow_jobs, narrow_units
from computeroute.solvers.market.plans.greedy import fill_jobs
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.pricing.candidates import job_columns
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import MarketSearch, market_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch

from ...model.test_constraints import job, service, world

KEPT = {"policies": [{"id": "near", "allow": ["DE"]}, {"id": "far", "allow": ["FR"]}]}


def rescue(
    *workloads: dict[str, Any], first: list[int], seconds: float = 30.0
) -> tuple[Placement, Placement]:
    """Return the placement in which the jobs ``first`` take what is cheapest, and what is made of it."""
    market = market_of(Problem.parse(world(*workloads, **KEPT)))
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty_of(market))
    columns = job_columns(market, told, 30)
    placement = Placement(market, told.penalty, np.zeros(0))
    fill_jobs(placement, told, Priced.of(market, columns, told.prices, told.penalty), np.array(first))
    return placement, rescued(placement, columns, told, Watch(seconds), np.random.default_rng(0))


def test_a_job_that_may_go_elsewhere_makes_way_for_one_that_may_not() -> None:
    # Both take all of a pool for 4 h; the free one took the cheap pool: 8 x 4 h x (1 + 2) USD in the end.
    before, after = rescue(job("free", 8, 4), job("kept", 8, 4, policy="near"), first=[0])
    assert left_out(before).tolist() == [1]
    assert left_out(after).tolist() == []
    assert after.value() == pytest.approx(96)
    assert before.placed[1].choice is None, "what is given stays as it is"


@pytest.mark.parametrize(("few", "tries"), [(1, rescuing.PATIENCE), (0, 1)])
def test_few_who_are_left_out_try_again_in_vain(
    few: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 16 accelerators for all of the 4 h before the deadline are more than any pool has.
    monkeypatch.setattr(rescuing, "FEW", few)
    tried, force = [], rescuing._force
    monkeypatch.setattr(rescuing, "_force", lambda *given: tried.append(force(*given)))
    held = [job(name, 8, 4, policy="near", deadline_hours=4) for name in ("one", "other")]
    _, after = rescue(*held, first=[0])
    assert left_out(after).tolist() == [1]
    assert len(tried) == tries


def search_with_one_left_out() -> tuple[MarketSearch, Builder]:
    """Return a search in which the free job took the cheap pool, which the other one may not leave."""
    market = market_of(Problem.parse(world(job("free", 8, 4), job("kept", 8, 4, policy="near"), **KEPT)))
    seeker = Seeker.begin(market, penalty_of(market))
    told = appraise(market, np.zeros(len(market.rules.capacity)), seeker.penalty)
    search = MarketSearch(market, Options(), Watch(30.0), time.monotonic(), seeker.penalty)
    search.prices = told
    builder = search._builder(seeker, None)
    columns = builder.offered = job_columns(market, told, 30)
    search.best = Placement(market, seeker.penalty, np.zeros(0))
    fill_jobs(search.best, told, Priced.of(market, columns, told.prices, seeker.penalty), np.array([0]))
    assert not search.is_served()
    return search, builder


def test_who_finds_no_room_among_crowds_takes_a_place_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    # The free one leaves the cheap pool, 8 x 4 h x (1 + 2) USD.
    monkeypatch.setattr(displacing, "ROOM_TRIES", 0)
    search, builder = search_with_one_left_out()
    assert search.prices is not None and search.best is not None
    search._rescue(builder, search.prices)
    assert search.is_served()
    assert search.best.value() == pytest.approx(96)


@pytest.mark.parametrize("served", [True, False])
def test_who_finds_no_place_by_force_takes_one_before_all_who_are_there(
    served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As above, where there is no time for force.
    monkeypatch.setattr(displacing, "ROOM_TRIES", 0)
    monkeypatch.setattr(displacing, "AFTER_SHARE", 0.0)
    monkeypatch.setattr(displacing, "WAY_TRIES", 12 if served else 0)
    search, builder = search_with_one_left_out()
    assert search.prices is not None and search.best is not None
    search._rescue(builder, search.prices)
    assert search.is_served() == served
    assert search.best.work() == pytest.approx(0.0 if served else 1.0)
    assert not served or search.best.value() == pytest.approx(96)


@pytest.mark.parametrize("few", [1, 0])
def test_on_large_problems_few_who_find_no_place_by_force_find_room_among_crowds(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As above, where neither force nor chains of ejections gain anything.
    monkeypatch.setattr(displacing, "FEW", few)
    search, builder = search_with_one_left_out()
    monkeypatch.setattr(search, "_rescue", lambda *_: None)
    monkeypatch.setattr(search, "_eject", lambda *_: None)
    monkeypatch.setattr(search, "_refill", lambda *_: None)
    search.watch = Watch(20.0 if few else 0.5)
    search._eject_and_refill(builder)
    assert search.is_served() == bool(few)


def test_a_job_makes_way_for_a_unit_in_the_periods_that_it_lacks() -> None:
    # 2 replicas near for 4 h, 8 USD, and the job far, 8 x 4 h x 2 USD; the unit has a block for each period.
    before, after = rescue(job("free", 8, 4), service(20, policy="near"), first=[0])
    assert left_out(before).tolist() == [1, 2]
    assert left_out(after).tolist() == []
    assert after.value() == pytest.approx(8 + 64)


def test_a_unit_takes_the_site_where_others_can_make_way_though_another_is_cheaper() -> None:
    # Near is the cheapest for the service, but "kept" fills it and may not leave; "free" can leave far for a
    # third site. 8 x 4 h x 1 USD near, a replica far for 4 h x 2 USD, and "free" 8 x 4 h x 3 USD.
    data = world(job("kept", 8, 4, policy="near"), job("free", 8, 4), service(5, policy="both"))
    data["policies"] = [*KEPT["policies"], {"id": "both", "allow": ["DE", "FR"]}]
    data["data_centers"].append({"id": "third", "jurisdiction": "IT"})
    data["pools"].append(
        {**data["pools"][1], "id": "third-a", "data_center": "third", "usd_per_accelerator_hour": 3}
    )
    market = replace(market_of(Problem.parse(data)), closes=False)
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty_of(market))
    columns = job_columns(market, told, 30)
    placement = Placement(market, told.penalty, np.zeros(0))
    for number in (0, 1):
        fill_jobs(placement, told, Priced.of(market, columns, told.prices, told.penalty), np.array([number]))
    assert left_out(placement).tolist() == [2, 3]
    after = rescued(placement, columns, told, Watch(30.0), np.random.default_rng(0))
    assert left_out(after).tolist() == []
    assert after.value() == pytest.approx(32 + 8 + 96)


def test_places_elsewhere_are_looked_for_in_a_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three services of a replica each find the pools full; when time is up, no more than one has looked.
    looked = []
    look = rescuing._at_one_more_site

    def noted(placement: Placement, told: Appraisal, number: int) -> Iterator[Columns]:
        looked.append(number)
        return look(placement, told, number)

    monkeypatch.setattr(rescuing, "_at_one_more_site", noted)
    full = [job("near", 8, 4, policy="near"), job("far", 8, 4, policy="far")]
    others = [{**service(5), "id": f"s{number}"} for number in range(3)]
    for seconds, most in ((30.0, 3), (0.0, 1)):
        looked.clear()
        rescue(*full, *others, first=[0, 1], seconds=seconds)
        assert len(looked) == most


def test_crowds_make_room_in_markets_that_are_not_large() -> None:
    # As above: "free" leaves the cheap pool to "kept", 8 x 4 h x (1 + 2) USD in the end.
    market = market_of(Problem.parse(world(job("free", 8, 4), job("kept", 8, 4, policy="near"), **KEPT)))
    search = MarketSearch(market, Options(), Watch(30.0), time.monotonic(), penalty_of(market))
    told = appraise(market, np.zeros(len(market.rules.capacity)), search.penalty)
    columns = job_columns(market, told, 30)
    search.best = Placement(market, told.penalty, np.zeros(0))
    fill_jobs(search.best, told, Priced.of(market, columns, told.prices, told.penalty), np.array([0]))
    assert not search.is_served()
    menu = Priced.of(market, columns, told.prices, told.penalty)
    search._make_room(search.best.copy(), menu, told, Watch(30.0))
    assert search.is_served()
    assert search.best.value() == pytest.approx(96)


def test_who_cannot_be_placed_stays_out_and_costs_nobody_a_place() -> None:
    before, after = rescue(job("one", 8, 4, policy="near"), job("two", 8, 4, policy="near"), first=[0])
    assert left_out(after).tolist() == left_out(before).tolist() == [1]
    assert after.value() == before.value()


def test_those_who_relieve_most_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of 7 jobs of 1 and one of 1 that is kept near, 7 can make way, of which 4 have to, though 5 are asked.
    monkeypatch.setattr(ejecting, "RIVALS", 5)
    small = [job(f"small-{k}", 1, 4) for k in range(7)]
    before, after = rescue(
        *small, job("own", 1, 4, policy="near"), job("kept", 4, 4, policy="near"), first=list(range(8))
    )
    assert left_out(before).tolist() == [8]
    assert left_out(after).tolist() == []


def test_what_hardly_any_pool_can_do_comes_first() -> None:
    market = market_of(
        Problem.parse(world(job("free", 8, 4), job("kept", 1, 1, policy="far"), service(5), **KEPT))
    )
    assert narrow_jobs(market).tolist() == [1]
    assert narrow_units(market) == []


def test_leaving_requests_out_is_dearer_than_their_only_place() -> None:
    # 79 requests/s near cost 8 USD an hour; one may only go far, where a replica costs 4,000 USD an hour.
    users = [
        {"location": "near", "requests_per_second": 79, "policy": "near"},
        {"location": "far", "requests_per_second": 1, "policy": "far"},
    ]
    dear = {"usd_per_accelerator_hour": 4000}
    market = market_of(Problem.parse(world({**service(0), "demand": users}, far=dear, **KEPT)))
    placement = Placement(market, penalty_of(market), np.zeros(0))
    far = [number for number, unit in enumerate(market.units) if unit.demand.max() == 1]
    assert placement.out_cost[market.unit_blocks[far[0]]].min() > 2 * 4000
