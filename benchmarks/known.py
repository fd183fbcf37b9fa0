"""Best known values: ``best_known.csv`` of the data folder, and which family each of its rows belongs to."""

from __future__ import annotations

import csv
import fnmatch
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.families import BadFileError

FAMILY_OF: Mapping[str, str] = MappingProxyType(
    {"GAP": "gap", "CFLP": "cflp", "UFL": "ufl", "SSCFLP": "sscflp", "CMND": "cmnd", "TE-MLU": "te"}
)
"""Family by the part of the column ``family`` before the slash; rows of others are not ours."""


COLUMNS = ("family", "instance", "best_known", "file")


@dataclass(frozen=True)
class Known:
    """One instance with what is known of its optimum.

    Attributes
    ----------
    instance, family, group
        Name, family of :mod:`benchmarks.families`, and the column ``family`` of the file (``GAP/chu1997``).
    path
        Its file.
    best
        Best known objective, None where there is none, infinite where it is proved to have no solution.
    """

    instance: str
    family: str
    group: str
    path: Path
    best: float | None


def read_known(data: Path, *patterns: str) -> list[Known]:
    """Return the instances whose name, group or family matches a pattern, all where none is given.

    Raises
    ------
    BadFileError
        Where the folder has no ``best_known.csv``, or one that lacks a column.
    """
    file = data / "best_known.csv"
    if not file.is_file():
        raise BadFileError(
            f"{file}: not found; the folder of the instances is given with --data (make: DATA=...)"
        )
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(_rows(data, csv.DictReader(lines)))
    except KeyError as error:
        raise BadFileError(f"{file}: no column {error}") from error
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise BadFileError(f"{file}: is malformed: {error}") from error
    return [row for row in rows if any(_matches(row, pattern) for pattern in patterns or "*")]


def _matches(row: Known, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in (row.instance, row.group, row.family))


def _rows(data: Path, rows: Iterator[dict[str, str]] | csv.DictReader[str]) -> Iterator[Known]:
    for row in rows:
        if any(not isinstance(row[name], str) or not row[name].isprintable() for name in COLUMNS):
            raise ValueError(f"row {row!r:.100} lacks a value, or has one that cannot be printed")
        family = FAMILY_OF.get(row["family"].partition("/")[0])
        if family is not None:
            best = _value(row["best_known"])
            yield Known(row["instance"], family, row["family"], data / row["file"], best)


def _value(text: str) -> float | None:
    if text == "infeasible":
        return math.inf
    try:
        return float(text)
    except ValueError:
        return None
