"""The same problem gets the same plan, whatever a machine is quick at."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import exact, solve
from computeroute.solvers.market.solve import MarketSearch
from computeroute.solvers.searching import search
from computeroute.solvers.searching.search import Search

from .small_worlds import random_world

DELAY_SECONDS = 0.6


def delayed(of: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a method of a class begin late."""
    method = getattr(of, name)

    def late(*arguments: Any, **options: Any) -> Any:
        time.sleep(DELAY_SECONDS)
        return method(*arguments, **options)

    monkeypatch.setattr(of, name, late)


def planned(problem: Problem, cores: int | None = None) -> Plan:
    plan = solve(problem, solver="highs", gap_limit=0.5, time_limit=20, cores=cores)
    assert check(problem, plan) == []
    return plan


def same(one: Plan, other: Plan) -> bool:
    return one.objective == other.objective and one.model_dump_json(include={"jobs", "services"}) == (
        other.model_dump_json(include={"jobs", "services"})
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [14, 18, 48, 52])
def test_plans_of_large_models_are_the_same_whoever_is_late(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In these, the search and the decomposition find different plans within a gap of a half."""
    monkeypatch.setattr(exact, "FALLBACK_COLUMNS", 0)
    for module in (exact, search):
        monkeypatch.setattr(module, "LARGE_COLUMNS", 0)
    problem = Problem.parse(random_world(Random(seed)))
    first = planned(problem)
    for of, name in ((MarketSearch, "run"), (Search, "run")):
        with monkeypatch.context() as late:
            delayed(of, name, late)
            assert same(planned(problem), first), name


@pytest.mark.parametrize("seed", [14, 18, 48, 52])
def test_plans_of_large_models_are_the_same_on_one_core(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "FALLBACK_COLUMNS", 0)
    for module in (exact, search):
        monkeypatch.setattr(module, "LARGE_COLUMNS", 0)
    problem = Problem.parse(random_world(Random(seed)))
    assert same(planned(problem, cores=1), planned(problem, cores=2))


def test_on_one_core_the_search_begins_when_the_decomposition_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exact, "FALLBACK_COLUMNS", 0)
    for module in (exact, search):
        monkeypatch.setattr(module, "LARGE_COLUMNS", 0)
    running: set[str] = set()
    met: list[tuple[str, frozenset[str]]] = []
    for of in (MarketSearch, Search):
        noted(of, running, met, monkeypatch)
    plan = solve(Problem.parse(random_world(Random(14))), solver="highs", gap_limit=0.0, cores=1)
    assert plan
    assert met == [("MarketSearch", frozenset()), ("Search", frozenset())]


def noted(
    of: type[Any], running: set[str], met: list[tuple[str, frozenset[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Note what runs when ``run`` of a class begins."""
    method = of.run

    def run(*arguments: Any, **options: Any) -> Any:
        met.append((of.__name__, frozenset(running)))
        running.add(of.__name__)
        try:
            return method(*arguments, **options)
        finally:
            running.discard(of.__name__)

    monkeypatch.setattr(of, "run", run)
