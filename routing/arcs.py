"""The links of a problem as arrays of arcs, and which of them a request may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .dijkstra import Way
from .graph import egress_usd_per_gb, usable_gbps
from .policies import Residency
from .problem import Problem
from .sites import Link

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Arcs:
    """One arc per direction of a link: ``2 * k`` crosses link ``k`` from its source, ``2 * k + 1`` to it.

    A directed link has its second arc too, marked as missing, so that ``arc ^ 1`` is always the opposite one.
    """

    def __init__(self, problem: Problem) -> None:
        links = problem.links
        self.nodes = tuple(problem.nodes)
        self.number = {name: k for k, name in enumerate(self.nodes)}
        self.links = tuple(link.id for link in links)
        self.link_number = {name: k for k, name in enumerate(self.links)}
        ends = [(self.number[link.source], self.number[link.target]) for link in links]
        forward = np.array(ends, dtype=np.int64).reshape(-1, 2)
        self.tail, self.head = forward.ravel(), forward[:, ::-1].ravel()
        self.directed: Flags = np.repeat(np.array([link.directed for link in links], dtype=bool), 2)
        self.exists = ~self.directed
        self.exists[::2] = True
        self.latency_ms = _twice([link.latency_ms for link in links])
        self.usable_gbps = _twice([usable_gbps(link) for link in links])
        self.link_usd_per_gb = _twice([link.usd_per_gb for link in links])
        egress = [
            egress_usd_per_gb(problem, link, tail) for link in links for tail in (link.source, link.target)
        ]
        self.egress_usd_per_gb: Floats = np.array(egress, dtype=np.float64)
        self._laws = _Laws(problem)
        self.usd_per_gb = self.link_usd_per_gb + self.egress_usd_per_gb
        # Lists give up single numbers faster than arrays.
        self.usd_list: list[float] = self.usd_per_gb.tolist()
        self.ms_list: list[float] = self.latency_ms.tolist()

    def crossed(self, nodes: Sequence[str], links: Sequence[str]) -> tuple[int, ...]:
        """Return the arcs that cross ``links`` in turn, along ``nodes``."""
        firsts = [2 * self.link_number[link] for link in links]
        tails = zip(firsts, nodes, strict=False)
        return tuple([arc + (self.nodes[self.tail[arc]] != tail) for arc, tail in tails])

    def permitted(self, residency: Residency, min_bandwidth_gbps: float) -> Permit:
        """Return which nodes and arcs traffic under ``residency`` may use."""
        enterable, transit, lawful = self._laws.apply(residency)
        # The factor forgives rounding in bandwidth * (1 - reserve).
        wide = self.usable_gbps >= min_bandwidth_gbps * (1 - 1e-9)
        return Permit(self, enterable, enterable & transit, self.exists & np.repeat(lawful, 2) & wide)


class _Laws:
    """Jurisdictions of nodes and links, ready to be asked about many policies."""

    def __init__(self, problem: Problem) -> None:
        self.nodes = [node.jurisdiction for node in problem.nodes.values()]
        self.transit: Flags = np.array([node.transit for node in problem.nodes.values()], dtype=bool)
        self.links: list[tuple[str, ...]] = [_jurisdictions(link) for link in problem.links]
        self.all = {*self.nodes, *(name for names in self.links for name in names)}

    def apply(self, residency: Residency) -> tuple[Flags, Flags, Flags]:
        may_pass = {name: residency.may_pass(name) for name in self.all}
        enterable = np.array([may_pass[name] for name in self.nodes], dtype=bool)
        lawful = np.array([all(may_pass[name] for name in names) for names in self.links], dtype=bool)
        return enterable, self.transit, lawful


@dataclass(frozen=True)
class Permit:
    """Nodes and arcs that one policy permits, and the ways they leave open.

    Attributes
    ----------
    enterable
        Nodes that a route may end at.
    passable
        Nodes that a route may pass through.
    usable
        Arcs that a route may cross.
    """

    arcs: Arcs
    enterable: Flags
    passable: Flags
    usable: Flags

    def without(self, links: frozenset[str]) -> Permit:
        """Return what is permitted when ``links`` may not be crossed."""
        kept = np.array([name not in links for name in self.arcs.links], dtype=bool)
        return replace(self, usable=self.usable & np.repeat(kept, 2))

    @property
    def has_directed(self) -> bool:
        """Whether any usable link is directed, so that ways back may differ from ways out."""
        return bool(np.any(self.usable & self.arcs.directed))

    @cached_property
    def outward(self) -> Flags:
        """Arcs of ways out: each enters a node passed or the destination, never the exempt origin."""
        return self.usable & self.enterable[self.arcs.head]

    @cached_property
    def one_way(self) -> Way:
        """Ways to a destination when nothing comes back."""
        return self._way(self.outward, self.arcs.head, self.arcs.tail)

    @cached_property
    def mirror(self) -> Way:
        """Ways to a destination over undirected links, which responses take in reverse."""
        return self._way(self.outward & ~self.arcs.directed, self.arcs.head, self.arcs.tail)

    @cached_property
    def out(self) -> Way:
        """Ways to a destination over one directed link at least."""
        return self._way(self.outward, self.arcs.head, self.arcs.tail, self.arcs.directed)

    @cached_property
    def back(self) -> Way:
        """Ways from a destination back to an origin."""
        return self._way(self.usable, self.arcs.tail, self.arcs.head)

    @cached_property
    def one_way_from(self) -> Way:
        """The ways of :attr:`one_way`, with the origin as root."""
        return self._way(self.outward, self.arcs.tail, self.arcs.head)

    @cached_property
    def mirror_from(self) -> Way:
        """The ways of :attr:`mirror`, with the origin as root."""
        return self._way(self.outward & ~self.arcs.directed, self.arcs.tail, self.arcs.head)

    @cached_property
    def out_from(self) -> Way:
        """The ways of :attr:`out`, with the origin as root."""
        return self._way(self.outward, self.arcs.tail, self.arcs.head, self.arcs.directed)

    @cached_property
    def back_from(self) -> Way:
        """The ways of :attr:`back`, with the origin, where they end, as root."""
        return self._way(self.usable, self.arcs.head, self.arcs.tail)

    def _way(self, usable: Flags, near: Ints, far: Ints, marked: Flags | None = None) -> Way:
        arcs = np.flatnonzero(usable)
        return Way(arcs, near[arcs], far[arcs], self.passable, None if marked is None else marked[arcs])


def _jurisdictions(link: Link) -> tuple[str, ...]:
    return tuple(link.jurisdictions)


def _twice(values: Sequence[float]) -> Floats:
    return np.repeat(np.array(values, dtype=np.float64), 2)
