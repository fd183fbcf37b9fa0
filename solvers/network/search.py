"""Improvement: some commodities are routed anew, with all others held where they are.

What the others use is open at no further cost, so each neighbourhood is a small design problem of its own,
with
the strong inequalities, over the arcs that the relaxations and the solution itself suggest (Hewitt, Nemhauser
and Savelsbergh 2010). Where neighbourhoods find nothing, more time is given to each, and they grow to fill
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..arrays import Bools
from ..blocks import Floats, Ints
from .aside import Aside
from .instance import Network
from .programs import DesignProgram, design_program

FIRST_SHARE = 0.1
"""Of all commodities, in the first neighbourhood; at least ``LEAST``."""
LEAST = 6
GROWTH, SHRINKING = 1.2, 0.85
FIRST_SECONDS = 0.5
"""Aimed at for a neighbourhood at first."""
PATIENCE = 10
"""Neighbourhoods in a row that find nothing before more time is given to each."""
MORE_TIME = 1.5
MOST_SHARE_OF_TIME = 0.2
GAP = 1e-5


class Search:
    """A solution and its improvement.

    Attributes
    ----------
    flow, value
        The best solution found (A, K) and its cost.
    """

    def __init__(self, network: Network, flow: Floats, kernel: Bools, seed: int) -> None:
        self.flow, self.value = flow, network.value(flow)
        self._network, self._kernel = network, kernel
        self._random = np.random.default_rng(seed)
        self._seed = seed
        self._size = max(LEAST, FIRST_SHARE * network.commodities)
        self._aim = FIRST_SECONDS
        self._failed = 0

    def accept(self, flow: Floats) -> bool:
        """Take another solution if it is better."""
        value = self._network.value(flow)
        better = value < self.value - 1e-9 * abs(self.value)
        if better:
            self.flow, self.value = flow, value
        return better

    def step(self, worker: Aside, seconds: float, over: Callable[[], bool]) -> bool:
        """Try one neighbourhood; return whether the solution is better now."""
        chosen = self._choose()
        held = self.flow.copy()
        held[:, chosen] = 0.0
        neighbourhood = self._neighbourhood(chosen, held)
        began = time.monotonic()
        limit = min(3 * self._aim + 0.5, seconds)
        worker.submit(neighbourhood.program, limit, GAP, self._seed)
        answer = worker.wait(over)
        better = False
        if answer is not None and answer.x is not None:
            held[:, chosen] = neighbourhood.flow(answer.x)
            better = self.accept(held)
        self._adapt(time.monotonic() - began, seconds, better=better)
        return better

    def _neighbourhood(self, chosen: Ints, held: Floats) -> DesignProgram:
        network, used = self._network, self._network.load(held)
        part = replace(
            network,
            origin=network.origin[chosen],
            destination=network.destination[chosen],
            amount=network.amount[chosen],
        )
        columns = self._kernel[:, chosen] | (self.flow[:, chosen] > 0)
        return design_program(part, columns, np.maximum(network.capacity - used, 0.0), used > 0)

    def _adapt(self, spent: float, left: float, *, better: bool) -> None:
        """Let neighbourhoods grow or shrink to the time aimed at, and aim at more where they find nothing."""
        self._failed = 0 if better else self._failed + 1
        if spent > 2 * self._aim:
            self._size = max(LEAST, self._size * SHRINKING)
        elif spent < 0.7 * self._aim and not better:
            self._size = min(self._network.commodities, self._size * GROWTH)
        if self._failed >= PATIENCE:
            self._failed = 0
            self._aim = min(self._aim * MORE_TIME, max(FIRST_SECONDS, MOST_SHARE_OF_TIME * left))

    def _choose(self) -> Ints:
        """Return commodities that have something in common: dear resources, or a node that they pass."""
        network, size = self._network, round(self._size)
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
