import numpy as np
import pytest
from computeroute.routing.errors import SolverError
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Flows, Resources
from computeroute.solvers.facility.instance import read_facility
from computeroute.solvers.facility.solve import solve_facility

from .cases import blocks_of, facility_blocks, optimum, random_facility


def solved(blocks, **options):
    return solve_facility(blocks, **{"time_limit": 30.0, "gap_limit": 1e-9, "seed": 0, **options})


def recomputed(blocks, solution):
    """Cost of a solution from the blocks alone, after checking that it is one."""
    kind, share = blocks.divisions, solution.share
    if len(blocks.choices):
        kind, share = blocks.choices, np.zeros(len(blocks.choices.cost))
        share[solution.option[solution.option >= 0]] = 1.0
    served = np.add.reduceat(share, kind.first[:-1]) if len(share) else np.zeros(0)
    left_out = 1.0 - served
    assert (np.abs(left_out) <= 1e-6).all() or np.isfinite(kind.left_out_cost[left_out > 1e-6]).all()
    load = kind.uses.T @ share
    assert (load <= blocks.resources.capacity * (1 + 1e-6) + 1e-9).all()
    assert (solution.opened >= (kind.uses.astype(bool).T @ (share > 0))).all()
    unserved = np.where(left_out > 1e-6, kind.left_out_cost, 0.0) * left_out
    return kind.cost @ share + blocks.resources.activation_cost[solution.opened].sum() + np.nansum(unserved)


def test_one_site_for_both_customers_is_cheaper_than_two():
    # opening 10 and 12, serving 1 + 4 from the first, 3 + 1 from the second: 15, 16, both 10 + 12 + 2
    blocks = facility_blocks([[1, 4], [3, 1]], 1.0, [2, 2], [10, 12], single=True)
    result = solved(blocks)
    assert result.objective == result.bound == 15
    assert result.solution.option.tolist() == [0, 2]
    assert result.solution.opened.tolist() == [True, False]


def test_a_divided_customer_needs_less_than_an_undivided_one():
    # two customers of 3 on sites of 4 and 2: whole ones do not fit the second; divided, 1 of the second moves
    # at cost 6 / 3 a unit
    cost = [[0, 0], [6, 6]]
    assert solved(facility_blocks(cost, 3.0, [4, 2], [5, 5], single=True)).infeasible
    result = solved(facility_blocks(cost, 3.0, [4, 2], [5, 5], single=False))
    assert result.objective == pytest.approx(14)
    assert result.bound == pytest.approx(14)


def test_leaving_out_is_a_choice_where_it_has_a_price():
    # serving costs 10 + 1 for one customer, leaving it out 7; the second is served for 2 more
    cost, take = [[1, 2]], 1.0
    dear = facility_blocks(cost, take, [1], [10], single=True, left_out=[7, 3])
    assert solved(dear).objective == 10
    assert solved(dear).solution.option.tolist() == [-1, -1]
    cheap = facility_blocks(cost, take, [1], [10], single=True, left_out=[30, 3])
    assert solved(cheap).objective == 14
    assert solved(cheap).solution.option.tolist() == [0, -1]


def test_a_customer_without_any_site_has_no_solution():
    assert solved(facility_blocks([[np.inf, 1]], 1.0, [9], [1], single=False)).infeasible


def test_nobody_to_serve_costs_nothing():
    blocks = facility_blocks(np.zeros((2, 0)), np.zeros((2, 0)), [1, 1], [5, 5], single=False)
    result = solved(blocks)
    assert (result.objective, result.bound, result.infeasible) == (0, 0, False)


@pytest.mark.no_cover
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("part", range(3))
def test_random_problems_match_enumeration(single, part):
    rng = np.random.default_rng([part, single])
    for _ in range(10):
        facility = random_facility(rng, single=single, whole=rng.uniform() < 0.5)
        blocks, best = blocks_of(facility), optimum(facility)
        result = solved(blocks)
        assert result.infeasible == np.isinf(best)
        if np.isfinite(best):
            assert result.objective == pytest.approx(best, rel=1e-7)
            assert best * (1 - 1e-7) - 1e-7 <= result.bound <= best * (1 + 1e-9) + 1e-9
            assert recomputed(blocks, result.solution) == pytest.approx(result.objective)


