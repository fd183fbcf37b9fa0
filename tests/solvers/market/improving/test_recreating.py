"""Jobs and units that leave together and answer anew: where none alone does better, several do."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.improving.recreating import Recreator
from computeroute.solvers.market.improving.refilling import refill
from computeroute.solvers.market.improving.settling import resettle
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world


def greedy(problem: Problem) -> tuple[Market, Placement, Appraisal]:
    """Return a placement in which nobody alone can do better, built in the order of the file."""
    market = market_of(problem)
    modules = market.rules.widening_most[: len(market.rules.module_pool)].copy()
    placement = Placement(market, 1e4, modules)
    nothing, jobs = np.zeros(len(placement.load)), range(len(market.problem.jobs))
    for _ in range(3):
        resettle(placement, jobs, lambda: False)
        refill(placement, nothing, lambda: False, list(range(len(market.units))))
    return market, placement, appraise(market, nothing, placement.penalty)


def chat(name: str, accelerators: int) -> dict[str, Any]:
    """One replica of so many accelerators serves everybody."""
    serving = [{"accelerator": "a", "requests_per_second": 10, "accelerators_per_replica": accelerators}]
    return service(5, id=name, serving=serving)


@pytest.mark.parametrize("both", [(chat("one", 2), chat("two", 3)), (job("one", 2, 4), job("two", 3, 4))])
def test_two_change_places_where_neither_can_alone(both: tuple[dict[str, Any], ...]) -> None:
    """Near there are 3: one takes 2 x 4 x 1, two 3 x 4 x 2 far; two near costs 12, one far 16."""
    _, placement, told = greedy(Problem.parse(world(*both, near={"count": 3})))
    assert placement.value() == pytest.approx(8 + 24)
    recreator = Recreator(placement, told, np.random.default_rng(0))
    gained = sum(recreator.step() for _ in range(20))
    assert placement.value() == pytest.approx(12 + 16)
    assert gained == pytest.approx(4)


def test_only_periods_that_get_better_change() -> None:
    """As above in the first period; in the second the small one alone has users, and stays near."""
    large, small = chat("two", 3), chat("one", 2)
    large["demand"] = [{"location": "near", "requests_per_second": [5, 0]}]
    _, placement, told = greedy(Problem.parse(world(small, large, near={"count": 3})))
    assert placement.value() == pytest.approx(4 + 12 + 4)
    recreator = Recreator(placement, told, np.random.default_rng(0))
    for _ in range(20):
        recreator.step()
    assert placement.value() == pytest.approx(6 + 8 + 4)


def test_a_unit_takes_a_pool_at_as_many_sites_as_it_needs() -> None:
    data = world(chat("two-sites", 2), job("one", 2, 4))
    data["workloads"][0]["min_sites"] = 2
    data["pools"].append({**data["pools"][1], "id": "far-b"})
    _, placement, told = greedy(Problem.parse(data))
    recreator = Recreator(placement, told, np.random.default_rng(0))
    places = [tuple(place.tolist()) for place in recreator.some_places(1, 20)]
    assert set(places) == {(0, 1), (0, 2)}
    assert recreator.some_places(0, 20) == [], "no place costs the job less than the one it has"


def test_who_loses_nothing_stays() -> None:
    _, placement, told = greedy(Problem.parse(world(chat("one", 2), job("two", 2, 4))))
    assert Recreator(placement, told, np.random.default_rng(0)).step() == 0.0


@pytest.mark.parametrize("seed", range(12))
def test_it_costs_less_or_all_stays_as_it_was(seed: int) -> None:
    market, placement, _ = greedy(Problem.parse(random_world(Random(seed))))
    rng = np.random.default_rng(seed)
    prices = rng.exponential(1.0, len(placement.load))
    recreator = Recreator(placement, appraise(market, prices, placement.penalty), rng)
    for _ in range(25):
        before, did = placement.value(), list(placement.placed)
        gain = recreator.step()
        assert placement.value() == pytest.approx(before - gain, rel=1e-9, abs=1e-6)
        assert gain >= 0 and not len(placement.broken_rows())
        if gain == 0:
            assert all(now is then for now, then in zip(placement.placed, did, strict=True))
    load = np.zeros(len(placement.load))
    for each in placement.placed:
        load[each.rows] += each.amounts
    assert placement.load == pytest.approx(load, abs=1e-9), "loads are what everybody takes"


def test_the_same_numbers_lead_to_the_same() -> None:
    found = []
    for _ in range(2):
        _, placement, told = greedy(Problem.parse(random_world(Random(4))))
        recreator = Recreator(placement, told, np.random.default_rng(7))
        found.append([recreator.step() for _ in range(10)])
    assert found[0] == found[1]
