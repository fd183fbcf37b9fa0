"""The verifier counts the sites of a service that could answer its users."""

from __future__ import annotations

import pytest
from computeroute.routing.problem import Problem
from computeroute.routing.verifier import check
from computeroute.solvers import solve

from .test_check_survival import Data, plan, problem

FEW = ["spread: service 'chat': 1 sites in reach of its users, needs 2"]


@pytest.mark.parametrize(
    ("limits", "links", "expected"),
    [
        ({}, ["town--s0", "town--s1"], []),
        ({}, ["town--s0", "s0--s1"], []),
        ({"max_rtt_ms": 3}, ["town--s0", "s0--s1"], FEW),
        ({"max_rtt_ms": 4}, ["town--s0", "s0--s1"], []),
        ({}, ["town--s0"], FEW),
    ],
)
def test_replicas_that_no_user_can_reach_are_no_site_that_is_asked_for(
    limits: Data, links: list[str], expected: list[str]
) -> None:
    whole = problem(min_sites=2, **limits)
    world = whole.replace(links=[link for link in whole.links if link.id in links])
    found = check(world, plan(world, (4, 1), (40, 0)))
    assert [str(each) for each in found if each.constraint == "spread"] == expected
    assert bool(solve(world).services[0].replicas) is not bool(expected)


def test_one_site_needs_no_reach_and_too_few_are_told_as_such() -> None:
    alone = problem().replace(links=problem().links[:1])
    assert "spread" not in {each.constraint for each in check(alone, plan(alone, (4, 1), (40, 0)))}
    world = problem(min_sites=2)
    found = check(world, plan(world, (4, 0), (40, 0)))
    assert "spread: service 'chat': 1 sites, needs 2" in map(str, found)


@pytest.mark.parametrize(("rps", "counts"), [(1, True), (1e-10, False), (0, False)])
def test_who_asks_for_nothing_brings_no_site_into_reach(rps: float, counts: bool) -> None:
    # The town reaches s0 alone, the hamlet s1 alone: whether there are two sites is up to the hamlet.
    whole = problem(min_sites=2).model_dump(mode="json")
    (chat,) = whole["workloads"]
    chat["demand"].append({"location": "hamlet", "requests_per_second": rps})
    whole["locations"].append({"id": "hamlet", "jurisdiction": "DE"})
    ends = [("town", "s0"), ("hamlet", "s1")]
    whole["links"] = [{"source": a, "target": b, "bandwidth_gbps": 1, "latency_ms": 1} for a, b in ends]
    world = Problem.parse(whole)
    found = check(world, plan(world, (4, 1), (40, 0)))
    assert [str(each) for each in found if each.constraint == "spread"] == ([] if counts else FEW)
    solved = solve(world)
    assert not check(world, solved)
    assert [(each.location, each.reason) for each in solved.left_out] == [("town", "sites")] * (not counts)
