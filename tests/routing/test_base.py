"""The base of the models: what a text may hold, frozen mappings, replace."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import computeroute
import numpy as np
import pytest
from computeroute.routing import (
    DataPolicy,
    PathFinder,
    Pool,
    build_graph,
    check,
    plan_report,
    to_frames,
)
from computeroute.routing.base import FrozenDict
from computeroute.routing.errors import InputError
from computeroute.routing.sites import Accelerator, DataCenter
from computeroute.solvers import solve
from computeroute.topologies import load
from pydantic import ValidationError

H100 = Accelerator(id="h100", peak_tflops=989, memory_gb=80, tdp_w=700)


@pytest.mark.parametrize(
    "name", ["a", "Zürich", "東京", "नमस्ते", "می\u200cخواهم", "👩\u200d🚀", "<b>x</b>", "a\u00a0b", "x" * 200]
)
def test_ids_may_hold_any_script(name: str) -> None:
    assert H100.replace(id=name).id == name


@pytest.mark.parametrize(
    "name", ["", " ", "a ", "\ta", "a\nb", "a\x00", "a\x7f", "a\u2028b", "a\ufeffb", "a\u202eb", "x" * 201]
)
def test_ids_may_not_be_blank_invisible_or_endless(name: str) -> None:
    with pytest.raises(InputError):
        H100.replace(id=name)


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        H100.memory_gb = 5  # type: ignore[misc]


def test_replace_gives_a_changed_copy() -> None:
    assert H100.replace(memory_gb=94).memory_gb == 94
    assert H100.memory_gb == 80
    assert H100.replace() == H100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory_gb": -1}, "memory_gb: must be above 0, got -1"),
        ({"memory": 1}, "memory: unknown key; did you mean 'memory_gb'?"),
        (
            {"memory_gb": "a", "tdp_w": None},
            "2 faults\n  memory_gb: must be a number, got 'a'\n  tdp_w: must be a number, got null",
        ),
    ],
)
def test_replace_tells_faults_as_parse_does(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        H100.replace(**changes)
    assert str(caught.value) == message


def test_replace_tells_the_branch_of_a_number_or_list() -> None:
    site = DataCenter(id="a", jurisdiction="DE")
    with pytest.raises(InputError) as caught:
        site.replace(g_per_kwh="x")
    assert str(caught.value) == "g_per_kwh: must be a number or a list with one number per period, got 'x'"


def test_a_frozen_mapping_refuses_every_change() -> None:
    frozen = FrozenDict({"a": 1})
    for change in (
        lambda: frozen.__setitem__("b", 2),
        lambda: frozen.__delitem__("a"),
        lambda: frozen.update(b=2),
        lambda: frozen.setdefault("b", 2),
        lambda: frozen.pop("a"),
        frozen.popitem,
        frozen.clear,
        lambda: frozen.__ior__({"b": 2}),
    ):
        with pytest.raises(TypeError, match="frozen"):
            change()
    assert frozen == {"a": 1}


def test_a_frozen_mapping_is_copied_pickled_and_hashed() -> None:
    frozen = FrozenDict({"a": (1, 2)})
    for twin in (copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert (type(twin), twin, hash(twin)) == (FrozenDict, frozen, hash(frozen))


def test_a_copy_with_changes_is_another_problem_and_validated() -> None:
    """Nothing that was worked out of the fields before stays with the copy, nor is anything taken unseen."""
    problem = load("two-sites")
    plan = solve(problem)
    cheaper = tuple(pool.model_copy(update={"usd_per_accelerator_hour": 0.5}) for pool in problem.pools)
    hours = tuple(period.model_copy(update={"hours": period.hours / 2}) for period in problem.periods)
    for changes in ({"pools": cheaper}, {"periods": hours}):
        copied = problem.model_copy(update=changes)
        assert copied == problem.replace(**changes) and copied.digest != problem.digest
        assert copied.horizon_hours == sum(copied.durations_hours)
        other = solve(copied)
        assert check(copied, other) == [] and check(copied, plan) != []
        assert other.objective != pytest.approx(plan.objective)
    with pytest.raises(InputError, match=r"unknown data center 'nowhere'"):
        problem.model_copy(
            update={"pools": (problem.pools[0].model_copy(update={"data_center": "nowhere"}),)}
        )
    with pytest.raises(InputError, match=r"count: must be at least 0, got -5"):
        problem.pools[0].model_copy(update={"count": -5})
    assert problem.model_copy() == problem == problem.model_copy(deep=True)


def test_a_copy_of_a_plan_finds_its_own_routes() -> None:
    plan = solve(load("two-sites"))
    assert plan.route
    assert plan.model_copy(update={"routes": ()}).route == {}


@pytest.mark.parametrize("count", [np.int64(8), np.int32(8), np.uint8(8)])
def test_integers_of_numpy_are_plain_ones(count: Any) -> None:
    pool = Pool(id="a", data_center="s", accelerator="h100", count=count)
    assert pool.count == 8 and type(pool.count) is int


@pytest.mark.parametrize("count", [np.float64(8.0), np.bool_(True), True])
def test_nothing_else_is_a_whole_number(count: Any) -> None:
    with pytest.raises(ValidationError):
        Pool(id="a", data_center="s", accelerator="h100", count=count)


def test_sets_have_no_order_and_are_refused() -> None:
    """Their order differs from one process to the next, and the digest of the problem with it."""
    with pytest.raises(ValidationError, match="a set keeps no order"):
        DataPolicy(id="a", deny={"US", "CN"})
    assert DataPolicy(id="a", deny=["US", "CN"]).deny == ("US", "CN")


def test_arguments_of_the_wrong_kind_are_told_as_all_else() -> None:
    problem = load("two-sites")
    plan = solve(problem)
    wrong: list[Callable[[], Any]] = [
        partial(plan_report, problem, plan),  # type: ignore[arg-type]
        partial(plan_report, plan, plan),  # type: ignore[arg-type]
        partial(to_frames, problem),  # type: ignore[arg-type]
        partial(build_graph, plan),  # type: ignore[arg-type]
        partial(PathFinder, plan),  # type: ignore[arg-type]
        partial(solve, problem, solver=lambda *_: "a plan"),
    ]
    for call in wrong:
        with pytest.raises(InputError, match="must be a P"):
            call()


def test_the_version_is_that_of_the_package() -> None:
    assert computeroute.__version__ == version("computeroute")
    with pytest.raises(AttributeError):
        computeroute.nothing  # noqa: B018
