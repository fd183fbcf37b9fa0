"""Routes on small networks with answers worked out by hand."""

from __future__ import annotations

import pytest
from computeroute.routing.paths import Candidate, PathFinder

from .networks import ask, link, links_of, network, routes


def test_empty_route_where_data_already_is() -> None:
    problem = network([link("user-dc")], policies=[{"id": "none", "transit_allow": ["US"]}])
    [only] = routes(problem, "none", origin="dc", destination="dc", max_rtt_ms=0, alternatives=3)
    assert only == Candidate(("dc",), (), (), (), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_candidate_tells_links_latency_and_prices_of_both_directions() -> None:
    problem = network(
        [link("user-mid", 3, 0.01), link("mid-dc", 4, 0.02)], sites={"dc": {"egress_usd_per_gb": 0.09}}
    )
    [only] = routes(problem, out_gb=2, back_gb=3, usd_per_ms=0.001)
    assert only.nodes == ("user", "mid", "dc")
    assert only.links == ("user-mid", "mid-dc")
    assert only.return_nodes == ("dc", "mid", "user")
    assert only.return_links == ("mid-dc", "user-mid")
    assert (only.latency_ms, only.rtt_ms) == (7, 14)
    assert (only.out_link_usd_per_gb, only.out_egress_usd_per_gb) == pytest.approx((0.03, 0))
    assert (only.back_link_usd_per_gb, only.back_egress_usd_per_gb) == pytest.approx((0.03, 0.09))
    assert only.usd == pytest.approx(2 * 0.03 + 3 * 0.12 + 0.001 * 14)


def test_one_way_has_no_way_back_no_limit_and_no_price_of_latency() -> None:
    problem = network([link("user-dc", 30, 0.01)])
    [only] = routes(problem, round_trip=False, max_rtt_ms=1, out_gb=5, back_gb=7, usd_per_ms=1)
    assert only.return_nodes == only.return_links == ()
    assert (only.latency_ms, only.rtt_ms) == (30, 0)
    assert only.usd == pytest.approx(0.05)


def test_of_parallel_links_each_metric_takes_its_own() -> None:
    problem = network([link("user-dc:dear", 1, 0.5), link("user-dc:cheap", 9, 0.1)])
    assert links_of(routes(problem)) == ["user-dc:cheap"]
    assert links_of(routes(problem, usd_per_ms=1)) == ["user-dc:dear"]
    assert links_of(routes(problem, max_rtt_ms=17.9)) == ["user-dc:dear"]
    assert links_of(routes(problem, alternatives=2)) == ["user-dc:cheap", "user-dc:dear"]


def test_egress_is_paid_by_direction() -> None:
    """Out over the site that charges little to leave, unless the way back is what counts."""
    problem = network(
        [link("user-low"), link("low-dc"), link("user-high"), link("high-dc", egress_usd_per_gb=0.5)],
        sites={"dc": {"egress_usd_per_gb": 1.0}, "low": {"egress_usd_per_gb": 0.2}},
    )
    # Out: user has no egress price, low charges 0.2, high is no site.
    # Back: dc charges 1.0, or 0.5 over high-dc, and low 0.2 again.
    [over_high] = routes(problem, out_gb=1, back_gb=0)
    assert (over_high.nodes[1], over_high.usd) == ("high", 0.0)
    assert over_high.back_egress_usd_per_gb == 0.5
    cheapest, other = routes(problem, out_gb=1, back_gb=1, alternatives=2)
    assert (cheapest.nodes[1], cheapest.usd) == ("high", 0.5)
    assert (other.nodes[1], other.usd) == ("low", pytest.approx(0.2 + 1.0 + 0.2))


def test_a_directed_link_sends_the_way_back_elsewhere() -> None:
    problem = network(
        [link("user>dc", 1), link("dc>mid", 2, 0.1), link("mid-user", 3), link("dc>user:slow", 50)]
    )
    cheapest, fastest = routes(problem, out_gb=0, back_gb=1, alternatives=2)
    assert (cheapest.links, cheapest.return_links, cheapest.rtt_ms) == (("user>dc",), ("dc>user:slow",), 51)
    assert (fastest.return_nodes, fastest.return_links) == (("dc", "mid", "user"), ("dc>mid", "mid-user"))
    assert (fastest.latency_ms, fastest.rtt_ms, fastest.usd) == (1, 6, 0.1)


def test_undirected_ways_out_come_back_as_they_went() -> None:
    """The quick directed way back is not to be had by one who went out over an undirected link."""
    problem = network([link("user-dc", 10), link("dc>user", 1)])
    [only] = routes(problem, alternatives=3, usd_per_ms=1)
    assert (only.return_links, only.rtt_ms) == (("user-dc",), 20)


def test_a_detour_over_a_directed_link_must_not_pass_a_node_twice() -> None:
    """Going round user>a-user would open the quick way back; such a loop is no route."""
    problem = network([link("user-dc", 10), link("dc>user", 1), link("user>a", 0), link("a-user", 0)])
    [only] = routes(problem, usd_per_ms=1)
    assert (only.links, only.rtt_ms) == (("user-dc",), 20)


def test_a_simple_detour_over_a_directed_link_is_found_behind_a_loop() -> None:
    """Round the loop 11 ms, over user>far-dc 13 ms, as it went 20 ms."""
    links = [
        link("user-dc", 10),
        link("dc>user", 1),
        link("user>a", 0),
        link("a-user", 0),
        link("user>far", 4),
    ]
    problem = network([*links, link("far-dc", 8)])
    [only] = routes(problem, usd_per_ms=1)
    assert (only.links, only.return_links, only.rtt_ms) == (("user>far", "far-dc"), ("dc>user",), 13)
    [limited] = routes(problem, max_rtt_ms=13)
    assert limited.links == only.links
    assert routes(problem, max_rtt_ms=12.9) == []


def test_round_trip_needs_a_way_back_and_one_way_does_not() -> None:
    problem = network([link("user>dc")])
    assert routes(problem) == []
    assert links_of(routes(problem, round_trip=False)) == ["user>dc"]
    assert routes(problem, origin="dc", destination="user", round_trip=False) == []


def test_disconnected() -> None:
    problem = network([link("user-mid")])
    assert routes(problem, alternatives=3) == []
    assert routes(problem, round_trip=False) == []


def test_no_links_at_all() -> None:
    problem = network([], places={"user": {}})
    assert routes(problem) == []
    assert routes(problem, round_trip=False) == []
    assert PathFinder(problem).why_not(ask(problem)) == "route"


def test_zero_latency_links_cost_nothing_and_fewer_hops_win() -> None:
    problem = network([link("user-a", 0), link("a-dc", 0), link("user-dc", 0)])
    first, other = routes(problem, alternatives=2, max_rtt_ms=0)
    assert (first.links, first.rtt_ms) == (("user-dc",), 0)
    assert (other.links, other.rtt_ms) == (("user-a", "a-dc"), 0)


def test_ties_go_to_latency_then_hops_then_file_order() -> None:
    slow_first = network(
        [link("user-dc:slow", 2), link("user-a", 0.5), link("a-dc", 0.5), link("user-dc", 1)]
    )
    assert links_of(routes(slow_first)) == ["user-dc"]
    twins = network(
        [link("user-b"), link("b-dc"), link("user-a"), link("a-dc"), link("a-dc:2"), link("b-dc:2")]
    )
    assert links_of(routes(twins)) == ["user-b b-dc"]
    reordered = network([link("user-a"), link("a-dc:2"), link("a-dc"), link("user-b"), link("b-dc")])
    assert links_of(routes(reordered)) == ["user-a a-dc:2"]


@pytest.mark.parametrize(
    ("policy", "jurisdiction", "passes"),
    [
        ("no-us", "US", False),
        ("no-us", "US-VA", False),
        ("no-us", "NL", True),
        ("eu", "NL", True),
        ("eu", "FR", False),
        ("no-sh", "CN-SH", False),
        ("no-sh", "CN", True),
        ("no-sh", "CN-BJ", True),
        (None, "US", True),
    ],
)
def test_forbidden_nodes_and_links_are_gone_round(
    policy: str | None, jurisdiction: str, passes: bool
) -> None:
    detour = [link("user-x", 5), link("x-dc", 5)]
    by_node = network([link("user-m"), link("m-dc"), *detour], places={"m": {"jurisdiction": jurisdiction}})
    by_link = network([link("user-m"), link("m-dc", jurisdictions=["DE", jurisdiction]), *detour])
    expected = ["user-m m-dc"] if passes else ["user-x x-dc"]
    for problem in (by_node, by_link):
        assert links_of(routes(problem, policy)) == expected
        assert links_of(routes(problem, policy, round_trip=False)) == expected


def test_a_country_covers_its_subdivisions_not_the_other_way() -> None:
    problem = network([link("user-dc")], sites={"dc": {"jurisdiction": "CN"}})
    assert routes(problem, "cn")
    assert routes(problem, "sh") == []


def test_the_origin_is_exempt_and_the_destination_is_not() -> None:
    problem = network(
        [link("user-m"), link("m-dc")],
        sites={"dc": {"jurisdiction": "DE"}, "away": {"jurisdiction": "US"}},
        places={"user": {"jurisdiction": "US"}},
    )
    [there_and_back] = routes(problem, "eu")
    assert there_and_back.return_nodes == ("dc", "m", "user")
    assert routes(problem, "eu", origin="dc", destination="user") == []
    assert routes(problem, "eu", origin="dc", destination="user", round_trip=False) == []


def test_a_directed_way_back_may_end_at_the_exempt_origin_but_not_pass_forbidden_nodes() -> None:
    links = [link("user>dc"), link("dc>m", 1), link("m>user", 1), link("dc>n", 5), link("n>user", 5)]
    places = {"user": {"jurisdiction": "US"}, "m": {"jurisdiction": "US"}}
    problem = network(links, places=places)
    assert [found.return_links for found in routes(problem, "no-us")] == [("dc>n", "n>user")]
    assert [found.return_links for found in routes(problem)] == [("dc>m", "m>user")]


def test_nodes_closed_to_transit_are_ends_only() -> None:
    problem = network(
        [link("user-m"), link("m-dc"), link("user-x", 5), link("x-dc", 5)],
        sites={"dc": {"transit": False}},
        places={"m": {"transit": False}, "user": {"transit": False}},
    )
    assert links_of(routes(problem)) == ["user-x x-dc"]
    assert links_of(routes(problem, origin="m")) == ["m-dc"]
    assert links_of(routes(problem, destination="m")) == ["user-m"]
    # x to m: neither user nor dc lets it pass, though both are neighbours.
    assert routes(problem, origin="x", destination="m") == []


def test_prices_that_differ_by_many_orders_of_magnitude() -> None:
    """Next to a link of a million dollars per GB, sums cannot hold what tells the rest apart."""
    dear = [
        link("m-dc", 1, 1e6),
        link("user-a", 0, 0),
        link("a-b", 0, 0),
        link("b-m", 0, 0),
        link("a-m", 0, 1e-9),
    ]
    problem = network(dear)
    [only] = routes(problem)
    assert only.usd == pytest.approx(1e6)
    assert only.nodes[0] == "user"
    assert only.nodes[-1] == "dc"
