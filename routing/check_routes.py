"""Routes hop by hop: links exist, chain, are crossed the way they permit, and pass what is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from .check_findings import Findings, named
from .plan import Plan, Route
from .policies import Residency
from .problem import Problem
from .sites import Link


class Hop(NamedTuple):
    """A link crossed from one node to another."""

    link: Link
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Walk:
    """A route as the problem's links have it."""

    origin: str
    destination: str
    out: tuple[Hop, ...]
    back: tuple[Hop, ...]
    latency_ms: float
    rtt_ms: float

    @property
    def one_way(self) -> bool:
        """Whether it leads somewhere and has no way back."""
        return bool(self.out) and not self.back


class _RouteFaultError(Exception):
    """A route that cannot be walked; the text says where."""


class Routes:
    """The routes of a plan that can be walked, and what policies say about them."""

    def __init__(self, problem: Problem, plan: Plan, findings: Findings) -> None:
        self._problem = problem
        self.known = {route.id for route in plan.routes}
        self.walks: dict[str, Walk] = {}
        self._barred: dict[tuple[str, Residency], str | None] = {}
        seen: set[str] = set()
        for route in plan.routes:
            if route.id in seen:
                findings.add("structure", named(route=route.id), "is listed more than once")
            elif walk := _walk(problem, route, findings):
                self.walks[route.id] = walk
            seen.add(route.id)

    def barred(self, route: str, policy: Residency) -> str | None:
        """Return what on the walked ``route`` lies where ``policy`` bars transit, or None."""
        key = (route, policy)
        if key not in self._barred:
            passed = _passed(self._problem, self.walks[route])
            self._barred[key] = next((what for what, where in passed if not policy.may_pass(where)), None)
        return self._barred[key]


def _walk(problem: Problem, route: Route, findings: Findings) -> Walk | None:
    element = named(route=route.id)
    try:
        out = _hops(problem, route.nodes, route.links)
        back = _hops(problem, route.return_nodes, route.return_links) if _has_way_back(route) else ()
        _ends_meet(route, out, back)
    except _RouteFaultError as fault:
        findings.add("route", element, str(fault))
        return None
    there, again = (sum(hop.link.latency_ms for hop in way) for way in (out, back))
    walk = Walk(route.origin, route.destination, out, back, there, there + again if back else 0.0)
    _check_statements(problem, route, walk, findings)
    return walk


def _has_way_back(route: Route) -> bool:
    return bool(route.return_nodes or route.return_links)


def _hops(problem: Problem, nodes: Sequence[str], links: Sequence[str]) -> tuple[Hop, ...]:
    for node in nodes:
        if node not in problem.nodes:
            raise _RouteFaultError(f"passes unknown node {node!r}")
    if len(nodes) != len(links) + 1:
        raise _RouteFaultError(f"has {len(links)} links for {len(nodes)} nodes")
    if len(set(nodes)) < len(nodes):
        raise _RouteFaultError("passes a node twice")
    return tuple(_hop(problem, link, *ends) for link, ends in zip(links, pairwise(nodes), strict=True))


def _hop(problem: Problem, name: str, source: str, target: str) -> Hop:
    link = problem.link.get(name)
    if link is None:
        raise _RouteFaultError(f"crosses unknown link {name!r}")
    if (source, target) == (link.source, link.target):
        return Hop(link, source, target)
    if (source, target) != (link.target, link.source):
        raise _RouteFaultError(
            f"link {name!r} joins {link.source!r} and {link.target!r}, not {source!r} and {target!r}"
        )
    if link.directed:
        raise _RouteFaultError(
            f"link {name!r} is directed, {link.source!r} to {link.target!r}, and crossed against it"
        )
    return Hop(link, source, target)


def _ends_meet(route: Route, out: tuple[Hop, ...], back: tuple[Hop, ...]) -> None:
    ends = (route.origin, route.destination)
    if (route.nodes[0], route.nodes[-1]) != ends:
        raise _RouteFaultError(
            f"leads {route.nodes[0]!r} to {route.nodes[-1]!r}, not {ends[0]!r} to {ends[1]!r}"
        )
    if _has_way_back(route) and (route.return_nodes[-1], route.return_nodes[0]) != ends:
        raise _RouteFaultError(f"leads back {route.return_nodes[0]!r} to {route.return_nodes[-1]!r}")
    mirror = tuple(Hop(hop.link, hop.target, hop.source) for hop in reversed(out))
    if back and back != mirror and not any(hop.link.directed for hop in out):
        raise _RouteFaultError("the way back is not the way out in reverse, though all its links permit that")


def _check_statements(problem: Problem, route: Route, walk: Walk, findings: Findings) -> None:
    element = named(route=route.id)
    findings.compare("route", element, "latency_ms", route.latency_ms, walk.latency_ms)
    findings.compare("route", element, "rtt_ms", route.rtt_ms, walk.rtt_ms)
    for node in (*route.nodes[1:-1], *route.return_nodes[1:-1]):
        if not problem.nodes[node].transit:
            findings.add("transit", element, f"node {node!r} lets no traffic of others pass")
    where = {problem.nodes[node].jurisdiction for node in (*route.nodes, *route.return_nodes)}
    where.update(code for hop in (*walk.out, *walk.back) for code in hop.link.jurisdictions)
    if route.jurisdictions != tuple(sorted(where)):
        stated, true = ", ".join(route.jurisdictions), ", ".join(sorted(where))
        findings.add("route", element, f"jurisdictions are {stated or 'none'}, should be {true}")


def _passed(problem: Problem, walk: Walk) -> Iterator[tuple[str, str]]:
    """Yield what transit rules bind: every link, every node between, and the destination of the way out."""
    for hop in (*walk.out, *walk.back):
        for code in hop.link.jurisdictions:
            yield f"link {hop.link.id!r} passes {code}", code
    for hop in (*walk.out, *walk.back[:-1]):
        code = problem.nodes[hop.target].jurisdiction
        yield f"node {hop.target!r} lies in {code}", code
