"""Bounds of units whose services keep replicas at several sites, against the exact cost of that."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.answers.least import least_cost
from computeroute.solvers.market.answers.steady import least_at_sites, needs_several
from computeroute.solvers.market.form.offers import Offer
from computeroute.solvers.market.form.units import Unit
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.raising import raised_bounds
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch
from scipy.optimize import LinearConstraint, milp

from ...model.test_constraints import service, world
from .test_serving import everywhere, offered, somewhere, unit_of


def exact_at(unit: Unit, asked: Offer, period: int, used: tuple[int, ...]) -> float:
    """Return the least cost in a period with replicas of each slot ``used``, and none of others."""
    demand, slots, arcs = unit.demand[period], len(unit.rps), len(unit.row)
    served = (np.arange(len(demand))[:, None] == unit.row).astype(float)
    load = (np.arange(slots)[:, None] == unit.column) * demand[unit.row]
    rows = np.block([[served, np.zeros((len(demand), slots))], [load, -np.diag(unit.rps)]])
    low = np.concatenate([np.ones(len(demand)), np.full(slots, -np.inf)])
    high = np.concatenate([np.ones(len(demand)), np.zeros(slots)])
    stands = np.isin(np.arange(slots), used).astype(float)
    found = milp(
        np.concatenate([asked.arc[period, unit.row, unit.column] * demand[unit.row], asked.replica[period]]),
        constraints=LinearConstraint(rows, low, high),
        bounds=(
            np.concatenate([np.zeros(arcs), stands]),
            np.concatenate([np.ones(arcs), stands * unit.useful[period]]),
        ),
        integrality=np.concatenate([np.zeros(arcs), np.ones(slots)]),
        options={"mip_rel_gap": 0.0},
    )
    return float(found.fun) if found.success else np.inf


def exact_cost(unit: Unit, asked: Offer) -> float:
    """Return the least cost over all periods, by all sets of sites; each slot is a site of its own."""
    slots = range(len(unit.rps))
    sets = [used for size in slots for used in combinations(slots, size + 1) if len(used) >= unit.min_sites]
    return min(sum(exact_at(unit, asked, period, used) for period in range(2)) for used in sets)


def drawn(seed: int) -> tuple[Unit, Offer]:
    """Return a unit with two or three sites in two periods at random prices, some of them negative."""
    rng = np.random.default_rng(seed)
    users, slots = int(rng.integers(1, 5)), int(rng.integers(3, 5))
    demand = rng.uniform(0.0, rng.choice([0.3, 3.0]), (2, users))
    unit = unit_of(
        demand.tolist(),
        rng.choice([0.7, 2.0, 3.1], slots).tolist(),
        reach=somewhere(rng, users, slots, rng.uniform(0.3, 1.0)),
        sites=(int(rng.integers(2, 4)), None),
        most=9.0,
    )
    return unit, offered(unit, rng.uniform(-0.3 if seed % 4 == 0 else 0.0, 5.0, slots).tolist())


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 40, 20))
def test_the_bound_is_one_and_counts_the_replicas_that_have_to_stand(first: int) -> None:
    gaps = np.zeros(2)
    for seed in range(first, first + 20):
        unit, asked = drawn(seed)
        exact, bound = exact_cost(unit, asked), least_at_sites(unit, asked)
        assert bound <= exact + 1e-7 * max(1.0, abs(exact))
        if np.isfinite(exact):
            gaps += exact - float(least_cost(unit, asked).sum()), exact - bound
    assert gaps[1] < 0.6 * gaps[0]


def test_two_replicas_stand_where_one_would_carry_everything() -> None:
    # a tenth of a replica in each of two periods, replicas at 3, 4 and 5: one of 3 and one of 4 in both
    unit = unit_of([[0.1], [0.1]], [1.0, 1.0, 1.0], reach=everywhere(1, 3), sites=(2, None))
    asked = offered(unit, [4.0, 5.0, 3.0])
    assert float(least_cost(unit, asked).sum()) == pytest.approx(6.0)
    assert least_at_sites(unit, asked) == pytest.approx(14.0)


def test_the_same_sites_stand_in_all_periods() -> None:
    # A is cheap at first and B later, C always costs 3: two sites cost 10 + 6 or 10 + 10, never 1 + 3 + 1 + 3
    unit = unit_of([[0.1], [0.1]], [1.0, 1.0, 1.0], reach=everywhere(1, 3), sites=(2, None))
    asked = offered(unit, [1.0, 9.0, 3.0])
    asked.replica[1] = 9.0, 1.0, 3.0
    assert least_at_sites(unit, asked) == pytest.approx(16.0)


def test_users_pay_for_the_sites_that_they_need() -> None:
    # One user reaches A, the other B, where replicas cost 5: both are needed, 10, though B and C cost 6, as
    # going to C costs 9
    reach = [(0, 0, 0.0), (1, 1, 0.0), (0, 2, 90.0)]
    unit = unit_of([[0.1, 0.1]], [1.0, 1.0, 1.0], reach=reach, sites=(2, None))
    assert least_at_sites(unit, offered(unit, [5.0, 5.0, 1.0])) == pytest.approx(10.0)


def test_one_site_or_nobody_to_serve_needs_no_second_one() -> None:
    one = unit_of([[1.0]], [1.0, 1.0], reach=everywhere(1, 2))
    nobody = unit_of([[0.0]], [1.0, 1.0], reach=everywhere(1, 2), sites=(2, None))
    several = unit_of([[1.0]], [1.0, 1.0], reach=everywhere(1, 2), sites=(2, None))
    assert [needs_several(unit) for unit in (one, nobody, several)] == [False, False, True]


def test_a_raised_bound_counts_the_sites_of_services() -> None:
    """One replica of 1 USD an hour would do for what is asked; two stand, 8 USD in 4 hours."""
    chat = service(1e-3, id="chat", min_sites=2)
    pools = [{"id": name, "data_center": name, "accelerator": "a", "count": 8} for name in ("near", "far")]
    data = world(chat) | {"pools": [{**pool, "usd_per_accelerator_hour": 1} for pool in pools]}
    problem = Problem.parse(data)
    plan = solve(problem, solver="scip", time_limit=10)
    assert not plan.left_out
    market = market_of(problem)
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e3)
    raised = max(raised_bounds(market, told, Watch(20.0)))
    assert told.complete < 0.6 * plan.objective
    assert raised == pytest.approx(plan.objective, rel=1e-6)
