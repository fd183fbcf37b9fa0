"""A search that time cut short in one step goes on while there is time; what stopped it is told as it is."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from computeroute.routing.plan import StoppedBy
from computeroute.solvers import exact, solve
from computeroute.solvers.accounts.header import Header
from computeroute.solvers.options import Options
from computeroute.solvers.programs.program import Program
from computeroute.solvers.programs.request import Answer, Request
from computeroute.solvers.programs.solve_program import solve_integer
from computeroute.solvers.searching import telling
from computeroute.topologies import from_data, load

from ..programs.test_grid import world


class Slow:
    """A solver that first uses all of its time and finds nothing."""

    calls = 0

    def __call__(self, program: Program, request: Request) -> Answer:
        self.calls += 1
        if self.calls > 1:
            return solve_integer(program, request)
        time.sleep(request.time_limit)
        return Answer(None, -np.inf, infeasible=False)


def test_the_least_left_out_is_sought_again_where_time_ended_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search ended with no plan after half of its time."""
    slow = Slow()
    monkeypatch.setattr(telling, "solve_integer", slow)
    plan = solve(from_data(world()), solver="highs", time_limit=1.5)
    assert (plan.status, plan.stopped_by) == ("optimal", "gap")
    assert plan.unserved == pytest.approx(0.2)


@pytest.mark.parametrize(("told", "said"), [("time", "gap"), ("cancel", "cancel"), ("gap", "gap")])
def test_what_is_proven_was_not_ended_by_time(told: StoppedBy, said: StoppedBy) -> None:
    header = Header(load("two-sites"), Options(), "highs", told, time.monotonic())
    assert header.no_plan(1.0, proven=True).stopped_by == said
    assert header.no_plan(0.0, proven=False).stopped_by == told


def test_a_plan_that_is_proven_at_the_last_moment_was_not_ended_by_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = exact.run_search

    def not_waited_for(*given: Any, **more: Any) -> bool:
        run(*given, **more)
        return False

    monkeypatch.setattr(exact, "run_search", not_waited_for)
    plan = solve(from_data(world()), solver="highs", time_limit=5)
    assert (plan.status, plan.stopped_by) == ("optimal", "gap")
