"""First solutions: openings of a reweighted relaxation, and flows by slope scaling.

Reweighting: the relaxation is solved again and again with the fixed cost of every resource divided by the
share to which it was opened, so that shares go to 0 or 1 (Candes, Wakin and Boyd 2008; capacity scaling of
Katayama, Chen and Kubo 2009 is of the same kind). Slope scaling: the fixed cost is charged per unit of the
last flow, and the linear problem is solved again until the flow repeats itself (Crainic, Gendron and Hernu
2004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..blocks import Floats, Ints
from .dual import Dual, Relaxed
from .instance import Network
from .linear import Bundles, route

EPSILON = 0.2
"""Shares that are small beside it are all the same."""
WIDTH = 0.01
"""Smoothing, relative to the usual cost of a unit."""
ROUNDS = 10
CLIMB = 60
STALLED = 2
"""Rounds without fewer open resources after which reweighting ends."""
SCALINGS = 6
LEAST_OPENING = 0.02


def reweighted(dual: Dual, point: Floats, over: Callable[[], bool]) -> Iterator[Relaxed]:
    """Yield relaxed solutions whose openings come closer and closer to 0 or 1."""
    base = dual.network.fixed
    fixed, undecided, stalled = base, np.inf, 0
    for _ in range(ROUNDS):
        point = dual.climb(point, WIDTH, CLIMB, fixed)
        found = dual.relaxed(point, WIDTH, fixed)
        yield found
        between = int(((found.opening > 0.05) & (found.opening < 0.95)).sum())
        stalled = stalled + 1 if between >= undecided else 0
        undecided = min(undecided, between)
        if over() or stalled >= STALLED or undecided == 0:
            return
        fixed = base * (1 + EPSILON) / (found.opening + EPSILON)


def scaled_slopes(
    network: Network, bundle: Bundles, arcs: Ints, load: Floats, over: Callable[[], bool]
) -> tuple[Floats, float] | None:
    """Return the best flow of bundles (A, G) over ``arcs`` and its cost, beginning at slopes of ``load`` (R).

    None where the arcs cannot carry everything.
    """
    slope = network.fixed / np.clip(load, np.maximum(0.05 * network.capacity, 1e-12), None)
    best: tuple[Floats, float] | None = None
    for _ in range(SCALINGS):
        flow = route(network, bundle, network.cost + slope[network.resource], arcs, gives_up=True).flow
        if flow is None:
            return best
        value = network.value(flow)
        if best is not None and value >= best[1] - 1e-9 * abs(value):
            return best
        best = flow, value
        used = network.load(flow)
        slope = np.where(used > 0, network.fixed / np.maximum(used, 1e-12), slope)
        if over():
            return best
    return best


def supported(network: Network, found: Relaxed) -> Ints:
    """Return the arcs whose resources a relaxed solution opens."""
    return np.flatnonzero(found.opening[network.resource] > LEAST_OPENING)
