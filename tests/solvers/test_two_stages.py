"""The two-stage search, made to take small problems, gives plans that verify and bounds that hold."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.arrays import Arrays, Bools
from computeroute.solvers.exact import build_arrays, build_variables
from computeroute.solvers.programs import rounding
from computeroute.solvers.programs.program import Program, complete_program
from computeroute.solvers.programs.request import Answer, Request
from computeroute.solvers.programs.rounding import (
    Rounded,
    RoundingSettings,
    _services_of_broken,
    round_replicas,
)
from computeroute.solvers.programs.solve_program import solve_integer
from computeroute.solvers.rates import Floats
from computeroute.solvers.resuming import resumed_solution
from computeroute.solvers.searching import at_once, deciding, runner, search, twostage

from .enumeration import Enumeration
from .small_worlds import random_world


@pytest.fixture(autouse=True)
def _nothing_is_decided_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "MOST_COLUMNS", 0)


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["auto", "scip"])
@pytest.mark.parametrize("first", range(0, 8, 4))
def test_plans_verify_and_bounds_hold(solver: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    for seed in range(first, first + 4):
        problem = Problem.parse(random_world(Random(seed)))
        unserved, cost = map(float, Enumeration(problem).best())
        plan = solve(problem, solver=solver, gap_limit=1e-4, time_limit=10)
        assert check(problem, plan) == []
        assert plan.unserved == pytest.approx(unserved, abs=1e-6)
        assert plan.bound is not None
        assert plan.bound <= cost + 1e-6 * max(1.0, cost)
        assert plan.objective == pytest.approx(cost, rel=2e-4, abs=1e-5)


@pytest.mark.no_cover
def test_a_plan_is_made_with_a_looser_gap_before_a_tight_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is proven close here, so that all that can be tried is."""
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 12_000)
    monkeypatch.setattr(search.Search, "is_close", lambda *_: False)
    sought: list[tuple[float, bool]] = []

    def noted(of: search.Search, *given: Any, **more: Any) -> Floats | None:
        sought.append((of.gap, of.best is not None))
        return deciding.decide_with_room(of, *given, **more)

    monkeypatch.setattr(twostage, "decide_with_room", noted)
    problem = Problem.parse(crowded_world())
    plan = solve(problem, solver="highs", gap_limit=1e-5, time_limit=60)
    assert check(problem, plan) == []
    assert plan.objective == pytest.approx(15, rel=1e-3)
    assert [gap for gap, _ in sought] == [1e-3, 1e-5]
    assert [known for _, known in sought] == [False, True]


def crowded_world() -> dict[str, Any]:
    """Return a problem of 1,300 users at 1 request/s, all of them beyond a hub.

    The link to the cheap site carries the 8 Mbit/s of 1,111 of them.
    """
    users = [f"u{number}" for number in range(1300)]
    link = {"bandwidth_gbps": 1000, "latency_ms": 1}
    return {
        "periods": [{"id": "hour", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 0.001}],
        "locations": [{"id": name, "jurisdiction": "DE"} for name in ("hub", *users)],
        "data_centers": [{"id": name, "jurisdiction": "DE"} for name in ("cheap", "dear")],
        "pools": [
            {
                "id": name,
                "data_center": name,
                "accelerator": "a",
                "count": 20,
                "usd_per_accelerator_hour": usd,
            }
            for name, usd in (("cheap", 1), ("dear", 2))
        ],
        "links": [
            *({**link, "id": f"hub-{name}", "source": "hub", "target": name} for name in users),
            {**link, "id": "hub-dear", "source": "hub", "target": "dear"},
            {**link, "id": "hub-cheap", "source": "hub", "target": "cheap", "bandwidth_gbps": 1111.5 * 0.008},
        ],
        "workloads": [
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": name, "requests_per_second": 1} for name in users],
                "serving": [{"accelerator": "a", "requests_per_second": 100, "service_ms": 1}],
                "max_rtt_ms": 100,
                "request_kb": 1000,
                "response_kb": 0,
                "target_utilization": 1,
            }
        ],
    }


@pytest.mark.no_cover
def test_counts_that_a_link_does_not_allow_are_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven replicas at 1 USD serve 1,100 users, two at 2 USD the other 200: 15 USD.

    Each user hardly matters to a link, so replicas are counted as if thirteen at 1 USD could serve all.
    """
    freed = []

    def noted(arrays: Arrays, rounded: Rounded) -> Bools:
        freed.append(rounded.failed)
        return _services_of_broken(arrays, rounded)

    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 12_000)
    monkeypatch.setattr(rounding, "_services_of_broken", noted)
    problem = Problem.parse(crowded_world())
    plan = solve(problem, solver="highs", gap_limit=1e-4, time_limit=60)
    assert freed
    assert check(problem, plan) == []
    assert plan.unserved == 0
    assert plan.objective == pytest.approx(15, rel=1e-3)


@pytest.mark.no_cover
@pytest.mark.parametrize("first", [0, 30])
def test_counting_begins_from_replicas_and_flows_that_fit(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a known solution has is a solution of every small program, so what comes of it is no dearer."""
    begun = []

    def noted(program: Program, request: Request) -> Answer:
        if request.hint is not None:
            activity = program.matrix @ request.hint
            begun.append((activity >= program.row_lower - 1e-6).all())
            begun.append((activity <= program.row_upper + 1e-6).all())
        return solve_integer(program, request)

    monkeypatch.setattr(rounding, "solve_integer", noted)
    settings = RoundingSettings(
        solver="scip", seconds=5.0, allowance=1e9, gather=True, seed=0, cores=1, stop=lambda: False
    )
    for seed in range(first, first + 10):
        problem = Problem.parse(random_world(Random(seed)))
        plan = solve(problem, solver="highs", gap_limit=0.0)
        variables = build_variables(problem)
        arrays = build_arrays(variables)
        known = resumed_solution(variables, arrays, plan)
        if plan.left_out or known is None:
            continue
        rounded = round_replicas(arrays, complete_program(arrays), known, settings, known)
        assert rounded is not None
        assert not rounded.failed
        assert arrays.cost @ rounded.x <= arrays.cost @ known + 1e-6 * abs(arrays.cost @ known)
    assert begun
    assert all(begun)
