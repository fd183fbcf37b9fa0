"""What is proven of the cost where work is left out holds, at good prices of the rows and at any others."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing.problem import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.pricing import sharpening
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.sharpening import limited_cost
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch

from ...small_worlds import random_world
from ..large_jobs import large_jobs

PENALTY = 1e4


def proven(problem: Problem, usd: float, unserved: float) -> float:
    """Return what is proven at a price of ``usd`` for every row."""
    market = market_of(problem)
    told = appraise(market, np.full(len(market.rules.capacity), usd), PENALTY)
    return limited_cost(market, told, unserved, Watch(60.0), seeks=False)


def test_prices_that_rose_without_end_are_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    # One of two jobs of 8 cards fits the only pool: 8 * 10 * 1 = 80 for plans that leave one out.
    problem = large_jobs({"only": (8, 1.0)}, (8, 8))
    best = proven(problem, 0.0, 1.0)
    assert 60.0 < best <= 80.0 + 1e-6
    assert proven(problem, 1000.0, 1.0) >= 0.5 * best
    monkeypatch.setattr(sharpening, "SCALES", 0)
    assert proven(problem, 1000.0, 1.0) < 0.0


@pytest.mark.parametrize("seed", range(20))
def test_no_plan_that_leaves_as_little_out_costs_less(seed: int) -> None:
    rng = Random(seed)
    problem = Problem.parse(random_world(rng))
    plan = solve(problem, solver="highs", gap_limit=1e-6)
    assert plan.objective is not None
    barred = market_of(problem).barred_work
    bound = proven(problem, rng.choice([0.0, 0.1, 10.0, 1e4]), max(0.0, plan.unserved - barred))
    assert bound <= plan.objective + 1e-4 * abs(plan.objective) + 1e-6