@pytest.mark.no_cover
def test_seed_and_input_decide_the_result():
    rng = np.random.default_rng(5)
    cost = rng.integers(0, 90, (12, 40)).astype(float)
    blocks = facility_blocks(cost, rng.integers(1, 9, 40), np.full(12, 40), np.full(12, 120), single=True)
    one, other = solved(blocks, seed=3), solved(blocks, seed=3)
    assert one.objective == other.objective
    assert one.bound == other.bound
    assert (one.solution.option == other.solution.option).all()


def test_stop_ends_the_search_with_what_there_is():
    rng = np.random.default_rng(1)
    cost = rng.uniform(0, 90, (30, 60))
    blocks = facility_blocks(cost, rng.integers(1, 9, 60), np.full(30, 25), np.full(30, 100), single=False)
    heard = []
    result = solved(blocks, stop=lambda: True, progress=lambda *values: heard.append(values))
    assert result.solution is not None
    assert heard
    whole = solved(blocks)
    assert result.bound <= whole.bound <= whole.objective <= result.objective
    assert all(bound <= whole.objective for _, bound in heard)


def test_what_is_no_facility_problem_is_refused():
    none, one = np.zeros(0, np.int64), np.ones(1)
    fixed = Resources.fixed(np.ones(2), np.ones(2))
    plain = facility_blocks([[1.0], [1.0]], 1.0, [1, 1], [1, 1], single=True)
    divided = facility_blocks([[1.0], [1.0]], 1.0, [1, 1], [1, 1], single=False)
    flows = Flows(2, none, none, np.zeros(0), none, np.zeros(1, int), np.ones(1, int), one)
    uses = plain.choices.uses
    both = Choices(np.array([0, 1]), one, uses[[0]] + uses[[1]], np.full(1, np.inf))
    twice = Choices(np.array([0, 2]), np.ones(2), uses[[0, 0]], np.full(1, np.inf))
    expandable = Resources(np.ones(2), np.ones(2), np.ones(2), np.ones(2), np.ones(2))
    for blocks, word in (
        (Blocks(fixed, plain.choices, plain.divisions, flows), "flows"),
        (Blocks(fixed, plain.choices, divided.divisions), "both"),
        (Blocks(expandable, plain.choices, plain.divisions), "expanded"),
        (Blocks(fixed, both, Divisions.none(2)), "several resources"),
        (Blocks(fixed, twice, Divisions.none(2)), "several options"),
        (Blocks(Resources.fixed(np.ones(2), -np.ones(2)), plain.choices, plain.divisions), "negative"),
    ):
        with pytest.raises(SolverError, match=word):
            read_facility(blocks)


@pytest.mark.parametrize("factor", [1e7, 1.0, 0.1, 0.001])
def test_demands_of_any_unit_are_packed_whole(factor):
    # Room for 5 and 6 where customers take 2 and 4: 2 of 2 fill at most 4, so room is counted as 2 and 3.
    take = np.array([2.0, 4.0, 2.0, 4.0]) * factor
    blocks = facility_blocks(np.ones((2, 4)), take, np.array([5.0, 6.0]) * factor, [1, 1], single=True)
    facility = read_facility(blocks).facility
    assert facility.take.tolist() == [[1.0, 2.0, 1.0, 2.0]] * 2
    assert facility.capacity.tolist() == [2.0, 3.0]
    divided = facility_blocks(np.ones((2, 4)), take, np.array([5.0, 6.0]) * factor, [1, 1], single=False)
    facility = read_facility(divided).facility
    assert facility.capacity / facility.take[0, 0] == pytest.approx([2.5, 3.0])


