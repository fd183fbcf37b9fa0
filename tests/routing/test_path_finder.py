"""The path finder as a tool: reasons, matrices, bulk, threads, faults."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from computeroute.routing.errors import InputError, UnknownNameError
from computeroute.routing.paths import PathFinder, RouteRequest

from .networks import ask, link, network, routes


def test_why_not() -> None:
    links = [link("user-m", 10), link("m-dc", 10), link("far>user")]
    problem = network(links, places={"m": {"jurisdiction": "US"}, "island": {}})
    finder = PathFinder(problem)
    assert finder.why_not(ask(problem)) is None
    assert finder.why_not(ask(problem, max_rtt_ms=40, alternatives=3)) is None
    assert finder.why_not(ask(problem, max_rtt_ms=39)) == "latency"
    assert finder.why_not(ask(problem, "no-us")) == "transit"
    assert finder.why_not(ask(problem, "no-us", max_rtt_ms=1)) == "transit"
    assert finder.why_not(ask(problem, origin="island")) == "route"
    assert finder.why_not(ask(problem, origin="far")) == "route"
    assert finder.why_not(ask(problem, origin="far", round_trip=False)) is None
    assert finder.why_not(ask(problem, min_bandwidth_gbps=11)) == "route"
    assert finder.why_not_all([ask(problem), ask(problem, "no-us")]) == [None, "transit"]


def test_shortest_rtt_matrix() -> None:
    problem = network(
        [link("user-dc", 10), link("user-m", 3), link("m-dc", 4), link("dc>east", 2), link("east>dc", 1)],
        sites={"east": {"jurisdiction": "US"}},
        places={"island": {}},
    )
    finder = PathFinder(problem)
    free = finder.shortest_rtt_matrix(["user", "dc", "island"], ["dc", "east"], problem.residency(None))
    np.testing.assert_array_equal(free, [[14, 17], [0, 3], [np.nan, np.nan]])
    bound = finder.shortest_rtt_matrix(["user", "dc"], ["dc", "east"], problem.residency("no-us"))
    np.testing.assert_array_equal(bound, [[14, np.nan], [0, np.nan]])
    assert finder.shortest_rtt_matrix([], ["dc"], problem.residency(None)).shape == (0, 1)


def test_many_requests_are_answered_in_order_and_alike() -> None:
    problem = network(
        [link("user-m", 3, 0.01), link("m-dc", 4, 0.02), link("user-dc", 5, 0.05), link("dc>user", 1)]
    )
    finder = PathFinder(problem)
    requests = [
        ask(problem, policy, origin=origin, round_trip=round_trip, out_gb=gb, alternatives=count)
        for policy in (None, "eu", "no-us")
        for origin in ("m", "user", "dc")
        for round_trip in (True, False)
        for gb in (1, 2)
        for count in (1, 2)
    ] * 2
    together = finder.routes(requests)
    assert together == [PathFinder(problem).routes([request])[0] for request in requests]
    together[0].clear()
    assert finder.routes(requests[:1])[0], "callers own the lists they get"


def test_twice_the_volume_costs_twice_as_much() -> None:
    problem = network([link("user-dc", 3, 0.01)])
    once, twice = PathFinder(problem).routes(
        [ask(problem, out_gb=gb, back_gb=gb, usd_per_ms=gb / 10) for gb in (1, 2)]
    )
    assert twice[0].usd == pytest.approx(2 * once[0].usd)


def test_threads_and_processes_may_share_a_finder() -> None:
    problem = network([link("user-m", 3), link("m-dc", 4), link("user-dc", 9)])
    finder = PathFinder(problem)
    requests = [ask(problem, policy, max_rtt_ms=15) for policy in (None, "eu", "no-us", "cn")] * 10
    expected = PathFinder(problem).routes(requests)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(lambda _: finder.routes(requests), range(8)))
    assert pickle.loads(pickle.dumps(finder)).routes(requests) == expected


def test_no_requests() -> None:
    assert PathFinder(network([link("user-dc")])).routes([]) == []


@pytest.mark.parametrize("end", ["origin", "destination"])
def test_unknown_nodes_are_named(end: str) -> None:
    problem = network([link("user-dc")])
    with pytest.raises(UnknownNameError, match="unknown node 'usr'; did you mean 'user'"):
        routes(problem, **{end: "usr"})


@pytest.mark.parametrize(
    ("wish", "value"),
    [
        ("out_gb", -1.0),
        ("back_gb", float("nan")),
        ("usd_per_ms", float("inf")),
        ("min_bandwidth_gbps", -1.0),
        ("max_rtt_ms", float("nan")),
        ("max_rtt_ms", -1.0),
        ("alternatives", 0),
    ],
)
def test_impossible_wishes_are_refused(wish: str, value: float) -> None:
    problem = network([link("user-dc")])
    with pytest.raises(InputError, match=wish):
        RouteRequest(problem.residency(None), "user", "dc", **{wish: value})
