"""Bound and prices of network design: a smoothed Lagrangian dual, maximised by L-BFGS-B.

The balance of flow at the nodes is relaxed with potentials and the capacity with prices. What remains falls
apart into one small problem per resource: open it where the reduced costs of all that could flow there, each
commodity up to its amount, pay for it. The bound equals that of the strong linear relaxation
(``x[k, a] <= amount[k] * y[a]``; Gendron, Crainic and Frangioni 1999). Both minima are smoothed by a
quadratic (Nesterov 2005); the derivatives are then a primal solution, whose opening shares tell which arcs
matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..blocks import Floats
from .instance import Network

OPENING_SCALE = 3.0
"""Width of the smoothing of openings over that of flows, in units of the median amount."""
MEMORY = 10
"""Pairs that L-BFGS keeps."""


@dataclass(frozen=True)
class Relaxed:
    """Value of the smoothed dual at a point, with its gradient and its primal solution.

    Attributes
    ----------
    value, gradient
        Of the dual function.
    flow
        Flow of each commodity on each arc (A, K); valid until the next evaluation.
    opening, worth
        Share to which each resource is opened (R), and its reduced cost when opened (R).
    """

    value: float
    gradient: Floats
    flow: Floats
    opening: Floats
    worth: Floats


class Dual:
    """The dual function of a network.

    A point holds the potentials (nodes, K) and the prices of capacity (R), flat.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        arcs, commodities = network.arcs, network.commodities
        limit = network.capacity[network.resource]
        self.most = np.minimum(network.amount[None, :], limit[:, None])
        self.linear = network.cost + (network.fixed / np.maximum(network.capacity, 1e-12))[network.resource]
        self.scale = float(np.median(self.linear[self.linear > 0])) if (self.linear > 0).any() else 1.0
        self._opening_scale = OPENING_SCALE * float(np.median(network.amount))
        one = np.ones(arcs)
        ends = (
            np.concatenate([one, -one]),
            (np.concatenate([network.tail, network.head]), np.tile(np.arange(arcs), 2)),
        )
        self._incidence = csr_array(ends, shape=(network.nodes, arcs))
        self._own = len(network.capacity) == arcs and bool((network.resource == np.arange(arcs)).all())
        self._buffers = [np.empty((arcs, commodities)) for _ in range(3)]

    def start(self) -> Floats:
        """Return potentials from shortest paths with opening costs spread over the capacity."""
        network = self.network
        graph = csr_array(
            (np.maximum(self.linear, 1e-12), (network.tail, network.head)), shape=(network.nodes,) * 2
        )
        ends, group = np.unique(network.origin, return_inverse=True)
        distance = dijkstra(graph, indices=ends)
        far = 2 * distance[np.isfinite(distance)].max(initial=0.0)
        potential = np.where(np.isfinite(distance), distance, far)[group]
        return np.concatenate([potential.T.ravel(), np.zeros(len(network.capacity))])

    def _by_resource(self, of_arc: Floats) -> Floats:
        if self._own:
            return of_arc
        return np.bincount(self.network.resource, of_arc, len(self.network.capacity)).astype(float)

    def evaluate(self, point: Floats, width: float, fixed: Floats | None = None) -> Relaxed:
        """Return the dual at a point, smoothed over costs of ``width``; exact (a bound) where that is 0."""
        network, (reduced, flow, spare) = self.network, self._buffers
        fixed = network.fixed if fixed is None else fixed
        potential = point[: network.nodes * network.commodities].reshape(network.nodes, -1)
        price = point[potential.size :]
        np.take(potential, network.tail, axis=0, out=reduced)
        reduced -= np.take(potential, network.head, axis=0, out=spare)
        reduced += (network.cost + price[network.resource])[:, None]
        gain = self._gain(width)
        worth = fixed - price * network.capacity + self._by_resource(gain)
        paid, opening = _soft_minimum(worth, width * self._opening_scale)
        flow *= opening[network.resource][:, None]
        row = np.arange(network.commodities)
        value = network.amount @ (potential[network.destination, row] - potential[network.origin, row])
        slope = self._incidence @ flow
        slope[network.destination, row] += network.amount
        slope[network.origin, row] -= network.amount
        over = self._by_resource(flow.sum(axis=1)) - network.capacity * opening
        return Relaxed(float(value + paid.sum()), np.concatenate([slope.ravel(), over]), flow, opening, worth)

    def _gain(self, width: float) -> Floats:
        """Return what flow at reduced costs is worth on each open arc; leave that flow in its buffer."""
        reduced, flow, spare = self._buffers
        if width <= 0:
            np.minimum(reduced, 0, out=spare)
            gain = np.einsum("ak,ak->a", self.most, spare)
            np.less(reduced, 0, out=flow, casting="unsafe")
        else:
            np.multiply(reduced, -0.5 / width, out=flow)
            flow += 0.5
            np.clip(flow, 0, 1, out=flow)
            np.minimum(np.add(reduced, width, out=spare), 0, out=spare)
            gain = np.einsum("ak,ak->a", self.most, spare)
            np.multiply(flow, flow, out=spare)
            gain -= width * np.einsum("ak,ak->a", self.most, spare)
        flow *= self.most
        return np.asarray(gain)

    def climb(self, point: Floats, width: float, rounds: int, fixed: Floats | None = None) -> Floats:
        """Return a better point, after at most so many iterations of L-BFGS-B."""
        from scipy.optimize import Bounds, minimize

        network = self.network
        unit = np.sqrt(np.median(network.amount))
        of_node = np.tile(unit / np.sqrt(network.amount), network.nodes)
        size = np.concatenate([of_node, unit / np.sqrt(np.maximum(network.capacity, 1e-12))])
        lower = np.concatenate([np.full(len(of_node), -np.inf), np.zeros(len(network.capacity))])
        scale = self.scale * float(network.amount.sum())

        def descend(x: Floats) -> tuple[float, Floats]:
            found = self.evaluate(x * size, width * self.scale, fixed)
            return -found.value / scale, -found.gradient * size / scale

        options = {"maxiter": rounds, "maxfun": 2 * rounds, "maxcor": MEMORY, "ftol": 1e-12, "gtol": 1e-12}
        found = minimize(
            descend, point / size, jac=True, method="L-BFGS-B", bounds=Bounds(lower, np.inf), options=options
        )
        return np.asarray(found.x * size)

    def bound(self, point: Floats) -> float:
        """Return the proven lower bound that a point gives; its prices must not be negative."""
        return self.evaluate(point, 0.0).value

    def relaxed(self, point: Floats, width: float, fixed: Floats | None = None) -> Relaxed:
        """Return the primal solution at a point, smoothed over ``width`` times the usual cost."""
        return self.evaluate(point, width * self.scale, fixed)


def _soft_minimum(z: Floats, width: float) -> tuple[Floats, Floats]:
    """Return min(z, 0), smoothed from below within ``width``, and its slope: the share taken."""
    if width <= 0:
        return np.minimum(z, 0), (z < 0).astype(float)
    share = np.clip((width - z) / (2 * width), 0, 1)
    return np.minimum(z + width, 0) - width * share * share, share
