"""The decomposition against the exact solver on random small problems, and its parts against each other."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from computeroute.routing import check
from computeroute.routing.problem import Problem
from computeroute.solvers import Options, solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.first_plan import FirstPlan
from computeroute.solvers.market.form.goods import GoodPrices
from computeroute.solvers.market.form.market import Market, build_market
from computeroute.solvers.market.plans.handover import as_solution
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.candidates import job_columns, service_columns
from computeroute.solvers.market.solve import MarketSearch, market_of
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.searching import runner
from computeroute.solvers.searching.events import Event, Found, Proved
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ...small_worlds import random_world

SEEDS = range(16)
NEAR = 1e-6


def problem_of(seed: int) -> Problem:
    return Problem.parse(random_world(Random(seed)))


def some_prices(market: Market, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    size = len(market.rules.capacity)
    return rng.exponential(20.0, size) * (rng.random(size) < 0.5)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", SEEDS[:5])
def test_plans_verify_and_bounds_hold_against_the_exact_optimum(seed: int) -> None:
    problem = problem_of(seed)
    exact = solve(problem, solver="highs", gap_limit=1e-6)
    found = solve(problem, solver="decomposition", time_limit=0.5)
    assert found and check(problem, found) == []
    assert found.unserved_bound is not None and found.unserved_bound <= exact.unserved + NEAR
    assert found.unserved >= exact.unserved - NEAR
    if exact.status == "optimal" and abs(found.unserved - exact.unserved) < NEAR:
        assert exact.objective is not None and found.objective is not None and found.bound is not None
        room = 3e-6 * max(1.0, abs(exact.objective))
        assert found.objective >= exact.objective - room
        assert found.bound <= exact.objective + room


def test_a_dataset_too_large_for_the_cheapest_route_takes_another() -> None:
    """900 GB within 3 hours are 0.67 Gbit/s: too much for the cheap link of 0.2, not for that of 10."""
    world = {
        "periods": [{"id": "all", "hours": 4}],
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": [{"id": site, "jurisdiction": "DE"} for site in ("here", "there")],
        "pools": [{"id": "p", "data_center": "there", "accelerator": "a", "count": 1}],
        "links": [
            {"source": "here", "target": "there", "latency_ms": 1, "bandwidth_gbps": gbps, "usd_per_gb": usd}
            for gbps, usd in ((0.2, 0.01), (10, 0.05))
        ],
        "workloads": [
            {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 1, "hours": 4}],
             "dataset": {"at": ["here"], "gb": 900, "transfer_hours": 3}}
        ],
    }  # fmt: skip
    plan = solve(Problem.parse(world), solver="decomposition", time_limit=5)
    assert not plan.left_out
    assert plan.cost.link_usd == pytest.approx(45)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_prices_prove_a_bound(seed: int) -> None:
    problem = problem_of(seed)
    exact = solve(problem, solver="highs", gap_limit=1e-6)
    market = market_of(problem)
    told = appraise(market, some_prices(market, seed), 50.0)
    committed = market.rates.committed_count * market.rates.committed_usd * market.rates.horizon
    offset = float(committed.sum()) * problem.objective.money_weight
    assert exact.objective is not None
    room = 3e-6 * max(1.0, abs(exact.objective))
    extra = exact.unserved - market.barred_work
    assert told.partial + offset <= exact.objective + 50.0 * extra + room
    if extra < NEAR:
        assert told.complete + offset <= exact.objective + room


@pytest.mark.parametrize("seed", SEEDS)
def test_what_an_option_costs_at_prices_is_what_its_column_takes(seed: int) -> None:
    market = market_of(problem_of(seed))
    prices = market.rules.good_prices(some_prices(market, seed))
    told = appraise(market, some_prices(market, seed), 50.0)
    columns = job_columns(market, told, 1)
    cost = columns.goods @ prices
    pausing = {market.pausing.job[row] for row in range(len(market.pausing))}
    least = told.job_least[columns.block]
    free = np.array([job not in pausing for job in columns.block], dtype=bool)
    assert cost[free] == pytest.approx(least[free])
    assert (cost >= least - 1e-9 * np.maximum(1.0, np.abs(least))).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_of_services_serve_everybody_at_no_less_than_the_bound(seed: int) -> None:
    market = market_of(problem_of(seed))
    told = appraise(market, some_prices(market, seed), 50.0)
    columns = service_columns(market, told)
    jobs = float(told.job_least.sum())
    bound = told.complete - jobs - market.rules.idle(told.prices)
    cost = float((columns.goods @ market.rules.good_prices(told.prices)).sum())
    if columns.unserved.sum() < NEAR:
        assert cost >= bound - 1e-6 * max(1.0, abs(bound))


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_placements_are_solutions_of_the_whole_model_at_the_same_cost(seed: int) -> None:
    problem = problem_of(seed)
    variables = build_variables(problem)
    arrays = build_arrays(variables)
    market = build_market(problem, variables.rates, variables.jobs, variables.services)
    search = MarketSearch(market, Options(), Watch(0.3), time.monotonic())
    search.run()
    assert search.best is not None
    x = as_solution(variables, arrays, market, search.best)
    assert x is not None
    incumbent = search.incumbent()
    assert incumbent == pytest.approx(float(arrays.cost @ x) + arrays.offset, rel=1e-9, abs=1e-6)


def test_a_placement_that_breaks_a_row_is_no_solution() -> None:
    problem = problem_of(0)
    variables = build_variables(problem)
    arrays = build_arrays(variables)
    market = build_market(problem, variables.rates, variables.jobs, variables.services)
    search = MarketSearch(market, Options(), Watch(0.2), time.monotonic())
    search.run()
    assert search.best is not None
    tight = replace(arrays, row_upper=np.minimum(arrays.row_upper, -1.0))
    assert as_solution(variables, tight, market, search.best) is None


def test_a_dataset_too_large_for_its_cheapest_route_takes_another() -> None:
    """In this world the cheaper of two parallel links is too narrow for the only dataset that crosses it."""
    problem = problem_of(79)
    best = solve(problem, solver="highs", gap_limit=1e-6)
    found = solve(problem, solver="decomposition", time_limit=1)
    assert found.unserved == pytest.approx(best.unserved, abs=1e-6)
    assert found.unserved_bound <= best.unserved + NEAR


def test_traffic_prices_are_paid_for_requests_and_datasets() -> None:
    """In this world all that may use some link together ask for more than it has."""
    market = market_of(problem_of(134))
    assert market.traffic is not None
    goods = market.rules.goods
    prices = np.zeros(goods.size)
    prices[goods.traffic(np.arange(goods.directions)[:, None], np.arange(goods.periods))] = 1.0
    split = GoodPrices.of(goods, prices)
    assert split.traffic.all() and not split.held.any()
    costs = market.start_costs(split)
    carried = market.running.dataset.crosses & market.spans.possible.any(axis=1)
    assert carried.any()
    assert (np.where(market.spans.possible, costs, 0.0)[carried].max(axis=1) > 0).all()


def test_the_decomposition_beside_a_large_search_tells_a_bound_and_a_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = problem_of(14)
    variables = build_variables(problem)
    arrays = build_arrays(variables)
    told: list[Event] = []
    FirstPlan(variables, arrays, Options(time_limit=3.0), "highs", time.monotonic(), is_large=True)(
        told.append, lambda: False
    )
    found = [event for event in told if isinstance(event, Found)]
    best = solve(problem, solver="highs", gap_limit=1e-6)
    assert found == told[-1:]
    bounds = [event for event in told if isinstance(event, Proved)]
    assert {event.phase for event in bounds} == {"complete cost", "cost", "unserved work"}
    as_they_come = [event.bound for event in bounds if event.phase == "complete cost"]
    assert as_they_come == sorted(as_they_come)
    assert as_they_come[0] < as_they_come[-1]
    for event in told:
        if isinstance(event, Proved) and event.phase != "unserved work":
            assert event.bound + arrays.offset <= best.objective + 1e-5 * abs(best.objective)
    cost = float(arrays.cost @ found[0].x) + arrays.offset
    assert best.objective is not None and cost >= best.objective - 1e-5 * abs(best.objective)


def test_a_search_stopped_before_it_has_a_plan_falls_back_on_that_of_the_decomposition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Too much work for the pools: HiGHS tells no plan until it has settled what must be left out, which takes
    # it far longer than a second. In a thread it would go on after this test.
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 0)
    problem = generate(sites=12, services=12, jobs=25, periods=12, locations=8, seed=3, tightness=1.2)
    cancel = threading.Event()
    threading.Timer(1.5, cancel.set).start()
    plan = solve(problem, solver="highs", cancel=cancel, time_limit=60)
    assert plan.stopped_by == "cancel"
    assert plan.jobs and check(problem, plan) == []
