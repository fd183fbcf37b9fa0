"""Small networks that several tests use."""

from __future__ import annotations

import numpy as np
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Flows, Resources
from computeroute.solvers.network.instance import Network, network_of


def blocks_of(
    arcs: list[tuple[int, int, float, float, float]], wanted: list[tuple[int, int, float]]
) -> Blocks:
    """Return blocks of arcs (tail, head, cost, capacity, opening) and commodities (from, to, amount)."""
    tail, head, cost, capacity, opening = np.array(arcs, dtype=float).T
    origin, destination, amount = np.array(wanted, dtype=float).reshape(-1, 3).T
    flows = Flows(
        nodes=int(max(tail.max(), head.max())) + 1,
        tail=tail.astype(np.int64),
        head=head.astype(np.int64),
        cost=cost,
        resource=np.arange(len(tail)),
        origin=origin.astype(np.int64),
        destination=destination.astype(np.int64),
        amount=amount,
    )
    count = len(tail)
    return Blocks(Resources.fixed(capacity, opening), Choices.none(count), Divisions.none(count), flows)


# Two ways from 0 to 3: over 1 (cost 2, opening 10 per arc) and over 2 (cost 6, opening 1 per arc).
DIAMOND = [(0, 1, 1, 9, 10), (1, 3, 1, 9, 10), (0, 2, 3, 9, 1), (2, 3, 3, 9, 1)]


def diamond(amount: float = 4) -> Network:
    return network_of(blocks_of(DIAMOND, [(0, 3, amount)]))


def wide(seed: int = 0, commodities: int = 30) -> Blocks:
    """Return 12 nodes, 50 arcs and many commodities: more than a neighbourhood takes at once."""
    rng = np.random.default_rng(seed)
    ring = [(node, (node + 1) % 12) for node in range(12)]
    pairs = [*ring, *((b, a) for a, b in ring), *(tuple(rng.choice(12, 2, replace=False)) for _ in range(26))]
    arcs = [(a, b, *rng.integers(1, 9, 1), 60, *rng.integers(50, 300, 1)) for a, b in pairs]
    wanted = [(*rng.choice(12, 2, replace=False), *rng.integers(1, 9, 1)) for _ in range(commodities)]
    return blocks_of(arcs, wanted)
