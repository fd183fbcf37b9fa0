"""Who uses some pools is rationed anew: others come first, and no plan gets worse."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.improving.reallotting import Reallotter
from computeroute.solvers.market.plans.rations import Rations
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.penalty import penalty_of

from ...model.test_constraints import job, service
from ..form.test_captive import market
from ..test_rationing import built, overloaded

NEAR = {"policy": "near"}


def rations_of(found: Market) -> Rations:
    prices = np.zeros(len(found.rules.capacity))
    prices[found.rules.pool_rows[0]] = 1.0
    return Rations.of(found, appraise(found, prices, penalty_of(found)))


def filled_in_order(rations: Rations, order: list[int]) -> Placement:
    found = rations.market
    placement = Placement(found, rations.told.penalty, np.zeros(len(found.rules.module_pool)))
    rations.fill(placement, order)
    return placement


def steps(reallotter: Reallotter) -> int:
    """Return how many of ten steps made the placement better."""
    return sum(reallotter.step() for _ in range(10))


def test_those_who_together_count_more_take_the_place_of_one() -> None:
    # "large" holds all of near, 8 for 4 h; the three that take 2 each count three times as much, and fit.
    found = market(job("large", 8, 4, **NEAR), *(job(f"small-{each}", 2, 4, **NEAR) for each in range(3)))
    rations = rations_of(found)
    poor = filled_in_order(rations, [0, 1, 2, 3])
    assert poor.work() == pytest.approx(3)
    reallotter = Reallotter(rations, poor, np.random.default_rng(0))
    assert steps(reallotter) > 0
    assert reallotter.placement.work() == pytest.approx(1)
    assert not reallotter.step(), "no other order leaves less out"


def test_users_make_way_for_a_job_and_find_another_place() -> None:
    # The service is served near, as that is cheaper, and breaks into the only pool that could run the job.
    found = market(job("gang", 8, 4, **NEAR), service(20))
    poor = filled_in_order(rations_of(found), [1, 0])
    assert poor.work() == pytest.approx(1)
    reallotter = Reallotter(rations_of(found), poor, np.random.default_rng(0))
    assert steps(reallotter) > 0
    assert reallotter.placement.work() == pytest.approx(0)
    assert not reallotter.step(), "nobody is left out any more"


def test_a_service_whose_periods_depend_on_each_other_stays() -> None:
    found = market(job("gang", 8, 4, **NEAR), service(20, min_sites=2, policy="both"))
    held = filled_in_order(rations_of(found), [1, 0])
    reallotter = Reallotter(rations_of(found), held, np.random.default_rng(0))
    assert steps(reallotter) == 0
    assert reallotter.placement.work_of_blocks()[0] == pytest.approx(1)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [1])
def test_no_plan_gets_worse_and_all_rows_bear_it(seed: int) -> None:
    search = built(overloaded(seed))
    assert search._is_short() and search.best is not None
    search._rationed()
    assert search._rations is not None
    reallotter = Reallotter(search._rations, search.best.copy(), np.random.default_rng(seed))
    first = before = reallotter.placement.value()
    for _ in range(60):
        better = reallotter.step()
        after = reallotter.placement.value()
        assert after < before if better else after == before
        before = after
    assert len(reallotter.placement.broken_rows()) == 0
    assert before < first
