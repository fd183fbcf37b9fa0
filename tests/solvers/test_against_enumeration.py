"""All solvers find the optimum of 48 random problems, as found by listing every plan."""

from __future__ import annotations

from random import Random

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .enumeration import Enumeration, Score
from .small_worlds import random_world

SOLVERS = ("highs", "cp-sat", "scip")
EXAMPLES = settings(
    max_examples=30, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def assert_best(problem: Problem, plan: Plan, best: Score) -> None:
    assert check(problem, plan) == []
    assert plan.objective is not None
    if plan.stopped_by == "time" and plan.solver == "cp-sat" and plan.status != "optimal":
        assert (plan.unserved, plan.objective) >= (float(best[0]) - 1e-6, 0.0)  # it may be slow, never wrong
        return
    assert plan.unserved == pytest.approx(float(best[0]), abs=1e-6, rel=1e-5)
    assert plan.objective == pytest.approx(best[1], abs=1e-5, rel=1e-5)
    assert plan.bound is not None
    assert plan.bound <= best[1] + 1e-6 * max(1.0, abs(best[1]))
    assert plan.unserved_bound <= float(best[0]) + 1e-6


@pytest.mark.no_cover
@given(seed=st.integers(0, 10**9))
@EXAMPLES
def test_every_solver_finds_the_optimum(seed: int) -> None:
    problem = Problem.parse(random_world(Random(seed)))
    best = Enumeration(problem).best()
    for solver in SOLVERS:
        assert_best(problem, solve(problem, solver=solver, gap_limit=0, time_limit=5), best)
