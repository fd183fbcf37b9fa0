"""Jobs that pause, in the periods where they cost least: against all ways to choose periods."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market.answers.columns import pause_columns
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.form.pausing import best_pauses, pause_hours
from computeroute.solvers.market.solve import market_of

from ...model.test_constraints import job, world


def market_with(hours: float, **more: object) -> Market:
    """Return a market with a job of 2 accelerators that may pause, in five periods of two hours."""
    workload = {**job("j", 2, hours), "interruptible": True, **more}
    periods = [{"id": f"t{number}", "hours": 2} for number in range(5)]
    return market_of(Problem.parse(world(workload) | {"periods": periods}))


def every_way(hours: float, room: np.ndarray) -> np.ndarray:
    """Return all hours (W, T) in which all periods that are used are used up, but for one."""
    found = []
    for size in range(1, len(room) + 1):
        for used in combinations(np.flatnonzero(room > 0).tolist(), size):
            for last in used:
                way = np.where(np.isin(np.arange(len(room)), used), room, 0.0)
                way[last] = 0.0
                way[last] = hours - way.sum()
                if 0 < way[last] <= room[last]:
                    found.append(way)
    return np.array(found)


def least(market: Market, prices: np.ndarray) -> np.ndarray:
    """Return what every option that pauses costs at prices of the rows, in the best of all ways."""
    options, rules = market.pausing, market.rules
    found = []
    for row in range(len(options)):
        ways = every_way(float(options.hours[row]), market.rooms[row])
        rows = np.full(len(ways), row)
        columns = pause_columns(options, rules.goods, market.rates, rows, ways)
        found.append((columns.goods @ rules.good_prices(prices)).min())
    return np.array(found)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("hours", [0.7, 2.0, 5.0, 7.9, 10.0])
def test_whole_periods_with_one_in_part_cost_least(hours: float, seed: int) -> None:
    market, rng = market_with(hours), np.random.default_rng(seed)
    prices = rng.uniform(0.0, 9.0, len(market.rules.capacity)) * (rng.random() < 0.9)
    goods, known = market.rules.goods_at(prices), least(market, prices)
    told = best_pauses(market.pausing, market.rates, market.rooms, goods)
    assert told.bound == pytest.approx(known, rel=1e-9)
    assert told.cost == pytest.approx(known, rel=1e-9)
    chosen = pause_hours(market.pausing, market.rates, market.rooms, goods)
    rows = np.arange(len(market.pausing))
    columns = pause_columns(market.pausing, market.rules.goods, market.rates, rows, chosen)
    assert columns.goods @ market.rules.good_prices(prices) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_with_periods_of_less_room_the_bound_is_one(seed: int) -> None:
    # the first period has an hour of its two, the last one half an hour
    market = market_with(4.3, earliest_start_hours=1.0, deadline_hours=8.5)
    prices = np.random.default_rng(seed).uniform(0.0, 9.0, len(market.rules.capacity))
    told = best_pauses(market.pausing, market.rates, market.rooms, market.rules.goods_at(prices))
    known = least(market, prices)
    assert (told.bound <= known * (1 + 1e-9)).all() and (known <= told.cost * (1 + 1e-9)).all()


def test_the_dearest_period_is_not_held_for_little() -> None:
    """One hour in one of five periods of two: held at 8 a period for 2 of 8, the bound counts all of it."""
    market = market_with(1.0)
    prices = np.zeros(len(market.rules.capacity))
    prices[market.rules.pool_rows[0]] = 8.0
    told = best_pauses(market.pausing, market.rates, market.rooms, market.rules.goods_at(prices))
    near = int(np.flatnonzero(market.pausing.pool == 0)[0])
    assert told.bound[near] == pytest.approx(2 * 8.0 / 8 + 2 * 1.0)  # 2 accelerators held, and 2 USD


def test_plans_of_jobs_that_pause_hold() -> None:
    problem = Problem.parse(world({**job("j", 2, 3), "interruptible": True}))
    plan = solve(problem, solver="decomposition", time_limit=5)
    assert not plan.left_out and not check(problem, plan)
    assert plan.objective == pytest.approx(2 * 3 * 1)
