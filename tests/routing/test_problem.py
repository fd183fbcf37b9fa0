"""The problem as a whole: look-ups, time, digests, immutability, sharing, the JSON Schema."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from computeroute.routing.errors import InputError
from computeroute.routing.policies import DataPolicy
from computeroute.routing.problem import Assignment, Limits, Period, Problem, per_period
from pydantic import ValidationError


@pytest.fixture
def problem(world: dict[str, Any]) -> Problem:
    return Problem.parse(world)


def test_look_ups(problem: Problem) -> None:
    assert list(problem.nodes) == ["fra1", "par1", "berlin"]
    assert list(problem.data_center) == ["fra1", "par1"]
    assert list(problem.pool) == ["fra-h100", "par-h100"]
    assert list(problem.accelerator) == ["h100"]
    assert list(problem.link) == ["berlin--fra1", "fra1--par1"]
    assert list(problem.workload) == ["tune", "grow", "chat"]
    assert [job.id for job in problem.jobs] == ["tune", "grow"]
    assert [service.id for service in problem.services] == ["chat"]


def test_time(problem: Problem) -> None:
    assert problem.durations_hours == (12, 12)
    assert problem.boundaries_hours == (0, 12, 24)
    assert problem.horizon_hours == 24
    weighted = problem.replace(periods=(Period(id="a", hours=2, weight=250), Period(id="b", hours=0.5)))
    assert weighted.boundaries_hours == (0, 500, 500.5)


def test_one_day_without_periods(world: dict[str, Any]) -> None:
    del world["periods"]
    world["data_centers"][0]["usd_per_kwh"] = 0.1
    world["workloads"][2]["demand"][0]["requests_per_second"] = 1
    assert Problem.parse(world).boundaries_hours == (0, 24)


def test_per_period() -> None:
    assert per_period(2.0, 3) == (2.0, 2.0, 2.0)
    assert per_period((1.0, 2.0), 2) == (1.0, 2.0)


def test_residency_by_id(problem: Problem) -> None:
    assert problem.residency("german").may_process("DE-BE")
    assert not problem.residency("german").may_process("FR")
    assert problem.residency("wide").may_process("CH")
    assert problem.residency(None).may_process("US")
    assert problem.residency("german") is problem.residency("german")


def test_an_assignment_names_one_place() -> None:
    for places in ({}, {"data_center": "a", "pool": "b"}):
        with pytest.raises(ValidationError, match="exactly one of 'data_center' and 'pool'"):
            Assignment(workload="w", **places)


def test_the_digest_is_of_the_content(problem: Problem, world: dict[str, Any]) -> None:
    reordered = dict(reversed(world.items()))
    reordered["pools"] = [dict(reversed(pool.items())) for pool in world["pools"]]
    spelt_out = copy.deepcopy(world)
    spelt_out["pools"][0]["reserve_fraction"] = 0
    spelt_out["links"][0] |= {"id": "berlin--fra1", "latency_ms": 4.0, "jurisdictions": []}
    for same in (reordered, spelt_out, json.loads(json.dumps(problem.model_dump(mode="json")))):
        assert Problem.parse(same).digest == problem.digest
        assert Problem.parse(same) == problem
    assert problem.replace(name="other").digest != problem.digest
    assert problem.digest.startswith("sha256:")
    assert len(problem.digest) == 71


def test_the_digest_is_the_same_in_every_process(problem: Problem, world: dict[str, Any]) -> None:
    code = (
        "import json, sys; from computeroute.routing.problem import Problem; "
        "print(Problem.parse(json.load(sys.stdin)).digest)"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(world),
            env={"PYTHONHASHSEED": seed},
            text=True,
            capture_output=True,
            check=True,
        )
        assert run.stdout.strip() == problem.digest


def test_nothing_in_a_problem_can_be_changed(problem: Problem) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        problem.name = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        problem.pools[0].count = 5  # type: ignore[misc]
    for mapping in (problem.groups, problem.limits.max_provider_share):
        with pytest.raises(TypeError, match="frozen"):
            mapping["x"] = 1  # type: ignore[assignment]
    for name in Problem.model_fields:
        assert not isinstance(getattr(problem, name), list | set)
    assert isinstance(hash(problem), int)


def test_the_data_given_may_change_afterwards(world: dict[str, Any]) -> None:
    problem = Problem.parse(world)
    digest = problem.digest
    world["groups"]["DACH"].append("US")
    world["pools"].clear()
    assert Problem.parse(problem.model_dump(mode="json")).digest == digest


def test_problems_are_pickled_and_copied(problem: Problem) -> None:
    assert problem.residency("wide").may_process("CH")
    for twin in (pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem), copy.copy(problem)):
        assert twin == problem
        assert twin.digest == problem.digest
        assert twin.residency("wide") == problem.residency("wide")
        with pytest.raises(TypeError, match="frozen"):
            twin.groups["x"] = ()


def test_one_problem_serves_many_threads(world: dict[str, Any]) -> None:
    problem = Problem.parse(world)

    def look(_: int) -> tuple[Any, ...]:
        reach = problem.residency("wide").may_process("CH")
        return problem.digest, tuple(problem.nodes), problem.boundaries_hours, problem.jobs, reach

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(look, range(64)))) == 1


def test_replace_changes_a_copy(problem: Problem) -> None:
    before = problem.digest
    capped = problem.replace(limits=Limits(budget_usd=5))
    assert (capped.limits.budget_usd, problem.limits.budget_usd) == (5, None)
    assert problem.digest == before != capped.digest
    assert problem.replace() == problem
    assert (
        problem.replace(policies=(*problem.policies, DataPolicy(id="new"))).residency("new").may_process("US")
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pools": ()}, "pools: is empty; give at least one"),
        ({"policies": ()}, "unknown policy 'german'"),
        ({"limit": 5}, "limit: unknown key; did you mean 'limits'?"),
        ({"links": ({"source": "fra1", "target": "par1"},)}, "links[0].latency_ms: is required"),
    ],
)
def test_replace_tells_every_fault(problem: Problem, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        problem.replace(**changes)
    assert message in str(caught.value)


def test_the_schema_describes_the_file() -> None:
    schema = Problem.model_json_schema()
    json.dumps(schema)
    link = schema["$defs"]["Link"]
    assert link["required"] == ["source", "target", "bandwidth_gbps", "latency_ms"]
    assert "id" in link["properties"]
    assert link["properties"]["latency_ms"] == {
        "description": "ONE WAY.",
        "maximum": 100_000,
        "minimum": 0,
        "title": "Latency Ms",
        "type": "number",
    }
    for kind in ("TrainingJob", "InferenceService"):
        assert "kind" in schema["$defs"][kind]["required"]
        assert schema["$defs"][kind]["additionalProperties"] is False
    assert schema["$defs"]["DataCenter"]["properties"]["jurisdiction"]["pattern"].startswith("^[A-Z]{2}")
    assert set(schema["required"]) == {"accelerators", "data_centers", "pools", "workloads"}
