"""Prices of merged periods hold for the whole: rows, shares of hours, and what they prove."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.pricing import foretelling
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.merging import FEWEST_PERIODS, begin_with_merged, merged
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import MarketSearch, market_of
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate


def uneven() -> Problem:
    """Return twelve periods, in turn an hour in which 4 requests/s come and three in which 8 do."""
    rates = [4.0, 8.0] * 6
    return Problem.parse(
        {
            "periods": [{"id": f"t{k}", "hours": 1.0 + 2.0 * (k % 2)} for k in range(12)],
            "accelerators": [{"id": "a", "memory_gb": 80, "peak_tflops": 1000, "tdp_w": 1000}],
            "locations": [{"id": "users", "jurisdiction": "DE"}],
            "data_centers": [
                {"id": "site", "jurisdiction": "DE", "kind": "on_prem", "pue": 1.0}
                | {"usd_per_kwh": [0.1, 0.3] * 6, "g_per_kwh": 100.0, "max_power_kw": 50.0}
            ],
            "pools": [
                {"id": "pool", "data_center": "site", "accelerator": "a", "count": 20}
                | {"usd_per_accelerator_hour": 1.0, "committed_count": 2}
                | {"committed_usd_per_accelerator_hour": 0.5}
            ],
            "links": [{"source": "users", "target": "site", "bandwidth_gbps": 10, "latency_ms": 1}],
            "workloads": [
                {"kind": "inference", "id": "chat", "demand": [{"location": "users"} | _rates(rates)]}
                | {"serving": [{"accelerator": "a", "requests_per_second": 2.0}]}
            ],
            "limits": {"budget_usd": 1e6},
        }
    )


def _rates(values: list[float]) -> dict[str, list[float]]:
    return {"requests_per_second": values}


def test_demands_prices_and_hours_of_merged_periods_are_those_of_their_parts() -> None:
    # Four periods of 1 + 3 + 1 + 3 = 8 hours become one, with 2 (1 x 4 + 3 x 8) / 8 = 7 requests/s; a kWh
    # costs 2 (1 x 0.1 + 3 x 0.3) / 8 = 0.25 USD, and an accelerator of 1 kW takes one each hour.
    small = merged(market_of(uneven()))
    assert small is not None
    assert small.market.rates.durations.tolist() == [8.0] * 3
    assert small.market.rates.energy_usd == pytest.approx(np.full((1, 3), 0.25))
    assert small.market.units[0].demand == pytest.approx(np.full((3, 1), 7.0))


def test_every_row_has_its_like_and_its_part_of_the_price() -> None:
    market = market_of(uneven())
    small = merged(market)
    assert small is not None
    of_period = market.rules.row_period >= 0
    assert market.rules.capacity == pytest.approx(small.market.rules.capacity[small.row])
    assert (small.market.rules.row_period[small.row] < 0).tolist() == (~of_period).tolist()
    group = small.market.rules.row_period[small.row][of_period]
    assert group.tolist() == (market.rules.row_period[of_period] // 4).tolist()
    # An hour of eight is an eighth, three are three; a budget is one and the same.
    assert set(small.share[of_period].tolist()) == {0.125, 0.375}
    assert set(small.share[~of_period].tolist()) == {1.0}
    assert np.bincount(small.row, small.share) == pytest.approx(1.0)


def test_a_replica_that_stands_all_the_time_pays_the_same_at_prices_spread() -> None:
    market = market_of(uneven())
    small = merged(market)
    assert small is not None
    prices = np.arange(1.0, 1.0 + len(small.market.rules.capacity))
    paid = [_stands(small.market, prices), _stands(market, small.spread(prices))]
    assert paid[0] == pytest.approx(paid[1])
    assert small.gathered(small.spread(prices)) == pytest.approx(prices)


def _stands(market: Market, prices: np.ndarray) -> float:
    """Return what an accelerator costs that is held in all periods."""
    goods, period = market.rules.goods, np.arange(market.rates.periods)
    price = market.rules.good_prices(prices)
    return float(
        (price[goods.held(0, period)] + price[goods.billed(0, period)] * market.rates.durations).sum()
    )


def test_few_periods_are_not_merged() -> None:
    few = generate(sites=4, services=2, jobs=4, periods=FEWEST_PERIODS - 1, locations=3, seed=1)
    assert merged(market_of(few)) is None


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [2])
def test_prices_of_merged_periods_go_most_of_the_way(seed: int) -> None:
    market = market_of(generate(sites=6, services=6, jobs=20, periods=24, locations=4, seed=seed))
    penalty = penalty_of(market)
    begun, best = Seeker.begin(market, penalty), Seeker.begin(market, penalty)
    nothing = begun.told.complete
    assert begin_with_merged(begun, Watch(60.0))
    best.run(Watch(60.0))
    assert nothing + 0.6 * (best.told.complete - nothing) < begun.told.complete
    told = appraise(market, begun.told.prices, penalty).complete
    assert told <= begun.told.complete <= best.told.complete * (1 + 1e-3)


def test_merged_periods_go_on_from_the_prices_known() -> None:
    market = market_of(generate(sites=6, services=6, jobs=20, periods=24, locations=4, seed=0))
    penalty = penalty_of(market)
    first = Seeker.begin(market, penalty)
    assert begin_with_merged(first, Watch(60.0))
    again = Seeker.begin(market, penalty, 0.9 * first.told.prices)
    begin_with_merged(again, Watch(0.0))
    assert again.told.complete > Seeker.begin(market, penalty).told.complete, "no step was taken from nothing"


def test_prices_of_plans_that_leave_work_out_are_not_foretold() -> None:
    market = market_of(generate(sites=4, services=2, jobs=4, periods=24, locations=3, seed=1))
    seeker = Seeker.begin(market, penalty_of(market))
    seeker.may_leave = True
    assert not begin_with_merged(seeker, Watch(60.0))


def test_a_search_on_one_core_begins_at_prices_of_merged_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foretelling, "FEWEST_BLOCKS", 0)
    monkeypatch.setattr(foretelling, "SIZE", 0)
    settled = []
    go_on = MarketSearch._go_on

    def watched(search: MarketSearch, *rest: object) -> None:
        settled.append(search._has_settled)
        go_on(search, *rest)

    monkeypatch.setattr(MarketSearch, "_go_on", watched)
    problem = generate(sites=6, services=5, jobs=20, periods=24, locations=4, seed=1)
    plan = solve(problem, solver="decomposition", time_limit=4.0, cores=1)
    assert plan and check(problem, plan) == []
    assert settled == [True]


def test_links_are_priced_where_they_bind_in_any_hour() -> None:
    market = market_of(generate(sites=8, services=12, jobs=40, periods=24, locations=6, seed=2))
    crowded = replace(market, crowded=np.ones_like(market.crowded))
    small = merged(crowded)
    assert small is not None and small.market.crowded.all()
