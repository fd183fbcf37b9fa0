"""The least cost of replicas that are enough for all, counted one by one."""

from __future__ import annotations

import numpy as np

from ...rates import Floats

CLOSE = 1e-9
MOST_PAIRS = 20_000
"""Pairs of counts that are looked at; -inf stands for what would take more."""
_Points = tuple[Floats, Floats]
"""Throughput and cost of counts of replicas."""


def least_cover(rising: Floats, rps: Floats, total: float) -> float:
    """Return the least cost of replicas that serve ``total`` together.

    Parameters
    ----------
    rising
        (S, J) cost of the first, second and further replicas of each slot, none less than the one before;
        infinite where there are no more.
    rps
        (S,) throughput of a replica. Few different ones are expected.
    """
    points = [_cheapest_first(rising[rps == each], float(each), total) for each in np.unique(rps)]
    left, right = _halves(points)
    if left is None or right is None:
        return -np.inf
    order = np.argsort(right[0], kind="stable")
    reached, cost = right[0][order], np.minimum.accumulate(right[1][order][::-1])[::-1]
    at = np.searchsorted(reached, total * (1 - CLOSE) - left[0])
    enough = at < len(reached)
    return float((left[1][enough] + cost[at[enough]]).min(initial=np.inf))


def _cheapest_first(rising: Floats, rps: float, total: float) -> _Points:
    """Return the least cost of so many replicas of one throughput: no more than serve all, and that earn."""
    each = np.sort(rising[np.isfinite(rising)])
    most = int(np.ceil(total / rps)) + np.count_nonzero(each < 0)
    cost = np.concatenate([[0.0], np.cumsum(each[:most])])
    return rps * np.arange(len(cost), dtype=float), np.asarray(cost)


def _halves(points: list[_Points]) -> tuple[_Points | None, _Points | None]:
    """Return all points as two lists to be combined; None where there would be too many."""
    half = len(points) // 2
    return _combined(points[:half]), _combined(points[half:])


def _combined(points: list[_Points]) -> _Points | None:
    """Return every combination of one point of each list."""
    throughput, cost = np.zeros(1), np.zeros(1)
    for more, paid in points:
        if len(throughput) * len(more) > MOST_PAIRS:
            return None
        throughput = (throughput[:, None] + more).ravel()
        cost = (cost[:, None] + paid).ravel()
    return throughput, cost
