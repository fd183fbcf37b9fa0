"""No bound ever passes the optimum: thousands of small problems, solved by enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.choices.dual import first_prices
from computeroute.solvers.choices.pricing import cost_grain, lifted, price_out, worst_cost
from computeroute.solvers.choices.problem import ChoiceProblem, choice_problem
from computeroute.solvers.choices.relaxation import relax
from computeroute.solvers.watch import Watch

from .small import blocks_of, optimum, random_blocks


def placeable(seed: int) -> tuple[ChoiceProblem, float] | None:
    blocks = random_blocks(np.random.default_rng(seed))
    problem = choice_problem(blocks)
    best = optimum(blocks)
    if (problem.sizes == 0).any():
        assert best == np.inf
        return None
    return problem, best


@pytest.mark.no_cover
@pytest.mark.parametrize("begin", range(0, 2000, 500))
def test_any_prices_bound_the_optimum(begin: int) -> None:
    tight = 0
    for seed in range(begin, begin + 500):
        found = placeable(seed)
        if found is None:
            continue
        problem, best = found
        rng = np.random.default_rng(seed)
        for scale in (0.0, 1.0, 5.0, 100.0):
            bound = price_out(problem, rng.exponential(1.0, len(problem.capacity)) * scale).bound
            assert bound <= best
            assert lifted(bound, cost_grain(problem)) <= best + 1e-9
            tight += bound > 0.8 * best
    assert tight > 100


@pytest.mark.no_cover
@pytest.mark.parametrize("begin", range(0, 75, 25))
def test_the_relaxation_bounds_the_optimum_and_the_prices_found_before_it(begin: int) -> None:
    for seed in range(begin, begin + 25):
        found = placeable(seed)
        if found is None:
            continue
        problem, best = found
        watch = Watch(60.0)
        pricing = first_prices(problem, np.random.default_rng(0), watch)
        assert pricing.bound <= best
        worst = worst_cost(problem)
        relaxed = relax(problem, pricing, worst, 1e-7, watch)
        assert relaxed.pricing.bound >= pricing.bound - 1e-6
        assert relaxed.pricing.bound <= best or relaxed.pricing.bound > worst
        if relaxed.pricing.bound > worst + 1e-6:
            assert best == np.inf


def test_the_relaxation_is_exact_where_it_is_known() -> None:
    # two workloads of size 2 in pool A (cost 1 each), which has room for 3, and of size 3 in pool B (cost 5
    # each), which has room for all: the relaxation fills A with one and a half: 1.5 * 1 + 0.5 * 5 = 4; A is
    # worth (5 - 1) / 2 = 2
    option = [(1.0, [2.0, 0.0]), (5.0, [0.0, 3.0])]
    problem = choice_problem(blocks_of([option, option], [3.0, 10.0]))
    watch = Watch(60.0)
    pricing = first_prices(problem, np.random.default_rng(0), watch)
    relaxed = relax(problem, pricing, worst_cost(problem), 1e-9, watch)
    assert relaxed.pricing.bound == pytest.approx(4.0, abs=1e-6)
    assert relaxed.pricing.prices[0] == pytest.approx(2.0, abs=1e-5)


def test_bounds_are_lifted_to_the_grain_of_costs() -> None:
    problem = choice_problem(blocks_of([[(6.0, [1.0]), (9.0, [0.0])]], [1.0]))
    assert cost_grain(problem) == 3.0
    assert lifted(6.5, 3.0) == 9.0
    assert lifted(6.0 + 1e-9, 3.0) == 6.0
    assert lifted(6.5, 0.0) == 6.5
    assert cost_grain(choice_problem(blocks_of([[(6.5, [1.0])]], [1.0]))) == 0.0


def test_reduced_costs_in_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("computeroute.solvers.choices.problem.CHUNK", 3)
    rng = np.random.default_rng(1)
    problem = choice_problem(random_blocks(rng, workloads=30, resources=4))
    prices = rng.exponential(1.0, len(problem.capacity))
    pricing = price_out(problem, prices)
    reduced = problem.cost + problem.uses @ prices
    assert pricing.excess + pricing.least[problem.owner] == pytest.approx(reduced)
    assert np.minimum.reduceat(pricing.excess, problem.first[:-1]) == pytest.approx(0.0)


def test_room_that_no_whole_workloads_fill_does_not_count() -> None:
    # As above with 2 in both pools: whole workloads take 2 of the 3, so one of them is in B: 1 + 5.
    option = [(1.0, [2.0, 0.0]), (5.0, [0.0, 2.0])]
    problem = choice_problem(blocks_of([option, option], [3.0, 10.0]))
    assert problem.capacity.tolist() == [1.0, 5.0]
    pricing = first_prices(problem, np.random.default_rng(0), Watch(60.0))
    assert pricing.bound == pytest.approx(6.0, abs=1e-3)


@pytest.mark.parametrize("factor", [1e7, 1.0, 0.1, 0.001])
def test_amounts_of_any_unit_are_counted_in_whole_numbers(factor: float) -> None:
    wholes = np.array([3.0, 7.0, 10.0, 23.0])
    amounts = wholes * factor
    problem = choice_problem(blocks_of([[(1.0, [each])] for each in amounts.tolist()], [amounts.sum()]))
    assert problem.uses.data.tolist() == wholes.tolist()
    assert problem.capacity.tolist() == [43.0]
    assert price_out(problem, np.zeros(1)).bound == pytest.approx(4.0)


def test_amounts_without_a_unit_stay_as_they_are() -> None:
    problem = choice_problem(blocks_of([[(1.0, [1 / 3])], [(1.0, [0.5])]], [1.0]))
    assert problem.uses.data.tolist() == [1 / 3, 0.5]
    assert problem.capacity.tolist() == [1.0]
