"""Where blocks are few, the decomposition places all of them anew at once, and that finds the best."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.errors import SolverError
from computeroute.solvers import automatic, solve

from .model.test_constraints import Data, job, service, town, world
from .small_worlds import random_world


def expandable(*workloads: Data, size: int, capital_usd: float, near: Data) -> Data:
    """Return a world with the pool near only, which may be expanded, at 1 USD for an accelerator-hour."""
    data = world(*workloads, near=near)
    expansion = {"module_accelerators": size, "capital_usd_per_module": capital_usd, "lifetime_years": 4}
    data["pools"] = [{**data["pools"][0], "expansion": {**expansion, "max_modules": 4}}]
    return data


def linked(rps: float, near_gbps: float, far_gbps: float) -> Data:
    """Return a town with a link to each site, on which 0.0008 Gbit/s carry a request/s."""
    data = town(service(rps, response_kb=100))
    for link, gbps in zip(data["links"], (near_gbps, far_gbps), strict=True):
        link["bandwidth_gbps"] = gbps
    return data


WIDE = {"accelerator": "a", "accelerators_per_replica": 2, "requests_per_second": 5}
NARROW = {"count": 1, "max_power_kw": 3}
JOBS = (job("one", 1, 4), job("two", 1, 2))
YEAR = 8760.0
# Name, problem, work left out and cost of the best plan, of 4 hours.
CASES: dict[str, tuple[Data, float, float]] = {
    # Jobs of 4 and 8 for an hour, of 4: one after the other they need one module, at the same time two.
    "one module is enough": (
        expandable(job("one", 4, 1), job("two", 8, 1), size=4, capital_usd=1e6, near={"count": 4}),
        0.0,
        12 + 1e6 / YEAR,
    ),
    # 3 kW are one replica of 2 kW: 5 of 14 requests/s, which takes a module.
    "power for a part": (
        expandable(service(14, serving=[WIDE]), size=8, capital_usd=3e7, near=NARROW),
        9 / 14,
        8 + 3e7 / YEAR,
    ),
    # Four replicas would cost 16 USD.
    "budget for a part": (world(service(35), limits={"budget_usd": 13}), 5 / 35, 12),
    # 10 requests/s on each link, of 30.
    "links for a part": (linked(30, 0.008, 0.008), 10 / 30, 4 + 8),
    # 5 and 15 requests/s at most.
    "links for all": (linked(18, 0.004, 0.012), 0.0, 4 + 16),
    # 2 kW near and 3 far, of which jobs take one or two: 40 requests/s of 45 are served, then 30.
    "power at two sites": (
        world(service(45, min_sites=2), *JOBS, near={"max_power_kw": 2}, far={"max_power_kw": 3}),
        10 / 45,
        4 * (2 * 1 + 3 * 2),
    ),
}  # fmt: skip


def planned(problem: Problem, **options: Any) -> Plan:
    plan = solve(problem, solver="decomposition", **({"gap_limit": 1e-6, "time_limit": 20} | options))
    assert check(problem, plan) == []
    assert plan.solver == "decomposition"
    return plan


@pytest.mark.no_cover
@pytest.mark.parametrize("name", CASES)
def test_the_best_plan_is_found(name: str) -> None:
    data, unserved, usd = CASES[name]
    plan = planned(Problem.parse(data))
    assert plan.unserved == pytest.approx(unserved, abs=1e-6)
    assert plan.objective == pytest.approx(usd)
    assert (plan.status, plan.stopped_by) == ("optimal", "gap")


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 10, 5))
def test_plans_are_the_best_and_bounds_hold(first: int) -> None:
    for seed in range(first, first + 5):
        problem = Problem.parse(random_world(Random(seed)))
        plan, best = planned(problem), solve(problem, solver="highs", gap_limit=1e-6, time_limit=20)
        assert best.objective is not None and plan.bound is not None
        assert plan.unserved == pytest.approx(best.unserved, abs=1e-6)
        assert plan.objective == pytest.approx(best.objective, rel=1e-5, abs=1e-5)
        assert plan.bound <= best.objective + 1e-6 * max(1.0, abs(best.objective))
        assert plan.unserved_bound <= best.unserved + 1e-6


@pytest.mark.no_cover
def test_the_same_problem_gets_the_same_plan() -> None:
    problem = Problem.parse(CASES["power at two sites"][0])
    one, other = (planned(problem, cores=cores) for cores in (1, 2))
    assert one.model_dump(include={"jobs", "services"}) == other.model_dump(include={"jobs", "services"})


def test_where_blocks_are_many_they_are_not_placed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Plan:
        raise AssertionError

    monkeypatch.setattr(automatic, "LITTLE_COLUMNS", 5)
    monkeypatch.setattr(automatic, "_gone_on", never)
    assert planned(Problem.parse(CASES["links for a part"][0]), time_limit=1)


@pytest.mark.no_cover
def test_where_that_takes_too_long_the_search_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time is for that; the time of both is the time given."""
    problem = Problem.parse(CASES["links for all"][0])
    known = planned(problem).model_copy(update={"stopped_by": "time", "status": "feasible"})
    monkeypatch.setattr(automatic, "_all_at_once", lambda *_: known)
    began = time.monotonic()
    plan = planned(problem, time_limit=2)
    assert time.monotonic() - began < 4
    assert (plan.unserved, plan.objective) == (0.0, pytest.approx(20))


def test_where_the_solver_fails_the_decomposition_does_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Plan:
        raise SolverError("out of order")

    monkeypatch.setattr(automatic, "_gone_on", failing)
    plan = planned(Problem.parse(CASES["one module is enough"][0]), time_limit=1)
    assert plan.unserved == 0.0


def test_who_asked_to_stop_is_not_kept_waiting() -> None:
    cancel = threading.Event()
    cancel.set()
    plan = planned(Problem.parse(CASES["links for all"][0]), cancel=cancel)
    assert plan.stopped_by == "cancel"
    assert plan.runtime_seconds < 5
