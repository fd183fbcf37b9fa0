"""Whole packings of resources as columns: those that a good solution may hold are listed, then combined.

Source: R. Baldacci, N. Christofides and A. Mingozzi, An exact algorithm for the vehicle routing problem based
on the set partitioning formulation, Mathematical Programming 115 (2008) 351-385: all columns whose reduced
cost is within the gap are listed, and an integer program over them is solved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from ..program import Program
from .knapsacks import Knapsacks
from .pricing import Pricing
from .problem import ChoiceProblem
from .proof import Task

MOST_PACKINGS = 8_000
"""Packings in one program."""


def packing_task(problem: ChoiceProblem, knapsacks: Knapsacks, pricing: Pricing, gap: float) -> Task:
    """Return the program over the packings that raise the bound by at most ``gap`` (the best of them).

    It is complete where no packing had to be left out.
    """
    most = MOST_PACKINGS // len(knapsacks.room)
    profit = knapsacks.profit(pricing.least)
    options: list[Ints] = []
    resource: list[int] = []
    complete = True
    for row in range(len(knapsacks.room)):
        option = knapsacks.option[row]
        mine = (option >= 0) & (pricing.excess[option] <= gap)
        packed, everything = packings(
            profit[row, mine], knapsacks.weight[row, mine], int(knapsacks.room[row]), gap, most
        )
        complete &= everything
        options += [option[mine][each] for each in packed]
        resource += [row] * len(packed)
    placed = np.unique(problem.owner[np.concatenate(options)]) if options else np.zeros(0, np.int64)
    program = _program(problem, options, resource)
    return Task(program, lambda x: _chosen(options, x), complete, len(placed) < len(problem))


def packings(
    profit: Floats, weight: Ints, room: int, gap: float, most: int
) -> tuple[NDArray[np.bool_], bool]:
    """Return the packings that earn at most ``gap`` less than the best, and whether those are all.

    Of more than ``most``, the best are returned. Options are decided one after the other for all packings
    at once; what the rest can earn is known.
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
    """Return what the options from k on earn in a knapsack, in row k, by room (K + 1, room + 1)."""
    table = np.zeros((len(profit) + 1, room + 1))
    for place in range(len(profit) - 1, -1, -1):
        table[place] = table[place + 1]
        size = int(weight[place])
        if size <= room:
            tried = table[place + 1, : room + 1 - size] + profit[place]
            np.maximum(table[place, size:], tried, out=table[place, size:])
    return table


def _program(problem: ChoiceProblem, options: list[Ints], resource: list[int]) -> Program:
    """Return the program that takes one packing of each resource at most, with every workload in one."""
    count, workloads = len(options), len(problem)
    size = np.array([len(each) for each in options], dtype=np.int64)
    held = np.concatenate(options) if count else np.zeros(0, np.int64)
    column = np.repeat(np.arange(count), size)
    rows = np.concatenate([problem.owner[held], workloads + np.array(resource, dtype=np.int64)])
    columns = np.concatenate([column, np.arange(count)])
    shape = (workloads + len(problem.capacity), count)
    return Program(
        cost=np.bincount(column, problem.cost[held], count).astype(float),
        lower=np.zeros(count),
        upper=np.ones(count),
        integer=np.ones(count, dtype=bool),
        matrix=csr_array((np.ones(len(rows)), (rows, columns)), shape=shape),
        row_lower=np.concatenate([np.ones(workloads), np.full(len(problem.capacity), -np.inf)]),
        row_upper=np.ones(shape[0]),
    )


def _chosen(options: list[Ints], x: Floats) -> Ints:
    """Return the options of the packings that are taken, by workload (ascending)."""
    return np.sort(np.concatenate([options[place] for place in np.flatnonzero(x > 0.5).tolist()]))
