"""Bounds of serving the users of a unit, against the exact cost of it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from computeroute.solvers.market.answers.ascent import ascended
from computeroute.solvers.market.answers.covering import least_cover
from computeroute.solvers.market.answers.lagrange import Slots, lagrangian_cost
from computeroute.solvers.market.answers.least import least_cost
from computeroute.solvers.market.answers.serving import answer
from computeroute.solvers.market.form.offers import Offer
from computeroute.solvers.market.form.units import Unit
from scipy.optimize import LinearConstraint, milp

from .test_serving import everywhere, offered, somewhere, unit_of


def exact_cost(unit: Unit, asked: Offer, period: int) -> float:
    """Return the least cost in a period by an integer program: shares of arcs, replicas of slots."""
    demand, arcs, slots = unit.demand[period], len(unit.row), len(unit.rps)
    served = (np.arange(len(demand))[:, None] == unit.row).astype(float)
    load = (np.arange(slots)[:, None] == unit.column) * demand[unit.row]
    rows = np.block([[served, np.zeros((len(demand), slots))], [load, -np.diag(unit.rps)]])
    low = np.concatenate([np.ones(len(demand)), np.full(slots, -np.inf)])
    high = np.concatenate([np.ones(len(demand)), np.zeros(slots)])
    way = asked.arc[period, unit.row, unit.column] * demand[unit.row]
    found = milp(
        np.concatenate([way, asked.replica[period]]),
        constraints=LinearConstraint(rows, low, high),
        bounds=(0, np.concatenate([np.ones(arcs), unit.most])),
        integrality=np.concatenate([np.zeros(arcs), np.ones(slots)]),
        options={"mip_rel_gap": 0.0},
    )
    return float(found.fun) if found.success else np.inf


def drawn(seed: int) -> tuple[Unit, Offer]:
    """Return a unit in two periods at random prices; pools may be small, users may reach few slots."""
    rng = np.random.default_rng(seed)
    users, slots = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    demand = rng.uniform(0.0, 3.0, (2, users)) * (rng.random((2, users)) < 0.8)
    unit = unit_of(
        demand.tolist(),
        rng.choice([0.7, 2.0, 3.1], slots).tolist(),
        reach=somewhere(rng, users, slots, rng.uniform(0.2, 1.0)),
        most=float(rng.integers(3, 12)),
    )
    return unit, offered(unit, rng.uniform(0.0, 5.0, slots).tolist())


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 40, 10))
def test_the_bound_is_one_and_nearer_than_others_on_the_whole(first: int) -> None:
    gaps = np.zeros(2)
    for seed in range(first, first + 10):
        unit, asked = drawn(seed)
        known = answer(unit, asked, np.broadcast_to(unit.most, asked.replica.shape)).cost
        bound = lagrangian_cost(unit, asked, known)
        paid = ascended(asked.arc, unit.demand, asked.replica)
        before = np.maximum(least_cost(unit, asked), (paid * unit.demand).sum(axis=1))
        for period in range(2):
            exact = exact_cost(unit, asked, period)
            assert bound[period] <= exact + 1e-7 * max(1.0, exact)
            if np.isfinite(exact):
                gaps += exact - before[period], exact - max(before[period], bound[period])
    assert gaps[1] < 0.8 * gaps[0]


def test_a_user_of_a_small_pool_pays_for_the_next_one() -> None:
    # 3 requests/s; the pool at 1 USD holds one replica of one request/s, that at 4 USD the rest: 1 + 2 x 4.
    unit = unit_of([[3.0]], [1.0, 1.0], reach=everywhere(1, 2))
    unit.most[0] = 1.0
    asked = offered(unit, [1.0, 4.0])
    assert least_cost(unit, asked)[0] == pytest.approx(3.0)
    assert lagrangian_cost(unit, asked, np.array([9.0]))[0] == pytest.approx(9.0)


def test_users_apart_need_a_replica_each() -> None:
    # Each of two users reaches a slot of its own; together they would fill a tenth of one.
    unit = unit_of([[0.05, 0.05]], [1.0, 1.0], reach=[(0, 0, 0.0), (1, 1, 0.0)])
    assert lagrangian_cost(unit, offered(unit, [2.0, 3.0]), np.array([5.0]))[0] == pytest.approx(5.0)


def test_replicas_of_several_sizes_are_enough_for_all() -> None:
    # 5 requests/s at will from replicas of 3 (at 3 USD) and of 2 (at 2.5): one of each, 5.5, not 5.
    unit = unit_of([[5.0]], [3.0, 2.0], reach=everywhere(1, 2))
    asked = offered(unit, [3.0, 2.5])
    assert Slots.of(unit, asked).proven(np.zeros((1, 1)))[0] == pytest.approx(5.5)


@pytest.mark.parametrize("seed", range(40))
def test_least_covers_are_those_of_all_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slots = int(rng.integers(1, 5))
    rps, total = rng.choice([1.0, 1.7, 2.3], slots), float(rng.uniform(0, 8))
    rising = np.sort(rng.uniform(-0.5, 3.0, (slots, 3)), axis=1)
    rising[rng.random((slots, 3)).cumsum(axis=1) > 2.2] = np.inf  # some have fewer
    sums = np.concatenate([np.zeros((slots, 1)), np.cumsum(rising, axis=1)], axis=1)
    every = (np.array(counts) for counts in product(range(4), repeat=slots))
    enough = [float(sums[np.arange(slots), y].sum()) for y in every if y @ rps >= total * (1 - 1e-9)]
    assert least_cover(rising, rps, total) == pytest.approx(min(enough, default=np.inf))
