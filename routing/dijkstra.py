"""Shortest ways from every node to many roots at once, with ties broken the same way every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CHUNK = 4_000_000
"""Elements of the largest temporary array."""
_DIGEST = 16
"""Bytes of a digest: no two of anything had the same so far."""


class Way:
    """Hops that lead towards a root (a destination), as a graph of states.

    The search begins at the root and spreads: a hop leads from its ``near`` node to its ``far`` node,
    whichever direction data takes. A node's state is its number. A node that may not be passed through has a
    second state, which hops leave and none enters: so it can be the root, or an end, but never between. Where
    hops are marked, each node has its states twice: in the second layer a marked hop has been taken.

    Parameters
    ----------
    arcs
        Arc of each hop.
    near, far
        Its nodes, ``near`` on the side of the root.
    passable
        For each node, whether a way may pass through it.
    marked
        Which hops a way must take at least one of; None for any way.
    """

    def __init__(
        self, arcs: Ints, near: Ints, far: Ints, passable: Flags, marked: Flags | None = None
    ) -> None:
        self.nodes = len(passable)
        self.layers = 1 if marked is None else 2
        self.states = self.nodes * self.layers
        opened = np.tile(passable, self.layers)
        self.exits = np.where(opened, np.arange(self.states), self.states + np.cumsum(~opened) - 1)
        self.size = self.states + int(np.count_nonzero(~opened))
        if marked is not None:
            arcs = np.tile(arcs, 2)
            near = np.concatenate([near, near + self.nodes])
            far = np.concatenate([far + self.nodes * marked, far + self.nodes])
        order = np.lexsort((arcs, far))
        self.arc, self.row, self.col = arcs[order], self.exits[near[order]], far[order]
        self._group()

    def _group(self) -> None:
        self.ends, self._end_starts = np.unique(self.col, return_index=True)
        key = self.row * self.size + self.col
        self._order = np.argsort(key, kind="stable")
        self._pairs, self._pair_starts = np.unique(key[self._order], return_index=True)
        self._indptr = np.searchsorted(self._pairs // self.size, np.arange(self.size + 1))

    def start(self, origin: int) -> int:
        """Return the state in which ``origin`` is an end."""
        return origin + self.states - self.nodes

    def root(self, destination: int) -> int:
        """Return the state in which ``destination`` is the root."""
        return int(self.exits[destination])

    def tree(self, weight: Floats, destinations: Sequence[int]) -> Tree:
        """Return the least-weight ways of all states to ``destinations``; weights of hops are positive."""
        return Tree(self, weight, *self._search(weight, destinations))

    def spread(self, weight: Floats, roots: Sequence[int] | Ints) -> Spread:
        """Return what :meth:`tree` returns, as arrays; of ways that are equally good it takes any."""
        distance, parent = self._search(weight, roots)
        # By pair and weight: the first hop of each pair is its lightest.
        lightest = np.lexsort((weight, self.row * self.size + self.col))[self._pair_starts]
        return Spread(self.size, self._pairs, self.arc[lightest], distance, parent)

    def _search(self, weight: Floats, roots: Sequence[int] | Ints) -> tuple[Floats, npt.NDArray[np.int32]]:
        """Return the distance of each state from each root, and the state before it (negative for none)."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        least = np.minimum.reduceat(weight[self._order], self._pair_starts)
        graph = csr_array((least, self._pairs % self.size, self._indptr), shape=(self.size, self.size))
        indices = self.exits[np.array(roots, dtype=np.int64)]
        distance, parent = dijkstra(graph, indices=indices, return_predecessors=True)
        return distance, parent

    def choices(self, weight: Floats, distance: Floats, parent: npt.NDArray[np.int32]) -> Ints:
        """Return for each root and state the hop towards the root: of equally good ones the first."""
        hops = len(self.arc)
        choice = np.full(distance.shape, hops, dtype=np.int64)
        step = max(1, _CHUNK // max(1, hops))
        for begin in range(0, len(distance), step):
            part = distance[begin : begin + step]
            near, far = part[:, self.row], part[:, self.col]
            tight = (near + weight == far) & (near < far)
            first = np.minimum.reduceat(np.where(tight, np.arange(hops), hops), self._end_starts, axis=1)
            choice[begin : begin + step, self.ends] = first
        # A hop too light to change a far larger sum is not seen to lead nearer; the parent is right there.
        for root, state in np.argwhere((choice == hops) & (distance > 0) & np.isfinite(distance)):
            choice[root, state] = self._lightest(weight, int(parent[root, state]), int(state))
        return choice

    def _lightest(self, weight: Floats, row: int, col: int) -> int:
        hops = np.flatnonzero((self.row == row) & (self.col == col))
        return int(hops[np.argmin(weight[hops])])


class Tree:
    """Distance of each state to each of some roots, and the hop to take there."""

    def __init__(self, way: Way, weight: Floats, distance: Floats, parent: npt.NDArray[np.int32]) -> None:
        self.distance = distance
        self._way, self._weight, self._parent = way, weight, parent
        self._rows: dict[int, list[int]] = {}

    @cached_property
    def _choice(self) -> Ints:
        return self._way.choices(self._weight, self.distance, self._parent)

    @cached_property
    def _arc(self) -> list[int]:
        found: list[int] = self._way.arc.tolist()
        return found

    @cached_property
    def _row(self) -> list[int]:
        found: list[int] = self._way.row.tolist()
        return found

    def arcs(self, number: int, start: int, root: int) -> tuple[int, ...] | None:
        """Return the arcs from state ``start`` to the root of that number, or None where there is no way."""
        if not np.isfinite(self.distance[number, start]):
            return None
        choice = self._rows.get(number)
        if choice is None:
            choice = self._rows[number] = self._choice[number].tolist()
        found = []
        while start != root:
            hop = choice[start]
            found.append(self._arc[hop])
            start = self._row[hop]
        return tuple(found)


@dataclass(frozen=True)
class Spread:
    """Distance of each state from each of R roots, and the ways there.

    Attributes
    ----------
    size
        Number of states.
    pairs, pair_arc
        Sorted keys ``near * size + far`` of the pairs of states that hops join, and the arc of the lightest.
    distance, parent
        (R, size) distance, infinite where there is no way, and the state before, negative for none.
    """

    size: int
    pairs: Ints
    pair_arc: Ints
    distance: Floats
    parent: npt.NDArray[np.int32]

    def names(self) -> list[bytes]:
        """Return a name of the tree of every root, the same for the same ways from the same root."""
        hops = blake2b(self.pairs.tobytes() + self.pair_arc.tobytes(), digest_size=_DIGEST).digest()
        return [hops + blake2b(row.tobytes(), digest_size=_DIGEST).digest() for row in self.parent]

    def homeward(self, root: Ints, state: Ints) -> Ints:
        """Return (N, L) arcs from (N,) states back to the roots of those numbers, -1 after the last."""
        steps: list[Ints] = []
        count, walking = len(root), np.arange(len(root))
        while True:
            before = self.parent[root, state].astype(np.int64)
            going = np.flatnonzero(before >= 0)
            if not len(going):
                break
            walking, root, state, before = walking[going], root[going], state[going], before[going]
            pair = np.searchsorted(self.pairs, before * self.size + state)
            steps.append(np.full(count, -1))
            steps[-1][walking] = self.pair_arc[pair]
            state = before
        return np.stack(steps, axis=1) if steps else np.zeros((count, 0), dtype=np.int64)
