"""A small market that stands for a large one: it takes as much, and its prices prove nearly as much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.market.form.captive import captive_load
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.pricing.representing import DEAR, counts, representative
from computeroute.solvers.market.solve import market_of
from computeroute.topologies.generate import generate


@pytest.fixture(scope="module")
def large() -> Market:
    return market_of(generate(sites=12, services=40, jobs=300, periods=4, locations=10, seed=5))


def test_sizes_are_kept_in_sum_and_large_ones_count_once() -> None:
    """Of 100 + 60 x 1 two are drawn: the first for certain, and one of the others, which counts for all."""
    sizes = np.array([100.0, *[1.0] * 60, 0.0])
    count = counts(sizes, 2)
    assert count[0] == 1 and count[-1] == 0
    assert np.count_nonzero(count) == 2
    assert count @ sizes == pytest.approx(160)


@pytest.mark.parametrize("most", [5, 50, 500])
def test_sums_stay_the_same_however_heavy_the_tail(most: int) -> None:
    sizes = np.random.default_rng(most).pareto(1.0, 2000)
    count = counts(sizes, most)
    assert np.count_nonzero(count) == most
    assert count @ sizes == pytest.approx(sizes.sum(), rel=0.01 if most > 5 else 0.3)


def test_those_that_are_few_are_taken_as_they_are() -> None:
    np.testing.assert_array_equal(counts(np.array([3.0, 0.0, 1.0]), 5), [1.0, 0.0, 1.0])


def test_a_market_of_few_blocks_needs_nobody_to_stand_for_it(large: Market) -> None:
    assert representative(large, penalty_of(large)) is None


def test_it_is_smaller_and_costs_as_much(large: Market) -> None:
    penalty = penalty_of(large)
    small = representative(large, penalty, 60, 10)
    assert small is not None
    assert len(small.running) + len(small.pausing) < 0.7 * (len(large.running) + len(large.pausing))
    assert len(small.units) == 10
    free = np.zeros(len(large.rules.capacity))
    assert appraise(small, free, penalty).complete == pytest.approx(
        appraise(large, free, penalty).complete, rel=0.1
    )


@pytest.mark.no_cover
def test_prices_stay_in_bounds_where_those_drawn_want_too_much(large: Market) -> None:
    """With next to no room everything is left out, at 100 times what it costs; bounds end there."""
    penalty = penalty_of(large)
    narrow = replace(large, rules=replace(large.rules, capacity=1e-3 * large.rules.capacity))
    small = representative(narrow, penalty, 60, 10)
    assert small is not None
    seeker = Seeker.begin(small, penalty)
    seeker.may_leave, least = True, seeker.told.complete
    for _ in range(3):
        seeker.step()
    assert least < seeker.told.partial <= DEAR * least


@pytest.mark.no_cover
def test_its_prices_prove_nearly_what_those_of_the_large_one_do(large: Market) -> None:
    penalty = penalty_of(large)
    small = representative(large, penalty, 60, 10)
    assert small is not None
    of_small, of_large = Seeker.begin(small, penalty), Seeker.begin(large, penalty)
    of_small.may_leave = True
    at_first = of_large.told.complete
    for _ in range(3):
        of_small.step()
        of_large.step()
    told, _ = of_large.giants.together(appraise(large, of_small.told.prices, penalty))
    assert told.complete - at_first > 0.4 * (of_large.told.complete - at_first)


@pytest.mark.no_cover
def test_links_have_no_price_as_each_carries_too_few_of_those_drawn(large: Market) -> None:
    """With a thousandth of their room links are dear in the large market, and free in the small one."""
    penalty, links = penalty_of(large), np.unique(large.rules.traffic_use[0])
    links = links[links < len(large.rules.capacity)]
    capacity = large.rules.capacity.copy()
    capacity[links] *= 1e-3
    narrow = replace(large, rules=replace(large.rules, capacity=capacity))
    small = representative(narrow, penalty, 60, 10)
    assert small is not None
    of_small, of_large = Seeker.begin(small, penalty), Seeker.begin(narrow, penalty)
    for seeker in (of_small, of_large):
        seeker.may_leave = True
        for _ in range(3):
            seeker.step()
    assert of_small.told.prices[links].max() == 0 < of_large.told.prices[links].max()


def test_captive_users_take_what_they_take_on_the_whole(large: Market) -> None:
    """One of those drawn counts for many, and would take a whole pool from the largest jobs."""
    small = representative(large, penalty_of(large), 60, 10)
    assert small is not None
    everything = np.full((len(large.problem.pools), large.rates.periods), np.inf)
    assert large.captives.load.any()
    assert (small.captives.load == large.captives.load).all()
    assert (captive_load(small.rules, small.units, everything) != large.captives.load).any()
