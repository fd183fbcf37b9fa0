from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.facility.filling import is_packable
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.lagrange import (
    ROOT,
    climb,
    evaluate,
    fewest_sites,
    first_prices,
)

from .cases import bounded, optimum, random_facility, two_by_two


def test_bound_at_given_prices():
    # prices 10, 10: the first site earns 9 + (2/4) 6 on costs 1, 4 with room for 4 + 2 of 4; 5 - 12 = -7.
    # The second: 10 - 8 on the first customer, opening 5: stays closed. 20 - 7 = 13.
    facility = two_by_two()
    dual = evaluate(facility, np.full(2, 10.0), np.zeros(2, bool), 0)
    assert dual.bound == 13
    assert dual.site.tolist() == [-7, 3]
    assert dual.slope.tolist() == [0, 0.5]
    # two sites are needed for 8 when the larger one has 8 - but one will do: fewest is 1
    assert fewest_sites(facility) == 1
    assert evaluate(facility, np.full(2, 10.0), np.zeros(2, bool), 2).bound == 16


@pytest.mark.no_cover
def test_no_prices_give_a_bound_above_the_optimum():
    rng = np.random.default_rng(2)
    for number in range(90):
        facility = bounded(random_facility(rng, single=bool(rng.integers(2)), whole=number % 3 == 0))
        facility = replace(facility, packed=is_packable(facility))
        best = optimum(facility)
        if not np.isfinite(best):
            continue
        free, fewest = np.zeros(len(facility.opening), bool), fewest_sites(facility)
        for _ in range(20):
            price = rng.uniform(0, 80, facility.cost.shape[1])
            assert evaluate(facility, price, free, fewest).bound <= best * (1 + 1e-9)
        dual, frequency = climb(facility, first_prices(facility), free, fewest=fewest, target=best, how=ROOT)
        assert dual.bound <= best * (1 + 1e-9)
        assert ((frequency >= 0) & (frequency <= 1 + 1e-9)).all()


@pytest.mark.no_cover
def test_settling_by_what_sites_add_keeps_the_optimum():
    rng = np.random.default_rng(3)
    for _ in range(40):
        facility = bounded(random_facility(rng, single=False))
        best = optimum(facility)
        if not np.isfinite(best) or len(facility.opening) < 2:
            continue
        free, fewest = np.zeros(len(facility.opening), bool), fewest_sites(facility)
        dual, _ = climb(facility, first_prices(facility), free, fewest=fewest, target=best, how=ROOT)
        without = optimum(facility.only(np.flatnonzero(dual.site <= best - dual.bound + 1e-9)))
        assert abs(without - best) < 1e-6


def test_packing_whole_customers_raises_the_bound():
    # 5 units of room for customers of 3 that pay 9 each: parts earn 9 (1 + 2/3) = 15, whole ones 9
    facility = Facility(np.ones((2, 2)), np.full((2, 2), 3.0), np.full(2, 5.0), np.full(2, 10.0), True)
    price, free = np.full(2, 10.0), np.zeros(2, bool)
    assert evaluate(facility, price, free, 0).site.tolist() == [-5, -5]
    assert evaluate(facility, price, free, 0).bound == 20 - 5 - 5
    packed = evaluate(replace(facility, packed=True), price, free, 0)
    # neither site opens: serving nobody is free, at 20 for the prices
    assert (packed.site.tolist(), packed.bound, packed.slope.tolist()) == ([1, 1], 20, [1, 1])
    # both are open, as two are needed: each serves one customer, the same, and the bound is the optimum
    both = evaluate(replace(facility, packed=True), price, ~free, 0)
    assert both.bound == 22 == optimum(facility)


def test_packed_prices_reach_the_optimum_of_a_problem_where_parts_do_not():
    # customers of 3 at two sites of room 5: one each, 1 + 1 + 10 + 10 = 22; parts would need 6/5 sites
    facility = Facility(np.ones((3, 2)), np.full((3, 2), 3.0), np.full(3, 5.0), np.full(3, 10.0), True)
    free, fewest = np.zeros(3, bool), 0
    parts, _ = climb(facility, first_prices(facility), free, fewest=fewest, target=22.0, how=ROOT)
    whole = replace(facility, packed=True)
    packed, _ = climb(whole, first_prices(whole), free, fewest=fewest, target=22.0, how=ROOT)
    assert parts.bound <= 14 + 1e-9
    assert 21.9 < packed.bound <= 22
