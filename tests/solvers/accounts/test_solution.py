"""What is read from a solution of the solver: tolerances are cleared, and cost nobody anything."""

from __future__ import annotations

import numpy as np
from computeroute.routing import Problem
from computeroute.solvers.accounts.solution import decide
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model.variables import Variables

from ..small_worlds import one_service


def variables_of(rps: float) -> Variables:
    """Return the columns of a service that a pool of 100 accelerators, 10 requests/s each, can serve."""
    return build_variables(Problem.parse(one_service(rps, {"site": (100, 1.0)})))


def test_a_share_left_out_within_tolerances_asks_for_no_replica_more() -> None:
    """A hundred full replicas serve all but 9e-8 of the demand, which counts as all of it."""
    variables = variables_of(1000 * (1 + 9e-8))
    x = np.zeros(variables.columns.count)
    x[variables.columns.range("share")] = 1 - 9e-8
    x[variables.columns.range("unserved")] = 9e-8
    x[variables.columns.range("replicas")] = 100
    found = decide(variables, x)
    assert found.unserved.sum() == 0
    assert found.replicas.tolist() == [[100]]


def test_more_than_that_does() -> None:
    variables = variables_of(1000 * (1 + 1e-5))
    x = np.zeros(variables.columns.count)
    x[variables.columns.range("share")] = 1
    x[variables.columns.range("replicas")] = 100
    assert decide(variables, x).replicas.tolist() == [[101]]
