"""Reading problems: a file, a sample by its name or standard input, with workloads from a second file."""

from __future__ import annotations

import os
from typing import Any

from ..routing.errors import InputError
from ..routing.problem import Problem
from .catalog import fill_in
from .documents import parse
from .sources import Source, open_source

FilePath = str | os.PathLike[str]


def load(path: FilePath, workloads: FilePath | None = None) -> Problem:
    """Read a problem.

    Parameters
    ----------
    path
        A JSON or YAML file, the name of a sample such as ``two-sites``, or ``-`` for standard input.
    workloads
        A second file (JSON, YAML or CSV) whose workloads are added to those of the first.

    Raises
    ------
    InputError
        With every fault found in the two files, each with its place.
    """
    data, faults = read(path)
    return Problem.parse(fill_in(data), os.fspath(path))


def read(path: FilePath) -> tuple[dict[str, Any], list[Any]]:
    """Return the plain data of a file, sample or standard input, and the faults that a parser noticed."""
    source = open_source(path)
    data, faults = parse(source)
    if not isinstance(data, dict):
        raise InputError(["the top level must be an object with keys such as 'pools'"], source.name)
    return data, faults


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a problem file."""
    return Problem.model_json_schema()


__all__ = ["Source", "load", "read", "schema"]
