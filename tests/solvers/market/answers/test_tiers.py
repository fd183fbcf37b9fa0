"""Replicas in tiers: those within commitments first, others only where they are worth it."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.improving.commitments import TwoPrices
from computeroute.solvers.market.improving.refilling import tiered_columns
from computeroute.solvers.market.plans.greedy import take
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import service, world
from ..improving.test_refilling import NEAR_COMMITTED, replicas


def answered(problem: Problem) -> Placement:
    """Return a placement with the one unit's answer to tiers at no prices of rows."""
    market = market_of(problem)
    placement = Placement(market, 1e4, np.zeros(0))
    paid = TwoPrices.of(market, np.zeros(len(placement.load)))
    take(placement, tiered_columns(placement, 0, paid))
    return placement


@pytest.mark.parametrize(
    ("rps", "far", "expected", "usd"),
    [
        (20, {}, [(0, 2)], 0),
        # Two within commitments, two more far at 2 USD for 4 h.
        (40, {}, [(0, 2), (1, 2)], 16),
        # Far there is room for one: the fourth is beyond commitments at 9 USD for 4 h.
        (40, {"count": 1}, [(0, 3), (1, 1)], 8 + 36),
        # Far costs more than beyond.
        (40, {"usd_per_accelerator_hour": 10}, [(0, 4)], 2 * 36),
    ],
)
def test_cheap_ones_first_then_the_cheapest_of_all_others(
    rps: float, far: dict[str, float], expected: list[tuple[int, int]], usd: float
) -> None:
    placement = answered(Problem.parse(world(service(rps), near=NEAR_COMMITTED, far=far)))
    assert [replicas(placement, block) for block in range(2)] == [expected] * 2
    assert placement.value() == pytest.approx(usd)


def test_a_slot_in_two_tiers_counts_its_replicas_once() -> None:
    """25 requests/s near: three replicas, of which one is beyond; not one for what each tier has left."""
    data = world(service(25), near=NEAR_COMMITTED, far={"usd_per_accelerator_hour": 100})
    placement = answered(Problem.parse(data))
    assert [replicas(placement, block) for block in range(2)] == [[(0, 3)]] * 2
    assert placement.value() == pytest.approx(36)
