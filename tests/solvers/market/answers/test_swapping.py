"""Replicas that make way for cheaper ones, and the bound of what users pay together, also by listing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from computeroute.solvers.market.answers.ascent import ascended
from computeroute.solvers.market.answers.lagrange import lagrangian_cost
from computeroute.solvers.market.answers.least import least_cost
from computeroute.solvers.market.answers.serving import answer
from computeroute.solvers.market.answers.swapping import Swaps
from computeroute.solvers.market.form.offers import Offer
from computeroute.solvers.market.form.units import Unit
from scipy.optimize import linprog

from .test_serving import everywhere, offered, somewhere, unit_of


def test_an_almost_empty_replica_makes_way_for_a_smaller_one() -> None:
    # 7 requests/s; large replicas carry 6 for 10 USD (1.67 a request), small ones 1.5 for 3 USD (2.00). Two
    # large ones cost 20 USD, five small ones 15 USD. A large and a small one carry 7.5 for 13 USD.
    unit = unit_of([[7.0]], [6.0, 1.5], reach=everywhere(1, 2))
    prices, most = offered(unit, [10.0, 3.0]), np.full((1, 2), 9.0)
    assert answer(unit, prices, most, swapping=False).cost[0] == pytest.approx(15.0)
    found = answer(unit, prices, most)
    assert found.cost[0] == pytest.approx(13.0)
    assert found.replicas.tolist() == [[1.0, 1.0]]
    assert found.flow.sum() == pytest.approx(7.0)


def test_a_slot_makes_way_as_a_whole() -> None:
    # 2.8 requests/s: one large replica costs 10 USD, two small ones 6 USD.
    unit = unit_of([[2.8]], [6.0, 1.5], reach=everywhere(1, 2))
    found = answer(unit, offered(unit, [10.0, 3.0]), np.full((1, 2), 9.0))
    assert found.cost[0] == pytest.approx(6.0)
    assert found.replicas.tolist() == [[0.0, 2.0]]


def test_periods_in_which_hardly_anything_idles_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # 7 requests/s as above, and 1,200, which fill 200 large replicas: there is nothing to swap then.
    periods: list[list[int]] = []
    run = Swaps.run
    monkeypatch.setattr(Swaps, "run", lambda self, when: (periods.append(when.tolist()), run(self, when))[1])
    unit = unit_of([[7.0], [1200.0]], [6.0, 1.5], reach=everywhere(1, 2), most=999.0)
    found = answer(unit, offered(unit, [10.0, 3.0]), np.full((2, 2), 999.0))
    assert periods == [[0]]
    assert found.cost.tolist() == pytest.approx([13.0, 2000.0])


def test_swaps_keep_within_room() -> None:
    # As above, but there is room for one small replica only, which cannot carry 2.8.
    unit = unit_of([[2.8]], [6.0, 1.5], reach=everywhere(1, 2))
    found = answer(unit, offered(unit, [10.0, 3.0]), np.array([[9.0, 1.0]]))
    assert found.replicas.tolist() == [[1.0, 0.0]]


def test_users_who_reach_no_other_slot_stay() -> None:
    # The second user reaches the dear slot only: its replica stays, and there is room for the first one too.
    reach = [(0, 0, 0.0), (0, 1, 0.0), (1, 1, 0.0)]
    unit = unit_of([[1.0, 1.0]], [2.0, 2.0], reach=reach)
    found = answer(unit, offered(unit, [1.0, 5.0]), np.full((1, 2), 9.0))
    assert found.replicas.tolist() == [[0.0, 1.0]] and found.unserved.sum() == 0


def test_users_of_one_slot_pay_for_it_together() -> None:
    # Three users of 0.1 requests/s and two slots of 10 requests/s, each of which reaches two of them: two
    # replicas of 4 USD. By the request that is 0.3 / 10 * 4 = 0.12, and one replica must be whole: 4. The
    # first and the last share no slot, so each can pay 4: 8.
    reach = [(0, 0, 0.0), (1, 0, 0.0), (1, 1, 0.0), (2, 1, 0.0)]
    unit = unit_of([[0.1, 0.1, 0.1]], [10.0, 10.0], reach=reach)
    prices = offered(unit, [4.0, 4.0])
    assert least_cost(unit, prices)[0] == pytest.approx(4.0)
    paid = ascended(prices.arc, unit.demand, prices.replica)
    assert (paid * unit.demand).sum() == pytest.approx(8.0)
    assert lagrangian_cost(unit, prices, np.array([8.0]))[0] == pytest.approx(8.0)
    assert answer(unit, prices, np.full((1, 2), 9.0)).cost[0] == pytest.approx(8.0)


def _cheapest(unit: Unit, prices: Offer) -> float:
    """Return the least cost of serving everybody in the only period, by listing all counts of replicas."""
    way = prices.arc[0]
    pairs = np.argwhere(np.isfinite(way))
    most = [int(np.ceil(unit.demand.sum() / rps)) for rps in unit.rps]
    serve = np.array([[float(user == pair[0]) for pair in pairs] for user in range(len(way))])
    carry = np.array([[float(slot == pair[1]) for pair in pairs] for slot in range(len(unit.rps))])
    best = np.inf
    for counts in product(*(range(count + 1) for count in most)):
        cost = way[pairs[:, 0], pairs[:, 1]]
        found = linprog(cost, carry, np.array(counts) * unit.rps, serve, unit.demand[0])
        if found.success:
            best = min(best, float(found.fun) + float(np.array(counts) @ prices.replica[0]))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_below_and_answers_above_the_cheapest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, slots = 4, 3
    reach = somewhere(rng, users, slots, 0.5)
    demand = rng.uniform(0.0, rng.choice([0.5, 2.0]), (1, users))
    unit = unit_of(demand.tolist(), rng.uniform(0.7, 4, slots).tolist(), reach=reach)
    prices = offered(unit, rng.uniform(0.5, 5, slots).tolist())
    best, most = _cheapest(unit, prices), np.full((1, slots), 99.0)
    plain, swapped = (answer(unit, prices, most, swapping=swapping) for swapping in (False, True))
    bounds = least_cost(unit, prices)[0], lagrangian_cost(unit, prices, plain.cost)[0]
    assert max(bounds) <= best + 1e-9
    assert best - 1e-9 <= swapped.cost[0] <= plain.cost[0] + 1e-9
    assert swapped.flow.sum(axis=2) == pytest.approx(unit.demand)
    assert (swapped.flow.sum(axis=1) <= swapped.replicas * unit.rps + 1e-6).all()
    assert (swapped.flow[0][~np.isfinite(prices.arc[0])] == 0).all()
