import itertools
from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.facility.filling import (
    by_site_and_density,
    fill,
    is_packable,
    pack,
    packed_costs,
    reduced_costs,
)
from computeroute.solvers.facility.instance import Facility

from .cases import bounded, random_facility, two_by_two


def worth(facility, price, site, forced=None):
    """Return what whole customers earn at most at a site, with one of them for certain; by enumeration."""
    customers = np.flatnonzero(facility.allowed[site])
    best = -np.inf
    for chosen in itertools.product((0, 1), repeat=len(customers)):
        mine = customers[np.array(chosen, dtype=bool)]
        if facility.take[site, mine].sum() > facility.capacity[site] or (
            forced is not None and forced not in mine
        ):
            continue
        best = max(best, float((price[mine] - facility.cost[site, mine]).sum()))
    return best


def test_parts_fill_the_densest_first():
    # the first site earns 9 of 4 units and 6 of 4: the second half served; the second 2 of 4 units of its 8
    facility = two_by_two()
    filled = fill(facility, np.full(2, 10.0))
    assert filled.gain.tolist() == [12, 2]
    assert (filled.cell.tolist(), filled.part.tolist()) == ([0, 1, 2], [1, 0.5, 1])
    # serving customer 1 wholly from site 0 displaces nothing but uses 2 units more, each worth 6 / 4
    assert reduced_costs(facility, np.full(2, 10.0)).tolist() == [[-3, 0], [-2, 2]]


def test_cells_are_sorted_by_site_then_density_however_many_sites_there_are():
    # site 0 holds cells 1 and 3, the denser one first, then sites 2 and 70000 with one cell each
    density = np.array([5.0, 1.0, 9.0, 7.0])
    assert by_site_and_density(np.array([2, 0, 70000, 0]), density).tolist() == [3, 1, 0, 2]
    assert by_site_and_density(np.array([2, 0, 7, 0]), density).tolist() == [3, 1, 0, 2]
    assert len(by_site_and_density(np.zeros(0, np.int64), np.zeros(0))) == 0


def test_only_whole_numbers_of_undivided_customers_are_packed():
    facility = Facility(np.ones((1, 2)), np.full((1, 2), 3.0), np.array([5.5]), np.zeros(1), True)
    assert is_packable(facility)
    assert not is_packable(Facility(facility.cost, facility.take + 0.5, facility.capacity, np.zeros(1), True))
    assert not is_packable(Facility(facility.cost, facility.take, facility.capacity, np.zeros(1), False))
    assert not is_packable(Facility(facility.cost, facility.take, np.array([1e7]), np.zeros(1), True))


@pytest.mark.parametrize("seed", range(40))
def test_packings_and_what_forcing_costs_match_enumeration(seed):
    rng = np.random.default_rng(seed)
    facility = bounded(random_facility(rng, single=True))
    fits = facility.take <= facility.capacity[:, None]
    facility = replace(facility, cost=np.where(fits, facility.cost, np.inf))
    price = rng.integers(-5, 60, facility.cost.shape[1]).astype(float)
    wanted = rng.random(len(facility.opening)) < 0.7
    filled = fill(facility, price)
    packed = pack(facility, price, wanted, filled)
    served = np.zeros(facility.cost.shape)
    served.ravel()[packed.cell] = packed.part
    added = packed_costs(facility, price)
    for site in range(len(facility.opening)):
        most = worth(facility, price, site)
        cost = np.where(facility.allowed[site], facility.cost[site], 0.0)
        profit = np.where(served[site] > 0, price - cost, 0)
        assert (served[site] * profit).sum() == pytest.approx(packed.gain[site])
        assert packed.gain[site] == pytest.approx(most if wanted[site] else filled.gain[site])
        assert packed.gain[site] >= most - 1e-9
        for customer in range(len(price)):
            expected = most - worth(facility, price, site, customer)
            assert added[site, customer] == pytest.approx(expected)


def test_tables_that_would_take_all_memory_are_not_filled():
    facility = random_facility(np.random.default_rng(3), single=True)
    assert is_packable(facility)
    wide = np.ones((60, 600))
    large = Facility(wide, wide, np.full(60, 1000.0), np.ones(60), single=True)
    assert not is_packable(large), "1,000 times 36,000 cells"
