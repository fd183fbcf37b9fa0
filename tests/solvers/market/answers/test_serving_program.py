"""What users of a unit cost in one period by an integer program: what all counts of replicas tell."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.routing.paths import PathFinder
from computeroute.solvers.market.answers.lagrange import lagrangian_cost
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.answers.serving import answer
from computeroute.solvers.market.answers.serving_program import ServingProgram
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.form.offers import Offer, Tiers
from computeroute.solvers.market.form.units import Unit
from computeroute.solvers.market.improving.commitments import TwoPrices
from computeroute.solvers.market.improving.exact_answers import answer_exactly, deciding_pairs
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.market.plans.greedy import fill_units
from computeroute.solvers.market.pricing.appraisal import appraise
from scipy.optimize import linprog

from ...model.test_constraints import service, world
from .test_serving import offered, unit_of


def drawn(seed: int) -> tuple[Unit, Offer]:
    """Return a unit of three users and three slots in one period, and what it is offered."""
    rng = np.random.default_rng(seed)
    reach = [
        (user, slot, float(rng.uniform(0, 3))) for user in range(3) for slot in range(3) if rng.random() < 0.8
    ]
    reach += [(user, 3, 9.0) for user in range(3)]
    demand = [rng.uniform(0.5, 6.0, 3).tolist()]
    unit = unit_of(demand, rng.uniform(1.0, 5.0, 4).tolist(), reach=reach)
    return unit, offered(unit, rng.uniform(1.0, 9.0, 4).tolist())


def cheapest(unit: Unit, offer: Offer, most: np.ndarray) -> float:
    """Return the least cost of serving everybody, by linear programs for all counts of replicas."""
    arc, demand = offer.arc[0], unit.demand[0]
    users, slots = arc.shape
    flow = np.where(np.isfinite(arc), arc, 1e6).ravel()
    each = np.kron(np.eye(users), np.ones(slots))
    taken = np.kron(np.ones(users), np.eye(slots))
    best = np.inf
    for counts in product(*(range(int(count) + 1) for count in most)):
        replicas = np.array(counts, dtype=float)
        found = linprog(flow, A_ub=taken, b_ub=replicas * unit.rps, A_eq=each, b_eq=demand)
        if found.status == 0:
            best = min(best, found.fun + float(replicas @ offer.replica[0]))
    return best


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_the_program_tells_what_all_counts_of_replicas_do(seed: int) -> None:
    unit, offer = drawn(seed)
    most = np.minimum(unit.useful[0], 3.0)
    program = ServingProgram.of(unit, offer, 0, most)
    least, found = program.least(10.0), program.best(10.0)
    known = cheapest(unit, offer, most)
    if not np.isfinite(known):
        assert found is None
        return
    assert least == pytest.approx(known, rel=1e-4)
    assert found is not None
    flow, replicas = found
    assert flow.sum(axis=1) == pytest.approx(unit.demand[0])
    assert (flow.sum(axis=0) <= replicas * unit.rps * (1 + 1e-6)).all() and (replicas <= most).all()
    way = np.where(np.isfinite(offer.arc[0]), offer.arc[0], 0.0)
    assert float((way * flow).sum() + replicas @ offer.replica[0]) == pytest.approx(known, rel=1e-4)


@pytest.mark.parametrize("seed", range(12, 18))
def test_it_tells_no_less_than_offers_do_and_no_more_than_an_answer_costs(seed: int) -> None:
    unit, offer = drawn(seed)
    quick = answer(unit, offer, unit.most[None, :])
    least = ServingProgram.of(unit, offer, 0, unit.useful[0]).least(10.0)
    assert lagrangian_cost(unit, offer, quick.cost)[0] <= least * (1 + 1e-6)
    assert least <= quick.cost[0] * (1 + 1e-6)


def test_replicas_beyond_the_cheap_ones_cost_more() -> None:
    """10 requests/s need 4 replicas of 3: 2 at 1 and 2 at 5 here, or there 4 at 4 with 0.1 a request/s."""
    unit = unit_of([[10.0]], [3.0, 3.0], reach=[(0, 0, 0.0), (0, 1, 0.1)])
    offer = replace(offered(unit, [1.0, 4.0]), tiers=Tiers(np.array([[2.0, 9.0]]), np.array([[5.0, 4.0]])))
    program = ServingProgram.of(unit, offer, 0, np.array([9.0, 9.0]))
    assert program.least(10.0) == pytest.approx(2 * 1 + 2 * 4 + 4 * 0.1)  # 6 here, 4 there
    found = program.best(10.0)
    assert found is not None and found[1].tolist() == [2.0, 2.0]


def test_users_who_reach_no_slot_that_stands_cannot_be_served() -> None:
    unit = unit_of([[1.0, 1.0]], [3.0, 3.0], reach=[(0, 0, 0.0), (1, 1, 0.0)])
    assert ServingProgram.of(unit, offered(unit, [1.0, 1.0]), 0, np.array([1.0, 0.0])).best(10.0) is None


def market_of(problem: Problem) -> Market:
    return plain_market(problem, PathFinder(problem))


def test_a_service_that_decides_answers_for_what_it_truly_costs() -> None:
    """45 requests/s need 5 replicas; a price near drives them far, where each costs 2 USD an hour, not 1."""
    problem = Problem.parse(world(service(45)))
    market = market_of(problem)
    placement = Placement(market, 1e4, np.zeros(0))
    prices = np.zeros(len(market.rules.capacity))
    prices[market.rules.pool_rows[0]] = 100.0
    fill_units(placement, appraise(market, prices, 1e4), [0])
    before = placement.value()
    assert before == pytest.approx(5 * 4 * 2)
    free = np.zeros(len(prices))
    pairs = deciding_pairs(placement, appraise(market, free, 1e4))
    assert pairs == [(0, 0), (0, 1)]
    for pair in pairs:
        answer_exactly(placement, pair, TwoPrices.of(market, free))
    assert placement.value() == pytest.approx(5 * 4 * 1)
    assert placement.work() == 0.0 and len(placement.broken_rows()) == 0
