"""The families of instances, and what a reader module offers for each.

A reader module (``benchmarks/readers/NAME.py``) holds a dictionary ``FAMILIES`` from the name of a family to
its :class:`Family`. Modules are imported when one of their families is asked for, so a faulty or missing
reader does not harm the others. Files are given by path; nothing is known here of where they lie.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from computeroute.solvers.blocks import BlockResult, Blocks, BlockSolution

Solution = dict[str, Any]
"""What is written to a solution file: lists, numbers and strings only, so that it is JSON as it stands."""


MALFORMED = (ValueError, OverflowError, RecursionError, MemoryError, LookupError, TypeError, AttributeError)
"""What readers may stumble over in a file that is not what it is said to be."""


class BadFileError(Exception):
    """An instance or solution file that cannot be read; the message is one line and names the file."""


class WrongSolutionError(Exception):
    """A solution that breaks a constraint of its instance; the message is one line and says which."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a solver may use: wall seconds, relative gap at which it may end, seed, threads."""

    seconds: float = 60.0
    gap: float = 0.0
    seed: int = 0
    threads: int | None = None
    stop: Callable[[], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of instances.

    Attributes
    ----------
    read
        ``read(path, instance) -> (blocks, context)``. ``instance`` is the name that picks one of several
        instances in a file (``cap71-ss``, ``capa-8000``), None where the file alone tells; ``context`` is
        whatever ``to_solution`` needs. Raises :class:`BadFileError` for a malformed file or an unknown
        instance name (an ``OSError`` may pass through).
    check
        ``check(path, instance, solution) -> objective``, read from the raw file again and sharing no code
        with the solvers or with ``read`` beyond splitting the file into numbers. Raises
        :class:`WrongSolutionError` where the solution breaks a constraint.
    to_solution
        ``to_solution(block_solution, context) -> solution`` in the form of the solution file.
    solve
        ``solve(blocks, context, limits) -> BlockResult`` where the objective does not fit the form of
        :class:`Blocks` (the least maximum of link utilisation); None: ``solve_blocks`` of
        ``computeroute.solvers.decomposition``.
    program
        ``program(blocks, context)``, the whole model for the solvers that are compared with: an object with
        the ``program`` and with ``solution(x)``, the solution of the blocks that ``x`` stands for; None:
        ``block_program`` of ``computeroute.solvers.block_program``. Only needed together with ``solve``.
    """

    read: Callable[[Path, str | None], tuple[Blocks, Any]]
    check: Callable[[Path, str | None, Solution], float]
    to_solution: Callable[[BlockSolution, Any], Solution]
    solve: Callable[[Blocks, Any, Limits], BlockResult] | None = None
    program: Callable[[Blocks, Any], Any] | None = None


MODULES: Mapping[str, str] = MappingProxyType(
    {
        "scale": "scale",
        "gap": "gap",
        "cflp": "facility",
        "ufl": "facility",
        "sscflp": "facility",
        "cmnd": "network",
        "te": "network",
    }
)
"""Reader module of each family."""


def opened(kind: Family, path: Path, instance: str | None) -> tuple[Blocks, Any]:
    """Return the blocks of an instance and their context.

    Raises
    ------
    BadFileError
        When the file is none of the family, whatever its reader stumbles over.
    OSError
        When it cannot be read.
    """
    try:
        return kind.read(path, instance)
    except MALFORMED as error:
        raise BadFileError(f"{path}: is malformed or far too large: {error!r:.200}") from error


def family(name: str) -> Family:
    """Return the family of that name (raises KeyError for an unknown one)."""
    module = importlib.import_module(f"benchmarks.readers.{MODULES[name]}")
    found: Family = module.FAMILIES[name]
    return found
