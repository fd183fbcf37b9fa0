"""Trips sought in bulk are those sought one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import inf

import numpy as np
import pytest
from computeroute.routing.fans import Fans
from computeroute.routing.paths import Candidate, PathFinder, RouteRequest
from computeroute.routing.problem import Problem
from computeroute.routing.trip_table import NO_TRIP, TripTable, of_trips
from computeroute.routing.trips import Trip
from hypothesis import given, settings
from hypothesis import strategies as st

from .networks import ask, link, network
from .test_paths_against_enumeration import SOME, cases, close

LIMITS = (None, 2.0, 8.0, 14.0, 26.0)


def _alike(found: Candidate, expected: Candidate) -> bool:
    """Whether two routes have the same ends, price and latency, and cross as many links."""
    return (
        (found.nodes[0], found.nodes[-1]) == (expected.nodes[0], expected.nodes[-1])
        and close(found.usd, expected.usd)
        and close(found.rtt_ms, expected.rtt_ms)
        and close(found.latency_ms, expected.latency_ms)
        and len(found.links) == len(expected.links)
        and len(found.return_links) == len(expected.return_links)
    )


def _all_pairs(problem: Problem, request: RouteRequest) -> list[tuple[RouteRequest, Candidate | None]]:
    """Return the answer of a fan from every node to every node within every limit."""
    names = list(problem.nodes)
    fans = Fans(PathFinder(problem))
    nodes = fans.numbers(names)
    limits = np.repeat([inf if limit is None else limit for limit in LIMITS], len(names))
    trips = fans.answers(request, nodes, np.tile(nodes, len(LIMITS)), limits)
    asked = [
        [
            replace(request, origin=origin, destination=name, max_rtt_ms=limit, alternatives=1)
            for limit in LIMITS
            for name in names
        ]
        for origin in names
    ]
    return [
        (each, None if trip == NO_TRIP else fans.candidate(each, trip))
        for row, numbers in zip(asked, trips.tolist(), strict=True)
        for each, trip in zip(row, numbers, strict=True)
    ]


@pytest.mark.no_cover
@settings(max_examples=120, deadline=None)
@given(SOME.flatmap(lambda directed: cases(directed=st.just(directed))))
def test_fans_answer_as_requests_one_by_one(case: tuple[Problem, RouteRequest]) -> None:
    problem, request = case
    answers = _all_pairs(problem, request)
    expected = PathFinder(problem).routes([each for each, _ in answers])
    for (each, found), routes in zip(answers, expected, strict=True):
        assert (found is None) == (not routes), each
        assert found is None or _alike(found, routes[0]), each


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(SOME.flatmap(lambda directed: cases(directed=st.just(directed))))
def test_fans_that_know_few_trips_answer_all_the_same(case: tuple[Problem, RouteRequest]) -> None:
    """Each pair by itself: nothing may be known of it yet, and of the others hardly anything."""
    problem, request = case
    finder = PathFinder(problem)
    for origin, name in permutations(problem.nodes, 2):
        fans = Fans(finder)
        ends = fans.numbers([name, origin])
        [[trip, _]] = fans.answers(request, ends[1:], ends, np.full(2, inf)).tolist()
        asked = replace(request, origin=origin, destination=name, max_rtt_ms=None, alternatives=1)
        [routes] = finder.routes([asked])
        assert (trip == NO_TRIP) == (not routes)
        assert trip == NO_TRIP or _alike(fans.candidate(asked, trip), routes[0])


def test_a_way_back_is_sought_beside_a_single_known_trip() -> None:
    problem = network([link("user>dc"), link("dc>user")])
    fans, request = Fans(PathFinder(problem)), ask(problem, usd_per_ms=1.0)
    ends = fans.numbers(["user", "dc"])
    [trips] = fans.answers(request, ends[:1], ends, np.full(2, inf))
    assert [fans.trips.rtt_ms[trip] for trip in trips] == [0.0, 2.0]


def test_values_of_pairs_without_a_trip() -> None:
    values = np.array([3.0])
    assert of_trips(values, np.array([0, NO_TRIP, -2]), inf).tolist() == [3.0, inf, inf]


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_is_reached_whatever_the_latency(case: tuple[Problem, RouteRequest]) -> None:
    problem, request = case
    names = list(problem.nodes)
    fans = Fans(PathFinder(problem))
    reached = fans.reached(request, fans.numbers(names), fans.numbers(names))
    asked = [
        replace(request, origin=origin, destination=name, max_rtt_ms=None, alternatives=1)
        for origin in names
        for name in names
    ]
    assert reached.ravel().tolist() == [bool(found) for found in PathFinder(problem).routes(asked)]


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(cases())
def test_alternatives_are_kept_as_they_are(case: tuple[Problem, RouteRequest]) -> None:
    problem, request = case
    fans = Fans(PathFinder(problem))
    [trips] = fans.seek([request])
    assert [fans.candidate(request, trip) for trip in trips] == PathFinder(problem).routes([request])[0]
    assert all(fans.origin(trip, request.destination) == request.origin for trip in trips)


def test_a_table_keeps_each_trip_once() -> None:
    problem = network([link("user-dc"), link("user-east"), link("east-dc")])
    finder = PathFinder(problem)
    table = TripTable(finder.arcs)
    homeward = np.array([[0, -1], [4, 2], [0, -1], [-1, -1]])
    origin = np.full(4, finder.arcs.number["user"])
    numbers = table.number(origin, homeward, round_trip=True)
    assert numbers.tolist() == [0, 1, 0, 2]
    assert table.trip(1) == Trip((2, 4), (5, 3))
    apart = Trip((0,), (5, 3))
    assert table.add(origin[:2], [Trip((2, 4), (5, 3)), apart], round_trip=True).tolist() == [1, 3]
    assert table.add(origin[:1], [Trip((2, 4))], round_trip=False).tolist() == [4]
    assert table.add(origin[:1], [apart], round_trip=True).tolist() == [3]
    assert table.trip(3) == apart
    assert table.out.take(np.array([1, 2, 0])).values.tolist() == [2, 4, 0]
    assert len(table) == 5


def test_measures_are_those_of_candidates() -> None:
    problem = network([link("user-dc", latency_ms=3, usd_per_gb=0.5), link("dc-east", latency_ms=4)])
    fans = Fans(PathFinder(problem))
    request = ask(problem, usd_per_ms=0.01, back_gb=2.0)
    names = ["user", "dc", "east"]
    trips = fans.answers(request, fans.numbers(["user"]), fans.numbers(names), np.full(3, inf))[0]
    for name, trip in zip(names, trips.tolist(), strict=True):
        route = fans.candidate(replace(request, destination=name), trip)
        assert fans.trips.rtt_ms[trip] == pytest.approx(route.rtt_ms)
        assert fans.trips.latency_ms[trip] == pytest.approx(route.latency_ms)
        assert fans.trips.hops[trip] == len(route.links) + len(route.return_links)
        out = route.out_link_usd_per_gb + route.out_egress_usd_per_gb
        back = route.back_link_usd_per_gb + route.back_egress_usd_per_gb
        assert fans.trips.out_usd_per_gb[trip] == pytest.approx(out)
        assert fans.trips.back_usd_per_gb[trip] == pytest.approx(back)


def test_many_trips_fit() -> None:
    """More than a table has room for at first."""
    names = [f"n{index}" for index in range(90)]
    chain = [link(f"{a}-{b}") for a, b in zip(["user", *names], [*names, "dc"], strict=True)]
    problem = network(chain)
    fans = Fans(PathFinder(problem))
    nodes = fans.numbers(["user", *names, "dc"])
    trips = fans.answers(ask(problem), nodes[:1], nodes, np.full(len(nodes), inf))
    assert fans.trips.out.lengths[trips[0]].tolist() == list(range(92))
    assert fans.trips.trip(int(trips[0, -1])).out == tuple(range(0, 182, 2))
