"""The verifier counts the sites of a service that could answer its users."""

from __future__ import annotations

import pytest
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
