"""Shortest ways between nodes and data centers, found anew for the verifier of left-out work."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .check_findings import exceeds
from .policies import Residency
from .problem import Problem
from .sites import Link

Edges = dict[str, list[tuple[str, Link]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a way heeds: ``transit: false`` of nodes, a policy, undirected links only, usable bandwidth."""

    flags: bool = True
    policy: Residency | None = None
    undirected: bool = False
    least_gbps: float = 0.0


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

    def _join(self, source: str, target: str, link: Link) -> None:
        self._onward[source].append((target, link))
        self._backward[target].append((source, link))

    def to_site(self, origin: str, site: str, rules: Rules) -> float:
        """Return the least latency from ``origin`` to the data center, or infinity."""
        return self._search(site, True, rules).get(origin, math.inf)

    def from_site(self, site: str, target: str, rules: Rules) -> float:
        """Return the least latency from the data center to ``target``, or infinity."""
        return self._search(site, False, rules).get(target, math.inf)

    def round_trip(self, origin: str, site: str, rules: Rules) -> tuple[float, float]:
        """Return a lower and an upper bound of the least round trip; they differ only with directed links.

        A way out over undirected links is bound to return as it came, which two least ways need not be.
        """
        out = self.to_site(origin, site, rules)
        if not self._has_directed_links:
            return 2 * out, 2 * out
        back = self.from_site(site, origin, rules)
        mirrored = self.to_site(origin, site, replace(rules, undirected=True))
        return out + back, out + back if out < mirrored else 2 * mirrored

    def round_trip_crosses(self, origin: str, site: str, rules: Rules, links: frozenset[str]) -> bool:
        """Return whether any of the ways behind :meth:`round_trip` crosses one of the links.

        Where none does, the loss of the links changes neither bound.
        """
        self.round_trip(origin, site, rules)
        kinds = ((True, rules), (False, rules), (True, replace(rules, undirected=True)))
        return any(not links.isdisjoint(self._links((site, *kind), origin)) for kind in kinds)

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
        if inward and not self._passes([self._problem.nodes[site].jurisdiction], rules):
            return {site: 0.0}
        edges = self._backward if inward else self._onward
        done: dict[str, float] = {}
        via = self._via[site, inward, rules] = {}
        waiting = [(0.0, site, "", "")]
        while waiting:
            latency, node, before, crossed = heapq.heappop(waiting)
            if node in done:
                continue
            done[node] = latency
            if crossed:
                via[node] = (before, crossed)
            if node == site or self._lets_through(node, rules):
                for other, link in edges.get(node, ()):
                    if other not in done and self._crossable(link, rules):
                        heapq.heappush(waiting, (latency + link.latency_ms, other, node, link.id))
        return done

    def _lets_through(self, name: str, rules: Rules) -> bool:
        node = self._problem.nodes[name]
        return (node.transit or not rules.flags) and self._passes([node.jurisdiction], rules)

    def _crossable(self, link: Link, rules: Rules) -> bool:
        usable_gbps = link.bandwidth_gbps * (1 - link.reserve_fraction)
        if (rules.undirected and link.directed) or exceeds(rules.least_gbps, usable_gbps):
            return False
        return self._passes(link.jurisdictions, rules)

    def _passes(self, jurisdictions: Iterable[str], rules: Rules) -> bool:
        return rules.policy is None or all(map(rules.policy.may_pass, jurisdictions))
