"""Improvement: some commodities are routed anew, or some of the network is designed anew.

Where commodities are chosen, all others are held where they are, and what these use is open at no further
cost (Hewitt, Nemhauser and Savelsbergh 2010). Where a region of the network is chosen, all commodities may
move, and everything outside the region stays open or closed as it is: with few commodities a design cannot
be changed by rerouting some of them. Each neighbourhood is a small design problem of its own with the strong
inequalities. Where neighbourhoods find nothing, more time is given to each, and they grow to fill it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..arrays import Bools
from ..blocks import Floats, Ints
from .aside import Aside
from .instance import Network
from .programs import DesignProgram, design_program

FIRST_SHARE = 0.1
"""Of all commodities, in the first neighbourhood of some; at least ``FIRST_COMMODITIES``."""
FIRST_COMMODITIES, LEAST_COMMODITIES = 6, 2
FIRST_REGION = 0.2
"""Of all nodes, in the first region."""
LEAST_NODES = 3
GROWTH, SHRINKING = 1.2, 0.85
FIRST_SECONDS = 0.5
"""Aimed at for a neighbourhood at first."""
PATIENCE = 10
"""Neighbourhoods in a row that find nothing before more time is given to each."""
MORE_TIME = 1.5
MOST_SHARE_OF_TIME = 0.2
GAP = 1e-5


@dataclass
class Pace:
    """Size of the neighbourhoods of one kind (between ``least`` and ``most``), and seconds aimed at for each.

    ``failed`` counts those in a row that found nothing, ``level`` how often patience with them ended.
    """

    size: float
    least: float
    most: float
    aim: float = FIRST_SECONDS
    failed: int = 0
    level: int = 0

    def adapt(self, spent: float, left: float, *, better: bool) -> None:
        """Grow or shrink to the time aimed at, and aim at more where neighbourhoods find nothing."""
        self.failed = 0 if better else self.failed + 1
        if spent > 2 * self.aim:
            self.size = max(self.least, self.size * SHRINKING)
        elif spent < 0.7 * self.aim and not better:
            self.size = min(self.most, self.size * GROWTH)
        if self.failed and self.failed % PATIENCE == 0:
            self.level += 1
            self.aim = min(self.aim * MORE_TIME, max(FIRST_SECONDS, MOST_SHARE_OF_TIME * left))


@dataclass(frozen=True)
class Neighbourhood:
    """A design problem, the commodities that it carries, and the flow (A, K) of all others."""

    design: DesignProgram
    members: Ints
    held: Floats

    def flow(self, x: Floats) -> Floats:
        """Return the flow of all commodities (A, K) in a solution."""
        whole = self.held.copy()
        whole[:, self.members] = self.design.flow(x)
        return whole


class Search:
    """A solution and its improvement.

    ``kernels`` say which commodity may use which arc (A, K) beside what the solution uses itself: narrow ones
    first, wider ones where neighbourhoods within them have found nothing for long.

    Attributes
    ----------
    flow, value
        The best solution found (A, K) and its cost.
    """

    def __init__(self, network: Network, flow: Floats, kernels: Sequence[Bools], seed: int) -> None:
        self.flow, self.value = flow, network.value(flow)
        self._network, self._kernels = network, kernels
        self._random = np.random.default_rng(seed)
        self._seed = seed
        commodities = network.commodities
        several = min(max(FIRST_COMMODITIES, FIRST_SHARE * commodities), commodities)
        rerouting = Pace(several, LEAST_COMMODITIES, commodities)
        redesign = Pace(max(LEAST_NODES, FIRST_REGION * network.nodes), LEAST_NODES, network.nodes)
        self._kinds = ((self._some_commodities, rerouting), (self._some_region, redesign))

    def accept(self, flow: Floats) -> bool:
        """Take another solution if it is better."""
        value = self._network.value(flow)
        better = value < self.value - 1e-9 * abs(self.value)
        if better:
            self.flow, self.value = flow, value
        return better

    def step(self, worker: Aside, seconds: float, over: Callable[[], bool]) -> bool:
        """Try one neighbourhood; return whether the solution is better now."""
        choose, pace = min(self._kinds, key=lambda kind: kind[1].failed)
        kernel = self._kernels[min(pace.level, len(self._kernels) - 1)]
        neighbourhood = choose(round(pace.size), kernel)
        began = time.monotonic()
        limit = min(3 * pace.aim + 0.5, seconds)
        worker.submit(neighbourhood.design.program, limit, GAP, self._seed)
        answer = worker.wait(over)
        better = False
        if answer is not None and answer.x is not None:
            better = self.accept(neighbourhood.flow(answer.x))
        pace.adapt(time.monotonic() - began, seconds, better=better)
        return better

    def _some_commodities(self, size: int, kernel: Bools) -> Neighbourhood:
        """Return the neighbourhood in which about so many commodities are routed anew."""
        chosen = self._choose(size)
        held = self.flow.copy()
        held[:, chosen] = 0.0
        network, used = self._network, self._network.load(held)
        part = replace(
            network,
            origin=network.origin[chosen],
            destination=network.destination[chosen],
            amount=network.amount[chosen],
        )
        columns = kernel[:, chosen] | (self.flow[:, chosen] > 0)
        design = design_program(part, columns, np.maximum(network.capacity - used, 0.0), used > 0)
        return Neighbourhood(design, chosen, held)

    def _some_region(self, size: int, kernel: Bools) -> Neighbourhood:
        """Return the neighbourhood in which the arcs at so many nodes are opened anew."""
        network = self._network
        inside = np.zeros(network.nodes, dtype=bool)
        inside[self._near(size)] = True
        free = np.zeros(len(network.capacity), dtype=bool)
        free[network.resource[inside[network.tail] & inside[network.head]]] = True
        is_open = network.load(self.flow) > 0
        columns = kernel | (self.flow > 0)
        columns &= (free | is_open)[network.resource][:, None]
        design = design_program(network, columns, network.capacity, is_open & ~free)
        return Neighbourhood(design, np.arange(network.commodities), np.zeros_like(self.flow))

    def _near(self, size: int) -> Ints:
        """Return so many nodes about one, those that few arcs lead to first."""
        network = self._network
        cost = 1.0 + self._random.uniform(0, 1, network.arcs)
        graph = csr_array((cost, (network.tail, network.head)), shape=(network.nodes,) * 2)
        distance = dijkstra(graph, directed=False, indices=self._random.integers(network.nodes))
        return np.argsort(distance, kind="stable")[:size]

    def _choose(self, size: int) -> Ints:
        """Return commodities that have something in common: dear resources, or a node that they pass."""
        network = self._network
        if size >= network.commodities:
            return np.arange(network.commodities)
        dear = self._dear_resources()
        if self._random.random() < 0.5:
            node = self._random.integers(network.nodes)
            near = (network.tail == node) | (network.head == node)
            dear = np.concatenate([dear[np.isin(dear, network.resource[near])], dear])
        chosen = np.zeros(network.commodities, dtype=bool)
        for resource in dear:
            chosen |= (self.flow[network.resource == resource] > 0).any(axis=0)
            if chosen.sum() >= size:
                break
        members = np.flatnonzero(chosen)
        most = round(1.5 * size)
        return self._random.choice(members, most, replace=False) if len(members) > most else members

    def _dear_resources(self) -> Ints:
        """Return the open resources, those with the largest fixed cost per unit first, at random."""
        load = self._network.load(self.flow)
        opened = np.flatnonzero(load > 0)
        dearness = self._network.fixed[opened] / load[opened] * self._random.exponential(1.0, len(opened))
        return opened[np.argsort(-dearness, kind="stable")]
