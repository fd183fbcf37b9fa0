"""Whole solves of choices: the optimum where it is known, proof where there is none, limits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from computeroute.solvers.block_accounts import objective, violation
from computeroute.solvers.blocks import BlockResult, Blocks, Choices, Divisions, Resources
from computeroute.solvers.choices import solve
from computeroute.solvers.choices.dual import SAMPLE, first_prices
from computeroute.solvers.choices.problem import choice_problem
from computeroute.solvers.choices.solve import solve_choices
from computeroute.solvers.watch import Watch
from scipy.sparse import csr_array

from ..facility.cases import facility_blocks
from .small import blocks_of, optimum, random_blocks


def solved(blocks: Blocks, seconds: float = 120.0, gap: float = 0.0, seed: int = 0) -> BlockResult:
    result = solve_choices(blocks, time_limit=seconds, gap_limit=gap, seed=seed)
    if result.solution is not None:
        assert violation(blocks, result.solution) <= 1e-9
        assert objective(blocks, result.solution) == pytest.approx(result.objective)
        assert result.bound <= result.objective
    return result


def assignment(workloads: int, pools: int, seed: int, fill: float = 0.9) -> Blocks:
    """Return an assignment problem whose pools have room for about 1 / fill of what is needed."""
    rng = np.random.default_rng(seed)
    need = rng.integers(1, 20, (workloads, pools)).astype(float)
    cost = (need * rng.uniform(1, 3, pools) + rng.exponential(3, (workloads, pools))).round(2)
    capacity = np.full(pools, np.ceil(need.mean() * workloads / pools / fill))
    options = workloads * pools
    uses = csr_array((need.ravel(), np.tile(np.arange(pools), workloads), np.arange(options + 1)))
    choices = Choices(np.arange(0, options + 1, pools), cost.ravel(), uses, np.full(workloads, np.inf))
    return Blocks(Resources.fixed(capacity), choices, Divisions.none(pools))


@pytest.mark.no_cover
@pytest.mark.parametrize("begin", range(0, 30, 10))
def test_small_problems_are_solved_to_the_optimum(begin: int) -> None:
    for seed in range(begin, begin + 10):
        blocks = random_blocks(np.random.default_rng(1000 + seed))
        best = optimum(blocks)
        result = solved(blocks)
        assert result.infeasible == (best == np.inf), seed
        if best < np.inf:
            assert result.objective == pytest.approx(best), seed
            assert result.bound == pytest.approx(best), seed


def test_the_dearer_pool_takes_what_does_not_fit() -> None:
    # both fit into A alone (2 of 3), not together: one stays in A at 1, the other goes to B at 5
    option = [(1.0, [2.0, 0.0]), (5.0, [0.0, 2.0])]
    result = solved(blocks_of([option, option], [3.0, 10.0]))
    assert result.objective == 6.0
    assert result.bound == 6.0


@pytest.mark.parametrize("much", [1e6, 1e9])
def test_whole_amounts_fit_to_the_unit(much: float) -> None:
    # both large ones fill A to the unit, at 1 each; the small one would overload it by 1 and costs 100 in B
    large, small = (1.0, [much, 0.0]), [(1.0, [1.0, 0.0]), (100.0, [0.0, 1.0])]
    result = solved(blocks_of([[large], [large], small], [2 * much, 1.0]))
    assert (result.objective, result.bound) == (102.0, 102.0)


@pytest.mark.parametrize("unit", [1e-20, 1e-9, 1.0, 1e15, 1e30])
def test_the_unit_of_amounts_decides_nothing(unit: float) -> None:
    """At 1, 3, 5 in A, at 2, 4, 6 in B, which have 3 each: 1 and 2 fill A, the third goes to B: 10."""
    options = [
        [(1.0, [1.0 * unit, 0.0]), (2.0, [0.0, 2.0 * unit])],
        [(3.0, [2.0 * unit, 0.0]), (4.0, [0.0, 1.0 * unit])],
        [(5.0, [1.0 * unit, 0.0]), (6.0, [0.0, 1.0 * unit])],
    ]
    result = solved(blocks_of(options, [3.0 * unit, 3.0 * unit]))
    assert (result.objective, result.bound) == (10.0, 10.0)


def test_work_is_left_out_where_that_is_cheapest_or_all_that_is_left() -> None:
    # room for one: the workload whose leaving out costs 7 stays out, the other (50) is placed at 1
    options = [[(1.0, [2.0])], [(1.0, [2.0])]]
    result = solved(blocks_of(options, [3.0], left_out=[50.0, 7.0]))
    assert result.objective == 8.0
    assert result.solution is not None
    assert result.solution.option.tolist() == [0, -1]


def test_modules_are_bought_where_they_pay() -> None:
    # 3 workloads of 2 in a pool of 1 with modules of 2 (cost 4): 3 modules (12) and 3 * 1, or B at 9 each:
    # one in B saves a module (4) and costs 8 more, so all three stay
    option = [(1.0, [2.0, 0.0]), (9.0, [0.0, 2.0])]
    modules = ([2.0, 0.0], [4.0, 0.0], [3.0, 0.0])
    result = solved(blocks_of([option] * 3, [1.0, 10.0], modules=modules))
    assert result.objective == 15.0
    assert result.solution is not None
    assert result.solution.modules.tolist() == [3.0, 0.0]


def test_modules_give_what_a_resource_lacks_from_the_start() -> None:
    # the workload costs 1, and one module of 2 for 4 is needed though it takes nothing of that pool
    modules = ([2.0, 0.0], [4.0, 0.0], [3.0, 0.0])
    result = solved(blocks_of([[(1.0, [0.0, 1.0])]], [-1.0, 5.0], modules=modules))
    assert result.objective == 5.0
    assert result.bound == 5.0


def test_an_option_with_several_resources_counts_in_each() -> None:
    # the cheap option takes both resources whole, so the second workload pays 6
    option = [(1.0, [1.0, 1.0]), (6.0, [0.0, 0.0])]
    assert solved(blocks_of([option, option], [1.0, 1.0])).objective == 7.0


@pytest.mark.parametrize(
    "blocks",
    [
        blocks_of([[(1.0, [4.0])]], [3.0]),
        blocks_of([[(1.0, [2.0])], [(1.0, [2.0])]], [3.0]),
        blocks_of([[(1.0, [2.0])]] * 3, [5.0]),  # the relaxation fits, whole workloads do not
        blocks_of([[(1.0, [0.0, 1.0])]], [-1.0, 5.0]),  # nobody can give what the first resource lacks
    ],
)
def test_what_cannot_be_placed_is_proved_so(blocks: Blocks) -> None:
    result = solved(blocks)
    assert result.infeasible
    assert result.solution is None
    assert result.gap is None
    assert result.bound == np.inf


def test_nothing_to_place_costs_nothing() -> None:
    result = solved(Blocks(Resources.fixed(np.ones(2)), Choices.none(2), Divisions.none(2)))
    assert (result.objective, result.bound) == (0.0, 0.0)
    assert result.solution is not None


def test_a_medium_problem_is_solved_to_its_gap_and_the_same_every_time() -> None:
    blocks = assignment(400, 12, seed=3)
    first = solved(blocks, 60.0, gap=2e-3)
    again = solved(blocks, 60.0, gap=2e-3)
    assert first.gap is not None
    assert first.gap <= 2e-3
    assert first.solution is not None
    assert again.solution is not None
    assert (first.solution.option == again.solution.option).all()
    assert first.bound == again.bound


def test_prices_from_a_sample_come_close_to_those_of_all() -> None:
    blocks = assignment(SAMPLE + 2000, 10, seed=4)
    problem = choice_problem(blocks)
    pricing = first_prices(problem, np.random.default_rng(0), Watch(60.0))
    result = solved(blocks, 60.0, gap=1e-3)
    assert result.gap is not None
    assert result.gap <= 1e-3
    assert pricing.bound == pytest.approx(result.objective, rel=2e-3)


def test_the_time_limit_and_a_stop_are_kept() -> None:
    blocks = assignment(60, 20, seed=5, fill=0.99)
    began = time.monotonic()
    result = solve_choices(blocks, time_limit=2.0, gap_limit=0.0)
    assert time.monotonic() - began < 6.0
    assert result.bound > 0
    stopped = solve_choices(blocks, time_limit=60.0, stop=lambda: True)
    assert stopped.seconds < 5.0
    assert stopped.bound > -np.inf


def test_progress_only_improves() -> None:
    told: list[tuple[float | None, float]] = []
    solve_choices(
        assignment(60, 6, seed=6), time_limit=4.0, progress=lambda value, bound: told.append((value, bound))
    )
    values = [value for value, _ in told if value is not None]
    bounds = [bound for _, bound in told]
    assert values == sorted(values, reverse=True)
    assert bounds == sorted(bounds)
    assert values


def test_what_prices_prove_impossible_is_told_though_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three workloads of 2 in a room of 5, and none may be left out.
    over: list[bool] = []

    def prices(*given: object) -> object:
        found = first_prices(*given)  # type: ignore[arg-type]
        over.append(True)
        return found

    monkeypatch.setattr(solve, "first_prices", prices)
    blocks = blocks_of([[(1.0, [2.0])]] * 3, [5.0])
    result = solve_choices(blocks, time_limit=60.0, gap_limit=0.0, stop=lambda: bool(over))
    assert over
    assert result.infeasible


CROWDED_COST = [
    [8, 0, 59, 10, 48, 87, 14, 0, 61, 25, 2, 48, 62, 34, 25, 23, 95, 16, 64, 48, 0, 72, 0, 0, 45, 0],
    [30, 44, 0, 0, 23, 35, 46, 71, 66, 0, 25, 91, 12, 12, 0, 13, 0, 0, 0, 0, 0, 20, 0, 56, 4, 76],
    [61, 0, 12, 7, 0, 64, 6, 0, 45, 91, 7, 56, 46, 43, 4, 0, 49, 85, 0, 0, 79, 77, 85, 13, 99, 0],
    [37, 72, 26, 26, 94, 98, 78, 72, 0, 0, 17, 69, 91, 0, 93, 69, 77, 51, 3, 42, 8, 11, 39, 0, 0, 13],
    [50, 76, 3, 35, 42, 43, 22, 26, 0, 0, 0, 71, 77, 0, 5, 75, 4, 0, 0, 80, 25, 48, 20, 0, 0, 89],
    [17, 88, 28, 0, 76, 7, 5, 29, 78, 65, 62, 95, 0, 0, 0, 69, 53, 14, 90, 99, 70, 34, 94, 2, 3, 86],
    [0, 0, 7, 86, 59, 5, 36, 56, 0, 16, 0, 0, 0, 74, 8, 97, 38, 6, 64, 24, 22, 79, 86, 44, 41, 0],
    [16, 0, 0, 31, 58, 39, 13, 0, 0, 88, 54, 65, 30, 5, 0, 19, 89, 85, 80, 65, 42, 31, 0, 0, 71, 0],
    [12, 24, 12, 0, 69, 20, 30, 4, 46, 0, 38, 13, 1, 73, 97, 31, 59, 80, 2, 97, 18, 90, 36, 95, 11, 58],
]
"""Of 26 workloads in 9 pools (rows), which they fill to 280 of 287."""
CROWDED_NEED = [17, 18, 3, 18, 0, 9, 10, 9, 25, 23, 0, 3, 7, 22, 2, 0, 19, 1, 0, 6, 15, 14, 9, 24, 26, 0]
CROWDED_ROOM = [26, 28, 40, 21, 21, 46, 33, 40, 32]


def test_where_packings_are_too_many_a_program_proves() -> None:
    """HiGHS on the whole model proves 117, too; prices of pools and their packings prove 68."""
    nothing = np.zeros(len(CROWDED_ROOM))
    blocks = facility_blocks(CROWDED_COST, CROWDED_NEED, CROWDED_ROOM, nothing, single=True)
    result = solved(blocks, seconds=60.0)
    assert (result.objective, result.bound) == (117.0, 117.0)
