import numpy as np
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.lagrange import (
    ROOT,
    _by_site_and_density,
    climb,
    evaluate,
    fewest_sites,
    first_prices,
    reduced_costs,
)

from .cases import bounded, optimum, random_facility


def test_bound_at_given_prices():
    # prices 10, 10: the first site earns 9 + (2/4) 6 on costs 1, 4 with room for 4 + 2 of 4; 5 - 12 = -7.
    # The second: 10 - 8 on the first customer, opening 5: stays closed. 20 - 7 = 13.
    facility = Facility(
        np.array([[1.0, 4.0], [8.0, 12.0]]),
        np.full((2, 2), 4.0),
        np.array([6.0, 8.0]),
        np.full(2, 5.0),
        False,
    )
    dual = evaluate(facility, np.full(2, 10.0), np.zeros(2, bool), 0)
    assert dual.bound == 13
    assert dual.site.tolist() == [-7, 3]
    assert dual.slope.tolist() == [0, 0.5]
    # two sites are needed for 8 when the larger one has 8 - but one will do: fewest is 1
    assert fewest_sites(facility) == 1
    assert evaluate(facility, np.full(2, 10.0), np.zeros(2, bool), 2).bound == 16
    # serving customer 1 wholly from site 0 displaces nothing but uses 2 units more, each worth 6 / 4
    assert reduced_costs(facility, np.full(2, 10.0)).tolist() == [[-3, 0], [-2, 2]]


def test_cells_are_sorted_by_site_then_density_however_many_sites_there_are():
    # site 0 holds cells 1 and 3, the denser one first, then sites 2 and 70000 with one cell each
    density = np.array([5.0, 1.0, 9.0, 7.0])
    assert _by_site_and_density(np.array([2, 0, 70000, 0]), density).tolist() == [3, 1, 0, 2]
    assert _by_site_and_density(np.array([2, 0, 7, 0]), density).tolist() == [3, 1, 0, 2]
    assert len(_by_site_and_density(np.zeros(0, np.int64), np.zeros(0))) == 0


def test_no_prices_give_a_bound_above_the_optimum():
    rng = np.random.default_rng(2)
    for _ in range(60):
        facility = bounded(random_facility(rng, single=bool(rng.integers(2)), whole=False))
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
