"""Flows taken apart into paths, so that every commodity is carried whole, without cycles or traces."""

from __future__ import annotations

from collections import deque

import numpy as np

from ...routing.errors import SolverError
from ..blocks import Floats, Ints
from .instance import TRACE, Network

_Leaving = dict[int, list[int]]


def strip_paths(network: Network, flow: Floats, commodities: Ints) -> Floats:
    """Return the flow of each of some commodities of one origin (A, len(commodities)).

    ``flow`` (A) carries all of them. What is missing for rounding goes by the last path found, what is too
    much is dropped; the flows are balanced exactly.

    Raises
    ------
    SolverError
        When the flow leads nothing to a destination: amounts differ so much that one is rounding to others.
    """
    left = flow.copy()
    least = TRACE * float(network.amount[commodities].min())
    leaving: _Leaving = {}
    for arc in np.flatnonzero(left > least).tolist():
        leaving.setdefault(int(network.tail[arc]), []).append(arc)
    found = np.zeros((network.arcs, len(commodities)))
    for column, commodity in enumerate(commodities.tolist()):
        paths = _paths(network, left, leaving, commodity, least)
        total = sum(amount for _, amount in paths)
        for arcs, amount in paths:
            found[arcs, column] += amount * (network.amount[commodity] / total)
    return found


def _paths(
    network: Network, left: Floats, leaving: _Leaving, commodity: int, least: float
) -> list[tuple[list[int], float]]:
    """Take the paths of one commodity out of what is left of a flow."""
    rest, paths = float(network.amount[commodity]), list[tuple[list[int], float]]()
    enough = 1e-6 * rest
    while rest > enough:
        arcs = _path(network, left, leaving, commodity, least)
        if arcs is None:
            if not paths:
                raise SolverError("amounts differ too much: one of them is lost in the rounding of others")
            break
        amount = min(rest, float(left[arcs].min()))
        left[arcs] -= amount
        rest -= amount
        paths.append((arcs, amount))
    return paths


def _path(
    network: Network, left: Floats, leaving: _Leaving, commodity: int, least: float
) -> list[int] | None:
    """Return the arcs of a path with the fewest arcs along which there is flow left."""
    origin, destination = int(network.origin[commodity]), int(network.destination[commodity])
    came: dict[int, int] = {origin: -1}
    waiting = deque([origin])
    while waiting and destination not in came:
        node = waiting.popleft()
        for arc in leaving.get(node, ()):
            head = int(network.head[arc])
            if left[arc] > least and head not in came:
                came[head] = arc
                waiting.append(head)
    if destination not in came:
        return None
    arcs = []
    while came[destination] >= 0:
        arcs.append(came[destination])
        destination = int(network.tail[arcs[-1]])
    return arcs
