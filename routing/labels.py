"""Exact search between two nodes: the least cost for each latency, by labels in order of cost (A*)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

Hop = tuple[int, int, float, float]
"""State entered, arc, cost, latency."""
Label = tuple[float, float, int, float, float, int, int, Any]
"""Estimates of cost and latency at the root, number, cost, latency, state, arc, label before."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a search goes, what it may spend, and lower bounds of what remains from each state.

    Attributes
    ----------
    hops
        Hops out of each state.
    root
        State to reach.
    usd_to_go, ms_to_go
        Lower bounds from each state to the root. The former must be consistent with the hops' costs.
    limit_ms
        Largest latency. Where infinite, only the cheapest way is found.
    below_usd
        Ways that cost this much or more are of no use.
    """

    hops: Sequence[Sequence[Hop]]
    root: int
    usd_to_go: Sequence[float]
    ms_to_go: Sequence[float]
    limit_ms: float = inf
    below_usd: float = inf


def front(target: Target, start: int, penalty: Mapping[int, float]) -> Iterator[tuple[int, ...]]:
    """Yield the arcs of the ways within the limit in rising order of cost, each faster than the one before.

    Labels leave the heap in order of cost, so a label that is no faster than an earlier one at its state is
    dominated: one number per state suffices (Hernandez Ulloa et al., "A Simple and Fast Bi-Objective Search
    Algorithm", ICAPS 2020).

    Parameters
    ----------
    penalty
        Extra cost by link (half of the arc's number).
    """
    hops, usd_to_go, ms_to_go, limit_ms = target.hops, target.usd_to_go, target.ms_to_go, target.limit_ms
    bounded = limit_ms < inf
    best: dict[int, float] = {}
    numbers = count()
    heap: list[Label] = [(usd_to_go[start], 0.0, next(numbers), 0.0, 0.0, start, -1, None)]
    while heap:
        label = heappop(heap)
        _, _, _, usd, ms, state, _, _ = label
        if ms >= best.get(state, inf):
            continue
        best[state] = ms
        if state == target.root:
            yield _arcs(label)
            continue
        fastest = best.get(target.root, inf)
        for after, arc, hop_usd, hop_ms in hops[state]:
            ms_after = ms + hop_ms if bounded else 0.0
            ms_at_root = ms_after + ms_to_go[after]
            if ms_at_root > limit_ms or ms_at_root >= fastest or ms_after >= best.get(after, inf):
                continue
            usd_after = usd + hop_usd + penalty.get(arc >> 1, 0.0)
            estimate = usd_after + usd_to_go[after]
            if estimate < target.below_usd:
                heappush(heap, (estimate, ms_at_root, next(numbers), usd_after, ms_after, after, arc, label))


def simple_front(
    target: Target, start: int, penalty: Mapping[int, float], ends: Ends, most_labels: int
) -> Iterator[tuple[int, ...]]:
    """Yield like :func:`front`, but only ways that pass no node twice, where layers would let them.

    A label is dominated only by one that has passed none but its own nodes, so the worst case is exponential;
    the search ends after ``most_labels`` labels.
    """
    bounded = target.limit_ms < inf
    closed: dict[int, list[tuple[float, int]]] = {}
    numbers = count()
    fastest = inf
    heap: list[Any] = [(target.usd_to_go[start], 0.0, next(numbers), 0.0, 0.0, start, -1, None, ends.marks)]
    while heap and next(numbers) < most_labels:
        label = heappop(heap)
        _, _, _, usd, ms, state, _, _, passed = label
        before = closed.setdefault(state, [])
        if ms >= fastest or any(ms >= other and others & passed == others for other, others in before):
            continue
        before.append((ms, passed))
        if state == target.root:
            fastest = ms
            yield _arcs(label)
            continue
        for after, arc, hop_usd, hop_ms in target.hops[state]:
            mark = 0 if after == target.root else 1 << after % ends.nodes
            ms_after = ms + hop_ms if bounded else 0.0
            ms_at_root = ms_after + target.ms_to_go[after]
            usd_after = usd + hop_usd + penalty.get(arc >> 1, 0.0)
            estimate = usd_after + target.usd_to_go[after]
            if ms_at_root <= target.limit_ms and estimate < target.below_usd and not passed & mark:
                new = (
                    estimate,
                    ms_at_root,
                    next(numbers),
                    usd_after,
                    ms_after,
                    after,
                    arc,
                    label,
                    passed | mark,
                )
                heappush(heap, new)


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a simple way, among so many nodes; the node of a state is the remainder by them."""

    origin: int
    destination: int
    nodes: int

    @property
    def marks(self) -> int:
        """The bits of both ends: no way may come back to them."""
        return 1 << self.origin | 1 << self.destination


def _arcs(label: Any) -> tuple[int, ...]:
    found = []
    while label[7] is not None:
        found.append(label[6])
        label = label[7]
    return tuple(reversed(found))
