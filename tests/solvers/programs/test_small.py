"""Gathering demands relaxes a program at any prices, and loses nothing at those of an optimal relaxation."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.arrays import Arrays
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.programs.master import Shares, alike_enough, can_relax
from computeroute.solvers.programs.program import Program, complete_program
from computeroute.solvers.programs.small import make_small, whole_prices
from computeroute.solvers.programs.solve_program import solve_relaxation
from scipy.sparse import csr_array

from ..small_worlds import random_world


def optimum(program: Program, constant: float = 0.0) -> float:
    """Return the least cost of the relaxation."""
    relaxed = solve_relaxation(program, 10)
    assert relaxed.x is not None
    return float(program.cost @ relaxed.x) + constant


def worlds() -> list[tuple[Arrays, Program]]:
    """Return problems in which everything can be served and some demands are alike."""
    found = []
    for seed in range(80):
        arrays = build_arrays(build_variables(Problem.parse(random_world(Random(seed)))))
        classes = arrays.alike[arrays.alike >= 0]
        program = complete_program(arrays)
        several = len(classes) and np.bincount(classes).max() > 1
        if several and solve_relaxation(program, 10).x is not None:
            found.append((arrays, program))
    assert len(found) >= 10
    return found


WORLDS = worlds()


@pytest.mark.parametrize("number", range(len(WORLDS)))
def test_gathering_is_a_relaxation_at_any_prices(number: int) -> None:
    arrays, program = WORLDS[number]
    loads = make_small(arrays, program, can_relax(arrays), gather=False)
    exact = optimum(loads.program)
    drawn = np.random.default_rng(number).normal(size=len(program.row_lower)) * exact
    for prices in (None, np.zeros(len(drawn)), drawn):
        small = make_small(arrays, program, can_relax(arrays), gather=True, prices=prices)
        assert optimum(small.program, small.constant) <= exact + 1e-6 * max(1.0, abs(exact))


@pytest.mark.parametrize("number", range(len(WORLDS)))
def test_nothing_is_lost_at_the_prices_of_an_optimum(number: int) -> None:
    arrays, program = WORLDS[number]
    loads = make_small(arrays, program, can_relax(arrays), gather=False)
    relaxed = solve_relaxation(loads.program, 10)
    assert relaxed.x is not None
    links = np.flatnonzero(arrays.loose_rows)
    prices = whole_prices(loads, relaxed.duals, len(program.row_lower))
    if np.abs(prices[links]).max(initial=0.0) > 1e-9:
        pytest.skip("a link is full, and the master overlooks links")
    small = make_small(arrays, program, can_relax(arrays), gather=True, prices=prices)
    assert optimum(small.program, small.constant) == pytest.approx(optimum(loads.program), rel=1e-6, abs=1e-6)


def test_demands_stay_alike_only_within_the_allowance() -> None:
    """Each of two demands costs 1 nearby and 3 far away; served alike from both slots, they cost 2 more."""
    program = Program(
        cost=np.array([1.0, 3.0, 3.0, 1.0]),
        lower=np.zeros(4),
        upper=np.ones(4),
        integer=np.zeros(4, dtype=bool),
        matrix=csr_array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]),
        row_lower=np.ones(2),
        row_upper=np.ones(2),
    )
    known = Shares(np.ones(4), np.zeros(4, np.int64), np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))
    x, prices = np.array([1.0, 0.0, 0.0, 1.0]), np.ones(2)
    assert (alike_enough(program, known, x, prices, 2.01) == 0).all()
    assert (alike_enough(program, known, x, prices, 1.99) == -1).all()
