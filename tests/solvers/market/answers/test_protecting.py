"""Answers that survive losses: worked by hand, and against listing every count of replicas."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from computeroute.solvers.admissible.survival import Guard
from computeroute.solvers.market.answers.least import least_cost
from computeroute.solvers.market.answers.protecting import covered
from computeroute.solvers.market.answers.reserve_prices import reserve_prices
from computeroute.solvers.market.form.guards import Guards
from computeroute.solvers.market.form.units import Unit
from computeroute.solvers.market.pricing.candidates import unit_reply
from numpy.typing import NDArray

from .test_serving import everywhere, offered, unit_of

Floats = NDArray[np.float64]


def guarded(unit: Unit, *guards: tuple[list[int], list[int]], exact: bool = True) -> Unit:
    """Return the unit with guards of users and slots."""
    listed = [Guard(0, np.array(users), np.array(slots)) for users, slots in guards]
    parts = (listed, []) if exact else ([], listed)
    return replace(unit, guards=Guards.of(*parts, unit.demand_id, unit.slot_id))


def lost_in_turn(unit: Unit, *, exact: bool = True) -> Unit:
    """Return the unit that survives the loss of any one of its slots, which all users reach."""
    users, slots = list(range(len(unit.demand_id))), range(len(unit.slot_id))
    return guarded(unit, *((users, [s for s in slots if s != lost]) for lost in slots), exact=exact)


def all_of(unit: Unit, most: float = 99.0) -> Floats:
    return np.full((len(unit.demand), len(unit.slot_id)), most)


# 40 requests/s need 4 replicas of 10. Two slots: 4 each; three: 2 each, as any two hold all; four: 2, 2, 1, 1
# (without a slot of 2, 4 are left) or any other 6.
@pytest.mark.parametrize(("slots", "replicas"), [(2, 8), (3, 6), (4, 6)])
def test_the_reserve_is_spread_over_the_slots(slots: int, replicas: int) -> None:
    unit = lost_in_turn(unit_of([[40.0]], [10.0] * slots, reach=everywhere(1, slots)))
    found = unit_reply(unit, offered(unit, [1.0] * slots), all_of(unit))
    assert found.replicas.sum() == replicas
    assert found.cost == pytest.approx([replicas])
    assert not found.unserved.any()


def test_dear_slots_hold_the_reserve_only_where_that_saves() -> None:
    """Cheap slots at 1, one at 5: 4 + 4 cost 8; with the dear one 2 + 2 + 2 cost 14."""
    unit = lost_in_turn(unit_of([[40.0]], [10.0] * 3, reach=everywhere(1, 3)))
    found = unit_reply(unit, offered(unit, [1.0, 1.0, 5.0]), all_of(unit))
    assert found.replicas.tolist() == [[4.0, 4.0, 0.0]]


def test_what_cannot_be_kept_safe_is_left_out() -> None:
    """Two slots of 3 replicas of 10: after a loss 30 of 40 requests/s are served."""
    unit = lost_in_turn(unit_of([[40.0]], [10.0, 10.0], reach=everywhere(1, 2), most=3.0))
    found = unit_reply(unit, offered(unit, [1.0, 1.0]), all_of(unit, 3.0))
    assert found.replicas.tolist() == [[3.0, 3.0]]
    assert found.unserved == pytest.approx(np.array([[10.0]]))


def test_only_users_of_a_broken_guard_lose() -> None:
    """The second user has one slot after a loss, which holds 10 of its 20; the first has another."""
    unit = unit_of([[20.0, 20.0]], [10.0, 10.0], reach=everywhere(2, 2), most=9.0)
    unit = guarded(unit, ([1], [1]))
    most = np.array([[9.0, 1.0]])
    found = unit_reply(unit, offered(unit, [1.0, 1.0]), most)
    assert found.unserved == pytest.approx(np.array([[0.0, 10.0]]))


def test_room_that_a_guard_frees_is_used_by_others() -> None:
    """Of 16 each, the second user has 4 at the first slot after a loss; the other holds all of the first."""
    unit = unit_of([[16.0, 16.0]], [1.0, 1.0], reach=[(0, 1, 0.0), (1, 0, 0.0), (1, 1, 0.0)], most=22.0)
    unit = guarded(unit, ([1], [0]), ([0, 1], [0, 1]))
    found = unit_reply(unit, offered(unit, [1.0, 1.0]), np.array([[4.0, 22.0]]))
    assert found.unserved == pytest.approx(np.array([[0.0, 12.0]]))


def test_requests_go_to_the_nearest_replicas_that_stand() -> None:
    """Both slots hold 4; without a reserve the dear way to the cheap slot pays, with one nothing does."""
    reach = [(0, 0, 0.05), (0, 1, 0.0)]
    unit = lost_in_turn(unit_of([[40.0]], [10.0, 10.0], reach=reach))
    found = unit_reply(unit, offered(unit, [1.0, 3.0]), all_of(unit))
    assert found.flow[0, 0].tolist() == [0.0, 40.0]
    assert found.cost == pytest.approx([16.0])


def test_periods_have_reserves_of_their_own() -> None:
    unit = lost_in_turn(unit_of([[40.0], [10.0]], [10.0, 10.0], reach=everywhere(1, 2)))
    found = unit_reply(unit, offered(unit, [1.0, 3.0]), all_of(unit))
    assert found.replicas.tolist() == [[4.0, 4.0], [1.0, 1.0]]


def test_a_service_of_two_sites_at_most_keeps_its_reserve_at_these() -> None:
    """Three sites would need 2 + 2 + 2, two need 4 + 4."""
    unit = lost_in_turn(unit_of([[40.0]], [10.0] * 3, reach=everywhere(1, 3), sites=(1, 2)))
    found = unit_reply(unit, offered(unit, [1.0, 2.0, 3.0]), all_of(unit))
    assert found.replicas.tolist() == [[4.0, 4.0, 0.0]]


def test_a_site_with_a_reserve_keeps_a_replica_in_every_period() -> None:
    unit = lost_in_turn(unit_of([[40.0], [0.0]], [10.0] * 2, reach=everywhere(1, 2), sites=(2, None)))
    found = unit_reply(unit, offered(unit, [1.0, 2.0]), all_of(unit))
    assert found.replicas.tolist() == [[4.0, 4.0], [1.0, 1.0]]


def test_replicas_that_no_guard_needs_go() -> None:
    """Of 2 + 9 the 9 are 5 too many, and of a cheap slot 2 are missing."""
    unit = lost_in_turn(unit_of([[40.0]], [10.0, 10.0], reach=everywhere(1, 2)))
    least = np.array([[2.0, 0.0]])
    assert covered(unit, np.array([[1.0, 3.0]]), unit.demand, least, all_of(unit)).tolist() == [[4.0, 4.0]]


def test_guards_of_users_of_other_units_are_no_part_of_a_unit() -> None:
    unit = unit_of([[1.0]], [1.0], reach=everywhere(1, 1))
    outside = [Guard(0, np.array([0, 7]), np.array([0])), Guard(0, np.array([0]), np.array([0, 7]))]
    assert not Guards.of(outside, [], unit.demand_id, unit.slot_id)


def random_unit(seed: int, *, exact: bool = True) -> tuple[Unit, list[float]]:
    """Return a unit of up to three users and slots, whom losses leave some slots, and prices of these."""
    rng = np.random.default_rng(seed)
    users, slots = int(rng.integers(1, 4)), int(rng.integers(2, 4))
    demand = rng.integers(1, 7, (1, users)).astype(float).tolist()
    way = [(user, slot, float(rng.uniform(0, 2))) for user, slot, _ in everywhere(users, slots)]
    unit = unit_of(demand, rng.integers(1, 4, slots).astype(float).tolist(), reach=way, most=9.0)
    guards = []
    for lost in range(slots):
        left = [slot for slot in range(slots) if slot != lost]
        guards.append((list(range(users)), left))
        if rng.random() < 0.5:
            guards.append(([int(rng.integers(users))], left[:1]))
    return guarded(unit, *guards, exact=exact), rng.uniform(0.2, 3.0, slots).tolist()


def listed(unit: Unit, price: list[float], out: Floats | None) -> float:
    """Return the least cost of all counts of replicas, users being served whole or left out."""
    arc = offered(unit, price).arc[0]
    best = np.inf
    for kept in product((0.0, 1.0), repeat=len(unit.demand_id)):
        if out is None and not all(kept):
            continue
        served = unit.demand * np.array(kept)
        ways = float((arc.min(axis=1) * served[0]).sum())
        missed = 0.0 if out is None else float((out * (1 - np.array(kept))).sum())
        for count in product(range(8), repeat=len(unit.slot_id)):
            replicas = np.array([count], dtype=float)
            safe = not unit.guards.missing(served, replicas * unit.rps).any()
            if safe and (replicas * unit.rps).sum() >= served.sum() - 1e-9:
                best = min(best, ways + missed + float((replicas * np.array(price)).sum()))
    return best


@pytest.mark.parametrize("seed", range(24))
def test_bounds_hold_the_reserve_and_no_more(seed: int) -> None:
    """Ways cost nothing here: the listing takes the cheapest of every user whatever stands there."""
    unit, price = random_unit(seed)
    unit = replace(unit, usd=np.zeros(len(unit.usd)))
    told = offered(unit, price)
    assert least_cost(unit, told)[0] <= listed(unit, price, None) + 1e-9
    out = unit.demand * np.random.default_rng(seed).uniform(0.2, 4.0, unit.demand.shape)
    assert least_cost(unit, told, out)[0] <= listed(unit, price, out) + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_answers_are_safe_and_cost_at_least_the_bound(seed: int) -> None:
    unit, price = random_unit(seed)
    told = offered(unit, price)
    found = unit_reply(unit, told, all_of(unit))
    served = unit.demand - found.unserved
    assert not unit.guards.missing(served, found.replicas * unit.rps).any()
    assert (found.flow.sum(axis=1) <= found.replicas * unit.rps + 1e-9).all()
    assert not found.unserved.any()
    assert found.cost[0] >= least_cost(unit, told)[0] - 1e-9


def test_the_reserve_of_three_alike_sites_costs_half_of_what_is_served() -> None:
    unit = lost_in_turn(unit_of([[40.0]], [10.0] * 3, reach=everywhere(1, 3)))
    assert reserve_prices(unit.guards, unit, np.full((1, 3), 0.1)) == pytest.approx(np.array([[0.15]]))
    assert least_cost(unit, offered(unit, [1.0] * 3)) == pytest.approx([6.0])


def test_what_guards_force_out_is_paid_for_by_the_bound() -> None:
    """Of 40 requests/s 30 can be kept safe; each of the others is worth 2 more than it costs."""
    unit = lost_in_turn(unit_of([[40.0]], [10.0, 10.0], reach=everywhere(1, 2), most=3.0))
    free = offered(unit, [0.0, 0.0])
    assert least_cost(unit, free, np.array([[80.0]])) == pytest.approx([20.0])


def test_guards_that_ask_for_more_than_losses_do_are_in_no_bound() -> None:
    unit = lost_in_turn(unit_of([[40.0]], [10.0] * 2, reach=everywhere(1, 2), most=3.0), exact=False)
    told = offered(unit, [1.0, 1.0])
    assert least_cost(unit, told) == pytest.approx([4.0])
    assert least_cost(unit, told, np.array([[80.0]])) == pytest.approx([4.0])
    assert unit_reply(unit, told, all_of(unit, 3.0)).replicas.tolist() == [[3.0, 3.0]]
