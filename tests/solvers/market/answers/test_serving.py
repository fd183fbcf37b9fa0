"""Answers of units to prices, worked by hand and against listing every count of replicas."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from computeroute.solvers.admissible.services import SECONDS_PER_HOUR
from computeroute.solvers.market.answers.lagrange import lagrangian_cost
from computeroute.solvers.market.answers.least import least_cost, whole_cost, without_earnings
from computeroute.solvers.market.answers.serving import answer, pour
from computeroute.solvers.market.answers.sites import whole_answer
from computeroute.solvers.market.form.goods import GoodPrices
from computeroute.solvers.market.form.offers import Offer, offer
from computeroute.solvers.market.form.units import Unit
from computeroute.solvers.rates import whole_replicas


def unit_of(
    demand: list[list[float]],
    rps: list[float],
    *,
    reach: list[tuple[int, int, float]],
    site: list[int] | None = None,
    sites: tuple[int, int | None] = (1, None),
    most: float = 99.0,
) -> Unit:
    """Return a unit; ``reach`` lists (demand, slot, cost of a request/s for an hour)."""
    users, slots = len(demand[0]), len(rps)
    number = np.arange(slots)
    return Unit(
        service=0,
        demand_id=np.arange(users),
        slot_id=number,
        arc_id=np.arange(len(reach)),
        demand=np.array(demand, dtype=float),
        weight=np.array(demand, dtype=float),
        rps=np.array(rps, dtype=float),
        accelerators=np.ones(slots),
        pool=number,
        seat=number,
        site=number if site is None else np.array(site),
        most=np.full(slots, most),
        row=np.array([entry[0] for entry in reach]),
        column=np.array([entry[1] for entry in reach]),
        money=np.zeros(len(reach)),
        usd=np.array([entry[2] for entry in reach], dtype=float) / SECONDS_PER_HOUR,
        money_weight=1.0,
        entering=np.zeros(slots, dtype=bool),
        usd_per_site_entered=0.0,
        min_sites=sites[0],
        max_sites=sites[1],
    )


def offered(unit: Unit, price: list[float]) -> Offer:
    """Return the offer in which an accelerator in pool p costs ``price[p]`` in each period of one hour."""
    periods = len(unit.demand)
    held = np.repeat(np.array(price, dtype=float)[:, None], periods, axis=1)
    nothing = np.zeros(held.shape)
    prices = GoodPrices(held, *4 * (nothing,), np.zeros((0, periods)), 1.0, 1.0)
    return offer(unit, np.ones(periods), prices, None)


def somewhere(
    rng: np.random.Generator, users: int, slots: int, chance: float
) -> list[tuple[int, int, float]]:
    """Return ways from every user to a slot of its own and, by chance, to others, at costs below 1."""
    return [
        (user, slot, float(rng.uniform(0, 1)))
        for user in range(users)
        for slot in range(slots)
        if slot == user % slots or rng.random() < chance
    ]


def everywhere(users: int, slots: int, cost: float = 0.0) -> list[tuple[int, int, float]]:
    return [(user, slot, cost) for user in range(users) for slot in range(slots)]


@pytest.mark.parametrize("seed", range(40))
def test_whole_replicas_cost_at_least_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rps, price = rng.uniform(0.5, 4.0, 3), rng.uniform(0.2, 5.0, 3)
    total = float(rng.uniform(0.1, 9.0))
    counts = range(int(np.ceil(total / rps.min())) + 1)
    best = min(
        float(np.array(y) @ price) for y in product(counts, repeat=3) if np.array(y) @ rps >= total - 1e-9
    )
    bound = whole_cost(price[None, :], rps, np.array([total]))[0]
    assert float((price / rps).min() * total) - 1e-9 <= bound <= best + 1e-9


def test_one_replica_is_needed_for_the_smallest_demand() -> None:
    # A tenth of a replica at 3 USD: fractional 0.3, whole 3.
    assert whole_cost(np.array([[3.0]]), np.array([1.0]), np.array([0.1]))[0] == pytest.approx(3.0)


def test_however_few_requests_need_a_replica_and_rounding_none() -> None:
    assert whole_replicas(np.array([0.0, 1e-12, 1e-7, 2.0, 2.00000001]), np.array(2.0)).tolist() == [
        0,
        0,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("demand", [5.0, 1e-9])
def test_demand_counts_however_little_all_of_it_is(demand: float) -> None:
    """One replica at 1 USD carries it; of two users where one has no way, half is left out."""
    unit = unit_of([[demand, demand]], [20.0, 20.0], reach=everywhere(2, 2))
    found = answer(unit, offered(unit, [2.0, 1.0]), np.full((1, 2), 9.0))
    assert found.replicas.tolist() == [[0, 1]]
    assert found.flow[0].sum(axis=1) == pytest.approx([demand, demand], abs=0)
    unit = unit_of([[demand, demand]], [20.0], reach=[(0, 0, 0.0)])
    found = answer(unit, offered(unit, [1.0]), np.full((1, 1), 9.0))
    assert found.unserved.tolist() == [[0.0, demand]]


def test_requests_go_to_the_cheapest_slot_and_what_has_no_room_to_the_next() -> None:
    # Both users (3 and 1) ask for slot 0, which has room for 2: half of each; the rest goes to slot 1.
    cost = np.array([[[1.0, 2.0], [1.0, 2.0]]])
    flow, left = pour(cost, np.array([[3.0, 1.0]]), np.array([[2.0, 9.0]]), None)
    assert flow[0] == pytest.approx(np.array([[1.5, 1.5], [0.5, 0.5]]))
    assert left == pytest.approx(np.zeros((1, 2)))


def test_what_costs_more_than_leaving_it_out_is_left_out() -> None:
    flow, left = pour(np.array([[[5.0]]]), np.array([[2.0]]), np.array([[9.0]]), np.array([[4.0]]))
    assert flow.sum() == 0 and left == pytest.approx(np.array([[2.0]]))


def test_a_slot_is_given_up_where_that_saves_a_replica() -> None:
    # Users of 0.6 each, nearest to a slot of their own (0 against 0.1 on the way): two replicas of 5 USD at
    # first. One slot carries both (1.2 <= 2): 5 + 0.6 * 0.1 = 5.06.
    reach = [(0, 0, 0.0), (0, 1, 0.1), (1, 0, 0.1), (1, 1, 0.0)]
    unit = unit_of([[0.6, 0.6]], [2.0, 2.0], reach=reach)
    found = answer(unit, offered(unit, [5.0, 5.0]), np.full((1, 2), 9.0))
    assert found.cost[0] == pytest.approx(5.06)
    assert found.replicas.sum() == 1 and found.unserved.sum() == 0


def test_no_more_replicas_than_there_is_room_for() -> None:
    unit = unit_of([[5.0]], [1.0, 1.0], reach=everywhere(1, 2))
    found = answer(unit, offered(unit, [1.0, 2.0]), np.array([[3.0, 1.0]]))
    assert found.replicas.tolist() == [[3.0, 1.0]]
    assert found.unserved[0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(30))
def test_answers_cost_at_least_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, slots = 4, 3
    reach = somewhere(rng, users, slots, 0.6)
    unit = unit_of(rng.uniform(0, 2, (2, users)).tolist(), rng.uniform(0.5, 3, slots).tolist(), reach=reach)
    prices = offered(unit, rng.uniform(0.5, 5, slots).tolist())
    found = answer(unit, prices, np.full((2, slots), 99.0))
    assert found.unserved.sum() == 0
    assert (least_cost(unit, prices) <= found.cost + 1e-9).all()
    assert (found.replicas * unit.rps >= found.flow.sum(axis=1) - 1e-6).all()


def test_leaving_out_bounds_the_cost_from_above() -> None:
    # Serving costs at least 4 (two requests/s at 2), leaving out 3 in all.
    unit = unit_of([[2.0]], [1.0], reach=everywhere(1, 1))
    assert least_cost(unit, offered(unit, [2.0]), np.array([[3.0]]))[0] == pytest.approx(3.0)


def test_at_most_one_site_serves_all_periods() -> None:
    # Slot 0 is the cheaper for user 0, slot 1 for user 1; both reach both. One site: 1 + 1 * 0.5 for slot 0.
    reach = [(0, 0, 0.0), (0, 1, 2.0), (1, 0, 0.5), (1, 1, 0.0)]
    unit = unit_of([[1.0, 1.0], [1.0, 0.0]], [4.0, 4.0], reach=reach, sites=(1, 1))
    found = whole_answer(unit, offered(unit, [1.0, 1.0]), np.full((2, 2), 9.0))
    assert np.flatnonzero(found.replicas.sum(axis=0)).tolist() == [0]
    assert found.cost.tolist() == pytest.approx([1.5, 1.0])


def test_two_sites_keep_a_replica_each_in_every_period() -> None:
    unit = unit_of([[1.0], [0.0]], [4.0, 4.0, 4.0], reach=everywhere(1, 3), sites=(2, None))
    found = whole_answer(unit, offered(unit, [1.0, 9.0, 2.0]), np.full((2, 3), 9.0))
    assert found.replicas.tolist() == [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    assert found.cost.tolist() == pytest.approx([3.0, 3.0])


def test_too_few_sites_serve_nobody() -> None:
    unit = unit_of([[1.0]], [4.0], reach=everywhere(1, 1), sites=(2, None))
    found = whole_answer(unit, offered(unit, [1.0]), np.full((1, 1), 9.0))
    assert found.replicas.sum() == 0 and found.unserved.sum() == 1.0


def test_of_two_ways_to_a_slot_the_cheaper_is_taken() -> None:
    unit = unit_of([[1.0]], [1.0], reach=[(0, 0, 3.0), (0, 0, 1.0)])
    prices = offered(unit, [2.0])
    assert prices.arc[0, 0, 0] == pytest.approx(1.0) and prices.via[0, 0, 0] == 1


@pytest.mark.parametrize("seed", range(10))
def test_of_many_ways_in_any_order_the_first_of_the_cheapest_is_taken(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reach = [
        (int(user), int(slot), float(cost)) for user, slot, cost in rng.integers(0, (3, 4, 3), size=(15, 3))
    ]
    prices = offered(unit_of([[1.0] * 3], [1.0] * 4, reach=reach), [0.0] * 4)
    for user, slot in np.ndindex(3, 4):
        ways = [number for number, (row, column, _) in enumerate(reach) if (row, column) == (user, slot)]
        best = min(ways, key=lambda number: reach[number][2], default=None)
        assert prices.arc[0, user, slot] == (np.inf if best is None else reach[best][2])
        assert best is None or prices.via[0, user, slot] == best


def test_idle_replicas_that_earn_are_in_the_bound() -> None:
    """Three replicas could serve the 30 requests/s that may come here; at the other slot, each costs 2."""
    unit = unit_of([[10.0, 20.0]], [10.0, 10.0], reach=[(0, 0, 0.0), (1, 0, 0.0), (0, 1, 0.0)], most=9.0)
    told = offered(unit, [-1.0, 2.0])
    assert least_cost(unit, told) == pytest.approx([-3.0])
    assert least_cost(unit, told, np.array([[5.0, 5.0]])) == pytest.approx([-3.0])
    paid, earned = without_earnings(unit, told)
    assert lagrangian_cost(unit, paid, np.array([5.0])) + earned == pytest.approx([-3.0])
