"""What a plan says of the solve that made it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from computeroute.routing import Problem
from computeroute.routing.plan import StoppedBy
from computeroute.solvers import Options
from computeroute.solvers.accounts.header import Header
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans.deciding import decisions
from computeroute.solvers.market.solve import market_of, search_of
from computeroute.solvers.options import unserved_gap_of

from ..model.test_constraints import job, world


def header_and_solution() -> tuple[Header, Market, Placement]:
    problem, options = Problem.parse(world(job("one", 4, 4))), Options(time_limit=10.0)
    market = market_of(problem)
    search = search_of(market, options, time.monotonic(), 1.0)
    search.run(rounds=0)
    assert search.best is not None
    return Header(problem, options, "decomposition", "gap", time.monotonic()), market, search.best


@pytest.mark.parametrize(
    ("stopped_by", "spent", "bound_part", "expected"),
    [
        ("gap", 2.0, 0.5, "gap"),  # Ended of itself long before its limit: more time would not help.
        ("gap", 9.5, 0.5, "time"),
        ("gap", 9.5, 1.0, "gap"),  # Closed just in time.
        ("time", 2.0, 0.5, "time"),
        ("cancel", 9.5, 0.5, "cancel"),
    ],
)
def test_what_stopped_a_solve(
    stopped_by: StoppedBy, spent: float, bound_part: float, expected: StoppedBy
) -> None:
    header, market, best = header_and_solution()
    header = replace(header, stopped_by=stopped_by, started=time.monotonic() - spent)
    plan = header.plan(market, decisions(market, best), bound_part * best.value(), 0.0)
    assert plan.status == ("optimal" if bound_part == 1.0 else "feasible")
    assert plan.stopped_by == expected


def test_what_is_left_out_for_rounding_is_no_gap() -> None:
    assert unserved_gap_of(5e-10, 0.0) == 0.0
    assert unserved_gap_of(0.5, 0.25) == 0.5


def test_what_is_proven_beyond_a_plan_is_not_believed() -> None:
    """A plan that costs less than any can, or leaves out less, shows that the proof is wrong."""
    header, market, best = header_and_solution()
    decided, cost = decisions(market, best), best.value()
    wrong = header.plan(market, decided, 1.001 * cost, 0.0)
    assert (wrong.status, wrong.bound, wrong.gap) == ("feasible", None, None)
    rounded = header.plan(market, decided, 1.00001 * cost, 1e-7)
    assert (rounded.status, rounded.bound, rounded.unserved_bound) == ("optimal", rounded.objective, 0.0)
    assert header.plan(market, decided, cost, 0.5).unserved_bound == 0.0
