"""The reason of left-out work must be the first test that nothing passes; any other is a violation."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from computeroute.routing.plan import Plan, Reason
from computeroute.routing.problem import Problem
from computeroute.routing.verifier import check

from .check_cases import WORLD, plan_of, pool_use, usd

# Idle commitment: 4 x 20 h x 0.3 at home, 2 x 20 h x 2 in the cloud.
IDLE = {
    "by_workload": {"(idle)": usd(compute=104)},
    "by_data_center": {"home": usd(compute=24), "cloud": usd(compute=80)},
    "by_provider": {"home": usd(compute=24), "nimbus": usd(compute=80)},
    "by_owner": {"acme": usd(compute=24), "nimbus": usd(compute=80)},
}


def job(count: int = 4, hours: float = 10, **fields: Any) -> dict[str, Any]:
    needs = [{"accelerator": "big", "count": count, "hours": hours}]
    return {"kind": "training", "id": "it", "needs": needs, **fields}


def service(accelerator: str = "big", each: int = 1, **fields: Any) -> dict[str, Any]:
    serving = {"accelerator": accelerator, "accelerators_per_replica": each, "requests_per_second": 1}
    demand = {"location": "town", "requests_per_second": [0, 1]}
    return {
        "kind": "inference",
        "id": "it",
        "demand": [demand],
        "serving": [{**serving, "service_ms": 5}],
        **fields,
    }


def split(count: int, sites: int = 2, rtt_ms: float = 10, **fields: Any) -> dict[str, Any]:
    multi = {"min_bandwidth_gbps": 1, "max_rtt_ms": rtt_ms, "efficiency": 0.5}
    return job(count, max_sites=sites, multi_site=multi, **fields)


def fed(*copies: str, **fields: Any) -> dict[str, Any]:
    return job(dataset={"at": list(copies), "gb": 1}, **fields)


def pin(**place: str) -> dict[str, Any]:
    return {"limits": {"pinned": [{"workload": "it", **place}]}}


def limits(*pinned: str, **values: float) -> dict[str, Any]:
    """Return the world with limits, the workload pinned to those data centers."""
    return {"limits": {"pinned": [{"workload": "it", "data_center": site} for site in pinned], **values}}


def powered(kw: float) -> dict[str, Any]:
    """Return the world with that limit on the power of each data center."""
    return {"data_centers": [{**site, "max_power_kw": kw} for site in WORLD["data_centers"]]}


def links(*kept: str, **changes: Any) -> dict[str, Any]:
    """Return the world with those of its links only, each with ``changes``."""
    named = [{"id": f"{link['source']}--{link['target']}", **link} for link in WORLD["links"]]
    return {"links": [{**link, **changes} for link in named if link["id"] in kept]}


def closed(*nodes: str) -> dict[str, Any]:
    """Return the world with nodes that let no traffic of others pass."""
    return {
        key: [{**node, "transit": node["id"] not in nodes} for node in WORLD[key]]
        for key in ("data_centers", "locations")
    }


def huge(**fields: Any) -> dict[str, Any]:
    """Return the world with a third site, equal to the cloud, joined to it and to home."""
    third = {**WORLD["data_centers"][1], "id": "third"}
    pool = {"id": "third-big", "data_center": "third", "accelerator": "big", "count": 16}
    lines = [
        {"source": site, "target": "third", "bandwidth_gbps": 1, "latency_ms": 4, **fields}
        for site in ("home", "cloud")
    ]
    return {
        "data_centers": [*WORLD["data_centers"], third],
        "pools": [*WORLD["pools"], pool],
        "links": [*WORLD["links"], *lines],
    }


def accepted(workload: dict[str, Any], **world: Any) -> set[str]:
    """Return the reasons that the verifier accepts for a workload that a plan leaves out."""
    problem = Problem.parse({**WORLD, **world, "workloads": [workload]})
    where = {"location": "town", "period": "night", "requests_per_second": 1}
    entry = {"workload": "it", "detail": "-", **(where if workload["kind"] == "inference" else {})}
    used = {pool.id: (0, 0) for pool in problem.pools}
    plan = plan_of(problem, breakdown=IDLE, unserved=1, unserved_bound=1, pool_use=pool_use(problem, used))
    found = {
        reason: {
            v.constraint
            for v in check(
                problem, Plan.parse({**plan.model_dump(), "left_out": [{**entry, "reason": reason}]})
            )
        }
        for reason in get_args(Reason)
    }
    assert set().union(*found.values()) <= {"left_out"}
    return {reason for reason, broken in found.items() if not broken}


SCALED = {"pflop_days": 1, "utilization": 0.5, "counts": [4]}
BIG_LINKS = ("town--relay", "relay--home", "home--cloud", "up", "down")

JOBS: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    (job(), {}, {"capacity"}),
    (job(policy="us"), {}, {"residency"}),
    (job(needs=[{"accelerator": "small", "count": 4, "hours": 1}], policy="home-only"), {}, {"accelerator"}),
    (job(memory_gb_per_accelerator=81), {}, {"memory"}),
    (job(21), {}, {"gang"}),
    (job(20), {}, {"capacity"}),  # 12 and two modules of 4
    (job(17), pin(data_center="cloud"), {"pinned"}),
    (job(), pin(pool="cloud-small"), {"pinned"}),
    (fed("town"), {}, {"capacity"}),
    (fed("town"), links(), {"route"}),
    (fed("home", policy="home-only"), links(), {"capacity"}),
    (fed("town", policy="home-only"), links("up"), {"route"}),
    (
        fed("town", policy="home-only"),
        {**links("up", "home--cloud"), **closed("cloud")},
        {"route"},
    ),
    (fed("town", policy="not-by-lux"), links("relay--home", "town--relay"), {"transit"}),
    (fed("town", policy="not-by-lux"), links("up"), {"capacity"}),
    (fed("town", policy="not-by-germany"), pin(data_center="home"), {"transit"}),
    (job(deadline_hours=9.9), {}, {"deadline"}),
    (job(deadline_hours=10), {}, {"capacity"}),
    *[
        (job(deadline_hours=10 - late_hours, interruptible=pauses), {}, {"deadline"})
        for late_hours in (1e-8, 1e-7, 5e-6)
        for pauses in (False, True)
    ],
    (job(deadline_hours=10 - 5e-10), {}, {"capacity"}),
    (job(earliest_start_hours=1, deadline_hours=10), {}, {"deadline"}),
    (split(24), {}, {"capacity"}),
    (split(24, deadline_hours=19), {}, {"deadline"}),
    (split(24, rtt_ms=9), {}, {"latency"}),
    (split(24), links("up", "down"), {"route"}),
    (split(24, policy="not-by-lux"), links("home--cloud", jurisdictions=["LU"]), {"transit"}),
    (split(24), links("home--cloud", bandwidth_gbps=0.9), {"bandwidth"}),
    (split(24), links("home--cloud", bandwidth_gbps=2, reserve_fraction=0.6), {"bandwidth"}),
    (split(24, rtt_ms=9), links("home--cloud", bandwidth_gbps=0.9), {"bandwidth"}),
    (split(24), pin(data_center="cloud"), {"pinned"}),
    (split(42), {}, {"gang"}),
    (split(21), {}, {"gang"}),
    (split(24, policy="home-only"), {}, {"gang"}),
    (split(48, sites=3), {}, {"gang"}),
    (split(48, sites=3), huge(), {"capacity"}),
    (split(48, sites=3, rtt_ms=9), huge(), {"latency"}),
    (job(needs=None, compute=SCALED), {}, {"capacity"}),
    (job(needs=None, compute={**SCALED, "accelerators": ["small"]}, deadline_hours=29), {}, {"deadline"}),
    (job(needs=None, compute={**SCALED, "accelerators": ["small"]}, deadline_hours=30), {}, {"capacity"}),
    # 1 kW an accelerator at home, 1.2 kW in the cloud.
    (job(), powered(3.9), {"power"}),
    (job(), powered(4), {"capacity"}),
    (split(8), powered(4), {"power"}),
    (split(8), powered(4.8), {"capacity"}),
    # 4.8 kW x 10 h x 100 g in the cloud, 4 kW x 10 h x 200 g at home.
    (job(), limits(carbon_cap_tco2e=0.0047), {"carbon"}),
    (job(), limits(carbon_cap_tco2e=0.0048), {"capacity"}),
    (job(), limits("home", carbon_cap_tco2e=0.0079), {"carbon"}),
    # Commitments cost 104 USD and cover 80 and 40 accelerator-hours; energy at home 40 x 0.06 USD.
    (job(), limits("home", budget_usd=106.3), {"budget"}),
    (job(), limits("home", budget_usd=106.4), {"capacity"}),
    (job(12), limits("cloud", budget_usd=343), {"budget"}),
    (job(12), limits("cloud", budget_usd=344), {"capacity"}),
    (job(12, interruptible=True), limits("cloud", budget_usd=223), {"budget"}),
    (job(12, interruptible=True), limits("cloud", budget_usd=224), {"capacity"}),
    # 20 of 60 h are within the horizon: 80 hours are covered, energy 80 x 0.06 USD.
    (job(hours=60), limits("home", budget_usd=108.7), {"budget"}),
    (job(hours=60), limits("home", budget_usd=108.8), {"capacity"}),
]

SERVICES: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    (service(), {}, {"capacity"}),
    (service(policy="us"), {}, {"residency"}),
    (service("small", policy="home-only"), {}, {"accelerator"}),
    (service("small", memory_gb_per_accelerator=41), {}, {"memory"}),
    (service("small", 9), {}, {"gang"}),
    (service("small"), pin(data_center="home"), {"pinned"}),
    (service(), links("home--cloud", "up"), {"route"}),
    (service(policy="home-only"), links("home--cloud", "down"), {"route"}),
    (
        service(policy="home-only"),
        {**links("town--relay", "relay--home"), **closed("relay")},
        {"route"},
    ),
    (service(policy="not-by-lux"), links("town--relay", "relay--home"), {"transit"}),
    (service(policy="not-by-lux"), {}, {"capacity"}),
    (service(max_rtt_ms=9.9), {}, {"latency"}),
    (service(max_latency_ms=14.9), {}, {"latency"}),
    (service(max_latency_ms=15), {}, {"capacity"}),
    (service(), powered(0.9), {"power"}),
    (service(), powered(1), {"capacity"}),
    (service(), limits(carbon_cap_tco2e=0.0011), {"carbon"}),
    (service(), limits(carbon_cap_tco2e=0.0012), {"capacity"}),
    (service(), limits("home", budget_usd=104.5), {"budget"}),
    (service(), limits("home", budget_usd=104.6), {"capacity"}),
    (service(min_sites=2), {}, {"capacity"}),
    (service(min_sites=2), limits("home"), {"sites"}),
    (service(min_sites=2, policy="home-only"), {}, {"sites"}),
    (service(min_sites=2), powered(1), {"sites"}),
    # Home and cloud are in reach of the town without each other, home also by way of the cloud in 20 ms.
    (service(survive="site"), {}, {"capacity"}),
    (service(survive="link"), {}, {"capacity"}),
    (service(survive="site"), limits("home"), {"survival"}),
    (service(survive="site", policy="home-only"), {}, {"survival"}),
    (service(survive="link"), limits("home"), {"capacity"}),
    (service(survive="link", max_rtt_ms=19), limits("home"), {"survival"}),
    (service(survive="link"), {**limits("home"), **closed("cloud")}, {"survival"}),
    (service(survive="site", min_sites=2), limits("home"), {"sites"}),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("workload", "world", "reasons"), [*JOBS, *SERVICES])
def test_only_the_first_test_that_nothing_passes_is_accepted(
    workload: dict[str, Any], world: dict[str, Any], reasons: set[str]
) -> None:
    assert accepted(workload, **world) == reasons


def test_a_way_back_that_must_mirror_is_not_taken_for_a_short_one() -> None:
    # Out and back over the undirected link is 2 x 6 ms; a way back of 1 ms exists, but only ways out over a
    # directed link may take it.
    ends = {"source": "town", "target": "home", "bandwidth_gbps": 1}
    lines = [
        {**ends, "latency_ms": 6},
        {**ends, "id": "back", "source": "home", "target": "town", "latency_ms": 1, "directed": True},
    ]
    near = {limit: accepted(service(max_rtt_ms=limit), links=lines) for limit in (6, 10, 12)}
    assert near == {6: {"latency"}, 10: {"latency"}, 12: {"capacity"}}
