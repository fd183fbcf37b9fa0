"""One direction of travel: its ways with what they cost and how long they take, and searches among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from math import inf

import numpy as np
import numpy.typing as npt

from .dijkstra import Flags, Tree, Way
from .labels import Ends, Hop, Target, front, simple_front

Floats = npt.NDArray[np.float64]

_TIE = 1e-8
"""Weight of the second criterion, as a share of the smallest positive value of the first."""
_HOP = 1e-10
"""Weight of a hop on the same scale."""


class Lane:
    """The ways in one direction, with the cost and the latency of each arc."""

    def __init__(self, way: Way, usd: Floats, ms: Floats, destinations: Sequence[int]) -> None:
        self.way = way
        self._usd, self._ms = usd, ms
        self._destinations = destinations
        self._number = {node: k for k, node in enumerate(destinations)}
        self._usd_to_go: dict[int, list[float]] = {}
        self._ms_to_go: dict[int, list[float]] = {}

    @cached_property
    def swapped(self) -> Lane:
        """The same ways with latency as what is minimised, and cost second."""
        return Lane(self.way, self._ms, self._usd, self._destinations)

    @cached_property
    def weight(self) -> Floats:
        """Cost per hop, then latency, then hops: one positive number that orders ways by all three."""
        usd, ms = self._usd[self.way.arc], self._ms[self.way.arc]
        share = ms / max(float(ms.max(initial=0.0)), 1e-12)
        weight: Floats = np.maximum(usd + self._unit * (_TIE * share + _HOP), np.finfo(np.float64).tiny)
        return weight

    @cached_property
    def _unit(self) -> float:
        usd = self._usd[self.way.arc]
        least = float(usd.min(where=usd > 0, initial=inf))
        return least if least < inf else 1.0

    def without_ties(self, distance: Floats) -> Floats:
        """Return a lower bound of what ways of that ``weight`` in all cost, the ties' weights taken off."""
        bound: Floats = np.maximum(distance - self._unit * (_TIE + _HOP) * self.way.states, 0.0)
        return bound

    @cached_property
    def _tree(self) -> Tree:
        return self.way.tree(self.weight, self._destinations)

    @cached_property
    def _hops(self) -> list[list[Hop]]:
        way, useful = self.way, ~self._leads_back()
        hops: list[list[Hop]] = [[] for _ in range(way.states)]
        col, row, arc, weight = (of[useful].tolist() for of in (way.col, way.row, way.arc, self.weight))
        latency = self._ms.tolist()
        for begin, end, number, usd in zip(col, row, arc, weight, strict=True):
            hops[begin].append((end, number, usd, latency[number]))
        return hops

    def _leads_back(self) -> Flags:
        """Return which hops enter a state, no destination, that can be left only to where they come from."""
        way = self.way
        hops = np.bincount(way.col, minlength=way.size)
        only = np.zeros(way.size, dtype=np.int64)
        only[way.col] = way.row
        back: Flags = (hops[way.row] == 0) | ((hops[way.row] == 1) & (only[way.row] == way.col))
        roots = [way.root(destination) for destination in self._destinations]
        return back & ~np.isin(way.row, roots)

    def cost(self, arcs: Iterable[int]) -> float:
        """Return the cost of ``arcs``."""
        return sum(map(self._usd_list.__getitem__, arcs))

    def ms(self, arcs: Iterable[int]) -> float:
        """Return the latency of ``arcs``."""
        return self.swapped.cost(arcs)

    @cached_property
    def _usd_list(self) -> list[float]:
        values: list[float] = self._usd.tolist()
        return values

    def path(self, origin: int, destination: int) -> tuple[int, ...] | None:
        """Return the arcs of the cheapest way, the origin's first."""
        return self._tree.arcs(self._number[destination], self.way.start(origin), self.way.root(destination))

    def least_ms(self, origin: int, destination: int) -> float:
        """Return a lower bound of the latency, infinite where there is no way."""
        return self._bound_ms(destination)[self.way.start(origin)]

    def _bound_ms(self, destination: int) -> list[float]:
        bound = self._ms_to_go.get(destination)
        if bound is None:
            distance = self.swapped._tree.distance[self._number[destination]]
            bound = self._ms_to_go[destination] = self.swapped.without_ties(distance).tolist()
        return bound

    def _bound_usd(self, destination: int) -> list[float]:
        bound = self._usd_to_go.get(destination)
        if bound is None:
            bound = self._usd_to_go[destination] = self._tree.distance[self._number[destination]].tolist()
        return bound

    @cached_property
    def _nothing(self) -> list[float]:
        return [0.0] * self.way.size

    def front(
        self,
        ends: tuple[int, int],
        limit_ms: float,
        penalty: Mapping[int, float],
        below_usd: float = inf,
        simple_labels: int = 0,
    ) -> Iterator[tuple[int, ...]]:
        """Yield ways within the limit, the cheapest first, each faster than the last.

        Without a limit only the cheapest is yielded.

        Parameters
        ----------
        simple_labels
            Largest search for ways that pass no node twice, which is worth while where hops are marked; zero
            for any ways.
        """
        origin, destination = ends
        ms_to_go = self._bound_ms(destination) if limit_ms < inf else self._nothing
        usd_to_go = self._bound_usd(destination)
        target = Target(self._hops, self.way.root(destination), usd_to_go, ms_to_go, limit_ms, below_usd)
        start = self.way.start(origin)
        found = (
            simple_front(target, start, penalty, Ends(origin, destination, self.way.nodes), simple_labels)
            if simple_labels
            else front(target, start, penalty)
        )
        return found if limit_ms < inf else islice(found, 1)
