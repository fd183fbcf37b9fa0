import time

import numpy as np
import pytest
from computeroute.solvers.facility.bettering import SHARE, Bettering
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.tree import Incumbent


def drawn(*, single):
    rng = np.random.default_rng(0)
    demand = rng.integers(2, 30, 24).astype(float)
    cost = rng.integers(1, 100, (6, 24)).astype(float)
    capacity = np.full(6, np.ceil(demand.sum() / 5))
    return Facility(cost, np.tile(demand, (6, 1)), capacity, np.full(6, 50.0), single)


@pytest.fixture
def made():
    """Return what makes a bettering and its incumbent, and closes its process in the end."""
    every = []

    def make(*, single=True, long=False):
        facility = drawn(single=single)
        incumbent = Incumbent(None, np.inf, 0.0, 1.0)

        def submit(worker, question, seconds):
            worker.submit(question.program, seconds, 0.0, 0)

        def offer(share):
            assert facility.fits(share)
            incumbent.offer(share, facility.price(share))

        found = Bettering(facility, incumbent, 0, submit=submit, offer=offer, halted=lambda: False)
        found.allow(np.ones(6, dtype=bool))
        if long:
            found._long_from = 0.0
        # a first assignment, as the search finds one
        found.wanderer.consider(np.arange(6), facility.cost.argmin(axis=0), 0.0)
        every.append(found)
        return found, incumbent

    yield make
    for each in every:
        each.close()


def test_the_wider_the_gap_the_more_nodes_are_explored_for_each_part(made):
    bettering, incumbent = made()
    assert bettering.nodes(-np.inf) == 9  # no solution yet
    incumbent.cost = 1000.0
    # gaps of 0.05 %, 0.35 % and 10 %: a node each for 0.1 %, at most 8, and one in any case
    assert [bettering.nodes(bound) for bound in (999.5, 996.5, 900.0)] == [1, 4, 9]


def test_short_searches_take_a_turn_for_a_node_and_wait_for_parts(made):
    costs = []
    for _ in range(2):
        bettering, incumbent = made()
        bettering.after_node(1000.0)
        assert np.isfinite(incumbent.cost)
        for _ in range(8):
            bettering.next_part()
            bettering.after_node(1000.0)
        bettering.until(lambda: False)
        costs.append(incumbent.cost)
    # what is found is the same whenever it runs, and parts better what wandering finds
    assert costs[0] == costs[1]


def test_long_searches_go_on_for_a_part_of_the_nodes_time(made):
    bettering, incumbent = made(long=True)
    begun = time.monotonic()
    bettering.after_node(0.4 / SHARE)
    assert time.monotonic() - begun >= 0.4
    first = incumbent.cost
    looks = iter([False] * 20 + [True])
    bettering.until(lambda: next(looks))
    assert next(looks, None) is None
    assert incumbent.cost <= first


def test_divided_customers_are_not_wandered_with(made):
    bettering, incumbent = made(single=False, long=True)
    bettering.next_part()
    bettering.after_node(1000.0)
    assert incumbent.share is None


def test_what_is_cheaper_by_the_step_of_costs_is_not_proven_away():
    # Costs are whole. Asked for a gap of 1 / 77, parts with a bound of 76 are dropped, and 76 is cheaper than
    # 77: what is proven is 76. Asked for less, only what costs 77 and more is dropped.
    assert Incumbent(None, 77.0, 1 / 77, 1.0).proof == pytest.approx(76.0)
    assert Incumbent(None, 77.0, 1 / 200, 1.0).proof == 77.0
