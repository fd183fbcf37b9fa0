"""Models that are too large to build are refused at once."""

from __future__ import annotations

import pytest
from computeroute.routing.errors import SolverError
from computeroute.solvers import solve
from computeroute.solvers.size import possible_columns
from computeroute.topologies import load
from computeroute.topologies.generate import generate


def test_two_sites_have_few_columns() -> None:
    """Two pools of one accelerator, two periods or more: shares are demands x pools x periods."""
    problem = load("two-sites")
    demands = sum(len(service.demand) for service in problem.services)
    pools, periods = len(problem.pools), len(problem.periods)
    most = demands * pools * periods + len(problem.jobs) * pools * periods
    assert 0 < possible_columns(problem) <= most


def test_a_model_too_large_is_an_error_that_says_so() -> None:
    problem = generate(sites=60, services=150, jobs=300, periods=24, locations=60, seed=1, tightness=0.5)
    with pytest.raises(SolverError, match="fewer locations, services or jobs"):
        solve(problem, time_limit=5)
