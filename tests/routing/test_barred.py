"""Left-out work is told by how much it misses what bars it."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import solve

from . import test_check_left_out as by_hand


def world(workload: dict[str, Any], **fields: Any) -> Problem:
    """Two pools of 4 and 8 cards of 80 GB, the larger one in the US."""
    return Problem.parse(
        {
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 80, "tdp_w": 0}],
            "data_centers": [{"id": "s", "jurisdiction": "DE"}, {"id": "t", "jurisdiction": "US"}],
            "pools": [
                {"id": "ps", "data_center": "s", "accelerator": "a", "count": 4},
                {"id": "pt", "data_center": "t", "accelerator": "a", "count": 8},
            ],
            "links": [{"source": "s", "target": "t", "bandwidth_gbps": 1, "latency_ms": 1}],
            "policies": [{"id": "de", "allow": ["DE"]}],
            "workloads": [{**workload, **fields}],
        }
    )


def job(count: int = 4, hours: float = 1, **fields: Any) -> Problem:
    needs = [{"accelerator": "a", "count": count, "hours": hours}]
    return world({"kind": "training", "id": "j", "needs": needs}, **fields)


def chat(**fields: Any) -> Problem:
    serving = [{"accelerator": "a", "requests_per_second": 1}]
    demand = [{"location": "s", "requests_per_second": 1}]
    return world({"kind": "inference", "id": "v", "serving": serving, "demand": demand}, **fields)


@pytest.mark.parametrize(
    ("problem", "short"),
    [
        (job(memory_gb_per_accelerator=81), "it needs 81 GB, and the largest has 80"),
        (chat(memory_gb_per_accelerator=100.5), "it needs 100.5 GB, and the largest has 80"),
        (job(9), "9 are needed where 'pt' holds 8"),
        (job(8, policy="de"), "8 are needed where 'ps' holds 4"),
        (
            job(hours=3, deadline_hours=2.5, earliest_start_hours=0.25),
            "at its fastest it takes 3.00 h, and it may run from 0.25 h to its deadline at 2.50 h",
        ),
    ],
)
def test_what_is_needed_and_what_there_is(problem: Problem, short: str) -> None:
    plan = solve(problem)
    assert not check(problem, plan)
    (entry, *_) = plan.left_out
    assert entry.detail.endswith(f": {short}")


def test_a_pool_that_is_fast_but_out_of_reach_is_not_told() -> None:
    """The fast cards are where the dataset has no way to; the others take 3 hours, and there are 2.5."""
    data = job(dataset={"at": ["s"], "gb": 1}, deadline_hours=2.5).model_dump(mode="json", exclude_unset=True)
    data["accelerators"].append({**data["accelerators"][0], "id": "fast"})
    data["pools"][1]["accelerator"] = "fast"
    data["links"] = []
    data["workloads"][0]["needs"] = [
        {"accelerator": "a", "count": 4, "hours": 3},
        {"accelerator": "fast", "count": 4, "hours": 1},
    ]
    (entry,) = solve(Problem.parse(data)).left_out
    assert entry.reason == "deadline"
    assert "at its fastest it takes 3.00 h" in entry.detail


# The world of the verifier's cases: 20 and 16 big accelerators, two ways from the town to both sites.
# Big ones draw 1 kW at home and 1.2 kW in the cloud, 4 for 10 h emit 0.008 and 0.0048 tCO2e, and cost 2.40
# USD beside commitments of 104 USD.
TOLD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (by_hand.job(policy="us"), {}, "'us' bars processing in DE, FR, where all of them are"),
    (by_hand.service("small", policy="home-only"), {}, "it can use 'small', and they have 'big'"),
    (by_hand.service("small", 9), {}, "a replica needs 9 where 'cloud-small' holds 8"),
    (by_hand.split(42), {}, "42 are needed over up to 2 sites where 'home-big' holds 20"),
    (by_hand.job(17), by_hand.pin(data_center="cloud"), "it is pinned to 'cloud'"),
    (by_hand.fed("town"), by_hand.links(), "there is none from 'town' to 'cloud', 'home'"),
    (
        by_hand.fed("town", policy="not-by-lux"),
        by_hand.links("relay--home", "town--relay"),
        "the shortest, from 'town' to 'home', passes LU at link 'relay--home'",
    ),
    (
        by_hand.service(policy="not-by-germany"),
        by_hand.limits("home"),
        "the shortest, from 'town' to 'home', passes DE at node 'home'",
    ),
    # 90,000 GB within 10 h are 20 Gbit/s.
    (
        by_hand.job(dataset={"at": ["town"], "gb": 90_000}),
        {},
        "20.000 Gbit/s are needed, and the widest way, from 'town' to 'home', has 10.000",
    ),
    (
        by_hand.split(24),
        by_hand.links("home--cloud", bandwidth_gbps=0.9),
        "1.000 Gbit/s are needed, and the widest way, from 'home' to 'cloud', has 0.720",
    ),
    (by_hand.split(24, rtt_ms=9), {}, "between 'home' and 'cloud', takes 10.0 ms of at most 9.0"),
    (by_hand.service(max_rtt_ms=9.9), {}, "the least round trip, to 'home', takes 10.0 ms of at most 9.9"),
    (
        by_hand.service(max_latency_ms=14.9),
        {},
        "from 'home-big', takes 15.0 ms, 5.0 of them to serve it, of at most 14.9",
    ),
    (
        by_hand.split(24, deadline_hours=19),
        {},
        "at its fastest it takes 20.00 h, and it may run from 0.00 h to its deadline at 19.00 h",
    ),
    (by_hand.job(), by_hand.powered(3.9), "4 accelerators draw 4.0 kW at 'home', where 3.9 are permitted"),
    (by_hand.job(), by_hand.limits(carbon_cap_tco2e=0.0047), "at least 0.0048 tCO2e, at 'cloud', of 0.0047"),
    (by_hand.job(), by_hand.limits("home", budget_usd=106.3), "at least 2.40 USD, in 'home-big', of 2.30"),
    (by_hand.service(min_sites=2), by_hand.limits("home"), "it asks for 2, and 'home' can"),
]


@pytest.mark.parametrize(("workload", "fields", "figures"), TOLD)
def test_every_reason_has_its_figures(workload: dict[str, Any], fields: dict[str, Any], figures: str) -> None:
    problem = Problem.parse({**by_hand.WORLD, **fields, "workloads": [workload]})
    (entry, *_) = solve(problem).left_out
    assert entry.detail.endswith(figures)
