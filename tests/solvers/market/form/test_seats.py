"""Seats: what is counted by the piece holds for whole numbers of things, and proves more than prices."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import Options
from computeroute.solvers.market.form import seats
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.form.seats import Seats
from computeroute.solvers.market.opening import COUNTING
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of

from ..large_jobs import large_jobs

PENALTY = 1e4
MODULES = {"module_accelerators": 2, "max_modules": 3, "capital_usd_per_module": 100, "lifetime_years": 4}


def two_large_jobs() -> Problem:
    """Return two jobs of 8 cards for 10 hours, and two pools of 10 cards for 1 and 3 USD an hour."""
    return large_jobs({"cheap": (10, 1.0), "dear": (10, 3.0)}, (8, 8))


def seats_of(market: Market) -> Seats:
    return Seats.of(market.problem, market.jobs, market.services)


def test_pieces_have_a_price_where_accelerators_cannot_tell() -> None:
    # 80 USD for the one job that the cheap pool holds, 240 for the other. At 160 USD for a piece in the cheap
    # pool both jobs pay 240, and 2 * 240 - 160 = 320 is proven.
    market = market_of(two_large_jobs())
    prices = np.zeros(len(market.rules.capacity))
    [cheap] = [row for row in market.rules.counting if market.rules.use[market.rules.goods.held(2, 0), row]]
    prices[cheap] = 160.0
    assert appraise(market, prices, PENALTY).complete == pytest.approx(320.0)


def test_prices_of_accelerators_alone_split_what_does_not_divide() -> None:
    # 10 / 8 of a job in the cheap pool: 1.25 * 80 + 0.75 * 240 = 280, for every price of its accelerators.
    market = market_of(two_large_jobs())
    prices = np.zeros(len(market.rules.capacity))
    row = int(market.rules.pool_rows[0, 0])
    for usd in np.linspace(0.0, 400.0, 81):
        prices[row] = usd
        assert appraise(market, prices, PENALTY).complete <= 280.0 + 1e-6
    prices[row] = 200.0  # 160 USD for 8 of 10 cards
    assert appraise(market, prices, PENALTY).complete == pytest.approx(280.0)


@pytest.mark.parametrize(("counts", "least", "most"), [(True, 319.9, 320.0), (False, 0.0, 280.0)])
def test_the_search_of_prices_counts_pieces(
    counts: bool, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_JOBS", "MOST_NARROW"):
        monkeypatch.setattr(f"computeroute.solvers.market.pricing.giants.{name}", 0)
    market = market_of(two_large_jobs())
    rules = market.rules if counts else market.rules.uncounted()
    seeker = Seeker.begin(replace(market, rules=rules), PENALTY)
    for _ in range(30):
        seeker.step()
    assert least <= seeker.told.complete <= most + 1e-6


def test_pieces_are_not_counted_where_steps_take_long() -> None:
    market = market_of(two_large_jobs(), Options(time_limit=60.0))
    assert len(market.rules.counting) == 2
    hurried = market_of(two_large_jobs(), Options(time_limit=1e-6 / COUNTING)).rules
    assert len(hurried.counting) == 0
    assert len(hurried.capacity) == hurried.use.shape[1] == len(market.rules.capacity) - 2


@pytest.mark.parametrize("seed", range(120))
def test_no_whole_numbers_of_things_break_what_is_counted(seed: int) -> None:
    rng = Random(seed)
    room = rng.randint(3, 40)
    sizes = np.array(sorted({float(rng.randint(1, room)) for _ in range(3)}))
    for by in sizes:
        pieces = seats._pieces(sizes / by, room / by)
        most = room // by
        for count in product(*(range(int(room // size) + 1) for size in sizes)):
            if np.dot(count, sizes) <= room:
                assert np.dot(count, pieces) <= most + 1e-9


def test_large_numbers_are_not_rounded() -> None:
    """Three things of 999,999 fit into 2,999,998, where no three of a million do."""
    assert 3 * seats._pieces(np.array([999_999 / 1e6]), 2_999_998 / 1e6)[0] <= 2


def test_things_find_their_seats() -> None:
    market = market_of(two_large_jobs())
    found = seats_of(market)
    assert found.pool.tolist() == [0, 1, 0, 1]
    assert found.size.tolist() == [0.0, 0.0, 8.0, 8.0]
    pool, accelerators = np.array([0, 1, 1, 0]), np.array([8.0, 8.0, 7.0, 9.0])
    assert found.find(pool, accelerators).tolist() == [2, 3, 1, 0]
    assert market.running.seat.tolist() == [2, 3, 2, 3]


@pytest.mark.parametrize(
    ("cards", "counted"),
    [
        (10, 1),  # holds one, and 2 of 10 are left
        (16, 0),  # holds two
        (17, 0),  # holds two, and 1 of 17 is left
        (7, 0),  # holds none
        (80, 0),  # each is less than an eighth of it
    ],
)
def test_pools_are_counted_that_large_things_do_not_fill(cards: int, counted: int) -> None:
    problem = large_jobs({"one": (cards, 1.0), "other": (8, 2.0)}, (8, 8))
    found = seats_of(market_of(problem))
    assert (len(found.held), len(found.spot)) == (counted, 0)


def test_pools_that_modules_may_widen_are_not_counted() -> None:
    data = two_large_jobs().model_dump(mode="json", exclude_unset=True)
    data["pools"][0]["expansion"] = dict(MODULES)
    assert len(seats_of(market_of(Problem.model_validate(data))).held) == 1
