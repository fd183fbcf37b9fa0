"""What units lean to take of pools, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.plans.leaning import SPREAD, leaning
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.rates import Floats

from ...model.test_constraints import service, world


def leant(usd_near: float, usd_far: float, policy: str | None = None) -> Floats:
    """Return how many of 8 cards in each of two pools a service of 2 replicas leans to at first."""
    data = world(
        service(20, **({"policy": policy} if policy else {})),
        near={"usd_per_accelerator_hour": usd_near},
        far={"usd_per_accelerator_hour": usd_far},
        policies=[{"id": "near", "allow": ["DE"]}],
    )
    market = market_of(Problem.parse(data))
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty_of(market))
    return 8 * leaning(market, told)[market.rules.pool_rows[:, 0]]


def test_pools_that_cost_the_same_are_taken_alike() -> None:
    np.testing.assert_allclose(leant(1, 1), [1, 1])


def test_a_dearer_pool_is_taken_less_by_a_factor_of_e() -> None:
    near, far = leant(1, 1 + SPREAD)
    assert near / far == pytest.approx(np.e)
    assert near + far == pytest.approx(2)


def test_what_is_out_of_reach_is_not_leant_to() -> None:
    np.testing.assert_allclose(leant(1, 1, "near"), [2, 0])
