import numpy as np
import pytest
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.tabu import Tabu
from computeroute.solvers.facility.tree import Incumbent
from computeroute.solvers.facility.wandering import Wanderer

from .cases import bounded, optimum, random_facility


def small():
    # customers of 3, 5, 4 at sites of 9 and 6: all cost 1 at site 0; at site 1 they cost 9, 8, 3
    cost = np.array([[1.0, 1, 1], [9, 8, 3]])
    return Facility(cost, np.tile([3.0, 5, 4], (2, 1)), np.array([9.0, 6]), np.array([2.0, 7]), True)


def changes(facility, site, move):
    """Return what an assignment costs more after a move, overload at the price of the search."""

    def cost(where):
        load = np.bincount(where, facility.take[where, np.arange(len(where))], len(facility.opening))
        over = (search.price * np.maximum(load - search.room, 0)).sum()
        opened = facility.opening[np.bincount(where, minlength=len(facility.opening)) > 0].sum()
        return search.cost[where, np.arange(len(where))].sum() + opened + over

    search = Tabu(facility, np.random.default_rng(0))
    after = site.copy()
    move(after)
    return cost(after) - cost(site)


def test_the_cheapest_move_that_helps_is_taken_first():
    # 12 units on 9: customer 2 of 4 units moves for 2 and 7 for opening; overload of 3 costs more
    search = Tabu(small(), np.random.default_rng(0))
    search.price[:] = 100.0
    search.put(np.zeros(3, dtype=np.int64))
    search.run(1)
    assert search.site.tolist() == [0, 0, 1]
    assert (search.best, search.best_site.tolist()) == (1 + 1 + 3 + 2 + 7, [0, 0, 1])
    assert search.load.tolist() == [8, 4]
    assert search.count.tolist() == [2, 1]


@pytest.mark.parametrize("seed", range(20))
def test_what_moves_cost_is_what_the_whole_costs_more(seed):
    rng = np.random.default_rng(seed)
    facility = bounded(random_facility(rng, single=True))
    sites, customers = facility.cost.shape
    if not facility.allowed.any(axis=0).all():
        return
    search = Tabu(facility, np.random.default_rng(0))
    site = rng.integers(sites, size=customers)
    search.put(site)
    shifts, swaps = search._shifts(), search._swaps(np.arange(customers))
    for one in range(customers):
        for there in range(sites):

            def shift(after, one=one, there=there):
                after[one] = there

            expected = changes(facility, site, shift)
            assert shifts[there, one] == (np.inf if there == site[one] else pytest.approx(expected))
        for other in range(customers):

            def swap(after, one=one, other=other):
                after[[one, other]] = after[[other, one]]

            same = site[one] == site[other]
            assert swaps[one, other] == (np.inf if same else pytest.approx(changes(facility, site, swap)))


def test_who_has_moved_stays_for_a_while():
    facility = small()
    search = Tabu(facility, np.random.default_rng(0))
    search.put(np.array([0, 0, 1]))
    search.run(1)
    first = search.site.copy()
    search.run(1)
    # the cheapest move back is not taken at once
    assert search.site.tolist() != [0, 0, 1] or first.tolist() == [0, 0, 1]


def shares(site, sites):
    found = np.zeros((sites, len(site)))
    found[site, np.arange(len(site))] = 1.0
    return found


def wandering(facility, turns, sets=(), start=None):
    incumbent = Incumbent(start, np.inf if start is None else facility.price(start), 0.0, 0.0)
    offered = []

    def offer(share):
        offered.append(share)
        incumbent.offer(share, facility.price(share))

    wanderer = Wanderer(facility, incumbent, 0, offer)
    for sites in sets:
        wanderer.consider(sites, facility.cost[sites].argmin(axis=0), 0.0)
    for _ in range(turns):
        wanderer.turn()
    return wanderer, incumbent, offered


@pytest.mark.parametrize("seed", range(10))
def test_wandering_finds_the_optimum_of_small_problems_and_nothing_below_it(seed):
    facility = bounded(random_facility(np.random.default_rng(seed), single=True))
    best, every = optimum(facility), np.arange(len(facility.opening))
    if not facility.allowed.any(axis=0).all():
        return
    _, incumbent, offered = wandering(facility, 12, [every])
    assert all(facility.fits(share) for share in offered)
    assert incumbent.cost == pytest.approx(best)


def test_sites_are_changed_from_where_the_best_is():
    # 12 customers of 1 in one place: site 0 costs 5 each, site 1 costs 1 each; both hold all, opening is 20
    cost = np.repeat([[5.0], [1.0], [9.0]], 12, axis=1)
    facility = Facility(cost, np.ones((3, 12)), np.full(3, 12.0), np.full(3, 20.0), True)
    start = shares(np.zeros(12, dtype=np.int64), 3)
    _, incumbent, _ = wandering(facility, 4, start=start)
    # moving one customer costs 20 - 4 more: only all at once is better
    assert incumbent.cost == 12 + 20


def test_the_set_that_is_proved_gets_its_turns_until_it_is_forgotten():
    facility = small()
    wanderer, incumbent, _ = wandering(facility, 0)
    every = np.arange(2)
    wanderer.insist(every, np.zeros(3, dtype=np.int64), 10.0)
    draft = wanderer.proved
    for _ in range(4):
        wanderer.turn()
    assert draft.search.steps == 50
    assert incumbent.cost == optimum(facility) == 14
    wanderer.insist(every, np.ones(3, dtype=np.int64), 10.0)
    assert wanderer.proved is draft
    wanderer.forget(every)
    assert wanderer.proved is None
    wanderer.insist(every, np.ones(3, dtype=np.int64), 10.0)
    assert wanderer.proved is not draft


def test_what_parts_find_is_gone_on_from():
    facility = small()
    wanderer, incumbent, offered = wandering(facility, 0)
    assert wanderer.at_hand() is None
    best = shares(np.array([0, 0, 1]), 2)
    wanderer.take(best)
    assert incumbent.cost == 14
    assert len(offered) == 1
    worse = shares(np.array([1, 0, 0]), 2)
    wanderer.take(worse)
    assert len(offered) == 1
    # the best is at hand: there is no other
    assert wanderer.at_hand() is None
