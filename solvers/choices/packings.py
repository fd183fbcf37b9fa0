"""The program over whole packings of resources that what is left of a problem of knapsacks comes to."""

from __future__ import annotations

import numpy as np

from ..blocks import Floats, Ints
from ..packings import packing_program, packings
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
    cost = np.array([problem.cost[each].sum() for each in options])
    members = [problem.owner[each].astype(np.int64) for each in options]
    placed = np.unique(np.concatenate(members)) if members else np.zeros(0, np.int64)
    filled = np.array(resource, dtype=np.int64)
    program = packing_program(cost, members, filled, len(problem), len(problem.capacity))
    return Task(program, lambda x: _chosen(options, x), complete, len(placed) < len(problem))


def _chosen(options: list[Ints], x: Floats) -> Ints:
    """Return the options of the packings that are taken, by workload (ascending)."""
    return np.sort(np.concatenate([options[place] for place in np.flatnonzero(x > 0.5).tolist()]))
