"""The same problem gets the same plan, whatever a machine is quick at."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import exact, search, solve
from computeroute.solvers.market.solve import MarketSearch
from computeroute.solvers.search import Search

from .small_worlds import random_world

DELAY_SECONDS = 0.6


def delayed(of: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a method of a class begin late."""
    method = getattr(of, name)

    def late(*arguments: Any, **options: Any) -> Any:
        time.sleep(DELAY_SECONDS)
        return method(*arguments, **options)

    monkeypatch.setattr(of, name, late)


def planned(problem: Problem) -> Plan:
    plan = solve(problem, solver="highs", gap_limit=0.5, time_limit=20)
    assert check(problem, plan) == []
    return plan


def same(one: Plan, other: Plan) -> bool:
    return one.objective == other.objective and one.model_dump_json(include={"jobs", "services"}) == (
        other.model_dump_json(include={"jobs", "services"})
    )


@pytest.mark.parametrize("seed", [14, 18, 48, 52, 59])
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
