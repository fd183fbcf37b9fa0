"""The time of all plans of a command: when it is over, what is left of it, and the part of each plan."""

from __future__ import annotations

import math
import threading

import pytest
from computeroute.routing import InputError, Plan, Problem
from computeroute.routing.scenarios import BUILT_IN, chosen
from computeroute.solvers import SOLVERS, Options, total_time
from computeroute.solvers.sweep import solve_scenarios
from computeroute.solvers.total_time import TotalTime, part_of
from computeroute.topologies import load


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that the clock tells, to be set."""
    now = [100.0]
    monkeypatch.setattr(total_time.time, "monotonic", lambda: now[0])
    return now


def test_the_time_is_over_when_it_is(clock: list[float]) -> None:
    token = TotalTime(threading.Event(), 20.0)
    token.expect(9, 60.0)
    clock[0] = 119.5
    assert (token.is_set(), token.is_over(), token.left) == (False, False, 0.5)
    assert token.after("cap 1") == "cap 1; at most 1 s to go"
    clock[0] = 121.0
    assert (token.is_set(), token.is_over(), token.left) == (True, True, 0.0)


def test_who_asks_to_stop_is_not_the_time(clock: list[float]) -> None:
    asked = threading.Event()
    token = TotalTime(asked, 20.0)
    asked.set()
    clock[0] = 121.0
    assert (token.is_set(), token.is_over()) == (True, False)


def test_without_a_limit_it_is_twice_what_the_plans_may_take(clock: list[float]) -> None:
    """Seven plans of 30 s, three at once: three rounds, 90 s, so 180 s; the clock stands at its start."""
    token = TotalTime(threading.Event())
    assert (token.left, token.after("a")) == (math.inf, "a")
    token.expect(7, 30.0, jobs=3)
    assert token.left == 180.0
    clock[0] = 250.0
    assert [token.counted("a", 2), token.counted("b", 2)] == ["1/2  a; at most 30 s to go", "2/2  b"]


def test_every_plan_has_its_part() -> None:
    """Of 60 s five plans, two at once, have 20 s each, 5 % of them for what is to be done beside."""
    assert part_of(60.0, 5, 30.0, jobs=2) == pytest.approx(19)
    assert part_of(60.0, 5, 10.0, jobs=2) == part_of(None, 5, 10.0) == 10.0
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="total_time_limit"):
            part_of(wrong, 5, 10.0)


def test_scenarios_share_a_total() -> None:
    limits: list[float] = []

    def solver(problem: Problem, options: Options) -> Plan:
        limits.append(options.time_limit)
        return SOLVERS["highs"](problem, options)

    three = chosen(["hybrid", "cloud-only", "demand*0.5"], BUILT_IN)
    solve_scenarios(load("two-sites"), three, solver=solver, total_time_limit=60.0)
    assert limits == pytest.approx([19, 19, 19])
