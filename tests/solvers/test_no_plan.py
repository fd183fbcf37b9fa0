"""Why there is no plan: because there can be none, or because none was found."""

from __future__ import annotations

import pytest
from computeroute.routing.errors import NoPlanError
from computeroute.routing.plan import Plan, Status
from computeroute.solvers import exact, solve
from computeroute.solvers.no_plan import no_plan
from computeroute.topologies import load


@pytest.mark.parametrize(("status", "code"), [("infeasible", 1), ("unknown", 3)])
def test_only_what_is_proven_is_told_as_such(status: Status, code: int) -> None:
    plan = Plan(
        status=status, objective=None, bound=None, gap=None, runtime_seconds=0, seed=0, solver="s",
        solver_version="1", problem_name="p", problem_digest="d", unserved=0.0, unserved_bound=0.0,
        stopped_by="time",
    )  # fmt: skip
    error = no_plan(plan, load("two-sites"), "to differ from")
    assert error.exit_code == code
    assert isinstance(error, NoPlanError) == (code == 1)
    assert ("more time" in str(error)) == (code == 3)


def test_a_search_that_ends_with_nothing_was_stopped_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT may give up a little before the limit with neither a plan nor a proof."""
    monkeypatch.setattr(exact, "run_search", lambda *_, **__: True)
    plan = solve(load("two-sites"), solver="cp-sat", time_limit=5)
    assert (plan.status, plan.stopped_by) == ("unknown", "time")
