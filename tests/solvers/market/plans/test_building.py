"""Building: units that are short of room come first, and nobody is left out who could be served alone."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing.problem import Problem
from computeroute.routing.scenarios import scenario
from computeroute.solvers.market.answers.menus import natural_prices
from computeroute.solvers.market.answers.placing import Placement, Priced
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans import building
from computeroute.solvers.market.plans.building import Builder
from computeroute.solvers.market.plans.greedy import fill_units
from computeroute.solvers.market.plans.keeping import kept_for_units
from computeroute.solvers.market.pricing import giants
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.giants import Giants
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of, penalty_of
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ...model.test_constraints import job, world
from ...small_worlds import random_world
from ..large_jobs import large_jobs


def built(market: Market, rounds: int) -> Placement:
    penalty = penalty_of(market)
    seeker = Seeker.begin(market, penalty)
    for _ in range(6):
        seeker.step()
    priced = Priced.of(market, seeker.columns, seeker.told.prices, 0.0)
    natural, free = natural_prices(priced.uses, priced.cost), kept_for_units(market, seeker.columns)
    builder = Builder(market, penalty, natural, seeker.giants, free)
    return builder.build(seeker.told, rounds, Watch(60.0))


@pytest.mark.no_cover
def test_more_rounds_leave_out_less() -> None:
    once, often = 0.0, 0.0
    for seed in (3,):
        problem = generate(sites=14, services=16, jobs=40, periods=8, locations=12, seed=seed, tightness=0.8)
        market = market_of(problem)
        once += sum(placed.work for placed in built(market, 1).placed)
        often += sum(placed.work for placed in built(market, 12).placed)
    assert once > 1.0
    assert often < 0.5 * once


@pytest.mark.no_cover
def test_where_all_who_lack_a_little_came_first_those_who_lack_much_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = generate(sites=14, services=30, jobs=40, periods=8, locations=12, seed=6, tightness=0.9)
    market = market_of(problem)
    slowly = built(market, 12).work()
    monkeypatch.setattr(building, "WORSE", np.inf)
    assert slowly < 0.9 * built(market, 12).work()


@pytest.mark.parametrize(("together", "cost_usd"), [(0, 580.0), (3, 460.0)])
def test_jobs_of_middle_size_find_places_together(
    monkeypatch: pytest.MonkeyPatch, together: int, cost_usd: float
) -> None:
    # 10 h, 16 cheap cards at 1 USD/h, 40 dear ones at 3. Who loses most comes first: 10 cards go to the cheap
    # pool, and 8 + 8 to the dear one: 10 * (10 + 3 * 16) = 580. Together: 10 * (3 * 10 + 16) = 460.
    monkeypatch.setattr(giants, "MOST_JOBS", 1)
    monkeypatch.setattr(giants, "MOST_NARROW", 0)
    problem = large_jobs({"cheap": (16, 1.0), "dear": (40, 3.0)}, (10, 8, 8))
    market = market_of(problem)
    penalty, nothing = penalty_of(market), np.zeros(len(market.rules.capacity))
    told = appraise(market, nothing, penalty)
    builder = Builder(market, penalty, nothing, Giants.of(market, told), nothing, together=together)
    assert builder.build(told, 1, Watch(60.0)).value() == pytest.approx(cost_usd)


@pytest.mark.parametrize("seed", range(8))
def test_placements_keep_within_the_room(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    placement = built(market, 4)
    load = np.zeros(len(placement.load))
    for placed in placement.placed:
        load[placed.rows] += placed.amounts
    assert load == pytest.approx(placement.load)
    assert (load <= placement.room + 1e-6).all()


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_units_that_nothing_stands_in_the_way_of_are_served_in_full(seed: int) -> None:
    # Users of several slots must leave the only slot of others to these; links are so wide that none is full.
    problem = generate(sites=20, services=40, jobs=10, periods=6, locations=30, seed=seed, tightness=0.7)
    market = market_of(scenario("bandwidth*100").apply(problem))
    penalty = penalty_of(market)
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty)
    modules = market.rules.widening_most[: len(market.rules.module_pool)]
    for number, blocks in enumerate(market.unit_blocks):
        placement = Placement(market, penalty, modules.copy())
        fill_units(placement, told, [number])
        assert sum(placement.placed[block].work for block in blocks.tolist()) < 1e-9
    assert len(Giants.of(market, told).jobs) > 1


def test_a_budget_pays_for_the_modules_that_are_needed_only(monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of 8 cards costs 50 USD in 4 h. Five jobs of 4 cards at 16 USD need two besides the 8 cards
    # there are: 180 USD. All modules of both pools together cost 400 USD.
    monkeypatch.setattr(giants, "MOST_JOBS", 1)
    usd = 50 * 8760 / 4
    modules = {"module_accelerators": 8, "capital_usd_per_module": usd, "lifetime_years": 1, "max_modules": 4}
    near, far = {"expansion": modules}, {"count": 1, "expansion": modules}
    jobs = [job(f"j{number}", 4, 4) for number in range(5)]
    problem = Problem.parse(world(*jobs, near=near, far=far, limits={"budget_usd": 190}))
    placement = built(market_of(problem), 1)
    assert placement.work() == 0
    assert placement.modules.tolist() == [2, 0]
    assert len(placement.broken_rows()) == 0
