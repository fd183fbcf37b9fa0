"""Shortest ways between nodes and data centers, found anew for the verifier of left-out work."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

from .check_findings import ROUNDING
from .policies import Residency
from .problem import Problem
from .sites import Link

Edges = dict[str, list[tuple[str, Link]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a way heeds beside ``transit: false`` of nodes: a policy, undirected links, usable bandwidth."""

    policy: Residency | None = None
    undirected: bool = False
    least_gbps: float = 0.0


@dataclass(frozen=True, slots=True)
class Apart:
    """Bounds of the least way out over a directed link, and the links that it crosses."""

    least_ms: float
    most_ms: float
    links: frozenset[str] = frozenset()


NO_WAY = Apart(math.inf, math.inf)
MOST_PARTS = 10_000
"""After so many parts of ways the search for the least that passes no node twice is given up."""
_State = tuple[str, bool]
"""A node, and whether the walk from there crosses a directed link."""


class _Part(NamedTuple):
    """The beginning of a way, in order of the least that the whole way can take."""

    least_ms: float
    number: int
    ms: float
    is_apart: bool
    nodes: tuple[str, ...]
    links: tuple[str, ...]


class Walks:
    """Least walks to a data center over a directed link; ways are those that pass no node twice."""

    def __init__(self, reach: Reach, site: str, rules: Rules) -> None:
        self._reach, self._site, self._rules = reach, site, rules
        self._ms: dict[_State, float] = {}
        self._next: dict[_State, tuple[_State, str]] = {}
        if reach.admits(site, rules):
            self._search()

    def _search(self) -> None:
        """Find the least walk from each node, with a directed link on it or without."""
        end = (self._site, False)
        waiting = [(0.0, end, (end, ""))]
        while waiting:
            latency, state, after = heapq.heappop(waiting)
            if state in self._ms:
                continue
            self._ms[state], self._next[state] = latency, after
            node, is_apart = state
            if state == end or self._is_passed(node):
                for other, link in self._reach.hops(node, self._rules, onward=False):
                    before = (other, is_apart or link.directed)
                    heapq.heappush(waiting, (latency + link.latency_ms, before, (state, link.id)))

    def _is_passed(self, node: str) -> bool:
        return node != self._site and self._reach.lets_through(node, self._rules)

    def out(self, origin: str) -> Apart:
        """Return the least way from ``origin`` over a directed link."""
        state = (origin, True)
        if state not in self._ms:
            return NO_WAY
        nodes, links, least = [origin], [], self._ms[state]
        while state != (self._site, False):
            state, link = self._next[state]
            nodes.append(state[0])
            links.append(link)
        if len(set(nodes)) == len(nodes):
            return Apart(least, least, frozenset(links))
        return self._simple(origin)

    def _simple(self, origin: str) -> Apart:
        """Return the least way that passes no node twice, sought from ``origin`` in order of lower bounds."""
        number = count()
        waiting = [_Part(self._ms[origin, True], next(number), 0.0, False, (origin,), ())]
        while waiting:
            part = heapq.heappop(waiting)
            if part.nodes[-1] == self._site:
                return Apart(part.ms, part.ms, frozenset(part.links))
            if part.number > MOST_PARTS:
                return Apart(part.least_ms, math.inf)
            for other, link in self._reach.hops(part.nodes[-1], self._rules, onward=True):
                is_apart, ms = part.is_apart or link.directed, part.ms + link.latency_ms
                to_go = self._to_go(other, is_apart)
                if other not in part.nodes and to_go < math.inf:
                    ways = (*part.nodes, other), (*part.links, link.id)
                    heapq.heappush(waiting, _Part(ms + to_go, next(number), ms, is_apart, *ways))
        return NO_WAY

    def _to_go(self, node: str, is_apart: bool) -> float:
        """Return the least that remains, where a directed link is behind or has to follow."""
        if node == self._site:
            return 0.0 if is_apart else math.inf
        if not self._is_passed(node):
            return math.inf
        after = self._ms.get((node, True), math.inf)
        return min(after, self._ms.get((node, False), math.inf)) if is_apart else after


