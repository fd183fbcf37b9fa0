"""Every simple way from node to node that a policy permits, and every round trip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from computeroute.routing.sites import Link

from .facts import Facts

Direction = tuple[str, str]
"""A link and the node that is left over it."""


class Hop(NamedTuple):
    """A link that is crossed."""

    link: Link
    source: str
    target: str


Path = tuple[Hop, ...]


@dataclass(frozen=True)
class Trip:
    """A way out and the way back; empty at one's own node."""

    out: Path
    back: Path

    @property
    def rtt_ms(self) -> float:
        """Latency there and back."""
        return latency_ms(self.out) + latency_ms(self.back)


def latency_ms(path: Path) -> float:
    """Return the latency one way."""
    return sum(hop.link.latency_ms for hop in path)


@dataclass(frozen=True)
class Ways:
    """The ways of a problem, less what is lost."""

    facts: Facts
    lost_links: frozenset[str] = frozenset()
    _known: dict[tuple[str, str, str | None, bool], list[Path]] = field(default_factory=dict)

    def one_way(
        self, origin: str, target: str, policy: str | None, to_own_origin: bool = False
    ) -> list[Path]:
        """Return every simple way that the policy permits.

        ``to_own_origin`` says that data returns to where it came from, which is exempt from rules of transit.
        """
        key = (origin, target, policy, to_own_origin)
        if key not in self._known:
            reached = self.facts.may_pass(policy, self._jurisdiction(target)) or to_own_origin
            self._known[key] = list(self._extend((), origin, target, policy)) if reached else []
        return self._known[key]

    def _extend(self, path: Path, node: str, target: str, policy: str | None) -> Iterator[Path]:
        if node == target:
            yield path
            return
        if path and not self._lets_pass(node, policy):
            return
        passed = {hop.source for hop in path} | {node}
        for hop in self._hops(node):
            if hop.target not in passed and all(
                self.facts.may_pass(policy, j) for j in hop.link.jurisdictions
            ):
                yield from self._extend((*path, hop), hop.target, target, policy)

    def _hops(self, node: str) -> Iterator[Hop]:
        for link in self.facts.problem.links:
            if link.id not in self.lost_links:
                if link.source == node:
                    yield Hop(link, node, link.target)
                elif link.target == node and not link.directed:
                    yield Hop(link, node, link.source)

    def _lets_pass(self, name: str, policy: str | None) -> bool:
        nodes = (*self.facts.problem.data_centers, *self.facts.problem.locations)
        node = next(each for each in nodes if each.id == name)
        return node.transit and self.facts.may_pass(policy, node.jurisdiction)

    def _jurisdiction(self, name: str) -> str:
        nodes = (*self.facts.problem.data_centers, *self.facts.problem.locations)
        return next(each.jurisdiction for each in nodes if each.id == name)

    def round_trips(self, origin: str, target: str, policy: str | None) -> list[Trip]:
        """Return every way out with every way back: where no link bars it, the way out in reverse."""
        if origin == target:
            return [Trip((), ())]
        trips = []
        for out in self.one_way(origin, target, policy):
            if any(hop.link.directed for hop in out):
                backs = self.one_way(target, origin, policy, to_own_origin=True)
                trips += [Trip(out, back) for back in backs]
            else:
                trips.append(Trip(out, reverse(out)))
        return trips


def reverse(path: Path) -> Path:
    """Return the same way in the other direction."""
    return tuple(Hop(hop.link, hop.target, hop.source) for hop in reversed(path))


def usd_per_gb(facts: Facts, path: Path) -> float:
    """Return what a GB pays on a way: every link, and egress of every data center that it leaves."""
    total = 0.0
    for hop in path:
        total += hop.link.usd_per_gb
        if hop.source in facts.sites:
            own = hop.link.egress_usd_per_gb
            total += facts.sites[hop.source].egress_usd_per_gb if own is None else own
    return total


def directions(path: Path) -> Counter[Direction]:
    """Return the links crossed, each with the node that is left."""
    return Counter((hop.link.id, hop.source) for hop in path)
