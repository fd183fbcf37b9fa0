"""Crowds: who loses and those in its way are placed anew together, and nothing gets worse."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.choices.watch import Watch
from computeroute.solvers.market.appraisal import appraise
from computeroute.solvers.market.candidates import job_columns
from computeroute.solvers.market.crowds import Crowds
from computeroute.solvers.market.greedy import fill_jobs, fill_units
from computeroute.solvers.market.market import Market
from computeroute.solvers.market.penalty import penalty_of
from computeroute.solvers.market.placing import Placement, Priced
from computeroute.solvers.market.prices import Seeker
from computeroute.solvers.market.solve import market_of

from ..small_worlds import random_world
from ..test_constraints import job, service, world


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


def test_what_is_served_stays_served() -> None:
    # To leave the few requests out costs less than a replica saves, at any price of what is left out.
    market = market_of(Problem.parse(world(job("train", 8, 4), service(1e-9))))
    placement, crowds = units_first(market)
    placement.penalty = 1e-3
    for _ in range(4):
        crowds.step()
    assert placement.work() == 0


@pytest.mark.parametrize("seed", range(24))
def test_steps_keep_the_room_and_gain_what_they_say(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    placement, crowds = units_first(market)
    if len(placement.broken_rows()):
        pytest.skip("goods relieve a row, and units first do not keep it")
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
