"""What is read from a solution of the solver: tolerances are cleared, and cost nobody anything."""

from __future__ import annotations

import numpy as np
import pytest
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


def specks_of(rps: float, served: float) -> tuple[float, int, int]:
    """Return what is left out, flows and replicas where that share is served without a replica."""
    variables = variables_of(rps)
    x = np.zeros(variables.columns.count)
    x[variables.columns.range("share")] = served
    x[variables.columns.range("unserved")] = 1 - served
    found = decide(variables, x)
    return float(found.unserved.sum()), len(found.flow_rps), int(found.replicas.sum())


def test_what_is_no_part_of_a_replica_is_left_out() -> None:
    # 5e-6 of one request a second are 5e-7 of a replica of 10 requests/s.
    assert specks_of(1.0, 5e-6) == (1.0, 0, 0)


def test_what_is_a_part_of_a_replica_gets_one() -> None:
    # 2e-5 of one request a second are 2e-6 of a replica.
    left, flows, replicas = specks_of(1.0, 2e-5)
    assert left == pytest.approx(1 - 2e-5, abs=1e-12)
    assert (flows, replicas) == (1, 1)


def test_a_whole_demand_that_is_no_part_of_a_replica_gets_one() -> None:
    # 1e-6 requests/s are 1e-7 of a replica, and all of that demand.
    assert specks_of(1e-6, 1.0) == (0.0, 1, 1)
