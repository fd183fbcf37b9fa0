"""Work left out is as little as possible, and proven so, where priorities are far apart."""

from __future__ import annotations

from random import Random

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import solve
from computeroute.topologies.generate import generate

from ..enumeration import Enumeration
from ..small_worlds import random_world

PRIORITIES = (1e6, 10.0, 0.1, 0.1)
SOLVERS = ("highs", "scip", "cp-sat", "decomposition")


def with_priorities(data: dict, rng: Random) -> Problem:
    return Problem.parse(
        data | {"workloads": [work | {"priority": rng.choice(PRIORITIES)} for work in data["workloads"]]}
    )


def generated(seed: int) -> Problem:
    rng = Random(seed)
    sizes = {"sites": rng.randint(2, 6), "services": rng.randint(1, 4), "jobs": rng.randint(0, 4)}
    problem = generate(
        **sizes, periods=rng.choice([1, 3, 6]), locations=rng.randint(2, 5), seed=seed,
        tightness=rng.choice([0.7, 1.2, 2.5, 5]),
    )  # fmt: skip
    return with_priorities(problem.model_dump(mode="json", exclude_none=True), rng)


def assert_within(problem: Problem, plan: Plan, least: float) -> None:
    """Assert that a plan is sound, and that what it says of the work left out may be."""
    assert check(problem, plan) == []
    assert plan.unserved >= least * (1 - 1e-6) - 1e-6
    assert plan.unserved_bound <= least * (1 + 2e-6) + 1e-6
    if plan.status == "optimal":
        assert plan.unserved <= least * (1 + 1e-4) + 1e-6


@pytest.mark.parametrize("seed", [117, 131, 137, 214])
def test_nothing_is_lost_beside_work_of_the_highest_priority(seed: int) -> None:
    """All solvers but CP-SAT end with the same, and prove it.

    With the true weights, HiGHS proved 0.02727 of seed 117 where 0.02467 is enough, SCIP 0.0536 of 137 where
    0.0328 is; CP-SAT planned 56 of 54 accelerators for 131.
    """
    problem = generated(seed)
    plans = {solver: solve(problem, solver=solver, gap_limit=1e-4, time_limit=3) for solver in SOLVERS}
    least = min(plan.unserved for plan in plans.values())
    for solver, plan in plans.items():
        assert_within(problem, plan, least)
        assert plan.status == "optimal" or solver == "cp-sat"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(12))
def test_as_little_is_left_out_as_by_listing_every_plan(seed: int) -> None:
    rng = Random(seed)
    problem = with_priorities(random_world(rng), rng)
    least = float(Enumeration(problem).best()[0])
    for solver in SOLVERS:
        assert_within(problem, solve(problem, solver=solver, gap_limit=1e-4, time_limit=3), least)
