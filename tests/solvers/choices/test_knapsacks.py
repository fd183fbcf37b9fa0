"""Prices on workloads, and packings of resources, where resources are knapsacks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from computeroute.solvers.choices.knapsacks import Effort, Knapsacks, strengthened
from computeroute.solvers.choices.packings import packing_task
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import choice_problem
from computeroute.solvers.packs import Packs
from computeroute.solvers.programs.request import Request
from computeroute.solvers.programs.solve_program import solve_integer
from computeroute.solvers.watch import Watch

from .small import blocks_of, optimum
from .test_solve import assignment

TWO_OF_THREE = [[(1.0, [2.0, 0.0]), (5.0, [0.0, 2.0])]] * 2


def test_packing_a_pool_whole_closes_the_gap_of_the_relaxation() -> None:
    # A has room for 3, so one workload of size 2 and not one and a half: 1 + 5 = 6, the relaxation says 4.
    # With values u on both workloads A earns at most max(0, u - 1) and B 2 * max(0, u - 5): u = 5 gives
    # 10 - 4 - 0 = 6
    problem = choice_problem(blocks_of(TWO_OF_THREE, [3.0, 10.0]))
    knapsacks = Knapsacks.of(problem)
    assert knapsacks is not None
    pricing = price_out(problem, np.array([2.0, 0.0]))
    assert pricing.bound == pytest.approx(4.0)
    found = strengthened(problem, knapsacks, pricing, Effort(6.0, 400, Watch(60.0)))
    assert found.bound == pytest.approx(6.0, abs=1e-3)
    assert found.bound <= 6.0
    task = packing_task(problem, knapsacks, found, 1.0)
    assert task.complete
    answer = solve_integer(task.program, Request(time_limit=10.0))
    assert answer.x is not None
    assert problem.cost[task.read(answer.x)].sum() == 6.0


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(18))
def test_values_and_forced_options_bound_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    need, cost = rng.integers(1, 9, (5, 3)), rng.integers(1, 30, (5, 3))
    offered = [
        [
            (float(cost[job, pool]), [float(need[job, pool]) * (pool == each) for each in range(3)])
            for pool in range(3)
        ]
        for job in range(5)
    ]
    blocks = blocks_of(offered, [8.0, 9.0, 10.0])
    problem, best = choice_problem(blocks), optimum(blocks)
    knapsacks = Knapsacks.of(problem)
    assert knapsacks is not None
    if best == np.inf or (problem.sizes == 0).any():
        return
    found = strengthened(problem, knapsacks, price_out(problem, np.zeros(3)), Effort(best, 200, Watch(60.0)))
    assert found.bound <= best
    for option in range(len(problem.cost)):
        job = problem.owner[option]
        kept = [
            each if place != job else [each[option - problem.first[job]]]
            for place, each in enumerate(offered)
        ]
        assert found.bound + found.excess[option] <= optimum(blocks_of(kept, [8.0, 9.0, 10.0])) + 1e-6
    task = packing_task(problem, knapsacks, found, best - found.bound + 1e-6)
    answer = solve_integer(task.program, Request(time_limit=10.0))
    assert task.complete
    assert answer.x is not None
    assert problem.cost[task.read(answer.x)].sum() == best


@pytest.mark.parametrize("seed", range(20))
def test_the_best_packings_hold_nothing_that_loses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, cost = rng.integers(1, 7, (4, 2)), rng.integers(1, 20, (4, 2))
    offered = [
        [
            (float(cost[job, pool]), [float(weight[job, pool]) * (pool == each) for each in (0, 1)])
            for pool in (0, 1)
        ]
        for job in range(4)
    ]
    knapsacks = Knapsacks.of(choice_problem(blocks_of(offered, [7.0, 9.0])))
    assert knapsacks is not None
    values = rng.normal(8.0, 8.0, 4)
    profit = knapsacks.profit(values)
    earned, taken = knapsacks.best(profit)
    ways = [np.array(way) for way in itertools.product([False, True], repeat=4)]
    for pool, room in enumerate((7, 9)):
        gain = values - cost[:, pool]
        assert earned[pool] == pytest.approx(max(gain @ way for way in ways if weight[:, pool] @ way <= room))
        assert profit[pool, taken[pool]].sum() == pytest.approx(earned[pool])
        assert (profit[pool, taken[pool]] > 0).all()


@pytest.mark.parametrize("few", [1.0, 2.0])
def test_options_that_packings_hold_join_those_that_values_climb_on(
    few: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # at prices of nothing, the nearest options are the cheapest ones, which do not fit together
    monkeypatch.setattr("computeroute.solvers.choices.knapsacks.NEAREST", few)
    problem = choice_problem(assignment(60, 6, 3))
    knapsacks = Knapsacks.of(problem)
    assert knapsacks is not None
    start, effort = price_out(problem, np.zeros(6)), Effort(1e4, 400, Watch(60.0))
    found = strengthened(problem, knapsacks, start, effort)
    monkeypatch.undo()
    monkeypatch.setattr("computeroute.solvers.choices.knapsacks.NEAREST", 6.0)
    whole = strengthened(problem, knapsacks, start, effort)
    assert found.bound == pytest.approx(whole.bound, rel=5e-3)


def test_what_forcing_an_option_costs() -> None:
    # room 5: the first two earn 7. With the third (-1, room 4 left): 3 + 2 - 1 = 4, 3 less.
    # With the fourth (2): the first beside it, 4 + 2 = 6: 1 less. The fifth does not fit
    packs = Packs.of(np.zeros(5, dtype=np.int64), np.array([3, 2, 1, 2, 6]), np.array([5]))
    profit = np.array([[4.0, 3.0, -1.0, 2.0, 9.0]])
    less, lacking = packs.forced(profit, packs.best(profit))
    assert less.tolist() == [[0.0, 0.0, 3.0, 1.0, np.inf]]
    # without the first: 3 + 2 = 5; without the second: 4 + 2 = 6
    assert lacking.tolist() == [[2.0, 1.0, 0.0, 0.0, 0.0]]


def test_only_whole_amounts_of_one_resource_make_knapsacks() -> None:
    assert Knapsacks.of(choice_problem(blocks_of([[(1.0, [1 / 3])]], [3.0]))) is None
    assert Knapsacks.of(choice_problem(blocks_of([[(1.0, [1.0, 1.0])]], [3.0, 3.0]))) is None
    assert Knapsacks.of(choice_problem(blocks_of([[(1.0, [1.0])]], [3.0], left_out=[5.0]))) is None
    assert Knapsacks.of(choice_problem(blocks_of([[(1.0, [1.0])]], [3.0]))) is not None
    assert Knapsacks.of(choice_problem(assignment(400, 20, 0))) is not None
