"""References, lengths, repeats and sizes, on raw data and on models; messages are in tests/malformed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from computeroute.routing.consistency import MOST_ENTRIES
from computeroute.routing.errors import InputError
from computeroute.routing.problem import Period, Problem
from computeroute.routing.references import name_links, reference_faults
from computeroute.routing.sites import Link
from computeroute.routing.workloads import Need, TrainingJob


def test_a_sound_problem_has_no_faults(world: dict[str, Any]) -> None:
    assert reference_faults(world) == []
    assert reference_faults(Problem.parse(world)) == []


@pytest.mark.parametrize(
    "data", [{}, {"pools": 5, "groups": [], "limits": "x", "workloads": [1, None, {"demand": 3}]}]
)
def test_raw_data_of_any_shape_is_looked_at(data: dict[str, Any]) -> None:
    assert reference_faults(data) == []


def test_a_share_may_be_set_for_every_other_provider(world: dict[str, Any]) -> None:
    world["limits"]["max_provider_share"]["*"] = 0.5
    assert reference_faults(world) == []


def test_links_get_names(world: dict[str, Any]) -> None:
    ends = {"source": "a", "target": "b"}
    named = name_links({"links": [ends, {**ends, "id": "mine"}, ends, {"id": "a--b#3", **ends}, ends, 5]})[
        "links"
    ]
    assert [link["id"] for link in named[:5]] == ["a--b", "mine", "a--b#2", "a--b#3", "a--b#4"]
    assert named[5] == 5
    assert name_links({"links": 5}) == {"links": 5}
    assert name_links({}) == {}
    assert list(Problem.parse(world).link) == ["berlin--fra1", "fra1--par1"]


def test_names_of_links_do_not_change_the_data_given(world: dict[str, Any]) -> None:
    Problem.parse(world)
    assert "id" not in world["links"][0]


def test_models_are_checked_on_construction_and_on_replace(world: dict[str, Any]) -> None:
    problem = Problem.parse(world)
    with pytest.raises(InputError, match="unknown node 'nowhere'"):
        problem.replace(
            links=(Link(id="x", source="fra1", target="nowhere", bandwidth_gbps=1, latency_ms=1),)
        )
    fields = {name: getattr(problem, name) for name in Problem.model_fields}
    with pytest.raises(InputError, match=r"pools\[0\] 'fra-h100'.accelerator: unknown accelerator 'h100'"):
        Problem(**{**fields, "accelerators": (problem.accelerators[0].replace(id="h200"),)})


def test_a_start_beyond_the_horizon_is_a_fault_only_where_there_is_a_horizon(world: dict[str, Any]) -> None:
    world["workloads"][0]["earliest_start_hours"] = 23.9
    assert reference_faults(world) == []
    world["periods"] = [{"id": "day", "hours": 4, "weight": 3}, {"id": "night", "hours": 4, "weight": 3}]
    assert reference_faults(world) == []
    world["periods"][0]["weight"] = 2
    assert "23.9 is not before the end of the horizon, 20 hours" in str(reference_faults(world)[0])
    del world["periods"]
    world["data_centers"][0]["usd_per_kwh"] = world["workloads"][2]["demand"][0]["requests_per_second"] = 1
    assert reference_faults(world) == []


def test_every_kind_of_entry_is_bounded(world: dict[str, Any]) -> None:
    world["periods"] = [{"id": str(number), "hours": 1} for number in range(10_000)]
    world["data_centers"][0]["usd_per_kwh"] = world["workloads"][2]["demand"][0]["requests_per_second"] = 1
    count = MOST_ENTRIES // 10_000
    world["pools"] = [{**world["pools"][0], "id": f"p{number}"} for number in range(count)]
    assert reference_faults(world) == []
    world["pools"].append(world["pools"][0] | {"id": "one more"})
    world["links"] = [{**world["links"][0], "id": str(number)} for number in range(count + 1)]
    said = [str(fault) for fault in reference_faults(world)]
    assert [text.split(" make ")[0] for text in said] == [
        "2,001 pools over 10,000 periods",
        "2,001 links over 10,000 periods",
    ]


@pytest.mark.no_cover
def test_very_many_unknown_names_take_no_longer_than_they_should(world: dict[str, Any]) -> None:
    need = {"accelerator": "h100", "count": 1, "hours": 1}
    world["workloads"] = [
        {"id": f"job{number}", "kind": "training", "policy": f"germam{number}", "needs": [need]}
        for number in range(5000)
    ]
    begin = time.perf_counter()
    faults = reference_faults(world)
    assert time.perf_counter() - begin < 5
    assert len(faults) == 5001
    assert "did you mean" in faults[0].message
    assert "did you mean" not in faults[-2].message


def test_a_job_may_have_several_sizes_of_one_accelerator(world: dict[str, Any]) -> None:
    problem = Problem.parse(world)
    needs = (Need(accelerator="h100", count=4, hours=12), Need(accelerator="h100", count=8, hours=6))
    changed = problem.replace(
        workloads=(TrainingJob(id="tune", needs=needs), *problem.workloads[1:]),
        periods=(Period(id="a", hours=1),) * 1 + (Period(id="b", hours=23),),
    )
    assert changed.jobs[0].needs == needs


def test_an_unknown_name_near_nothing_is_told_what_there_is() -> None:
    data = {
        "data_centers": [{"id": "frankfurt", "jurisdiction": "DE"}],
        "pools": [{"id": "p", "data_center": "x", "accelerator": "h100", "count": 1}],
        "workloads": [{"kind": "training", "id": "t", "policy": "y"}],
    }
    told = [str(fault) for fault in reference_faults(data)]
    assert any("unknown data center 'x'; the file has 'frankfurt'" in fault for fault in told)
    assert any("unknown policy 'y'; the file defines none" in fault for fault in told)


def test_many_names_are_not_listed() -> None:
    sites = [{"id": f"site-{number}", "jurisdiction": "DE"} for number in range(6)]
    data = {"data_centers": sites, "pools": [{"id": "p", "data_center": "x"}], "workloads": []}
    told = [str(fault) for fault in reference_faults(data)]
    assert [fault for fault in told if "unknown data center" in fault and "the file has" in fault] == []


def test_chains_of_groups_end_and_rings_are_told() -> None:
    chain = {f"g{n}": [f"g{n + 1}"] for n in range(5000)} | {"g5000": ["DE"]}
    ring = {"a": ["b", "g0"], "b": ["c"], "c": ["a"], "towards": ["a"]}
    faults = reference_faults({"groups": chain | ring})
    told = [fault.place for fault in faults if "contains itself" in fault.message]
    assert told == ["groups.a", "groups.b", "groups.c"]
