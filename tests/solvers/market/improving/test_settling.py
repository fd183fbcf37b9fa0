"""Jobs that answer anew: hours within commitments, free places, and the cheapest of all that fits."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers.market.answers.columns import JobChoice
from computeroute.solvers.market.answers.placing import Placement, Priced
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.improving.commitments import TwoPrices
from computeroute.solvers.market.improving.settling import losing_jobs, resettle, settle
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.pricing.candidates import job_columns
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import job, world
from ...small_worlds import random_world

EVERYTHING = 1_000_000


def empty(problem: Problem) -> tuple[Market, Placement, Appraisal]:
    market = market_of(problem)
    modules = market.rules.widening_most[: len(market.rules.module_pool)].copy()
    placement = Placement(market, 1e4, modules)
    return market, placement, appraise(market, np.zeros(len(placement.load)), placement.penalty)


def hours(placement: Placement, number: int) -> list[float]:
    choice = placement.placed[number].choice
    assert isinstance(choice, JobChoice)
    return choice.run_hours.tolist()


def committed(*workloads: dict[str, Any]) -> Problem:
    """Near, 2 of 8 are committed and more cost 9 USD an hour; far, each costs 2."""
    near = {"committed_count": 2, "committed_usd_per_accelerator_hour": 0.5, "usd_per_accelerator_hour": 9}
    return Problem.parse(world(*workloads, near=near))


def test_a_job_that_pauses_runs_while_committed_hours_are_left() -> None:
    """One holds the two committed in the first period; the other's 2 h are free in the second, 8 USD far."""
    _, placement, _ = empty(
        committed(job("held", 2, 2, deadline_hours=2), job("pauses", 2, 2, interruptible=True))
    )
    resettle(placement, [0, 1], lambda: False)
    assert hours(placement, 0) == [2, 0]
    assert hours(placement, 1) == [0, 2]
    assert placement.value() == pytest.approx(0)


def test_a_job_begins_when_committed_hours_are_left() -> None:
    _, placement, _ = empty(committed(job("held", 2, 2, deadline_hours=2), job("runs", 2, 2)))
    resettle(placement, [0, 1], lambda: False)
    assert hours(placement, 1) == [0, 2]
    assert placement.value() == pytest.approx(0)


def test_only_the_part_beyond_commitments_is_paid_for() -> None:
    """Of 3 for 4 h near, one is beyond at 9 USD: 36; far all cost 24, and of 2 there is none beyond."""
    _, placement, _ = empty(committed(job("three", 3, 4), job("two", 2, 4)))
    resettle(placement, [0, 1], lambda: False)
    assert placement.placed[0].cost == pytest.approx(24)
    assert placement.value() == pytest.approx(24)


def test_a_job_moves_where_there_is_room_now() -> None:
    """Near there is room for one of them: 4 x 4 x 1 there, 4 x 4 x 2 far, which the second leaves later."""
    _, placement, told = empty(Problem.parse(world(job("one", 4, 4), job("two", 4, 4), near={"count": 4})))
    resettle(placement, [0, 1], lambda: False)
    assert placement.value() == pytest.approx(16 + 32)
    assert losing_jobs(placement, told).tolist() == [1, 0], "who pays most above the least comes first"
    placement.remove(0)
    resettle(placement, [1], lambda: False)
    assert placement.placed[1].cost == pytest.approx(16)


def test_prices_of_rows_are_added() -> None:
    """At 1.5 USD more per accelerator and hour near, 4 x 4 x 2.5 there are dearer than 4 x 4 x 2 far."""
    market, placement, _ = empty(Problem.parse(world(job("one", 4, 4))))
    prices = np.zeros(len(placement.load))
    prices[market.rules.pool_rows[0]] = 1.5 * 2 * 8
    settle(placement, TwoPrices.of(market, prices), 0, placement.nothing(0))
    assert placement.placed[0].cost == pytest.approx(32)


def test_it_stops_when_told() -> None:
    _, placement, _ = empty(committed(job("one", 2, 2)))
    resettle(placement, [0], lambda: True)
    assert placement.placed[0].choice is None


@pytest.mark.parametrize("seed", range(36))
def test_a_job_does_what_costs_least_of_all_that_fits(seed: int) -> None:
    """Beside a random load. Jobs that pause may do better in other hours than their cheapest ones alone."""
    market, placement, told = empty(Problem.parse(random_world(Random(seed))))
    rng, paid = np.random.default_rng(seed), TwoPrices.of(market, np.zeros(len(placement.load)))
    placement.load[:] = np.where(np.isfinite(placement.room), 0.8 * rng.random(len(placement.load)), 0.0)
    for number in range(len(market.problem.jobs)):
        every = Priced.of(
            market,
            job_columns(market, told, EVERYTHING, np.array([number])),
            told.prices,
            placement.penalty,
        )
        costs = [
            paid.cost(placement, each)
            for each in map(every.placed, np.flatnonzero(every.columns.block == number).tolist())
            if placement.fits(each.rows, each.amounts)
        ]
        nothing = placement.nothing(number).cost
        resettle(placement, [number], lambda: False)
        found = placement.placed[number]
        placement.remove(number)
        cost, least = paid.cost(placement, found), min([nothing, *costs])
        assert cost <= least + 1e-6 * max(1.0, abs(least))
        assert placement.fits(found.rows, found.amounts)
        assert number in market.pausing.job or cost == pytest.approx(least)
