"""Small networks for the tests of paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from computeroute.routing.paths import Candidate, PathFinder, RouteRequest
from computeroute.routing.problem import Problem

RULES = [
    {"id": "no-us", "transit_deny": ["US"]},
    {"id": "eu", "transit_allow": ["EU"]},
    {"id": "no-sh", "transit_deny": ["CN-SH"]},
    {"id": "cn", "transit_allow": ["CN"]},
    {"id": "sh", "transit_allow": ["CN-SH"]},
]
GROUPS = {"EU": ["DE", "BENELUX"], "BENELUX": ["NL", "BE"]}


def network(
    links: Sequence[Mapping[str, Any]],
    sites: Mapping[str, Mapping[str, Any]] | None = None,
    places: Mapping[str, Mapping[str, Any]] | None = None,
    **more: Any,
) -> Problem:
    """Return a problem with these links; nodes that are not described are locations in DE, ``dc`` a site."""
    sites = {"dc": {}, **(sites or {})}
    named = [link[end] for link in links for end in ("source", "target")]
    others = {name: {} for name in named if name not in sites}
    return Problem.parse(
        {
            "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
            "data_centers": [{"id": name, "jurisdiction": "DE", **site} for name, site in sites.items()],
            "locations": [
                {"id": name, "jurisdiction": "DE", **place}
                for name, place in {**others, **(places or {})}.items()
            ],
            "pools": [{"id": "p", "data_center": "dc", "accelerator": "a", "count": 1}],
            "links": links,
            "workloads": [
                {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 1, "hours": 1}]}
            ],
            "policies": RULES,
            "groups": GROUPS,
            **more,
        }
    )


def link(name: str, ms: float = 1.0, usd: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a link named by its ends, ``a-b`` or ``a>b`` for a directed one, with a mark after a colon."""
    ends = name.split(":", maxsplit=1)[0]
    source, target = ends.split(">" if ">" in ends else "-")
    return {
        "id": name,
        "source": source,
        "target": target,
        "directed": ">" in ends,
        "bandwidth_gbps": 10.0,
        "latency_ms": ms,
        "usd_per_gb": usd,
        **more,
    }


def ask(problem: Problem, policy: str | None = None, **wishes: Any) -> RouteRequest:
    """Return a request from ``user`` to ``dc`` unless told otherwise."""
    return RouteRequest(
        **{"residency": problem.residency(policy), "origin": "user", "destination": "dc", **wishes}
    )


def routes(problem: Problem, policy: str | None = None, **wishes: Any) -> list[Candidate]:
    """Return the candidates of one request."""
    return PathFinder(problem).routes([ask(problem, policy, **wishes)])[0]


def links_of(candidates: Sequence[Candidate]) -> list[str]:
    """Return the links of the ways out, as text."""
    return [" ".join(candidate.links) for candidate in candidates]
