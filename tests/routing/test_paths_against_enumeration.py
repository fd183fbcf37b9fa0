"""The path finder against plain enumeration of all simple paths on small random networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import inf, isclose, isnan

import networkx as nx
import pytest
from computeroute.routing.graph import build_graph
from computeroute.routing.paths import Candidate, PathFinder, RouteRequest
from computeroute.routing.problem import Problem
from hypothesis import given, settings
from hypothesis import strategies as st

JURISDICTIONS = ("DE", "US", "CN-SH")
Steps = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Route:
    """One admissible route found by enumeration."""

    out: Steps
    back: Steps
    usd: float
    rtt_ms: float


def _steps(problem: Problem, source: str, target: str) -> list[Steps]:
    graph = build_graph(problem)
    return [tuple(path) for path in nx.all_simple_edge_paths(graph, source, target)]


def _is_lawful(problem: Problem, request: RouteRequest, steps: Steps, entered: list[str]) -> bool:
    """Whether links and the nodes entered may be passed, and the nodes between are open to transit."""
    may_pass = request.residency.may_pass
    links = [problem.link[key] for _, _, key in steps]
    between = [head for _, head, _ in steps[:-1]]
    return (
        all(may_pass(code) for link in links for code in link.jurisdictions)
        and all(
            link.bandwidth_gbps * (1 - link.reserve_fraction) >= request.min_bandwidth_gbps for link in links
        )
        and all(may_pass(problem.nodes[node].jurisdiction) for node in entered)
        and all(problem.nodes[node].transit for node in between)
    )


def _sum(problem: Problem, steps: Steps) -> tuple[float, float]:
    """Price of a GB and latency of some steps."""
    graph = build_graph(problem)
    edges = [graph.edges[step] for step in steps]
    usd = sum(edge["usd_per_gb"] + edge["egress_usd_per_gb"] for edge in edges)
    return usd, sum(edge["latency_ms"] for edge in edges)


def enumerate_routes(problem: Problem, request: RouteRequest) -> list[Route]:
    """Every admissible route of a request, whatever its round trip."""
    origin, destination = request.origin, request.destination
    outs = [
        steps
        for steps in _steps(problem, origin, destination)
        if _is_lawful(problem, request, steps, [head for _, head, _ in steps])
    ]
    backs = [
        steps
        for steps in _steps(problem, destination, origin)
        if _is_lawful(problem, request, steps, [head for _, head, _ in steps[:-1]])
    ]
    pairs: list[tuple[Steps, Steps]] = []
    for out in outs:
        if not request.round_trip:
            pairs.append((out, ()))
        elif any(problem.link[key].directed for _, _, key in out):
            pairs += [(out, back) for back in backs]
        else:
            pairs.append((out, tuple((head, tail, key) for tail, head, key in reversed(out))))
    return [_priced(problem, request, out, back) for out, back in pairs]


def _priced(problem: Problem, request: RouteRequest, out: Steps, back: Steps) -> Route:
    (usd_out, ms_out), (usd_back, ms_back) = _sum(problem, out), _sum(problem, back)
    if not request.round_trip:
        return Route(out, back, request.out_gb * usd_out, 0.0)
    rtt_ms = ms_out + ms_back
    usd = request.out_gb * usd_out + request.back_gb * usd_back + request.usd_per_ms * rtt_ms
    return Route(out, back, usd, rtt_ms)


def _as_steps(nodes: tuple[str, ...], links: tuple[str, ...]) -> Steps:
    return tuple(zip(nodes, nodes[1:], links, strict=False))


def close(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)


# Few distinct values make ties; zeros are the awkward case.
prices = st.sampled_from([0.0, 0.0, 0.01, 0.02, 0.05, 1.0])
latencies = st.sampled_from([0.0, 1.0, 2.0, 5.0, 11.0])

SOME = st.sampled_from([False, False, True])


@st.composite
def networks(draw: st.DrawFn, directed: st.SearchStrategy[bool] = SOME) -> Problem:
    names = [f"n{k}" for k in range(draw(st.integers(2, 6)))]
    sites = draw(st.integers(1, len(names)))
    nodes = [
        {
            "id": name,
            "jurisdiction": draw(st.sampled_from(JURISDICTIONS)),
            "transit": draw(st.sampled_from([True, True, True, False])),
        }
        for name in names
    ]
    for node in nodes[:sites]:
        node["egress_usd_per_gb"] = draw(prices)
    pairs = [(a, b) for a, b in product(names, names) if a != b]
    links = []
    for source, target in draw(st.lists(st.sampled_from(pairs), max_size=9)):
        link = {
            "source": source,
            "target": target,
            "bandwidth_gbps": draw(st.sampled_from([1.0, 10.0])),
            "latency_ms": draw(latencies),
            "usd_per_gb": draw(prices),
            "directed": draw(directed),
            "jurisdictions": draw(st.lists(st.sampled_from(JURISDICTIONS), max_size=1)),
            "reserve_fraction": draw(st.sampled_from([0.0, 0.0, 0.5])),
        }
        if draw(st.booleans()):
            link["egress_usd_per_gb"] = draw(prices)
        links.append(link)
    codes = st.lists(st.sampled_from(["DE", "US", "CN", "CN-SH", "G"]), min_size=1, max_size=4)
    policy = {"id": "rule"}
    if draw(st.booleans()):
        policy["transit_allow"] = draw(codes)
    if draw(st.sampled_from([False, False, True])):
        policy["transit_deny"] = draw(codes)
    return Problem.parse(
        {
            "groups": {"G": ["DE", "CN"]},
            "policies": [policy],
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
            "data_centers": nodes[:sites],
            "locations": nodes[sites:],
            "pools": [{"id": "p", "data_center": "n0", "accelerator": "a", "count": 1}],
            "links": links,
            "workloads": [
                {"id": "j", "kind": "training", "needs": [{"accelerator": "a", "count": 1, "hours": 1}]}
            ],
        }
    )


@st.composite
def cases(draw: st.DrawFn, directed: st.SearchStrategy[bool] = SOME) -> tuple[Problem, RouteRequest]:
    problem = draw(networks(directed))
    names = list(problem.nodes)
    origin, destination = draw(st.permutations(names))[:2]
    request = RouteRequest(
        residency=problem.residency(draw(st.sampled_from([None, "rule"]))),
        origin=origin,
        destination=destination,
        max_rtt_ms=draw(st.sampled_from([None, 4.0, 8.0, 14.0, 26.0])),
        out_gb=draw(st.sampled_from([0.0, 1.0, 3.0])),
        back_gb=draw(st.sampled_from([0.0, 1.0, 0.5])),
        usd_per_ms=draw(st.sampled_from([0.0, 0.0, 0.001])),
        round_trip=draw(st.sampled_from([True, True, True, False])),
        alternatives=draw(st.integers(1, 4)),
        min_bandwidth_gbps=draw(st.sampled_from([0.0, 0.0, 5.0])),
        avoid=frozenset(draw(st.lists(st.sampled_from(list(problem.link) or ["none"]), max_size=2))),
    )
    return problem, request


def _admissible(problem: Problem, request: RouteRequest) -> dict[tuple[Steps, Steps], Route]:
    limit_ms = inf if request.max_rtt_ms is None or not request.round_trip else request.max_rtt_ms
    everything = enumerate_routes(problem, request)
    return {(route.out, route.back): route for route in everything if route.rtt_ms <= limit_ms + 1e-9}


def _check(problem: Problem, request: RouteRequest, found: list[Candidate]) -> None:
    admissible = _admissible(problem, request)
    assert bool(found) == bool(admissible)
    used = [
        (_as_steps(route.nodes, route.links), _as_steps(route.return_nodes, route.return_links))
        for route in found
    ]
    assert len(set(used)) == len(used) <= request.alternatives
    for candidate, steps in zip(found, used, strict=True):
        assert close(candidate.usd, admissible[steps].usd)
        assert close(candidate.rtt_ms, admissible[steps].rtt_ms)
    if found:
        assert close(found[0].usd, min(route.usd for route in admissible.values()))


@pytest.mark.no_cover
@settings(max_examples=120, deadline=None)
@given(cases())
def test_candidates_are_admissible_and_the_first_is_the_cheapest(case: tuple[Problem, RouteRequest]) -> None:
    problem, request = case
    _check(problem, request, PathFinder(problem).routes([request])[0])


@pytest.mark.no_cover
@settings(max_examples=80, deadline=None)
@given(cases(directed=st.just(False)))
def test_undirected_networks(case: tuple[Problem, RouteRequest]) -> None:
    """There, two candidates are found wherever there are two."""
    problem, request = case
    found = PathFinder(problem).routes([request])[0]
    _check(problem, request, found)
    if found and request.alternatives > 1:
        assert len(found) > 1 or len(_admissible(problem, request)) == 1


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_fastest_route_and_the_reason_for_none(case: tuple[Problem, RouteRequest]) -> None:
    problem, request = case
    finder = PathFinder(problem)
    everything = enumerate_routes(problem, replace(request, round_trip=True, min_bandwidth_gbps=0.0))
    [[rtt_ms]] = finder.shortest_rtt_matrix([request.origin], [request.destination], request.residency)
    if everything:
        assert close(rtt_ms, min(route.rtt_ms for route in everything))
    else:
        assert isnan(rtt_ms)
    assert finder.why_not(request) == _reason(problem, request)


def _reason(problem: Problem, request: RouteRequest) -> str | None:
    if _admissible(problem, request):
        return None
    if enumerate_routes(problem, request):
        return "latency"
    anywhere = replace(request, residency=problem.residency(None))
    return "transit" if enumerate_routes(problem, anywhere) else "route"
