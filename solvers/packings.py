"""Whole packings of resources as columns: those that a good solution may hold are listed, then combined.

Source: R. Baldacci, N. Christofides and A. Mingozzi, An exact algorithm for the vehicle routing problem based
on the set partitioning formulation, Mathematical Programming 115 (2008) 351-385: all columns whose reduced
cost is within the gap are listed, and an integer program over them is solved.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from .arrays import Bools
from .blocks import Floats, Ints
from .programs.program import Program


def packings(profit: Floats, weight: Ints, room: int, gap: float, most: int) -> tuple[Bools, bool]:
    """Return the packings that earn at most ``gap`` less than the best, and whether those are all.

    Of more than ``most``, the best are returned. What may be packed is decided one after the other for all
    packings at once; what the rest can earn is known.
    """
    order = np.argsort(-profit / np.maximum(weight, 1e-9), kind="stable")
    profit, weight = profit[order], weight[order]
    rest = _tables(profit, weight, room)
    least = rest[0, room] - gap
    earned, left = np.zeros(1), np.array([room])
    taken, complete = np.zeros((1, len(profit)), dtype=bool), True
    for place in range(len(profit)):
        fits = left >= weight[place]
        joined = taken[fits]
        joined[:, place] = True
        earned = np.concatenate([earned, earned[fits] + profit[place]])
        left = np.concatenate([left, left[fits] - weight[place]])
        taken = np.concatenate([taken, joined])
        reach = earned + rest[place + 1, left]
        keep = np.flatnonzero(reach >= least)
        if len(keep) > most:
            keep = np.sort(keep[np.argsort(-reach[keep], kind="stable")[:most]])
            complete = False
        earned, left, taken = earned[keep], left[keep], taken[keep]
    back = np.empty_like(taken)
    back[:, order] = taken
    return back, complete


def _tables(profit: Floats, weight: Ints, room: int) -> Floats:
    """Return what is left from k on earns in a knapsack, in row k, by room (K + 1, room + 1)."""
    table = np.zeros((len(profit) + 1, room + 1))
    for place in range(len(profit) - 1, -1, -1):
        table[place] = table[place + 1]
        size = int(weight[place])
        if size <= room:
            tried = table[place + 1, : room + 1 - size] + profit[place]
            np.maximum(table[place, size:], tried, out=table[place, size:])
    return table


def packing_program(
    cost: Floats, members: Sequence[Ints], resource: Ints, workloads: int, resources: int
) -> Program:
    """Return the program that takes one packing of each resource at most, with every workload in one.

    Packings (K) have a ``cost``, the workloads that are their ``members``, and the ``resource`` they fill.
    """
    count = len(members)
    held = np.concatenate(members) if count else np.zeros(0, np.int64)
    column = np.repeat(np.arange(count), [len(each) for each in members])
    rows = np.concatenate([held, workloads + resource])
    columns = np.concatenate([column, np.arange(count)])
    shape = (workloads + resources, count)
    return Program(
        cost=cost,
        lower=np.zeros(count),
        upper=np.ones(count),
        integer=np.ones(count, dtype=bool),
        matrix=csr_array((np.ones(len(rows)), (rows, columns)), shape=shape),
        row_lower=np.concatenate([np.ones(workloads), np.full(resources, -np.inf)]),
        row_upper=np.ones(shape[0]),
    )
