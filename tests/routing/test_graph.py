"""The network as a networkx graph, and distances."""

from __future__ import annotations

import networkx as nx
import pytest
from computeroute.routing.graph import build_graph, distance_km, fiber_latency_ms, great_circle_km
from computeroute.routing.problem import Problem
from computeroute.routing.sites import Location


@pytest.fixture
def problem() -> Problem:
    return Problem.parse(
        {
            "name": "three nodes",
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
            "data_centers": [
                {
                    "id": "fra1",
                    "name": "Frankfurt",
                    "jurisdiction": "DE",
                    "latitude": 50.11,
                    "longitude": 8.68,
                    "egress_usd_per_gb": 0.05,
                    "transit": False,
                },
                {"id": "iad1", "jurisdiction": "US-VA", "egress_usd_per_gb": 0.09},
            ],
            "locations": [{"id": "berlin", "jurisdiction": "DE"}],
            "pools": [{"id": "p", "data_center": "fra1", "accelerator": "a", "count": 1}],
            "links": [
                {
                    "source": "berlin",
                    "target": "fra1",
                    "bandwidth_gbps": 10,
                    "latency_ms": 4,
                    "usd_per_gb": 0.01,
                },
                {
                    "source": "berlin",
                    "target": "fra1",
                    "bandwidth_gbps": 100,
                    "latency_ms": 3,
                    "reserve_fraction": 0.2,
                    "egress_usd_per_gb": 0.001,
                },
                {
                    "id": "sea",
                    "source": "fra1",
                    "target": "iad1",
                    "bandwidth_gbps": 400,
                    "latency_ms": 42,
                    "directed": True,
                    "jurisdictions": ["FR"],
                },
            ],
            "workloads": [
                {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 1, "hours": 1}]}
            ],
        }
    )


def test_nodes_carry_what_the_problem_says(problem: Problem) -> None:
    graph = build_graph(problem)
    assert graph.name == "three nodes"
    assert list(graph) == ["fra1", "iad1", "berlin"]
    assert graph.nodes["fra1"] == {
        "kind": "data_center",
        "name": "Frankfurt",
        "jurisdiction": "DE",
        "transit": False,
        "latitude": 50.11,
        "longitude": 8.68,
    }
    assert graph.nodes["berlin"]["kind"] == "location"
    assert graph.nodes["berlin"]["name"] == "berlin"
    assert graph.nodes["berlin"]["latitude"] is None


def test_each_direction_of_a_link_is_an_edge(problem: Problem) -> None:
    assert sorted(build_graph(problem).edges(keys=True)) == [
        ("berlin", "fra1", "berlin--fra1"),
        ("berlin", "fra1", "berlin--fra1#2"),
        ("fra1", "berlin", "berlin--fra1"),
        ("fra1", "berlin", "berlin--fra1#2"),
        ("fra1", "iad1", "sea"),
    ]


def test_edges_carry_the_prices_of_their_direction(problem: Problem) -> None:
    graph = build_graph(problem)
    assert graph.edges["berlin", "fra1", "berlin--fra1#2"] == {
        "latency_ms": 3.0,
        "bandwidth_gbps": 100.0,
        "usable_gbps": 80.0,
        "usd_per_gb": 0.0,
        "egress_usd_per_gb": 0.0,
        "jurisdictions": (),
    }
    assert graph.edges["fra1", "berlin", "berlin--fra1#2"]["egress_usd_per_gb"] == 0.001
    assert graph.edges["fra1", "berlin", "berlin--fra1"]["egress_usd_per_gb"] == 0.05
    assert graph.edges["berlin", "fra1", "berlin--fra1"]["usd_per_gb"] == 0.01
    assert graph.edges["fra1", "iad1", "sea"]["jurisdictions"] == ("FR",)


def test_networkx_finds_shortest_paths_in_it(problem: Problem) -> None:
    graph = build_graph(problem)
    assert nx.shortest_path(graph, "berlin", "iad1", weight="latency_ms") == ["berlin", "fra1", "iad1"]
    assert nx.shortest_path_length(graph, "berlin", "iad1", weight="latency_ms") == 45
    assert not nx.has_path(graph, "iad1", "berlin")


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((50.0, 8.0), (50.0, 8.0), 0.0),
        # A quarter and a half of a circle with radius 6371.0088 km.
        ((0.0, 0.0), (90.0, 17.0), 10007.557),
        ((0.0, -90.0), (0.0, 90.0), 20015.115),
        ((0.0, 179.5), (0.0, -179.5), 111.195),
        # Paris to New York, the usual textbook pair: about 5,837 km.
        ((48.8566, 2.3522), (40.7128, -74.0060), 5837.0),
    ],
)
def test_great_circle(a: tuple[float, float], b: tuple[float, float], km: float) -> None:
    assert great_circle_km(*a, *b) == pytest.approx(km, rel=2e-4)
    assert great_circle_km(*b, *a) == pytest.approx(great_circle_km(*a, *b))


def test_distance_needs_both_places() -> None:
    north = Location(id="a", jurisdiction="DE", latitude=90, longitude=0)
    equator = Location(id="b", jurisdiction="DE", latitude=0, longitude=0)
    assert distance_km(north, equator) == pytest.approx(10007.557)
    assert distance_km(north, Location(id="c", jurisdiction="DE")) is None
    assert distance_km(Location(id="c", jurisdiction="DE"), north) is None
    assert distance_km(north, Location(id="c", jurisdiction="DE", latitude=1)) is None


def test_fiber_latency_is_one_way() -> None:
    # 1,000 km at 299,792.458 km/s over 1.468: 4.8967 ms.
    assert fiber_latency_ms(1000, route_factor=1) == pytest.approx(4.8967, abs=1e-4)
    assert fiber_latency_ms(1000) == pytest.approx(1.5 * 4.8967, abs=1e-4)
    assert fiber_latency_ms(0) == 0
