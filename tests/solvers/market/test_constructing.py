"""Plans built at parts of the prices, and room that jobs leave to the units that lean to it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.market import constructing
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans.building import Builder
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.pricing.giants import Giants
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import MarketSearch, market_of, search_of
from computeroute.solvers.options import Options
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate

from ..model.test_constraints import job, service, world


def builder_of(market: Market, told: Appraisal) -> Builder:
    nothing = np.zeros(len(market.rules.capacity))
    return Builder(market, told.penalty, nothing, Giants.of(market, told), nothing)


def built(leaves: float, *workloads: dict[str, object]) -> tuple[Market, Placement]:
    """Return what is built where ``leaves`` of the near pool is left to units."""
    problem = Problem.parse(world(*workloads, policies=[{"id": "near", "allow": ["DE"]}]))
    market = replace(market_of(problem), closes=False)
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty_of(market))
    builder = builder_of(market, told)
    # Who has one pool comes first, which would hide what leaning does.
    builder.narrow_jobs, builder.narrow_units = np.zeros(0, dtype=np.int64), []
    builder.leaning = np.zeros(len(market.rules.capacity))
    builder.leaning[market.rules.pool_rows[0]] = leaves
    return market, builder.build(told, 1, Watch(60.0))


def test_a_job_leaves_the_room_that_units_lean_to() -> None:
    # 6 cards for 4 h fit near or far; 4 near are left to a service of 4 replicas that may be nowhere else.
    _, greedy = built(0, job("j", 6, 4), service(40, policy="near"))
    assert greedy.work() > 0
    _, kind = built(4, job("j", 6, 4), service(40, policy="near"))
    assert kind.work() == 0
    assert kind.value() == pytest.approx(6 * 4 * 2 + 4 * 4 * 1)


def test_a_job_that_fits_nowhere_else_takes_that_room() -> None:
    _, placement = built(4, {**job("j", 6, 4), "policy": "near"})
    assert placement.work() == 0
    assert placement.value() == pytest.approx(6 * 4 * 1)


@cache
def priced() -> tuple[Market, Appraisal]:
    """Return a market of many small jobs, and what is told at good prices."""
    market = market_of(generate(sites=12, services=30, jobs=300, periods=4, locations=8, seed=6))
    seeker = Seeker.begin(market, penalty_of(market))
    for _ in range(8):
        seeker.step()
    return market, seeker.told


def searched(parts: tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> MarketSearch:
    """Return a search of that market after it has built at those prices."""
    monkeypatch.setattr(constructing, "PARTS", parts)
    market, told = priced()
    search = search_of(market, Options(time_limit=100.0), 0.0, 1e9)
    search.penalty = penalty_of(market)
    builder = builder_of(market, told)
    builder.leaning = np.zeros(len(market.rules.capacity))
    with search._timed("building"):
        search._build(builder, told, 1)
    search._build_at_less(builder, told)
    return search


@pytest.mark.no_cover
def test_plans_at_parts_of_the_prices_are_taken_where_they_are_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone, more = searched((), monkeypatch).best, searched((0.6, 0.0), monkeypatch).best
    assert alone is not None and more is not None
    assert more.value() < alone.value()
    assert len(more.broken_rows()) == 0


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("workload", "near", "budget"),
    [
        # 2 committed cost 4 USD, use beyond them 8 more
        (job("one", 4, 4), {"committed_count": 2, "committed_usd_per_accelerator_hour": 0.5}, 8),
        # 4 replicas need a module at 50 USD
        (
            service(40),
            {
                "count": 1,
                "expansion": {
                    "module_accelerators": 4,
                    "max_modules": 1,
                    "capital_usd_per_module": 50 * 8760 / 4,
                    "lifetime_years": 1,
                },
            },
            20,
        ),
    ],
)
def test_where_purchases_break_the_budget_there_is_a_plan_all_the_same(
    workload: dict[str, object], near: dict[str, object], budget: float
) -> None:
    data = world(workload, near=near, far={"count": 1}, limits={"budget_usd": budget})
    data["pools"] = data["pools"][:1]
    problem = Problem.parse(data)
    plan = solve(problem, solver="decomposition", time_limit=2.0)
    assert plan.status != "unknown"
    assert plan.unserved > 0
    assert plan.cost.money_usd <= budget
    assert check(problem, plan) == []
