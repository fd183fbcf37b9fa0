"""Blocks to the solver that fits their structure."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from .blocks import BlockResult, Blocks

BlockSolver = Callable[..., BlockResult]

SOLVERS = MappingProxyType(
    {
        "choices": (
            "choices.solve",
            "solve_choices",
            "workloads take one option each, nothing has to be opened",
        ),
        "facility": ("facility.solve", "solve_facility", "options or shares use resources that cost to open"),
        "network": ("network.solve", "solve_network", "flows share the arcs of a network"),
        "whole": ("whole", "solve_whole", "no structure that another solver knows"),
    }
)
"""Module, function and reason of each structure."""


def structure(blocks: Blocks) -> str:
    """Return the structure of ``blocks``, a key of :data:`SOLVERS`."""
    opened = bool((blocks.resources.activation_cost > 0).any())
    expands = bool((blocks.resources.most_modules > 0).any())
    placed, divided = len(blocks.choices) > 0, len(blocks.divisions) > 0
    if len(blocks.flows):
        return "whole" if placed or divided or expands else "network"
    if not divided and not opened:
        return "choices"
    replicated = bool((blocks.divisions.slot >= 0).any())
    if replicated or expands or placed == divided or not _takes_of_one(blocks):
        return "whole"
    return "facility"


def _takes_of_one(blocks: Blocks) -> bool:
    """Return whether every option takes of one resource, none of them twice for the same customer."""
    customers = blocks.choices if len(blocks.choices) else blocks.divisions
    uses = csr_array(customers.uses)
    if (np.diff(uses.indptr) != 1).any() or (uses.data < 0).any():
        return False
    owner = np.repeat(np.arange(len(customers)), np.diff(customers.first))
    pairs = owner * len(blocks.resources) + uses.indices
    return len(np.unique(pairs)) == len(pairs) and not (blocks.resources.activation_cost < 0).any()


def solve_blocks(
    blocks: Blocks,
    *,
    time_limit: float,
    gap_limit: float = 1e-4,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[float | None, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> BlockResult:
    """Solve ``blocks`` with the solver that knows their structure; its name and why are in ``method``.

    Parameters
    ----------
    time_limit
        Seconds; the best solution found by then is returned with its bound.
    gap_limit
        Relative gap at which to end.
    seed, threads
        The same seed gives the same result unless time stopped the solve; default where None.
    progress, stop
        Called with objective (or None) and bound as they improve; asked whether to end.
    """
    module, function, why = SOLVERS[structure(blocks)]
    solver: Any = getattr(importlib.import_module(f".{module}", __package__), function)
    result: BlockResult = solver(
        blocks,
        time_limit=time_limit,
        gap_limit=gap_limit,
        seed=seed,
        threads=threads,
        progress=progress,
        stop=stop,
    )
    return replace(result, method=f"{result.method} ({why})")
