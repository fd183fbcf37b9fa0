"""Prices of what is scarce: what must be left out at least is proven, and never too much of it."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.scarce_uses import placeable
from computeroute.solvers.market.pricing.scarcity import Scarcity, costless, proven_by_programs, scarcity
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.programs.program import partial_program
from computeroute.solvers.programs.solve_program import solve_relaxation
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ...model.test_constraints import job, service
from ...small_worlds import random_world
from ..form.test_captive import market

ALL = 1e6
NEAR = {"policy": "near"}


def scarce(*workloads: dict[str, Any]) -> Scarcity:
    found = scarcity(market(*workloads), ALL, Watch(60.0))
    assert found is not None
    return found


def test_of_jobs_that_take_the_same_place_those_that_count_least_are_left_out() -> None:
    # One of three can hold all 8 near for all 4 hours: priorities 1 and 2 are left out.
    jobs = [job(f"job-{count}", 8, 4, priority=count, **NEAR) for count in (1, 2, 3)]
    assert scarce(*jobs).left_out == pytest.approx(3, abs=0.05)


def test_of_users_as_many_are_left_out_as_there_are_too_few_replicas_for() -> None:
    # 80 of 160 requests/s can be served near, in both periods: half of 640 request-hours over 640.
    found = market(service(160, **NEAR))
    told = scarcity(found, ALL, Watch(60.0))
    assert told is not None
    assert told.left_out == pytest.approx(found.left_out_work.sum() / 2, rel=0.01)


def test_what_takes_less_of_what_is_scarce_is_worth_more() -> None:
    # 8 for 4 h count as much as 2 for 4 h, of which there are three: the large one is left out, or in parts
    # the quarter of it for which there is room not.
    jobs = [job("large", 8, 4, **NEAR), *(job(f"small-{each}", 2, 4, **NEAR) for each in range(3))]
    assert scarce(*jobs).left_out == pytest.approx(0.75, abs=0.02)


def test_where_all_can_be_served_nothing_is_proven() -> None:
    assert scarce(job("one", 8, 2, **NEAR), job("two", 8, 2, **NEAR)).left_out == pytest.approx(0, abs=1e-6)


def test_a_job_that_may_pause_takes_what_others_leave() -> None:
    # It runs 1 h in each of two periods of 2 h, half of which in parts of 8 are free: nothing is proven.
    jobs = job("fixed", 8, 2, deadline_hours=2, **NEAR), job("paused", 8, 2, interruptible=True, **NEAR)
    assert scarce(*jobs).left_out == pytest.approx(0, abs=1e-6)
    more = scarce(*jobs, job("late", 8, 2, earliest_start_hours=2, **NEAR))
    assert more.left_out == pytest.approx(1, abs=0.05)


def test_markets_with_too_many_users_are_left_alone() -> None:
    assert scarcity(market(service(20)), 1.0, Watch(60.0)) is None


def test_of_many_starts_some_are_held_and_prove_no_more() -> None:
    # Each fills near in one of the two periods, so that both find room; in the first alone one would not.
    two = market(*(job(name, 8, 1, **NEAR) for name in ("one", "two")))
    every, some = placeable(two, ALL), placeable(two, 1.0)
    assert every is not None and some is not None
    assert np.bincount(every.owner).tolist() == [2, 2] and np.bincount(some.owner).tolist() == [1, 1]
    told = scarcity(two, 1.0, Watch(60.0))
    assert told is not None and told.left_out == pytest.approx(0, abs=1e-9)


def test_a_program_proves_what_the_relaxation_does() -> None:
    # A linear program of the whole model tells more: of replicas that must be at several sites, too.
    problem = generate(sites=8, services=20, jobs=0, periods=6, locations=10, seed=5, tightness=1.3)
    found, arrays = market_of(problem), build_arrays(build_variables(problem))
    relaxed = solve_relaxation(partial_program(arrays, arrays.unserved), 30.0)
    assert relaxed.x is not None
    most = float(arrays.unserved @ relaxed.x)
    nothing = np.zeros(len(found.rules.capacity))
    told, climbed = proven_by_programs(found, nothing, ALL, Watch(60.0)), scarcity(found, ALL, Watch(60.0))
    assert 0.8 * most < told + found.barred_work <= most * (1 + 1e-6)
    assert climbed is not None and climbed.left_out < 0.99 * told


def test_nothing_is_proven_in_no_time() -> None:
    found = scarcity(market(job("one", 8, 4, **NEAR), job("two", 8, 4, **NEAR)), ALL, Watch(0.0))
    assert found is not None and found.left_out == 0


def test_prices_prove_what_is_told_of_the_market_without_costs() -> None:
    found = market(job("one", 8, 4, **NEAR), job("two", 8, 4, **NEAR))
    told = scarcity(found, ALL, Watch(60.0))
    assert told is not None
    assert appraise(costless(found), told.prices, 1.0, whole=False).partial == pytest.approx(told.left_out)


def assert_no_more_than_must_be(problem: Problem, seed: int) -> bool:
    """Check the bound against what HiGHS leaves out; return whether it is above nothing."""
    exact = solve(problem, solver="highs", gap_limit=1e-7, time_limit=30)
    found = market_of(problem)
    told = scarcity(found, ALL, Watch(60.0))
    if told is None or exact.unserved_bound < exact.unserved - 1e-6:
        return False
    proven = max(told.left_out, proven_by_programs(found, told.prices, ALL, Watch(60.0)))
    assert proven + found.barred_work <= exact.unserved + 1e-6, seed
    return proven > 1e-3


@pytest.mark.no_cover
def test_no_more_is_proven_than_must_be_left_out() -> None:
    proven = sum(
        assert_no_more_than_must_be(
            generate(sites=3, services=2, jobs=10, periods=3, locations=3, seed=seed, tightness=1.5), seed
        )
        for seed in range(4)
    )
    assert proven >= 3


@pytest.mark.no_cover
def test_no_more_is_proven_than_must_be_left_out_of_worlds_with_all_features() -> None:
    proven = sum(
        assert_no_more_than_must_be(Problem.parse(random_world(Random(seed))), seed) for seed in range(45)
    )
    assert proven >= 3
