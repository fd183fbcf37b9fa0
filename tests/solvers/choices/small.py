"""Small random problems of choices, and their optimum by enumeration."""

from __future__ import annotations

import itertools

import numpy as np
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Resources
from scipy.sparse import csr_array


def blocks_of(
    options: list[list[tuple[float, list[float]]]],
    capacity: list[float],
    left_out: list[float] | None = None,
    modules: tuple[list[float], list[float], list[float]] | None = None,
) -> Blocks:
    """Return blocks from (cost, uses) of each option of each workload."""
    flat = [option for workload in options for option in workload]
    first = np.cumsum([0, *(len(workload) for workload in options)])
    uses = csr_array(np.array([use for _, use in flat], dtype=float).reshape(len(flat), len(capacity)))
    out = np.full(len(options), np.inf) if left_out is None else np.array(left_out, dtype=float)
    nothing = [0.0] * len(capacity)
    module, cost, most = modules or (nothing, nothing, nothing)
    resources = Resources(
        np.array(capacity, dtype=float),
        np.zeros(len(capacity)),
        np.array(module),
        np.array(cost),
        np.array(most),
    )
    choices = Choices(first, np.array([cost for cost, _ in flat], dtype=float), uses, out)
    return Blocks(resources, choices, Divisions.none(len(capacity)))


def random_blocks(rng: np.random.Generator, *, workloads: int = 4, resources: int = 3) -> Blocks:
    """Return a small problem: one or several resources per option, some workloads may be left out."""
    several = rng.random() < 0.4
    whole = rng.random() < 0.5
    options = []
    for _ in range(workloads):
        offered = []
        for resource in range(resources):
            if rng.random() < 0.8 or not offered:
                use = np.zeros(resources)
                use[resource] = rng.integers(1, 9)
                if several:
                    use[rng.integers(resources)] = rng.integers(1, 5)
                cost = rng.integers(1, 30)
                offered.append((float(cost) if whole else cost * 1.37, use.tolist()))
        options.append(offered)
    capacity = rng.integers(3, 6 + 3 * workloads, resources).astype(float)
    capacity[rng.random(resources) < 0.1] = np.inf
    left_out = np.where(rng.random(workloads) < 0.3, rng.integers(10, 60, workloads), np.inf)
    modules = None
    if rng.random() < 0.3:
        most = rng.integers(0, 3, resources).astype(float)
        modules = (np.full(resources, 3.0).tolist(), rng.integers(1, 9, resources).tolist(), most.tolist())
    return blocks_of(options, capacity.tolist(), left_out.tolist(), modules)


def optimum(blocks: Blocks) -> float:
    """Return the least cost over all combinations of options and modules; infinite where none fits."""
    choices, resources = blocks.choices, blocks.resources
    uses = choices.uses.toarray()
    menus = []
    for place, out in enumerate(choices.left_out_cost):
        menu = [(choices.cost[o], uses[o]) for o in range(choices.first[place], choices.first[place + 1])]
        menus.append(menu + ([(out, np.zeros(len(resources)))] if np.isfinite(out) else []))
    best = np.inf
    for taken in itertools.product(*menus):
        short = sum((use for _, use in taken), np.zeros(len(resources))) - resources.capacity
        needed = np.where(short > 1e-9, np.ceil((short - 1e-9) / np.maximum(resources.module, 1e-300)), 0.0)
        if (needed <= resources.most_modules).all():
            best = min(best, sum(cost for cost, _ in taken) + float(resources.module_cost @ needed))
    return best
