"""Room that is kept for users of few slots while others are placed."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.claims import Claims
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans.greedy import fill_units
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import job, service, world


def crowded() -> Market:
    """Return one that serves 80 requests/s anywhere, near for less, and one of 10 that must stay near.

    Near has 8 accelerators, each for 10 requests/s, and so has far.
    """
    data = world(service(80), service(10, id="captive", policy="home"))
    data["policies"] = [{"id": "home", "allow": ["DE"]}]
    return market_of(Problem.parse(data))


def left_out(market: Market, claims: Claims | None) -> list[float]:
    """Return what is left out in each period where the captive one is served last."""
    placement = Placement(market, 1e6, np.zeros(0))
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e6)
    order = [0, 1] if market.units[0].service == 0 else [1, 0]
    if claims is not None:
        claims.keep(placement)
    before = placement.room.copy()
    fill_units(placement, told, order, claims)
    if claims is not None:
        whole = Placement(market, 1e6, np.zeros(0)).room
        assert placement.room == pytest.approx(whole), "all is given back"
        assert (before <= whole).all() and (before < whole - 0.1).any()
    assert len(placement.broken_rows()) == 0
    return [placed.work for placed in placement.placed if placed.work > 0]


def test_who_can_go_elsewhere_leaves_room_to_who_cannot() -> None:
    market = crowded()
    assert len(left_out(market, None)) == 2, "without claims the other takes all of the pool near"
    assert left_out(market, market.claims) == []


def test_captive_users_claim_a_replica_in_every_period() -> None:
    market = crowded()
    captive = next(number for number, unit in enumerate(market.units) if unit.service == 1)
    assert list(market.claims.of_unit) == [captive]
    _, amounts = market.claims.of_unit[captive]
    assert amounts.tolist() == [1 / 8, 1 / 8], "of all there is near"


def test_nobody_claims_where_captives_want_more_than_there_is() -> None:
    """A job of 8 accelerators runs near in both periods, so captive users cannot have one there."""
    data = world(service(10, policy="home"), job("train", 8, 4, policy="home"))
    data["policies"] = [{"id": "home", "allow": ["DE"]}]
    assert market_of(Problem.parse(data)).claims.of_unit == {}
