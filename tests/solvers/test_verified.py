"""No plan is handed out that the verifier rejects."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path

import pytest
from computeroute.routing import Plan, Problem, RejectedPlanError, check
from computeroute.solvers import solve
from computeroute.topologies import from_data

from .small_worlds import one_service


@pytest.fixture
def problem() -> Problem:
    """Return 30 requests/s that need 3 replicas, 1 accelerator near and 2 far at twice the price."""
    return from_data(one_service(30, {"near": (1, 1), "far": (2, 2)}))


def test_a_plan_that_breaks_a_limit_is_kept_in_a_file_and_not_returned(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = one_service(30, {"near": (3, 1), "far": (2, 2)})
    plan = solve(from_data(data), time_limit=5)
    # A plan of 3 replicas near, handed out for a problem whose near pool holds 1.
    wrong = plan.model_copy(update={"problem_digest": problem.digest})
    with pytest.raises(RejectedPlanError) as caught:
        solve(problem, solver=lambda _problem, _options: wrong)
    error = caught.value
    assert error.exit_code == 3
    assert any(violation.startswith("pool_capacity: pool 'near'") for violation in error.violations)
    assert error.file in str(error)
    kept = json.loads(Path(error.file).read_text(encoding="utf-8"))
    again = Problem.parse(kept["problem"])
    assert again.digest == problem.digest
    assert [str(each) for each in check(again, Plan.parse(kept["plan"]))] == list(error.violations)
    assert kept["violations"] == list(error.violations)
    same = pickle.loads(pickle.dumps(error))
    assert (str(same), same.violations, same.file) == (str(error), error.violations, error.file)


def test_the_error_comes_without_a_file_where_none_can_be_written(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    plan = solve(problem, time_limit=5)
    with pytest.raises(RejectedPlanError, match="5 is above the objective") as caught:
        solve(problem, solver=lambda _problem, _options: plan.model_copy(update={"objective": 1.0}))
    assert caught.value.file == ""
