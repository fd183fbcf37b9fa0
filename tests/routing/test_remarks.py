"""Remarks on problems that are sound: links that are there twice, work that no plan can place."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.remarks import remarks
from computeroute.solvers import solve
from computeroute.topologies import load, samples


def told(data: dict[str, Any]) -> list[str]:
    return [str(remark) for remark in remarks(Problem.parse(data))]


def small(*workloads: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 80, "tdp_w": 0}],
        "data_centers": [{"id": "s", "jurisdiction": "DE"}, {"id": "t", "jurisdiction": "US"}],
        "pools": [
            {"id": "ps", "data_center": "s", "accelerator": "a", "count": 4},
            {"id": "pt", "data_center": "t", "accelerator": "a", "count": 8},
        ],
        "locations": [{"id": "far", "jurisdiction": "JP"}],
        "links": [{"source": "s", "target": "t", "bandwidth_gbps": 1, "latency_ms": 1}],
        "policies": [{"id": "us", "allow": ["US"]}, {"id": "fr", "allow": ["FR"]}],
        "workloads": list(workloads) or [job()],
        **others,
    }


def job(count: int = 4, **fields: Any) -> dict[str, Any]:
    needs = [{"accelerator": "a", "count": count, "hours": 1}]
    return {"kind": "training", "id": "j", "needs": needs, **fields}


def chat(rate: float = 1.0, **fields: Any) -> dict[str, Any]:
    serving = [{"accelerator": "a", "requests_per_second": 1}]
    demand = [{"location": "s", "requests_per_second": rate}]
    return {"kind": "inference", "id": "v", "serving": serving, "demand": demand, **fields}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [sample.name for sample in samples()])
def test_there_is_nothing_to_remark_on_samples(name: str) -> None:
    assert list(remarks(load(name))) == []


def test_links_that_are_the_same_are_told() -> None:
    link = {"source": "s", "target": "t", "bandwidth_gbps": 1, "latency_ms": 1}
    back = {**link, "source": "t", "target": "s"}
    wide = {**link, "bandwidth_gbps": 2}
    assert told(small(links=[link, wide, {**link, "directed": True}, back])) == [
        "links[3] 't--s': has the ends and all figures of links[0] 's--t': is it meant?"
    ]
    assert told(small(links=[{**link, "directed": True}, {**back, "directed": True}])) == []


def test_links_without_a_way_back_are_told() -> None:
    out: dict[str, Any] = {
        "source": "s",
        "target": "t",
        "bandwidth_gbps": 1,
        "latency_ms": 1,
        "directed": True,
    }
    back = {**out, "source": "t", "target": "s"}
    assert told(small(links=[out, {**out, "latency_ms": 2}])) == [
        f"links[{index}] '{name}': is directed and no way leads back from 't' to 's': "
        "requests that take it get no response"
        for index, name in enumerate(("s--t", "s--t#2"))
    ]
    assert told(small(links=[out, {**back, "latency_ms": 3}])) == []
    assert told(small(links=[out, {**out, "latency_ms": 3, "directed": False}])) == []


@pytest.mark.parametrize(
    ("workload", "limits", "why"),
    [
        (job(policy="fr"), {}, "its data policy permits none of the data centers"),
        (job(memory_gb_per_accelerator=81), {}, "no accelerator that it can use has enough memory"),
        (job(9), {}, "no pool that it may use holds so large a cluster"),
        (
            job(8),
            {"pinned": [{"workload": "j", "pool": "ps"}]},
            "its pinned and forbidden places leave no pool",
        ),
        (
            job(8),
            {"forbidden": [{"workload": "j", "data_center": "t"}]},
            "its pinned and forbidden places leave no pool",
        ),
        (
            chat(policy="us"),
            {"pinned": [{"workload": "v", "data_center": "s"}]},
            "its pinned and forbidden places leave no pool",
        ),
        (
            job(policy="us", dataset={"at": ["far"], "gb": 1}),
            {},
            "no link leads from its data or users to a pool that it can use",
        ),
        (
            chat(policy="us", max_rtt_ms=1),
            {},
            "every pool that it can use is too far, or serves too slowly, for its latency limit",
        ),
        (
            job(deadline_hours=0.5),
            {},
            "it cannot end by its deadline, or within the horizon, wherever it runs",
        ),
        (
            chat(policy="us", min_sites=2),
            {},
            "fewer data centers can serve it than its min_sites asks for",
        ),
        (
            job(16, max_sites=2, multi_site={"min_bandwidth_gbps": 1, "max_rtt_ms": 9, "efficiency": 1}),
            {},
            "no pool that it may use, nor pools at as many sites as it may span, hold so large a cluster",
        ),
    ],
)
def test_work_that_no_plan_can_place_is_told(
    workload: dict[str, Any], limits: dict[str, Any], why: str
) -> None:
    data = small(workload, limits=limits)
    (remark,) = told(data)
    assert remark.startswith(f"workloads[0] '{workload['id']}': no plan can place it: {why}: ")
    assert {entry.workload for entry in solve(Problem.parse(data)).left_out} == {workload["id"]}


@pytest.mark.parametrize("gb", [899.9, 950])
def test_datasets_that_no_way_is_wide_enough_for_are_told(gb: float) -> None:
    """Half of 4 Gbit/s brings 900 GB in an hour, by way of ``t``; 1 Gbit/s half as much."""
    links = [
        {"source": "s", "target": "t", "bandwidth_gbps": 5, "latency_ms": 1},
        {"source": "far", "target": "t", "bandwidth_gbps": 4, "latency_ms": 9, "reserve_fraction": 0.5},
        {"source": "far", "target": "s", "bandwidth_gbps": 1, "latency_ms": 1},
    ]
    data = small(job(dataset={"at": ["far"], "gb": gb}), links=links)
    left_out = solve(Problem.parse(data)).left_out
    if gb < 900:
        assert told(data) == [] and not left_out
    else:
        why = (
            "no way of its dataset to a pool that it can use is wide enough: "
            "2.111 Gbit/s are needed, and the widest way, from 'far' to 's', has 2.000"
        )
        assert told(data) == [f"workloads[0] 'j': no plan can place it: {why}"]
        assert [entry.reason for entry in left_out] == ["bandwidth"]


def test_half_of_a_dataset_needs_half_the_width() -> None:
    links = [{"source": end, "target": "far", "bandwidth_gbps": 1, "latency_ms": 1} for end in ("s", "t")]
    two = {"max_sites": 2, "multi_site": {"min_bandwidth_gbps": 0.01, "max_rtt_ms": 9, "efficiency": 1}}
    data = small(job(8, dataset={"at": ["far"], "gb": 800}, **two), links=links)
    assert told(data) == []
    data["workloads"][0] = job(8, dataset={"at": ["far"], "gb": 1000}, **two)
    assert len(told(data)) == 1


def test_types_that_no_pool_has_are_told() -> None:
    data = small(accelerators=[{"id": name, "peak_tflops": 1, "memory_gb": 80, "tdp_w": 0} for name in "ab"])
    data["pools"][0]["accelerator"] = data["pools"][1]["accelerator"] = "b"
    types = "it can use 'a', and they have 'b'"
    why = f"no permitted data center has an accelerator type that it can use: {types}"
    assert told(data) == [f"workloads[0] 'j': no plan can place it: {why}"]


def test_work_that_has_a_place_is_not_told() -> None:
    two = {"max_sites": 2, "multi_site": {"min_bandwidth_gbps": 1, "max_rtt_ms": 9, "efficiency": 1}}
    assert told(small(job(8, **two))) == []
    assert told(small(job(8, policy="us"), chat(policy="us"))) == []
    assert told(small(chat(0, policy="fr"))) == []
    others = {**chat(policy="fr"), "demand": [{"location": "s", "requests_per_second": 1, "policy": "us"}]}
    assert told(small(others)) == []


def test_locations_that_nothing_can_serve_are_told_by_reason() -> None:
    users = [{"location": name, "requests_per_second": 1} for name in ("s", "far", "t")]
    asleep = {"location": "far", "requests_per_second": 0}
    no_way = (
        "no link leads from its data or users to a pool that it can use: "
        "there is none from 'far' to 's', 't' and back"
    )
    assert told(small({**chat(), "demand": users})) == [
        f"workloads[0] 'v': no plan can serve it at 'far': {no_way}"
    ]
    assert told(small({**chat(), "demand": [users[0], asleep]})) == []
    data = small({**chat(max_rtt_ms=1, policy="fr"), "demand": users})
    data["workloads"][0]["demand"][0]["policy"] = "us"
    assert [remark.partition(": ")[2] for remark in told(data)] == [
        "no plan can serve it at 's': "
        "every pool that it can use is too far, or serves too slowly, for its latency limit: "
        "the least round trip, to 't', takes 2.0 ms of at most 1.0",
        "no plan can serve it at 'far', 't': its data policy permits none of the data centers: "
        "'fr' bars processing in DE, US, where all of them are",
    ]
