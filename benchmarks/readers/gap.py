"""Generalised assignment: ``m n``, m rows of n costs, m rows of n weights, m capacities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from computeroute.solvers.blocks import Blocks
from numpy.typing import NDArray

from benchmarks.families import BadFileError, Family, Solution

from .assignment import assignment_blocks, check_assignment, to_solution
from .numbers import finite, read_numbers, require_end, sizes, take, within

Floats = NDArray[np.float64]


def _arrays(path: Path) -> tuple[Floats, Floats, Floats]:
    """Return costs and weights (items by agents) and capacities."""
    numbers = read_numbers(path)
    agents, items = sizes(take(numbers, 0, 2, path, "the sizes"), path)
    if agents < 1 or items < 1:
        raise BadFileError(f"{path}: {agents} agents and {items} items make no instance")
    cost = take(numbers, 2, agents * items, path, "the costs")
    weight = take(numbers, 2 + agents * items, agents * items, path, "the weights")
    capacity = take(numbers, 2 + 2 * agents * items, agents, path, "the capacities")
    require_end(numbers, 2 + (2 * items + 1) * agents, path)
    cost, weight = finite(cost, path, "costs"), finite(weight, path, "weights", 0.0)
    capacity = within(capacity, path, "capacities", -np.inf)
    return cost.reshape(agents, items).T, weight.reshape(agents, items).T, capacity


def read(path: Path, _: str | None) -> tuple[Blocks, NDArray[np.int32]]:
    """Return the blocks of an instance and the agent of each option."""
    cost, weight, capacity = _arrays(path)
    return assignment_blocks(cost, weight, np.ones(cost.shape, dtype=bool), capacity)


def check(path: Path, _: str | None, solution: Solution) -> float:
    """Return the cost of a solution, checked against the file."""
    cost, weight, capacity = _arrays(path)
    return check_assignment(solution, cost, weight, np.ones(cost.shape, dtype=bool), capacity)


FAMILIES = {"gap": Family(read=read, check=check, to_solution=to_solution)}
