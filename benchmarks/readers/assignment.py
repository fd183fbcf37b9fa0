"""What ``scale`` and ``gap`` share: a dense assignment of items to agents, checked and written alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from computeroute.solvers.blocks import Blocks, BlockSolution, Choices, Divisions, Resources
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.families import Solution, WrongSolutionError

from .numbers import most_load

Floats = NDArray[np.float64]


def assignment_blocks(
    cost: NDArray[Any], need: NDArray[Any], allowed: NDArray[np.bool_], capacity: Floats
) -> tuple[Blocks, NDArray[np.int32]]:
    """Return the blocks of an assignment problem (items by agents), and the agent of each option."""
    items, agents = cost.shape
    first = np.concatenate([[0], np.cumsum(allowed.sum(axis=1))])
    agent = np.broadcast_to(np.arange(agents, dtype=np.int32), allowed.shape)[allowed]
    place = np.arange(len(agent) + 1, dtype=np.int32)
    uses = csr_array((need[allowed].astype(float), agent, place), shape=(len(agent), agents))
    choices = Choices(first, cost[allowed].astype(float), uses, np.full(items, np.inf))
    return Blocks(Resources.fixed(capacity), choices, Divisions.none(agents)), agent


def to_solution(found: BlockSolution, agent: NDArray[np.int32]) -> Solution:
    """Return the agent of each item."""
    return {"assignment": agent[found.option].tolist()}


def check_assignment(
    solution: Solution, cost: NDArray[Any], need: NDArray[Any], allowed: NDArray[np.bool_], capacity: Floats
) -> float:
    """Return the cost of an assignment of every item to one agent; raises WrongSolutionError."""
    items, agents = cost.shape
    assignment = solution.get("assignment")
    if not isinstance(assignment, list) or len(assignment) != items:
        raise WrongSolutionError(f"'assignment' must be a list of {items} agents")
    agent = np.array(assignment, dtype=None if items else int)
    if agent.dtype.kind != "i" or ((agent < 0) | (agent >= agents)).any():
        raise WrongSolutionError(f"agents must be whole numbers from 0 to {agents - 1}")
    item = np.arange(items)
    if not allowed[item, agent].all():
        raise WrongSolutionError(f"item {int(np.argmin(allowed[item, agent]))} is not allowed where it is")
    load = np.bincount(agent, need[item, agent].astype(float), agents)
    fits = load <= most_load(capacity, need)
    if not fits.all():
        full = int(np.argmin(fits))
        raise WrongSolutionError(
            f"agent {full} is loaded {load[full]:.12g}, its capacity is {capacity[full]:.12g}"
        )
    return float(cost[item, agent].astype(float).sum())