class Reach:
    """Least latencies, one way, from and to data centers, without lost links; each search is made once."""

    def __init__(self, problem: Problem, lost: frozenset[str] = frozenset()) -> None:
        self._problem = problem
        self._onward: Edges = defaultdict(list)
        self._backward: Edges = defaultdict(list)
        links = [link for link in problem.links if link.id not in lost]
        for link in links:
            self._join(link.source, link.target, link)
            if not link.directed:
                self._join(link.target, link.source, link)
        self._has_directed_links = any(link.directed for link in links)
        self._known: dict[tuple[str, bool, Rules], dict[str, float]] = {}
        self._via: dict[tuple[str, bool, Rules], dict[str, tuple[str, str]]] = {}
        self._gbps: dict[tuple[str, Rules], dict[str, float]] = {}
        self._walks: dict[tuple[str, Rules], Walks] = {}
        self._apart: dict[tuple[str, str, Rules], Apart] = {}

    def _join(self, source: str, target: str, link: Link) -> None:
        self._onward[source].append((target, link))
        self._backward[target].append((source, link))

    def to_site(self, origin: str, site: str, rules: Rules) -> float:
        """Return the least latency from ``origin`` to the data center, or infinity."""
        return self._search(site, True, rules).get(origin, math.inf)

    def from_site(self, site: str, target: str, rules: Rules) -> float:
        """Return the least latency from the data center to ``target``, or infinity."""
        return self._search(site, False, rules).get(target, math.inf)

    def widest_gbps(self, origin: str, site: str, rules: Rules) -> float:
        """Return the usable bandwidth of the widest way from ``origin`` to the data center, 0 for no way."""
        if (site, rules) not in self._gbps:
            self._gbps[site, rules] = dict(self._widest(site, rules))
        return self._gbps[site, rules].get(origin, 0.0)

    def round_trip(self, origin: str, site: str, rules: Rules) -> tuple[float, float]:
        """Return a lower and an upper bound of the least round trip; they hardly ever differ.

        A way out over undirected links is bound to return as it came; no way out passes a node twice.
        """
        if not self._has_directed_links or origin == site:
            out = self.to_site(origin, site, rules)
            return 2 * out, 2 * out
        mirrored = 2 * self.to_site(origin, site, replace(rules, undirected=True))
        back = self.from_site(site, origin, rules)
        apart = self._out_apart(origin, site, rules) if back < mirrored else NO_WAY
        return min(mirrored, apart.least_ms + back), min(mirrored, apart.most_ms + back)

    def round_trip_crosses(self, origin: str, site: str, rules: Rules, links: frozenset[str]) -> bool:
        """Return whether any of the ways behind :meth:`round_trip` crosses one of the links.

        Where none does, the loss of the links changes neither bound.
        """
        if self.round_trip(origin, site, rules)[1] == math.inf:
            return True
        apart = self._apart.get((origin, site, rules), NO_WAY)
        kinds = ((True, rules), (False, rules), (True, replace(rules, undirected=True)))
        return not links.isdisjoint(apart.links) or any(
            not links.isdisjoint(self._links((site, *kind), origin)) for kind in kinds
        )

    def _out_apart(self, origin: str, site: str, rules: Rules) -> Apart:
        """Return the least way out over a directed link, whose way back is free."""
        key = (origin, site, rules)
        if key not in self._apart:
            if (site, rules) not in self._walks:
                self._walks[site, rules] = Walks(self, site, rules)
            self._apart[key] = self._walks[site, rules].out(origin)
        return self._apart[key]

    def hops(self, node: str, rules: Rules, *, onward: bool) -> Iterator[tuple[str, Link]]:
        """Yield the links that ways may cross out of a node, or into it, each with the node at its end."""
        edges = self._onward if onward else self._backward
        return ((other, link) for other, link in edges.get(node, ()) if self._crossable(link, rules))

    def way(self, origin: str, site: str, rules: Rules) -> Iterator[tuple[str, str]]:
        """Yield each node after ``origin`` on the least way to the data center, with the link to it."""
        self.to_site(origin, site, rules)
        via, node = self._via[site, True, rules], origin
        while node in via:
            node, link = via[node]
            yield node, link

    def _links(self, key: tuple[str, bool, Rules], node: str) -> Iterator[str]:
        """Yield the links of the least way of a search that was made, from a node to its data center."""
        via = self._via.get(key, {})
        while node in via:
            node, link = via[node]
            yield link

    def _search(self, site: str, inward: bool, rules: Rules) -> dict[str, float]:
        key = (site, inward, rules)
        if key not in self._known:
            self._known[key] = self._dijkstra(*key)
        return self._known[key]

    def _dijkstra(self, site: str, inward: bool, rules: Rules) -> dict[str, float]:
        via = self._via[site, inward, rules] = {}
        if inward and not self.admits(site, rules):
            return {site: 0.0}
        done: dict[str, float] = {}
        waiting = [(0.0, site, "", "")]
        while waiting:
            latency, node, before, crossed = heapq.heappop(waiting)
            if node in done:
                continue
            done[node] = latency
            if crossed:
                via[node] = (before, crossed)
            if node == site or self.lets_through(node, rules):
                for other, link in self.hops(node, rules, onward=not inward):
                    if other not in done:
                        heapq.heappush(waiting, (latency + link.latency_ms, other, node, link.id))
        return done

    def _widest(self, site: str, rules: Rules) -> Iterator[tuple[str, float]]:
        yield site, math.inf
        done: set[str] = set()
        waiting = [(-math.inf, site)] if self.admits(site, rules) else []
        while waiting:
            width, node = heapq.heappop(waiting)
            if node in done:
                continue
            done.add(node)
            yield node, -width
            if node == site or self.lets_through(node, rules):
                for other, link in self.hops(node, rules, onward=False):
                    if other not in done:
                        heapq.heappush(waiting, (max(width, -_usable_gbps(link)), other))

    def lets_through(self, name: str, rules: Rules) -> bool:
        """Return whether ways may pass a node."""
        return self._problem.nodes[name].transit and self.admits(name, rules)

    def admits(self, name: str, rules: Rules) -> bool:
        """Return whether the law at a node lets data come there."""
        return self._passes([self._problem.nodes[name].jurisdiction], rules)

    def _crossable(self, link: Link, rules: Rules) -> bool:
        if (rules.undirected and link.directed) or is_narrow(_usable_gbps(link), rules.least_gbps):
            return False
        return self._passes(link.jurisdictions, rules)

    def _passes(self, jurisdictions: Iterable[str], rules: Rules) -> bool:
        return rules.policy is None or all(map(rules.policy.may_pass, jurisdictions))


def _usable_gbps(link: Link) -> float:
    return link.bandwidth_gbps * (1 - link.reserve_fraction)


def is_narrow(usable_gbps: float, needed_gbps: float) -> bool:
    """Return whether a bandwidth is less than what is needed by more than rounding."""
    return usable_gbps < needed_gbps * (1 - ROUNDING)