def test_demands_may_be_very_large():
    """What took 5e11 of 5e11 units was not seen to the end: errors of rounding looked like overload."""
    cost = [
        [2.5704, 0.0, 128.825, 0.0, 0.955],
        [645.6542, 7.2444, 83.1764, 0.0, 0.0457],
        [8.3176, 6.9183, 0.0, 0.631, 79432.8235],
        [0.0, 0.0, 67.6083, 0.0, 0.0],
        [234.4229, 0.0, 43.6516, 1258.9254, 112.2018],
    ]
    take = [497_465e6, 133_813e6, 491_257e6, 278_606e6, 458_890e6]
    capacity = np.array(
        [552_862_290_902, 547_614_454_848, 320_809_534_327, 413_688_806_386, 261_524_916_157.0]
    )
    opening = [28.1838, 35.4813, 3715.3523, 0.3236, 0.0]
    result = solved(facility_blocks(cost, take, capacity, opening, single=False))
    smaller = np.asarray(take) / 1e9
    same = solved(facility_blocks(cost, smaller, capacity / 1e9, opening, single=False))
    assert result.objective == pytest.approx(same.objective, rel=1e-8)
    assert result.bound == pytest.approx(result.objective, rel=1e-8)


def test_what_forbids_hides_no_other_costs():
    # Both sites have to be open: 6. The first takes all who are forbidden at the second (5 and 2 for nothing,
    # 6 for 3) and 12 more of 18 and 14, which are served from the second for 3 each: cheapest is all of 18
    # and 2 / 14 of the other.
    forbidden, demand = 1e7, np.array([13.0, 5.0, 2.0, 18.0, 14.0, 6.0])
    cost = [[forbidden, 0, 0, 0, 0, 3], [0, forbidden, forbidden, 3, 3, forbidden]]
    result = solved(facility_blocks(cost, demand, [25, 50], [1, 5], single=False))
    assert result.objective == pytest.approx(6 + 3 + 3 + 3 * 2 / 14)
    assert result.bound == pytest.approx(result.objective)


def test_no_sliver_of_a_customer_goes_where_it_is_dear():
    # Sites of 9 and 16 are forbidden to the first (21), who is served from 19 and 9 (opening: 1 each); the
    # second (28) needs 3 of the 25 of the others and all that is left of 7, so all four are open: 4.
    cost = [[1e6, 0], [1e6, 0], [0, 0], [0, 0]]
    blocks = facility_blocks(cost, np.array([21.0, 28.0]), [9, 16, 19, 9], np.ones(4), single=False)
    result = solved(blocks)
    assert result.objective == pytest.approx(4, abs=1e-12)
    assert result.bound == pytest.approx(4)


@pytest.mark.parametrize("forbidden", [1e12, 1e18, 1e99])
def test_what_forbids_may_be_endless(forbidden: float):
    # 3, 4 and 5 in 10 and 20, which open for 5 and 7, at 1 or 2, 2 or never, 3 or 3: both together cost 12
    # and 1 + 2 + 3, and the first alone is too small for all three.
    cost = [[1, 2, 3], [2, forbidden, 3]]
    result = solved(facility_blocks(cost, np.array([3.0, 4.0, 5.0]), [10, 20], [5, 7], single=True))
    assert (result.objective, result.bound) == (18.0, 18.0)


@pytest.mark.parametrize(("first", "cost"), [(1e6, 103), (1e6 + 1e-3, 3)])
def test_one_site_and_several_agree_on_what_fits(first: float, cost: float):
    # 1e6 and 0.001 at a site that opens for 1, at 1 each; the second at another for 100 where both do not fit
    demand = np.array([1e6, 1e-3])
    for single in (True, False):
        blocks = facility_blocks([[1, 1], [1, 1]], demand, [first, 1], [1, 100], single=single)
        assert solved(blocks).objective == pytest.approx(cost, abs=1e-3)


@pytest.mark.parametrize("single", [True, False])
def test_nobody_is_served_without_a_site(single: bool) -> None:
    """Of three alike sites one is best, as it serves all, who ask for nothing."""
    cost = [[0.27, 10320.895, 6.887]] * 3
    result = solved(facility_blocks(cost, 0.0, [0.0] * 3, [274.814] * 3, single=single))
    assert result.objective == pytest.approx(10602.866) == result.bound
