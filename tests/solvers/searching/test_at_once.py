"""Large programs in which many demands are alike are decided at once: plans verify, bounds hold."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import replace
from random import Random

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve
from computeroute.solvers.exact import build_arrays, build_variables
from computeroute.solvers.programs.program import complete_program
from computeroute.solvers.rates import Floats
from computeroute.solvers.searching import at_once, runner, search
from computeroute.solvers.searching.at_once import AtOnce, gathered
from computeroute.solvers.searching.deciding import relax
from computeroute.solvers.searching.events import Event, Found, Proved
from computeroute.solvers.searching.search import Search
from computeroute.solvers.searching.telling import Settings

from ..enumeration import Enumeration
from ..model.test_constraints import job, world
from ..small_worlds import random_world
from ..test_two_stages import crowded_world

BEST = 4.0
"""Ten users ask for 25 requests/s each, a replica serves 100: two for an hour at 1 USD, one more at 2 USD."""


def small_crowd() -> Problem:
    data = crowded_world()
    chat = data["workloads"][0]
    chat["demand"] = [{**each, "requests_per_second": 25} for each in chat["demand"][:10]]
    data["pools"][0]["count"] = 2
    return Problem.parse(data)


def begun(problem: Problem, told: list[Event], *, cores: int = 1, seconds: float = 20.0) -> AtOnce:
    """Return what is to be decided at once, at the prices of the relaxation."""
    settings = Settings(
        "highs", seconds, 0.0, seed=0, threads=1, cores=cores, cell_solver="highs", watch=False
    )
    found = Search(build_arrays(build_variables(problem)), settings, told.append)
    program = complete_program(found.arrays)
    start = relax(found, found.arrays, program, "complete cost")
    assert start is not None
    small = gathered(found.arrays, program, start.prices)
    assert small is not None
    return AtOnce(found, program, small, "complete cost")


def cost(at: AtOnce, x: Floats | None) -> float:
    assert x is not None
    assert at.program.violation(x) <= 1e-6
    return float(at.search.arrays.cost @ x) + at.search.arrays.offset


@pytest.mark.parametrize(("cores", "most"), [(1, 200_000), (2, 200_000), (2, 0)])
def test_demands_that_are_alike_are_decided_as_one(
    cores: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "MOST_TWICE", most)
    told: list[Event] = []
    at = begun(small_crowd(), told, cores=cores)
    assert at.small.program.columns <= at.program.columns - 18, "shares of ten users at two sites become two"
    assert cost(at, at.run(None)) == pytest.approx(BEST)
    assert min(cost(at, event.x) for event in told if isinstance(event, Found)) == pytest.approx(BEST)
    bounds = [event.bound for event in told if isinstance(event, Proved) and event.phase == "complete cost"]
    assert max(bounds) + at.search.arrays.offset == pytest.approx(BEST, rel=1e-5)


def test_the_cheaper_solution_is_gone_on_with_and_kept_where_time_is_over() -> None:
    at = begun(small_crowd(), [])
    best = at.run(None)
    assert best is not None
    dearer = at.program.lower + 2.0
    assert at.program.cost @ dearer > at.program.cost @ best
    assert cost(at, at._gone_on(None, None)) == pytest.approx(BEST)
    at.search.settings = replace(at.search.settings, seconds=0.0)
    assert at._gone_on(dearer, best) is at._gone_on(best, dearer) is at._gone_on(None, best) is best
    assert at._gone_on(None, None) is None


def test_the_proof_does_not_begin_where_what_it_waits_for_is_there() -> None:
    at = begun(small_crowd(), [], seconds=5.0)
    counted: Future[Floats | None] = Future()
    began = time.monotonic()
    assert cost(at, at._proved(counted, None)) == pytest.approx(BEST)
    assert time.monotonic() - began >= at_once.WAITING_SHARE * 4.0
    counted.set_result(None)
    assert at._proved(counted, None) is None


def test_nothing_is_gathered_that_stays_large_or_nearly_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    at = begun(small_crowd(), [])
    arrays, program = at.search.arrays, at.program
    monkeypatch.setattr(at_once, "MOST_COLUMNS", at.small.program.columns)
    assert gathered(arrays, program, program.row_lower * 0) is not None
    monkeypatch.setattr(at_once, "MOST_COLUMNS", at.small.program.columns - 1)
    assert gathered(arrays, program, program.row_lower * 0) is None
    alone = build_arrays(build_variables(Problem.parse(world(job("train", 4, 2)))))
    whole = complete_program(alone)
    monkeypatch.setattr(at_once, "MOST_COLUMNS", 15_000)
    assert gathered(alone, whole, whole.row_lower * 0) is None


@pytest.mark.no_cover
def test_counts_that_a_link_does_not_allow_are_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """13 replicas at 1 USD serve all who are alike, but the link there carries 1,111 of 1,300: 11 + 2 x 2."""
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 12_000)
    problem = Problem.parse(crowded_world())
    at = begun(problem, [])
    assert at._from_gathered() is None
    plan = solve(problem, solver="highs", gap_limit=1e-4, time_limit=60)
    assert check(problem, plan) == []
    assert plan.objective == pytest.approx(15, rel=1e-3)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("solver", "cores", "first"), [("highs", 1, 100), ("highs", 2, 108), ("scip", 2, 116)]
)
def test_plans_verify_and_bounds_hold(
    solver: str, cores: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(at_once, "MOST_SHARE", 1.0)
    for seed in range(first, first + 8):
        problem = Problem.parse(random_world(Random(seed)))
        unserved, least = map(float, Enumeration(problem).best())
        plan = solve(problem, solver=solver, gap_limit=1e-4, time_limit=10, cores=cores)
        assert check(problem, plan) == []
        assert plan.unserved == pytest.approx(unserved, abs=1e-6)
        assert plan.bound is not None
        assert plan.bound <= least + 1e-6 * max(1.0, least)
        assert plan.objective == pytest.approx(least, rel=2e-4, abs=1e-5)
