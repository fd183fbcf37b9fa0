"""Crowds: who loses and those in its way are placed anew together, and nothing gets worse."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.placing import Placement, Priced
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.improving.crowds import Crowd, Crowds
from computeroute.solvers.market.plans.greedy import fill_jobs, fill_units
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.candidates import job_columns
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch

from ...model.test_constraints import job, service, world
from ...small_worlds import random_world


def units_first(market: Market) -> tuple[Placement, Crowds]:
    """Return a placement in which units take what is cheapest before any job, and its crowds."""
    seeker = Seeker.begin(market, penalty_of(market))
    seeker.run(Watch(2.0))
    told = seeker.told
    columns = job_columns(market, told, 30)
    priced = Priced.of(market, columns, told.prices, told.penalty)
    placement = Placement(market, told.penalty, np.zeros(len(market.rules.module_pool)))
    placement.widen()
    free = appraise(market, np.zeros(len(told.prices)), told.penalty)
    fill_units(placement, free, range(len(market.units)))
    fill_jobs(placement, told, priced, np.arange(len(market.problem.jobs)))
    placement.trim_modules()
    return placement, Crowds(placement, priced, told, np.random.default_rng(0))


def test_a_unit_makes_way_in_all_periods_for_a_job_that_gains_more() -> None:
    # Units first: 2 replicas near for 4 h at 1 USD, and the job, which needs all 8 of a pool, far at 2 USD:
    # 8 + 64. The other way round: 2 x 4 h x 2 USD + 8 x 4 h x 1 USD = 16 + 32.
    market = market_of(Problem.parse(world(job("train", 8, 4), service(20))))
    placement, crowds = units_first(market)
    assert placement.value() == pytest.approx(72)
    gained = sum(crowds.step() for _ in range(4))
    assert gained == pytest.approx(24)
    assert placement.value() == pytest.approx(48)
    assert len(placement.broken_rows()) == 0


def few_at_night() -> Market:
    """Return users who can be served near only, few of them in the second period, beside a job of 2 h."""
    users = service(10, policy="near")
    users["demand"][0]["requests_per_second"] = [10, 1e-4]
    near = [{"id": "near", "allow": ["DE"]}]
    return market_of(Problem.parse(world(job("train", 8, 2), users, policies=near)))


def test_what_is_served_stays_served() -> None:
    # The few cost 4 to leave out, and the job would save 16 in their place: but work comes before money.
    placement, crowds = units_first(few_at_night())
    assert placement.out_cost[2] == pytest.approx(4, rel=1e-3)
    assert placement.value() == pytest.approx(2 + 2 + 32)
    for _ in range(4):
        crowds.step()
    assert placement.work() == 0
    assert placement.value() == pytest.approx(2 + 2 + 32)


def test_where_work_is_left_out_anyway_those_who_count_least_may_be() -> None:
    # Two jobs that need the whole pool near, one of which may wait: the few at night give way to the other.
    placement, crowds = units_first(few_at_night())
    placement.remove(0)
    crowds = Crowds(placement, crowds.jobs, crowds.told, np.random.default_rng(0))
    assert sum(crowds.step() for _ in range(4)) > 600
    assert placement.work() < 1e-4


@pytest.mark.parametrize("more", [[], [service(20)]], ids=["costs more", "does not fit"])
def test_what_costs_more_or_does_not_fit_is_not_applied(more: list[dict[str, Any]]) -> None:
    # Alone, the job is near for 32 and would pay 64 far; beside a unit near, it is far and does not fit near.
    market = market_of(Problem.parse(world(job("train", 8, 4), *more)))
    placement, crowds = units_first(market)
    before, load, now = list(placement.placed), placement.load.copy(), placement.placed[0]
    columns = range(len(crowds.jobs.columns))
    other = next(each for each in map(crowds.jobs.placed, columns) if each.cost != now.cost)
    crowd = Crowd(0, [0], {0: now}, {0: [now, other]})
    assert crowds._apply(crowd, {0: other}, placement.modules) == 0
    assert placement.placed == before
    assert placement.load == pytest.approx(load)


@pytest.mark.parametrize("seed", range(8))
def test_steps_keep_the_room_and_gain_what_they_say(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    placement, crowds = units_first(market)
    assert len(placement.broken_rows()) == 0
    value, work = placement.value(), placement.work()
    for _ in range(6):
        gain = crowds.step()
        assert gain >= 0
        assert placement.value() == pytest.approx(value - gain, rel=1e-9, abs=1e-6)
        value = placement.value()
        assert len(placement.broken_rows()) == 0
    load = np.zeros(len(placement.load))
    for placed in placement.placed:
        load[placed.rows] += placed.amounts
    assert load == pytest.approx(placement.load)
    assert work > 0 or placement.work() == 0
