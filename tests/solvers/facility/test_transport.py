import numpy as np
import pytest
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.lagrange import first_prices
from computeroute.solvers.facility.transport import divide, mend
from scipy.optimize import linprog


def drawn(seed, sites=30, customers=120, load=0.9):
    rng = np.random.default_rng(seed)
    demand = rng.uniform(1, 9, customers)
    capacity = rng.uniform(0.5, 1.5, sites)
    capacity *= demand.sum() / load / capacity.sum()
    cost = rng.uniform(0, 100, (sites, customers))
    cost[rng.uniform(size=cost.shape) < 0.3] = np.inf
    take = np.where(np.isfinite(cost), demand, 0.0)
    return Facility(cost, take, capacity, rng.uniform(0, 9, sites), False)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("load", [0.3, 0.9, 0.999])
def test_promising_cells_lead_to_the_optimum_over_all(seed, load):
    facility = drawn(seed, load=load)
    served = divide(facility, first_prices(facility), 30.0)
    allowed = facility.allowed
    site, customer = np.nonzero(allowed)
    load_rows, serve_rows = np.zeros((30, len(site))), np.zeros((120, len(site)))
    load_rows[site, np.arange(len(site))] = facility.take[allowed]
    serve_rows[customer, np.arange(len(site))] = 1.0
    exact = linprog(facility.cost[allowed], load_rows, facility.capacity, serve_rows, np.ones(120))
    assert (served.share is None) == (exact.status == 2)
    if served.share is not None:
        assert facility.fits(served.share)
        value = exact.fun + facility.opening.sum()
        service = (served.share[allowed] * facility.cost[allowed]).sum() + facility.opening.sum()
        assert service == pytest.approx(value, rel=1e-7)
        assert value * (1 - 1e-7) <= served.bound <= value * (1 + 1e-9)


def test_too_little_room_is_told():
    served = divide(drawn(1, load=1.1), first_prices(drawn(1)), 30.0)
    assert served.share is None
    assert served.bound == np.inf


def test_no_time_gives_nothing_but_a_bound_that_holds():
    facility = drawn(2)
    served = divide(facility, first_prices(facility), -1.0)
    assert served.bound <= divide(facility, first_prices(facility), 30.0).bound


def test_rounding_errors_are_mended():
    # site 0 of 10 serves 1e-6 too much, site 1 may not serve customer 0, so it takes some of customer 1
    cost = np.array([[1.0, 1.0], [np.inf, 2.0]])
    take = np.array([[6.0, 4.0], [0.0, 4.0]])
    facility = Facility(cost, take, np.array([10.0 - 4e-6, 5.0]), np.ones(2), False)
    share = mend(facility, np.array([[1.0 - 1e-12, 1.0], [0.0, 1e-12]]))
    assert facility.fits(share)
    assert share[1] == pytest.approx([0, 1e-6], rel=2e-3)


def test_what_cannot_be_mended_is_no_solution():
    facility = Facility(np.ones((1, 1)), np.full((1, 1), 6.0), np.full(1, 5.0), np.ones(1), False)
    assert mend(facility, np.ones((1, 1))) is None
