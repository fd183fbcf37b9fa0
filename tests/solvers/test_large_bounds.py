"""What the search of large models tells as proven is proven, before a plan at hand hides that it is not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import exact, solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.programs.master import can_relax
from computeroute.solvers.searching import keeper, runner, search
from computeroute.solvers.searching.events import Event, Proved

from .model.test_constraints import job, service, world
from .small_worlds import random_world

Data = dict[str, Any]


def earning() -> Data:
    """Return a world where power costs -3 USD/kWh near: a replica, half used, earns 2 USD/h in 4 hours."""
    data = world(service(5))
    data["data_centers"][0] |= {"kind": "on_prem", "usd_per_kwh": -3.0}
    return data


def shared() -> Data:
    """Return a world where "near" may have half of all: an idle replica far, at 2 USD/h, makes up for it."""
    data = world(service(5), limits={"max_provider_share": {"near": 0.5}})
    data["policies"] = [{"id": "near", "allow": ["DE"]}]
    data["workloads"].append(job("far", 1, 4))
    return data


def little() -> Data:
    """Return a world where next to nothing is asked for, and a whole replica serves it."""
    return world(service(2e-6))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Proved]:
    """Let all models be searched as large ones are, here; return what is told to be proven."""
    heard: list[Proved] = []
    hear = keeper.Keeper.hear

    def noted(self: keeper.Keeper, event: Event) -> None:
        if isinstance(event, Proved):
            heard.append(event)
        hear(self, event)

    monkeypatch.setattr(keeper.Keeper, "hear", noted)
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(exact, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 10**9)
    return heard


def hold(data: Data, told: list[Proved]) -> None:
    problem = Problem.parse(data)
    plan = solve(problem, solver="highs", gap_limit=1e-6, time_limit=10)
    bounds = list(told)
    assert bounds and check(problem, plan) == []
    best = solve(problem, solver="scip", gap_limit=1e-9, time_limit=20)
    assert best.objective is not None and plan.objective is not None
    offset = build_arrays(build_variables(problem)).offset
    for event in bounds:
        if event.phase == "unserved work":
            assert event.bound <= best.unserved + 1e-6
        elif best.unserved == 0.0 and event.phase == "complete cost":
            assert event.bound + offset <= best.objective + 1e-6 * max(1.0, abs(best.objective))
    assert plan.unserved == pytest.approx(best.unserved, abs=1e-5)


@pytest.mark.parametrize("made", [earning, shared, little])
def test_what_is_told_holds_where_fewer_replicas_are_worse(
    made: Callable[[], Data], told: list[Proved]
) -> None:
    hold(made(), told)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(5))
def test_what_is_told_of_random_worlds_holds(seed: int, told: list[Proved]) -> None:
    data = random_world(Random(seed))
    for site in data["data_centers"][::2]:
        site |= {"kind": "on_prem", "usd_per_kwh": -2.0}
    hold(data, told)


def test_replicas_are_loads_where_fewer_are_no_worse() -> None:
    arrays = build_arrays(build_variables(Problem.parse(world(service(5)))))
    assert can_relax(arrays).all()
    for data in (earning(), shared()):
        arrays = build_arrays(build_variables(Problem.parse(data)))
        assert not np.all(can_relax(arrays))


def test_who_reaches_a_slot_by_several_routes_is_not_counted_with_others() -> None:
    # 5 requests of 1 MB a second are more than the direct link to the far site carries: some go by mid.
    data = world(service(5, request_kb=1000.0))
    ends = [("near", "far", 0.01), ("near", "mid", 1.0), ("mid", "far", 1.0)]
    data["locations"] = [{"id": "mid", "jurisdiction": "DE"}]
    data["links"] = [
        {"source": one, "target": other, "bandwidth_gbps": gbps, "latency_ms": 5} for one, other, gbps in ends
    ]
    problem = Problem.parse(data)
    variables = build_variables(problem)
    pairs = np.column_stack([variables.services.arc_demand, variables.services.arc_slot])
    assert len(np.unique(pairs, axis=0)) < len(pairs), "a slot is reached by two routes"
    alike = build_arrays(variables).alike[variables.columns.range("share")]
    assert (alike == -1).all()
