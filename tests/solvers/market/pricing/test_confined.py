"""Jobs that one pool alone can run do not all fit into it: that is proven, and what all others cost."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.routing.paths import PathFinder
from computeroute.solvers import solve
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.market.pricing.confined import Confined, CrowdedOut, crowded_out
from computeroute.solvers.programs.request import Request
from computeroute.solvers.programs.solve_program import solve_integer
from computeroute.solvers.watch import Watch

from ...model.test_constraints import job, world

NEAR_ONLY = {"policies": [{"id": "near", "allow": ["DE"]}]}


def crowded(*jobs: dict[str, Any], **more: Any) -> CrowdedOut:
    problem = Problem.parse(world(*({**each, "policy": "near"} for each in jobs), **NEAR_ONLY, **more))
    return crowded_out(plain_market(problem, PathFinder(problem)), Watch(10.0))


def test_two_jobs_that_fill_more_than_half_of_a_pool_all_the_time_do_not_fit() -> None:
    """8 accelerators: 5 and 5 for all of 4 h, so one is left out, that of less priority; 3 more would fit."""
    found = crowded(job("one", 5, 4), job("two", 5, 4, priority=2), job("three", 3, 4))
    assert found.work == pytest.approx(1.0)
    assert found.jobs.tolist() == [0, 1, 2]


def test_one_after_the_other_they_do() -> None:
    """Each takes one of two periods."""
    assert crowded(job("one", 5, 2), job("two", 5, 2)).work == 0.0
    assert crowded(job("one", 5, 2), job("two", 5, 2), job("three", 5, 2)).work == pytest.approx(1.0)


def test_who_may_be_elsewhere_or_may_pause_is_not_confined() -> None:
    problem = Problem.parse(world(job("one", 5, 4), job("two", 5, 4)))
    market = plain_market(problem, PathFinder(problem))
    assert crowded_out(market, Watch(10.0)).work == 0.0
    assert crowded(job("one", 5, 4), job("two", 5, 4, interruptible=True)).work == 0.0


def test_modules_that_may_be_bought_are_room() -> None:
    bought = {
        "module_accelerators": 2,
        "max_modules": 1,
        "capital_usd_per_module": 9,
        "lifetime_years": 1,
    }
    assert crowded(job("one", 5, 4), job("two", 5, 4), near={"expansion": bought}).work == 0.0


def test_nothing_is_proven_when_there_is_no_time() -> None:
    problem = Problem.parse(world(*(job(name, 5, 4, policy="near") for name in ("one", "two")), **NEAR_ONLY))
    assert crowded_out(plain_market(problem, PathFinder(problem)), Watch(0.0)).work == 0.0


@pytest.mark.parametrize("seed", range(30))
def test_programs_of_pools_leave_out_what_all_choices_leave_out_at_least(seed: int) -> None:
    rng = Random(seed)
    room = np.array([float(rng.randint(4, 9)) for _ in range(3)])
    starts = [
        (j, t, t + rng.randint(1, 3 - t), rng.randint(2, 6))
        for j in range(4)
        for t in range(rng.randint(1, 3))
    ]
    work = [float(rng.randint(1, 4)) for _ in range(4)]
    confined = Confined(
        job=np.array([each[0] for each in starts]),
        first=np.array([each[1] for each in starts]),
        last=np.array([each[2] for each in starts]),
        accelerators=np.array([float(each[3]) for each in starts]),
        work=np.array(work),
        room=room,
    )
    program = confined.program()
    own = [[None, *(each for each in starts if each[0] == j)] for j in range(4)]
    least = np.inf
    for chosen in product(*own):
        held = np.zeros(3)
        for each in filter(None, chosen):
            held[each[1] : each[2]] += each[3]
        if (held <= room).all():
            least = min(least, sum(work[j] for j in range(4) if chosen[j] is None))
    assert solve_integer(program, Request(time_limit=10.0)).bound == pytest.approx(least)
    assert not confined.fits or least == 0.0


def test_the_plan_is_proven_with_its_cost_where_work_must_be_left_out() -> None:
    """One and two hold 5 for 4 h, and near has 8: two runs, 20 USD, and four beside it, 3 x 4 h, 12 USD."""
    jobs = (job("one", 5, 4), job("two", 5, 4, priority=2), job("four", 3, 4))
    problem = Problem.parse(world(*({**each, "policy": "near"} for each in jobs), **NEAR_ONLY))
    plan = solve(problem, solver="decomposition", time_limit=5.0)
    assert check(problem, plan) == []
    assert (plan.unserved, plan.unserved_bound) == (1.0, pytest.approx(1.0))
    assert plan.objective == pytest.approx(32.0)
    assert plan.bound is not None and plan.bound <= 32.0 + 1e-6
