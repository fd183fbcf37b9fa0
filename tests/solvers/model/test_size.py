"""Models that are too large to build are refused at once; the decomposition plans them."""

from __future__ import annotations

import pytest
from computeroute.routing import check
from computeroute.routing.errors import SolverError
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model import size
from computeroute.solvers.model.size import possible_columns
from computeroute.topologies import load
from computeroute.topologies.generate import generate


def test_two_sites_have_few_columns() -> None:
    """Two pools of one accelerator, two periods or more: shares are demands x pools x periods."""
    problem = load("two-sites")
    demands = sum(len(service.demand) for service in problem.services)
    pools, periods = len(problem.pools), len(problem.periods)
    most = demands * pools * periods + len(problem.jobs) * pools * periods
    assert 0 < possible_columns(problem) <= most


@pytest.mark.no_cover
def test_a_model_too_large_is_an_error_that_says_so() -> None:
    problem = generate(sites=60, services=150, jobs=300, periods=168, locations=60, seed=1, tightness=0.5)
    with pytest.raises(
        SolverError, match=r"up to 17,992,800 columns.*decomposition, or plan fewer locations"
    ):
        solve(problem, solver="highs", time_limit=5)


def test_columns_are_counted_after_what_is_barred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is admissible is counted, from jobs to replicas, and nothing else."""
    problem = load("europe-hybrid")
    columns = build_variables(problem).columns.count
    assert columns < possible_columns(problem)
    monkeypatch.setattr(size, "MOST_COLUMNS", columns)
    assert solve(problem, solver="highs", time_limit=5)
    monkeypatch.setattr(size, "MOST_COLUMNS", 1)
    with pytest.raises(SolverError, match=r"at least .* columns, and 1 is the most that is tried"):
        solve(problem, solver="highs", time_limit=5)


@pytest.mark.no_cover
def test_a_generated_problem_is_planned_and_verified() -> None:
    problem = generate(sites=30, services=60, jobs=200, periods=12, locations=30, seed=4, tightness=0.5)
    plan = solve(problem, solver="decomposition", time_limit=2)
    assert plan and check(problem, plan) == []
    assert plan.bound is not None and plan.objective is not None and plan.bound <= plan.objective
