"""Repair of overload by moves that overload nothing, and shifts that start from it."""

from __future__ import annotations

import numpy as np
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import choice_problem
from computeroute.solvers.choices.repair import repaired
from computeroute.solvers.choices.shifts import Assignment, Shifts

from .small import blocks_of

ALL_IN_A = np.array([0, 2, 4])
"""The first of two options of each of three workloads."""


def in_a_or_b(
    dearer: list[float], capacity: list[float]
) -> tuple[list[list[tuple[float, list[float]]]], list[float]]:
    """Return workloads of size 2 that cost 1 in pool A and more in pool B."""
    return [[(1.0, [2.0, 0.0]), (1.0 + more, [0.0, 2.0])] for more in dearer], capacity


def test_who_leaves_at_least_cost_leaves() -> None:
    # 6 in a pool of 4: one of the three must leave; the second pays 2 more, the others 4 and 8
    problem = choice_problem(blocks_of(*in_a_or_b([4.0, 2.0, 8.0], [4.0, 10.0])))
    pricing = price_out(problem, np.zeros(2))
    everything = np.arange(6)
    assert repaired(problem, pricing, everything, ALL_IN_A).tolist() == [0, 3, 4]


def test_all_options_are_tried_where_the_given_ones_do_not_do() -> None:
    problem = choice_problem(blocks_of(*in_a_or_b([4.0, 2.0, 8.0], [4.0, 10.0])))
    pricing = price_out(problem, np.zeros(2))
    assert repaired(problem, pricing, ALL_IN_A, ALL_IN_A).tolist() == [0, 3, 4]


def test_nothing_is_overloaded_to_relieve_something_else() -> None:
    # both pools are too small for what would have to leave: the second could leave for 2 more, not the third
    problem = choice_problem(blocks_of(*in_a_or_b([4.0, 2.0, 8.0], [2.0, 2.0])))
    pricing = price_out(problem, np.zeros(2))
    found = Assignment(problem, repaired(problem, pricing, np.arange(6), ALL_IN_A))
    assert found.load.tolist() == [2.0, 1.0]  # in units of 2
    assert not found.fits


def test_what_fits_stays() -> None:
    problem = choice_problem(blocks_of(*in_a_or_b([4.0, 2.0, 8.0], [6.0, 2.0])))
    pricing = price_out(problem, np.zeros(2))
    assert repaired(problem, pricing, np.arange(6), ALL_IN_A).tolist() == ALL_IN_A.tolist()


def test_shifts_end_when_they_are_told_that_enough_is_found() -> None:
    # room for one of three in A: two leave, the cheapest ones (2 and 4 more): 3 + 2 + 4 = 9
    problem = choice_problem(blocks_of(*in_a_or_b([4.0, 2.0, 8.0], [2.0, 10.0])))
    pricing = price_out(problem, np.zeros(2))
    offered: list[Assignment] = []

    def enough(found: Assignment | None) -> bool:
        if found is not None:
            offered.append(found)
        return found is not None

    Shifts(problem, np.arange(6), pricing).search(ALL_IN_A, 100, enough)
    assert [found.cost for found in offered] == [9.0]
    Shifts(problem, np.arange(6), pricing).search(ALL_IN_A, 100, lambda _: True)
    assert len(offered) == 1
