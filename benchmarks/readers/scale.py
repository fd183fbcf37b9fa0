"""Large placement instances (npz): need, cost, allowed (workloads by pools) and capacity (pools)."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from computeroute.solvers.blocks import Blocks
from numpy.typing import NDArray

from benchmarks.families import BadFileError, Family, Solution

from .assignment import assignment_blocks, check_assignment, to_solution
from .numbers import finite, require_regular, within

NAMES = ("cost", "need", "allowed", "capacity")
UNREADABLE = (
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    MemoryError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
    zipfile.BadZipFile,
    zlib.error,
)


def _arrays(path: Path) -> tuple[NDArray[Any], ...]:
    """Return cost, need, allowed and capacity."""
    require_regular(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            cost, need, allowed, capacity = (file[name] for name in NAMES)
    except UNREADABLE as error:
        raise BadFileError(f"{path}: not an npz file with {', '.join(NAMES)}: {error}") from error
    if not cost.shape == need.shape == allowed.shape or cost.ndim != 2 or capacity.shape != cost.shape[1:]:
        raise BadFileError(
            f"{path}: shapes {cost.shape}, {need.shape}, {allowed.shape}, {capacity.shape} do not fit"
        )
    allowed = finite(allowed, path, "allowed").astype(bool)
    finite(cost[allowed], path, "costs of what is allowed")
    finite(need[allowed], path, "needs of what is allowed", 0.0)
    return cost, need, allowed, within(capacity, path, "capacities", -np.inf)


def read(path: Path, _: str | None) -> tuple[Blocks, NDArray[np.int32]]:
    """Return the blocks of an instance and the pool of each option."""
    return assignment_blocks(*_arrays(path))


def check(path: Path, _: str | None, solution: Solution) -> float:
    """Return the cost of a solution, checked against the file."""
    return check_assignment(solution, *_arrays(path))


FAMILIES = {"scale": Family(read=read, check=check, to_solution=to_solution)}
