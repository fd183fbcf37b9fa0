"""The verifier simulates every single loss and names those that a plan does not survive."""

from __future__ import annotations

from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from computeroute.routing.check_survival import lost_requests
from computeroute.routing.plan import Plan
from computeroute.routing.problem import Problem
from computeroute.routing.verifier import check

Data = dict[str, Any]


def problem(**service: Any) -> Problem:
    """Return a town joined with two sites, which are joined too; one hour."""
    serving = {"accelerator": "a", "requests_per_second": 10}
    demand = {"location": "town", "requests_per_second": 40}
    chat = {"kind": "inference", "id": "chat", "demand": [demand], "serving": [serving], **service}
    return Problem.parse({
        "periods": [{"id": "t0", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": [{"id": name, "jurisdiction": "DE"} for name in ("s0", "s1")],
        "pools": [{"id": f"p-{name}", "data_center": name, "accelerator": "a", "count": 8}
                  for name in ("s0", "s1")],
        "locations": [{"id": "town", "jurisdiction": "DE"}],
        "links": [{"source": one, "target": other, "bandwidth_gbps": 1, "latency_ms": 1}
                  for one, other in (("town", "s0"), ("town", "s1"), ("s0", "s1"))],
        "workloads": [chat],
    })  # fmt: skip


def plan(world: Problem, held: tuple[int, int], sent: tuple[float, float]) -> Plan:
    """Return a plan with so many replicas, and so many requests/s sent, at each site; its sums are wrong."""
    pools = [(index, f"p-s{index}", f"s{index}") for index in (0, 1)]
    service = {
        "service": "chat",
        "replicas": [{"period": "t0", "pool": pool, "data_center": site, "replicas": held[index],
                      "accelerators": held[index]} for index, pool, site in pools if held[index]],
        "flows": [{"period": "t0", "location": "town", "pool": pool, "data_center": site,
                   "requests_per_second": sent[index], "route": f"r{index}", "rtt_ms": 2, "latency_ms": 2}
                  for index, pool, site in pools if sent[index]],
        "requests_per_second": sum(sent), "mean_rtt_ms": 2, "worst_rtt_ms": 2, "cost": {},
    }  # fmt: skip
    routes = [
        {"id": f"r{index}", "origin": "town", "destination": site, "nodes": ["town", site],
         "links": [f"town--{site}"], "return_nodes": [site, "town"], "return_links": [f"town--{site}"],
         "latency_ms": 1, "rtt_ms": 2, "jurisdictions": ["DE"]}
        for index, _, site in pools
    ]  # fmt: skip
    return Plan.parse({
        "status": "feasible", "objective": 0, "bound": 0, "gap": 0, "runtime_seconds": 1, "solver": "hand",
        "solver_version": "1", "seed": 0, "problem_name": world.name, "problem_digest": world.digest,
        "services": [service], "routes": routes,
    })  # fmt: skip


def lost(world: Problem, held: tuple[int, int], sent: tuple[float, float]) -> list[str]:
    found = check(world, plan(world, held, sent))
    return [str(violation) for violation in found if violation.constraint.startswith("survive")]


def test_a_plan_without_a_reserve_is_caught() -> None:
    assert lost(problem(survive="site"), (4, 0), (40, 0)) == [
        "survive_site: service 'chat', data center 's0': 40 of 40 requests/s are lost with it in period 't0'"
    ]


def test_a_reserve_that_is_too_small_is_caught() -> None:
    assert lost(problem(survive="site"), (4, 3), (40, 0)) == [
        "survive_site: service 'chat', data center 's0': 10 of 40 requests/s are lost with it in period 't0'"
    ]


def test_every_loss_that_matters_is_named() -> None:
    half = "20 of 40 requests/s are lost with it in period 't0'"
    assert lost(problem(survive="site"), (2, 2), (20, 20)) == [
        f"survive_site: service 'chat', data center '{site}': {half}" for site in ("s0", "s1")
    ]


@pytest.mark.parametrize("held", [(4, 4), (5, 4)])
def test_a_plan_with_its_reserve_is_none_the_worse(held: tuple[int, int]) -> None:
    assert lost(problem(survive="site"), held, (40, 0)) == []


def test_only_what_is_served_has_to_be_served_after_a_loss() -> None:
    assert lost(problem(survive="site"), (3, 3), (30, 0)) == []


def test_what_does_not_ask_for_it_needs_no_reserve() -> None:
    assert lost(problem(), (4, 0), (40, 0)) == []


def test_a_link_may_be_gone_round() -> None:
    assert lost(problem(survive="link"), (4, 0), (40, 0)) == []


def test_a_way_round_that_is_too_long_is_none() -> None:
    assert lost(problem(survive="link", max_rtt_ms=3.9), (4, 1), (40, 0)) == [
        "survive_link: service 'chat', link 'town--s0': 30 of 40 requests/s are lost with it in period 't0'"
    ]
    assert lost(problem(survive="link", max_rtt_ms=4), (4, 1), (40, 0)) == []


def test_the_target_utilization_holds_after_a_loss() -> None:
    assert lost(problem(survive="site", target_utilization=0.5), (8, 7), (40, 0)) == [
        "survive_site: service 'chat', data center 's0': 5 of 40 requests/s are lost with it in period 't0'"
    ]


def test_replicas_that_do_not_run_are_no_reserve() -> None:
    serving = [{"accelerator": "b", "requests_per_second": 10}]
    data = problem(survive="site").model_dump(mode="json")
    data["accelerators"].append({**data["accelerators"][0], "id": "b"})
    data["pools"][0]["accelerator"], data["workloads"][0]["serving"] = "b", serving
    assert lost(Problem.parse(data), (4, 4), (40, 0)) == [
        "survive_site: service 'chat', data center 's0': 40 of 40 requests/s are lost with it in period 't0'"
    ]


@pytest.mark.parametrize("seed", range(36))
def test_what_is_lost_is_what_a_maximum_flow_leaves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    locations, pools = rng.integers(1, 6, 2)
    served, capacity = rng.integers(0, 9, (3, locations)), rng.integers(0, 9, (3, pools))
    reach = rng.random((locations, pools)) < Random(seed).choice([0.2, 0.5, 0.9])
    found = lost_requests(served.astype(float), capacity.astype(float), reach)
    for period in range(3):
        graph = nx.DiGraph()
        graph.add_nodes_from(["from", "to"])
        for user in range(locations):
            graph.add_edge("from", ("user", user), capacity=int(served[period, user]))
            for pool in np.flatnonzero(reach[user]).tolist():
                graph.add_edge(("user", user), ("pool", pool))
        for pool in range(pools):
            graph.add_edge(("pool", pool), "to", capacity=int(capacity[period, pool]))
        flow = nx.maximum_flow_value(graph, "from", "to")
        assert found[period] == pytest.approx(served[period].sum() - flow, abs=1e-6)
