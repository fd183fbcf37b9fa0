"""The verifier's least round trips are those that the path finder finds, which shares no code with it."""

from __future__ import annotations

import math
from random import Random

import pytest
from computeroute.routing import check_reach
from computeroute.routing.check_reach import Reach, Rules
from computeroute.routing.paths import PathFinder
from computeroute.routing.problem import Problem

from .networks import link, network

# From t over a to dc, undirected, takes 2 x 5 ms. The way back of 1 ms is open only to ways out over a
# directed link: the one from a to b and back to a passes a twice, the one of 9 ms does not.
KNOT = [
    *(link("t-a", 1), link("a-dc", 4), link("dc>t", 1)),
    *(link("a>b", 1), link("b>a", 1), link("t>dc", 9)),
]


def bounds(problem: Problem, origin: str, site: str, policy: str | None) -> tuple[float, float]:
    return Reach(problem).round_trip(origin, site, Rules(policy=problem.residency(policy)))


def test_a_way_out_passes_no_node_twice() -> None:
    assert bounds(network(KNOT), "t", "dc", None) == (10, 10)
    near = [*KNOT[:-1], link("t>dc", 7)]
    assert bounds(network(near), "t", "dc", None) == (8, 8)


def test_what_is_too_long_to_seek_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    # At least 1 + 1 + 1 + 4 ms out, if a could be passed twice, and 1 back; at most 2 x 5.
    monkeypatch.setattr(check_reach, "MOST_PARTS", 0)
    assert bounds(network(KNOT), "t", "dc", None) == (8, 10)


@pytest.mark.parametrize("seed", range(60))
def test_the_least_round_trips_are_those_of_the_path_finder(seed: int) -> None:
    rng = Random(seed)
    nodes = ["dc", *"abcdef"]
    ends = [rng.sample(nodes, 2) for _ in range(rng.randint(6, 14))]
    names = [f"{one}{rng.choice('->')}{other}:{number}" for number, (one, other) in enumerate(ends)]
    links = [
        link(name, rng.choice([0, 1, 2, 5, 9]), jurisdictions=rng.choice([[], [], ["US"]])) for name in names
    ]
    laws = {name: {"jurisdiction": rng.choice(["DE", "DE", "US"])} for name in "abcdef"}
    places = {name: {**laws[name], "transit": rng.random() < 0.8} for name in "abcdef"}
    problem = network(links, places=places)
    for policy in (None, "no-us"):
        matrix = PathFinder(problem).shortest_rtt_matrix(nodes, ["dc"], problem.residency(policy))
        for origin, rtt_ms in zip(nodes, matrix[:, 0].tolist(), strict=True):
            least = math.inf if math.isnan(rtt_ms) else rtt_ms
            assert bounds(problem, origin, "dc", policy) == (least, least)
