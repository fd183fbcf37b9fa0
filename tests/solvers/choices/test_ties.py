"""Resources that are searched together, and workloads whose cheapest options tie."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import ChoiceProblem, choice_problem
from computeroute.solvers.choices.relatives import Relatives
from computeroute.solvers.choices.shifts import Assignment
from computeroute.solvers.choices.state import State
from computeroute.solvers.choices.ties import Ties
from computeroute.solvers.watch import Watch

from .small import blocks_of

SIZES = [4.0, 3.0, 3.0, 2.0, 2.0, 2.0]
HALVES = [8.0, 8.0, 99.0]
"""4 + 2 + 2 and 3 + 3 + 2 fill two resources; the first three of the list, or the last, would not."""


def puzzle() -> ChoiceProblem:
    """Return workloads that cost 1 at either of two resources, 2 at a third one that has room for all."""
    return choice_problem(
        blocks_of(
            [[(1.0, [size, 0.0, 0.0]), (1.0, [0.0, size, 0.0]), (2.0, [0.0, 0.0, size])] for size in SIZES],
            HALVES,
        )
    )


def state_of(problem: ChoiceProblem, options: list[int], *, grain: float = 1.0) -> State:
    best = Assignment(problem, np.array(options))
    return State(problem, Watch(60.0, None), 0.0, grain, best, 6.0)


def test_ties_are_solved_at_once() -> None:
    """At no prices all have two cheapest options: 6 in all, if they are halved; 7 with 4 + 3 at the first."""
    problem = puzzle()
    state = state_of(problem, [0, 3, 8, 10, 13, 16])
    assert state.best is not None and (state.best.cost, state.best.fits) == (7.0, True)
    ties = Ties.of(state, price_out(problem, np.zeros(3)))
    assert ties is not None and ties.options.tolist() == [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16]
    ties.run(2)
    assert (state.best.cost, state.best.fits) == (6.0, True)
    assert ties.spent > 0


@pytest.mark.parametrize(("prices", "grain"), [([0.0, 0.1, 0.0], 1.0), ([0.0, 0.0, 0.0], 0.0)])
def test_where_few_tie_or_costs_are_any_number_there_is_no_puzzle(prices: list[float], grain: float) -> None:
    problem = puzzle()
    state = state_of(problem, [0, 3, 8, 10, 13, 16], grain=grain)
    assert Ties.of(state, price_out(problem, np.array(prices))) is None


def test_resources_are_searched_with_those_that_their_workloads_may_go_to() -> None:
    """The first pays 4 at resource 0 and would rather be at 2, whose workload may go to 4; 1 and 3 swap."""
    ways = [(0, 2), (2, 4), (1, 3), (3, 1)]
    costs = [(5.0, 1.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0)]
    workloads = [
        [(cost, np.eye(5)[at].tolist()) for at, cost in zip(way, cost_of, strict=True)]
        for way, cost_of in zip(ways, costs, strict=True)
    ]
    problem = choice_problem(blocks_of(workloads, [1.0] * 5))
    relatives = Relatives.of(problem, price_out(problem, np.zeros(5)), np.arange(8))
    best = Assignment(problem, np.array([0, 2, 4, 6]))
    for seed in range(10):
        order = list(relatives.drawn(best, np.arange(5), np.random.default_rng(seed)))
        assert order[0] in (0, 2)
        assert set(order[:3]) == {0, 2, 4}
        assert sorted(order) == [0, 1, 2, 3, 4]
