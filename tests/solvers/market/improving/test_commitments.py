"""Hours that no commitment covers for their user alone are charged to that user, not to all together."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.routing.paths import PathFinder
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.market.answers.columns import pause_columns, start_columns
from computeroute.solvers.market.answers.menus import beyond_prices
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.programs.program import complete_program
from computeroute.solvers.programs.solve_program import solve_relaxation
from computeroute.solvers.rates import covered_part, hours_beyond

from ...model.test_constraints import job, world
from ...small_worlds import random_world

COMMITTED = {"committed_count": 3, "committed_usd_per_accelerator_hour": 0.5}


def market_of(problem: Problem) -> Market:
    return plain_market(problem, PathFinder(problem))


def uneven_world(seed: int) -> Problem:
    """Return a random world with commitments everywhere; jobs begin within periods and end within others."""
    data = random_world(Random(seed))
    for pool in data["pools"]:
        pool |= {"committed_count": 1 + seed % 2, "committed_usd_per_accelerator_hour": 0.1}
    for number, workload in enumerate(data["workloads"]):
        if workload["kind"] == "training":
            workload["earliest_start_hours"] = 0.1 + 0.2 * number
            workload.pop("deadline_hours", None)
    return Problem.parse(data)


def prices_of(market: Market, seed: int, most: float = 3.0) -> np.ndarray:
    """Return prices of the rows, those of committed hours up to so many times what others cost."""
    rng = np.random.default_rng(seed)
    prices = rng.exponential(3.0, len(market.rules.capacity))
    committed = market.rules.committed_rows
    prices[committed] = most * rng.random(len(committed)) * beyond_prices(market)[committed]
    return prices


def test_commitments_cover_a_part_of_what_one_user_has() -> None:
    rates = market_of(Problem.parse(world(job("one", 4, 4), near=COMMITTED))).rates
    near, far = np.zeros(3, dtype=np.int64), np.ones(1, dtype=np.int64)
    hours = hours_beyond(rates, near, near, np.array([4.0, 6.0, 8.0]))  # 3 of them for 2 h
    assert hours.tolist() == [0.0, 0.0, 2.0]
    assert hours_beyond(rates, far, far, np.array([8.0])).tolist() == [0.0]
    assert covered_part(rates, near, np.array([2.0, 3.0, 4.0])).tolist() == [1.0, 1.0, 0.75]
    assert covered_part(rates, far, np.array([4.0])).tolist() == [1.0]


@pytest.mark.parametrize("seed", range(24))
def test_what_a_job_costs_from_every_start_is_what_its_column_takes(seed: int) -> None:
    market = market_of(uneven_world(seed))
    prices = prices_of(market, seed)
    goods = market.rules.good_prices(prices)
    rows, at = np.nonzero(market.spans.possible)
    columns = start_columns(market.running, market.spans, market.rates, market.rules.goods, rows=rows, at=at)
    told = market.start_costs(market.rules.goods_at(prices))
    assert columns.goods @ goods == pytest.approx(told[rows, at])


@pytest.mark.parametrize("seed", range(40))
def test_what_a_job_that_pauses_costs_is_what_its_column_takes_and_no_less_than_its_bound(seed: int) -> None:
    market = market_of(uneven_world(seed))
    is_usual = seed % 2 == 0
    prices = prices_of(market, seed, 1.0 if is_usual else 3.0)
    goods, rows = market.rules.goods_at(prices), np.arange(len(market.pausing))
    found = market.pauses(goods)
    hours = market.pause_hours(goods, rows)
    columns = pause_columns(market.pausing, market.rules.goods, market.rates, rows, hours)
    cost = columns.goods @ market.rules.good_prices(prices)
    enough = hours.sum(axis=1) >= market.pausing.hours - 1e-9
    if is_usual:
        alone = enough & (np.bincount(market.pausing.owner, minlength=len(rows)) == 1)
        assert cost[alone] == pytest.approx(found.cost[alone])
    assert (found.bound[enough] <= cost[enough] + 1e-9 * np.abs(cost[enough])).all()


def test_hours_are_spread_where_only_some_of_a_period_are_covered() -> None:
    """2 accelerators for 3 h, 1 committed: 2 accelerator-hours are free in each of two periods of 2 h.

    In one period and a half they take 6, of which 2 in either period are covered: 2 cost 1 USD.
    """
    data = world(job("one", 2, 3, interruptible=True), near={**COMMITTED, "committed_count": 1})
    market = market_of(Problem.parse(data))
    free = market.rules.goods_at(np.zeros(len(market.rules.capacity)))
    mine = np.flatnonzero(market.pausing.pool == 0)
    hours = market.pause_hours(free, mine)
    assert market.pauses(free).cost[mine] == pytest.approx(2.0)
    assert hours.sum(axis=1) == pytest.approx(3.0)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_prices_of_nothing_prove_what_a_single_job_costs(count: int) -> None:
    """4 accelerators for 4 h at 1 USD, of which as many as are committed cost 0.5 USD."""
    problem = Problem.parse(world(job("one", 4, 4), near={**COMMITTED, "committed_count": count}))
    market = market_of(problem)
    told = appraise(market, np.zeros(len(market.rules.capacity)), 50.0)
    assert told.complete == pytest.approx(4 * (4 - count))
    plan = solve(problem, solver="highs", gap_limit=1e-6)
    assert plan.objective == pytest.approx(4 * (4 - count) + 4 * 0.5 * count)


def test_the_relaxation_of_the_whole_model_is_as_tight() -> None:
    """Half a job in either period finds all it needs committed; what none covers costs 2 x 2 h x 1 USD."""
    problem = Problem.parse(world(job("one", 4, 2), near={**COMMITTED, "committed_count": 2}))
    program = complete_program(build_arrays(build_variables(problem)))
    x = solve_relaxation(program, 10.0).x
    assert x is not None and program.cost @ x == pytest.approx(4.0)
