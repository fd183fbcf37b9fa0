"""Units at kinks of the cost: committed hours, room that is left; and how near small problems come."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market.answers.columns import ServiceChoice
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.improving import dividing
from computeroute.solvers.market.improving.commitments import committed_replicas
from computeroute.solvers.market.improving.dividing import divided_columns
from computeroute.solvers.market.improving.refilling import refill
from computeroute.solvers.market.plans.greedy import unit_order
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.solve import market_of, search_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch
from computeroute.topologies import load

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world

NEAR_COMMITTED = {
    "committed_count": 2,
    "committed_usd_per_accelerator_hour": 0.5,
    "usd_per_accelerator_hour": 9,
}


def committed_near(*workloads: dict[str, Any]) -> Problem:
    """Near, 2 of 8 are committed and more cost 9 USD an hour; far, each costs 2."""
    return Problem.parse(world(*workloads, near=NEAR_COMMITTED))


def replicas(placement: Placement, block: int) -> list[tuple[int, int]]:
    choice = placement.placed[block].choice
    assert isinstance(choice, ServiceChoice)
    pools = placement.market.services.slot_pool[choice.slot]
    return sorted(zip(pools.tolist(), choice.replicas.astype(int).tolist(), strict=True))


def test_a_unit_takes_what_is_committed_and_the_rest_elsewhere() -> None:
    market = market_of(committed_near(service(40)))
    placement = Placement(market, 1e4, np.zeros(0))
    refill(placement, np.zeros(len(market.rules.capacity)), lambda: False)
    assert [replicas(placement, block) for block in range(2)] == [[(0, 2), (1, 2)]] * 2
    assert placement.value() == pytest.approx(2 * 2 * 4), "two replicas far at 2 USD for 4 h"


def test_committed_hours_that_others_use_are_not_free() -> None:
    market = market_of(committed_near(service(40), job("train", 1, 2)))
    placement = Placement(market, 1e4, np.zeros(0))
    unit = market.units[0]
    near = unit.pool.tolist().index(0)
    assert committed_replicas(placement, unit)[:, near].tolist() == [2, 2]
    placement.load[:] = market.rules.capacity
    assert committed_replicas(placement, unit)[:, near].tolist() == [0, 0]
    assert np.isinf(committed_replicas(placement, unit)[:, 1 - near]).all()


@pytest.mark.parametrize("seed", range(12))
def test_it_never_costs_more_and_never_breaks_anything_that_was_kept(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    penalty = penalty_of(market)
    modules = market.rules.widening_most[: len(market.rules.module_pool)].copy()
    placement, rng = Placement(market, penalty, modules), np.random.default_rng(seed)
    for _ in range(3):
        before, broken = placement.value(), len(placement.broken_rows())
        refill(placement, rng.exponential(5.0, len(market.rules.capacity)), lambda: False)
        assert placement.value() <= before + 1e-9 * abs(before)
        assert broken or not len(placement.broken_rows())


def test_it_stops_when_told() -> None:
    market = market_of(committed_near(service(40)))
    placement = Placement(market, 1e4, np.zeros(0))
    refill(placement, np.zeros(len(market.rules.capacity)), lambda: True)
    assert placement.placed[0].choice is None


def test_how_many_units_answer_first_is_told_by_their_size_not_by_time() -> None:
    """The units are alike."""
    market = market_of(
        Problem.parse(world(*(service(10, id=name) for name in ("one", "two", "three", "four"))))
    )
    sizes = [unit.size for unit in market.units]
    assert sizes == [unit.demand.size * len(unit.slot_id) for unit in market.units]
    search = search_of(market, Options(), 0.0, 1.0)
    order = unit_order(market).tolist()
    assert search._some_units(0.0) == order[:1]
    assert search._some_units(sizes[0] + 0.5) == order[:2]
    assert search._some_units(np.inf) == order


def test_few_units_are_offered_every_number_of_replicas_in_one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    market = market_of(committed_near(service(40)))
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e4)
    found = list(divided_columns(market, told))
    ways = set()
    for columns in found:
        choice = columns.choice[0]
        assert isinstance(choice, ServiceChoice)
        ways.add(tuple(sorted(zip(choice.slot.tolist(), choice.replicas.tolist(), strict=True))))
    assert {tuple(count for _, count in way) for way in ways} >= {(4.0,), (1.0, 3.0), (2.0, 2.0), (3.0, 1.0)}
    monkeypatch.setattr(dividing, "MOST_ANSWERS", 1)
    assert list(divided_columns(market, told)) == []


def test_leaving_requests_out_costs_more_than_serving_them() -> None:
    """40 requests/s cost 4 replicas x 2 USD x 4 h at most, and count 1 in all."""
    market = market_of(committed_near(service(40)))
    assert penalty_of(market) > 4 * 2 * 4


def test_the_sample_that_is_checked_by_hand_is_planned_at_its_optimum() -> None:
    problem = load("two-sites")
    plan = solve(problem, solver="decomposition", gap_limit=0.02, time_limit=120)
    assert plan.objective == pytest.approx(544.3584)
    assert plan.stopped_by == "gap" and plan.bound > 0.98 * 544.3584
    assert check(problem, plan) == []


@pytest.mark.no_cover
def test_small_problems_come_near_the_optimum() -> None:
    """One may leave more out, as seed 1 does: heuristics may miss, but not claim proof."""
    above, more = [], 0
    for seed in (0, 1, 2, 3):
        problem = Problem.parse(random_world(Random(seed)))
        best = solve(problem, solver="highs", gap_limit=1e-6)
        found = solve(problem, solver="decomposition", time_limit=20)
        assert found.unserved_bound <= best.unserved + 1e-6
        if found.unserved > best.unserved + 1e-6:
            more += 1
            continue
        assert found.objective is not None and best.objective is not None
        above.append((found.objective - best.objective) / max(abs(best.objective), 1.0))
    assert more <= 1
    assert np.mean(above) < 1e-3


def test_ways_to_divide_are_not_sought_when_time_is_over() -> None:
    market = market_of(committed_near(service(40)))
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e4)
    search = search_of(market, Options(), 0.0, 0.0)
    assert list(divided_columns(market, told)) != []
    assert list(search._varying(told, Watch(0.0))) == []
