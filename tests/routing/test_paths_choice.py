"""Latency limits, bandwidth and alternatives on small networks, worked out by hand."""

from __future__ import annotations

from computeroute.routing.paths import PathFinder

from .networks import ask, link, links_of, network, routes


def test_the_limit_forces_a_dearer_route() -> None:
    """Four ways; the limit picks the cheapest that keeps it, not the fastest."""
    ways = [(40, 0.01), (20, 0.02), (10, 0.05), (5, 0.90)]
    problem = network([link(f"user-dc:{ms}", ms, usd) for ms, usd in ways])
    for ms, usd in ways:
        [at_the_limit] = routes(problem, max_rtt_ms=2.0 * ms)
        assert (at_the_limit.rtt_ms, at_the_limit.usd) == (2.0 * ms, usd)
    assert [found.rtt_ms for found in routes(problem, max_rtt_ms=79)] == [40]
    assert [found.rtt_ms for found in routes(problem, max_rtt_ms=39)] == [20]
    assert routes(problem, max_rtt_ms=9.9) == []


def test_the_limit_is_kept_where_no_mix_of_cost_and_latency_shows_the_route() -> None:
    """The middle route is optimal within the limit though above the line between its neighbours."""
    problem = network([link("user-dc:a", 0, 1.0), link("user-dc:b", 5, 0.9), link("user-dc:c", 10, 0.0)])
    assert links_of(routes(problem, max_rtt_ms=12)) == ["user-dc:b"]


def test_the_limit_combines_links_along_the_way() -> None:
    """Of two stretches with a cheap slow and a dear fast link each, speed is bought where it costs least."""
    stretches = [link("user-m:slow", 10, 0.1), link("user-m:fast", 2, 0.5), link("m-dc:slow", 10, 0.1)]
    problem = network([*stretches, link("m-dc:fast", 2, 0.2)])
    assert links_of(routes(problem, max_rtt_ms=40)) == ["user-m:slow m-dc:slow"]
    assert links_of(routes(problem, max_rtt_ms=39)) == ["user-m:slow m-dc:fast"]
    assert links_of(routes(problem, max_rtt_ms=23)) == ["user-m:fast m-dc:fast"]


def test_the_limit_counts_both_ways_of_a_directed_route() -> None:
    links = [link("user>dc:slow", 10, 0.1), link("user>dc:fast", 2, 0.5), link("dc>user:slow", 10, 0.1)]
    problem = network([*links, link("dc>user:fast", 2, 0.2)])
    wishes = {"out_gb": 1, "back_gb": 1}
    found = {limit: routes(problem, max_rtt_ms=limit, **wishes)[0] for limit in (20, 19, 11)}
    ways = {limit: (*route.links, *route.return_links) for limit, route in found.items()}
    assert ways[20] == ("user>dc:slow", "dc>user:slow")
    assert ways[19] == ("user>dc:slow", "dc>user:fast")
    assert ways[11] == ("user>dc:fast", "dc>user:fast")


def test_a_limit_met_exactly_but_for_rounding_is_met() -> None:
    problem = network([link("user-a", 0.1), link("a-b", 0.2), link("b-dc", 0.3), link("user-dc", 9)])
    assert links_of(routes(problem, max_rtt_ms=1.2)) == ["user-a a-b b-dc"]


def test_narrow_links_are_not_crossed() -> None:
    narrow = link("user-dc:narrow", bandwidth_gbps=9)
    reserved = link("user-dc:reserved", 2, bandwidth_gbps=12, reserve_fraction=0.25)
    problem = network([narrow, reserved, link("user-dc:wide", 3, bandwidth_gbps=10)])
    finder = PathFinder(problem)
    needs = [0, 9, 9.1, 10, 10.1]
    found = finder.routes([ask(problem, min_bandwidth_gbps=need) for need in needs])
    assert [links_of(candidates) for candidates in found] == [
        ["user-dc:narrow"],
        ["user-dc:narrow"],
        ["user-dc:wide"],
        ["user-dc:wide"],
        [],
    ]


def test_alternatives_differ_and_rise_in_cost() -> None:
    ways = [0.05, 0.01, 0.04, 0.02, 0.03]
    problem = network([link(f"user-dc:{usd}", 1, usd) for usd in ways])
    found = routes(problem, alternatives=4)
    assert [candidate.usd for candidate in found] == [0.01, 0.02, 0.03, 0.04]
    assert len(routes(problem, alternatives=9)) == 5


def test_alternatives_leave_links_in_use() -> None:
    """All routes share the link at the user; the rest should differ."""
    problem = network([link("user-m"), link("m-dc:1", 1, 0.1), link("m-a", 1, 0.1), link("a-dc", 1, 0.1)])
    assert links_of(routes(problem, alternatives=3)) == ["user-m m-dc:1", "user-m m-a a-dc"]


def test_the_fastest_route_is_among_the_alternatives() -> None:
    problem = network([link(f"user-dc:{k}", 50 - k, 0.01 * k) for k in range(1, 10)])
    found = routes(problem, alternatives=3)
    assert links_of(found) == ["user-dc:1", "user-dc:2", "user-dc:9"]


def test_alternatives_keep_the_limit() -> None:
    problem = network([link(f"user-dc:{ms}", ms, 1 / ms) for ms in (5, 10, 20, 40)])
    assert [found.rtt_ms for found in routes(problem, alternatives=4, max_rtt_ms=50)] == [40, 20, 10]


def test_alternatives_do_without_the_links_to_avoid() -> None:
    problem = network([link(f"user-dc:{k}", 1, 0.01 * k) for k in range(1, 6)])
    avoid = frozenset({"user-dc:2", "user-dc:3", "no such link"})
    assert links_of(routes(problem, alternatives=2, avoid=avoid)) == ["user-dc:1", "user-dc:4"]
    assert links_of(routes(problem, alternatives=2, avoid=avoid | {"user-dc:1"})) == [
        "user-dc:1",
        "user-dc:4",
    ]
    assert links_of(routes(problem, alternatives=1, avoid=frozenset({"user-dc:1"}))) == ["user-dc:1"]


def test_alternatives_use_links_to_avoid_where_nothing_else_is_left() -> None:
    problem = network([link("user-dc:1", 1, 0.1), link("user-dc:2", 1, 0.2)])
    both = frozenset({"user-dc:1", "user-dc:2"})
    assert links_of(routes(problem, alternatives=2, avoid=both)) == ["user-dc:1", "user-dc:2"]


def test_alternatives_one_way_and_over_directed_links() -> None:
    problem = network([link("user>dc:1", 1, 0.1), link("user-dc:2", 1, 0.2), link("dc>user", 1, 0.1)])
    assert links_of(routes(problem, alternatives=3, round_trip=False)) == ["user>dc:1", "user-dc:2"]
    ways = [(found.links, found.return_links) for found in routes(problem, alternatives=2, back_gb=1)]
    assert ways == [(("user>dc:1",), ("dc>user",)), (("user-dc:2",), ("user-dc:2",))]
