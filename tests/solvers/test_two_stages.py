"""The two-stage search, made to take small problems, gives plans that verify and bounds that hold."""

from __future__ import annotations

from random import Random

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import search, solve

from .enumeration import Enumeration
from .small_worlds import random_world


@pytest.mark.parametrize("solver", ["auto", "scip"])
@pytest.mark.parametrize("first", range(0, 100, 20))
def test_plans_verify_and_bounds_hold(solver: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    for seed in range(first, first + 20):
        problem = Problem.parse(random_world(Random(seed)))
        unserved, cost = map(float, Enumeration(problem).best())
        plan = solve(problem, solver=solver, gap_limit=1e-4, time_limit=10)
        assert check(problem, plan) == []
        assert plan.unserved == pytest.approx(unserved, abs=1e-6)
        assert plan.bound is not None
        assert plan.bound <= cost + 1e-6 * max(1.0, cost)
        assert plan.objective == pytest.approx(cost, rel=2e-4, abs=1e-5)
