"""What a plan says of the solve that made it."""

from __future__ import annotations

import time

import pytest
from computeroute.routing import Problem
from computeroute.routing.plan import StoppedBy
from computeroute.solvers import Options
from computeroute.solvers.accounts.header import Header
from computeroute.solvers.market.plans.deciding import decisions
from computeroute.solvers.market.solve import market_of, search_of
from computeroute.solvers.options import unserved_gap_of

from ..model.test_constraints import job, world


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
    problem, options = Problem.parse(world(job("one", 4, 4))), Options(time_limit=10.0)
    market = market_of(problem)
    search = search_of(market, options, time.monotonic(), 1.0)
    search.run(rounds=0)
    assert search.best is not None
    header = Header(problem, options, "decomposition", stopped_by, time.monotonic() - spent)
    plan = header.plan(market, decisions(market, search.best), bound_part * search.best.value(), 0.0)
    assert plan.status == ("optimal" if bound_part == 1.0 else "feasible")
    assert plan.stopped_by == expected


def test_what_is_left_out_for_rounding_is_no_gap() -> None:
    assert unserved_gap_of(5e-10, 0.0) == 0.0
    assert unserved_gap_of(0.5, 0.25) == 0.5
