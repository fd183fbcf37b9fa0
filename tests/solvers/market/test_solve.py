"""What the decomposition makes of problems in which work has to be left out, and what it tells meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.routing.progress import progress_line
from computeroute.solvers import Progress, solve
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.plans.greedy import take
from computeroute.solvers.market.plans.relieving import relieved
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.candidates import job_columns
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of
from computeroute.topologies import load

from ..model.test_constraints import job, service, world


def kept_near(*workloads: dict[str, Any]) -> Problem:
    """Return a problem of two providers, of which the one near may have half; all else keeps to it."""
    data = world(*workloads, limits={"max_provider_share": {"near": 0.5}})
    data["policies"] = [{"id": "near", "allow": ["DE"]}, {"id": "far", "allow": ["FR"]}]
    for workload in workloads:
        workload.setdefault("policy", "near")
    return Problem.parse(data)


def test_a_job_that_a_provider_share_rules_out_is_left_out() -> None:
    problem = kept_near(job("train", 4, 2))
    plan = solve(problem, solver="decomposition", time_limit=10)
    assert (plan.status, plan.objective, plan.bound, plan.unserved) == ("optimal", 0.0, 0.0, 1.0)
    assert plan.unserved_bound == pytest.approx(1.0), "what is left out is proven, and no cost is below 0"
    assert [entry.workload for entry in plan.left_out] == ["train"]
    assert check(problem, plan) == []


def test_blocks_leave_until_every_row_is_kept_and_those_first_that_lose_least() -> None:
    """Near 8 + 4 accelerator-hours, far 8: the job of 4 leaves, as what it loses for each is less."""
    problem = kept_near(job("one", 4, 2, priority=3), job("two", 2, 2), job("three", 4, 2, policy="far"))
    market = market_of(problem)
    placement = Placement(market, 10.0, np.zeros(0))
    told = appraise(market, np.zeros(len(market.rules.capacity)), 10.0)
    take(placement, job_columns(market, told, 1))
    assert len(placement.broken_rows()) == 1
    mended = relieved(placement)
    assert mended is not None and len(mended.broken_rows()) == 0
    assert [placed.choice is None for placed in mended.placed] == [False, True, False]


@pytest.mark.no_cover
def test_while_work_is_left_out_that_is_what_progress_tells() -> None:
    problem = Problem.parse(world(*(job(name, 8, 4) for name in ("one", "two", "three"))))
    heard: list[Progress] = []
    plan = solve(problem, solver="decomposition", time_limit=10, progress=heard.append)
    assert plan.unserved == 1.0
    last = heard[-1]
    assert (last.phase, last.incumbent, last.gap) == ("unserved work", 1.0, None)
    assert last.bound == pytest.approx(1.0, rel=1e-6), "two of three take all there is"
    assert progress_line(last).endswith("s  unserved work: best 1.000, bound 1.000")
    for report in heard:
        assert report.bound is None or report.bound >= -1e-6, "no bound of plans that do nothing"


def test_a_service_of_hardly_any_requests_is_served() -> None:
    """One replica near in both periods of 2 hours: 4 USD."""
    problem = Problem.parse(world(service(1e-9)))
    plan = solve(problem, solver="decomposition", time_limit=2)
    assert (plan.unserved, plan.objective) == (0.0, pytest.approx(4.0))
    assert plan.bound is not None and plan.bound <= 4.0
    assert check(problem, plan) == []


@pytest.mark.no_cover
def test_work_without_options_counts_as_left_out() -> None:
    problem = Problem.parse(
        world(job("huge", 800, 4), *(job(name, 8, 4) for name in ("one", "two", "three")))
    )
    heard: list[Progress] = []
    solve(problem, solver="decomposition", time_limit=10, progress=heard.append)
    told = [(each.incumbent, each.bound) for each in heard if each.phase == "unserved work"]
    assert told[0] == pytest.approx((2.0, 1.0)), "one has no options"
    assert told[-1] == pytest.approx((2.0, 2.0)), "and of the others two take all there is"


@pytest.mark.no_cover
@pytest.mark.parametrize("requests", [[33, 33], [33, 0]])
def test_a_service_at_two_sites_stands_at_both_though_links_carry_a_part_only(requests: list[float]) -> None:
    """The link to the users carries 3.125 of 33 requests/s of 40 KB; a replica stays at each site."""
    pools = [{"id": name, "data_center": name, "accelerator": "a", "count": 8} for name in ("near", "far")]
    chat = service(0, id="chat", min_sites=2, response_kb=40)
    chat["demand"] = [{"location": "users", "requests_per_second": requests}]
    data = world(chat) | {
        "pools": [{**pool, "usd_per_accelerator_hour": 1} for pool in pools],
        "locations": [{"id": "users", "jurisdiction": "DE"}],
        "links": [
            {"source": "near", "target": "users", "bandwidth_gbps": 0.001, "latency_ms": 6},
            {"source": "far", "target": "near", "bandwidth_gbps": 0.001, "latency_ms": 6},
        ],
    }
    problem = Problem.parse(data)
    plan = solve(problem, solver="decomposition", time_limit=1)
    assert check(problem, plan) == []
    exact = solve(problem, solver="scip", time_limit=10)
    assert plan.unserved == pytest.approx(exact.unserved, rel=1e-6)
    assert plan.objective == pytest.approx(exact.objective, rel=1e-6)


@pytest.mark.no_cover
def test_prices_do_not_pay_for_idle_replicas_that_raise_the_total_of_a_provider_share() -> None:
    """The best plan costs 454,540 USD beside commitments; where cores know of no idling, 0.94 is proven."""
    market = market_of(load("europe-hybrid"))
    uses, _, most = market.idling
    assert (uses.min(axis=1).toarray() < 0).all() and (most > 0).all()
    seeker = Seeker.begin(market, penalty_of(market))
    for _ in range(16):
        seeker.step()
    assert 0.97 * 454_540 < seeker.told.complete < 454_540


def test_without_shares_and_prices_below_zero_nothing_earns_idly() -> None:
    uses, cost, most = market_of(Problem.parse(world(service(3)))).idling
    assert (uses.shape[0], len(cost), len(most)) == (0, 0, 0)


def test_a_job_of_little_weight_that_fits_is_done() -> None:
    # Nothing is short, so nothing is left out, though "slight" costs more than it is worth beside others.
    slight, others = job("slight", 8, 4, priority=1e-3), [job(f"j{k}", 1, 1) for k in range(3)]
    problem = Problem.parse(world(slight, *others))
    plan = solve(problem, solver="decomposition", time_limit=2.0)
    assert plan.unserved == 0.0 and plan.left_out == ()
    assert check(problem, plan) == []


def test_a_job_shorter_than_a_sliver_is_done() -> None:
    problem = Problem.parse(world(job("short", 2, 1e-6, interruptible=True), job("long", 2, 1)))
    plan = solve(problem, solver="decomposition", time_limit=2.0)
    assert plan.left_out == ()
    assert check(problem, plan) == []


@pytest.mark.parametrize("rates", [[3e-12, 3e-12], [40, 1e-10], [40, 1e-9], [1e-9, 1e-9]])
@pytest.mark.parametrize("solver", ["highs", "decomposition"])
def test_next_to_no_requests_are_served_or_are_none(rates: list[float], solver: str) -> None:
    chat = service(0)
    chat["demand"][0]["requests_per_second"] = rates
    problem = Problem.parse(world(chat))
    plan = solve(problem, solver=solver, time_limit=2.0)
    assert plan.unserved == 0.0 and plan.left_out == ()
    assert plan.bound is not None
    assert check(problem, plan) == []
