"""Captives: what they take for sure, which starts that closes, and that no plan that serves all has those."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world

POLICIES = [{"id": "near", "allow": ["DE"]}, {"id": "both", "allow": ["DE", "FR"]}]


def market(*workloads: dict[str, Any], far: int = 8) -> Market:
    """Return a market of three pools of 8 (far: ``far``) at 1, 2 and 3 USD an hour, near, far and third."""
    data = world(*workloads, far={"count": far}, policies=POLICIES)
    data["data_centers"].append({"id": "third", "jurisdiction": "IT"})
    third = {"id": "third-a", "data_center": "third", "count": 8, "usd_per_accelerator_hour": 3}
    data["pools"].append({**data["pools"][1], **third})
    return market_of(Problem.parse(data))


def at_no_prices(given: Market, penalty: float = 1e6) -> Appraisal:
    return appraise(given, np.zeros(len(given.rules.capacity)), penalty)


def taken(given: Market, pool: int) -> list[float]:
    """Return the accelerators of a pool that captives take in each period."""
    rows = given.rules.pool_rows[pool]
    return [float(each) for each in given.captives.load[rows] * given.problem.pools[pool].count]


def test_nobody_has_the_place_of_a_job_that_has_no_other() -> None:
    # "free" would like to be near too: 8 x 4 h x 1 USD near, 8 x 4 h x 2 USD far. Where work may be left out
    # for 40 USD, both may be near in a bound.
    found = market(job("kept", 8, 4, policy="near"), job("free", 8, 4))
    assert taken(found, 0) == [8, 8]
    assert at_no_prices(found).complete == pytest.approx(32 + 64)
    assert at_no_prices(found, 40.0).partial == pytest.approx(32 + 32)


def test_a_job_is_sure_to_hold_only_the_periods_of_all_its_starts() -> None:
    # 2 h of 4: it may run in either period.
    assert taken(market(job("kept", 8, 2, policy="near")), 0) == [0, 0]
    assert taken(market(job("kept", 8, 2, policy="near", deadline_hours=2)), 0) == [8, 0]


def test_a_job_that_may_pause_is_no_captive() -> None:
    assert taken(market(job("kept", 8, 4, policy="near", interruptible=True)), 0) == [0, 0]


def test_a_job_leaves_its_own_place_open() -> None:
    found = market(job("kept", 8, 4, policy="near"))
    assert not found.captives.closed.any()


def test_users_of_two_pools_take_of_each_what_the_other_has_no_room_for() -> None:
    # 11 replicas, 8 near and 6 far: 5 at least near, 3 far, and 3 cards are left of each. A job of 4 has to
    # take the third pool and is captive there: 4 x 4 h x 3 USD; a replica costs 1 USD an hour at least.
    found = market(job("free", 4, 4), service(110, policy="both"), far=6)
    assert [taken(found, pool) for pool in range(3)] == [[5, 5], [3, 3], [4, 4]]
    assert at_no_prices(found).complete == pytest.approx(48 + 44)
    small = market(job("free", 3, 4), service(110, policy="both"), far=6)
    assert at_no_prices(small).complete == pytest.approx(12 + 44)


def test_who_has_one_place_left_is_captive_too() -> None:
    # "kept" takes near, so that "either" has to be far, and "free" the third: 8 x 4 h x (1 + 2 + 3) USD.
    jobs = job("kept", 8, 4, policy="near"), job("either", 8, 4, policy="both"), job("free", 8, 4)
    assert at_no_prices(market(*jobs)).complete == pytest.approx(32 + 64 + 96)


def test_captives_that_do_not_fit_together_close_nothing() -> None:
    kept = [job(name, 5, 4, policy="near") for name in ("one", "two")]
    found = market(*kept, job("free", 4, 4))
    assert not found.captives.closed.any()
    assert not found.captives.load.any()


def test_a_job_that_fits_nowhere_beside_captives_keeps_its_starts() -> None:
    kept, other = job("kept", 5, 4, policy="near"), job("other", 4, 2, policy="near")
    assert not market(kept, other).captives.closed.any()


def assert_proven_holds(given: Market, optimum: float, seed: int) -> None:
    """Prices, none or drawn, prove no more than the optimum."""
    rng, most = np.random.default_rng(seed), optimum + 3e-6 * max(1.0, abs(optimum))
    for scale in (0.0, 1.0, 5.0):
        told = appraise(given, scale * rng.random(len(given.rules.capacity)), penalty_of(given))
        assert max(told.complete, told.partial) <= most, seed


@pytest.mark.no_cover
def test_what_is_proven_beside_captives_holds() -> None:
    """Of no small problem that can be served is the optimum below what captives prove at any prices."""
    closing = 0
    for seed in range(150):
        data = random_world(Random(seed))
        for pool in data["pools"]:
            pool.pop("committed_count", None)
            pool.pop("expansion", None)
        problem = Problem.parse(data)
        given = market_of(problem)
        if not given.captives.closed.any():
            continue
        exact = solve(problem, solver="highs", gap_limit=1e-7)
        if exact.objective is None or exact.unserved - given.barred_work > 1e-6:
            continue
        closing += 1
        assert_proven_holds(given, exact.objective, seed)
    assert closing >= 4
