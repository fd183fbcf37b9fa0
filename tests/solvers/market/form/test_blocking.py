"""Starts that leave a job of one pool no start of its own are closed, and what that proves holds."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.form import captive

from ...model.test_constraints import job
from .test_captive import assert_proven_holds, at_no_prices, market


def test_nobody_holds_a_pool_while_all_starts_of_a_job_of_that_pool_pass() -> None:
    # "kept" runs 2 of 4 hours near, in either period, with all there is: "free", which runs for all 4, has to
    # be far. 8 x 2 h x 1 USD and 4 x 4 h x 2 USD.
    found = market(job("kept", 8, 2, policy="near"), job("free", 4, 4))
    assert found.captives.closed.sum() == 1
    assert at_no_prices(found).complete == pytest.approx(16 + 32)


@pytest.mark.parametrize("free", [job("free", 4, 2), job("free", 8, 2, deadline_hours=2)])
def test_who_leaves_it_one_period_may_stay(free: dict[str, Any]) -> None:
    assert not market(job("kept", 8, 2, policy="near"), free).captives.closed.any()


def test_who_fits_beside_it_may_stay() -> None:
    assert not market(job("kept", 4, 2, policy="near"), job("free", 4, 4)).captives.closed.any()


def test_of_the_starts_only_those_are_closed_that_are_in_the_way() -> None:
    # "kept" has to run in the first period, "free" may in either.
    found = market(job("kept", 8, 2, policy="near", deadline_hours=2), job("free", 4, 2))
    assert found.captives.closed.sum() == 1


def random_jobs(random: Random) -> list[dict[str, Any]]:
    """Return jobs that fill most of a pool for half of the time or all of it."""
    return [
        job(
            f"job-{number}",
            random.choice([3, 4, 5, 8]),
            random.choice([1, 2, 3, 4]),
            **({"policy": random.choice(["near", "both"])} if random.random() < 0.7 else {}),
        )
        for number in range(4)
    ]


@pytest.mark.no_cover
def test_what_is_proven_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of no problem that can be served is the optimum below what prices prove where starts are closed."""
    closing = 0
    for seed in range(75):
        jobs = random_jobs(Random(seed))
        given = market(*jobs)
        with monkeypatch.context() as patched:
            patched.setattr(captive, "blocking_starts", lambda *of: np.zeros(of[2].shape, dtype=bool))
            without = market(*jobs).captives.closed.sum()
        if given.captives.closed.sum() == without:
            continue
        exact = solve(given.problem, solver="highs", gap_limit=1e-7)
        if exact.objective is None or exact.unserved > 1e-6:
            continue
        closing += 1
        assert_proven_holds(given, exact.objective, seed)
    assert closing >= 7


def test_the_problem_is_planned_at_its_optimum() -> None:
    jobs = job("kept", 8, 2, policy="near"), job("free", 4, 4)
    problem: Problem = market(*jobs).problem
    plan = solve(problem, solver="decomposition", time_limit=20)
    assert plan.objective == pytest.approx(48)
    assert plan.bound == pytest.approx(48, rel=1e-6)
