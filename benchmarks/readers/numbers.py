"""Text files that are nothing but numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.families import BadFileError


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Return all numbers of a text file; line breaks mean nothing."""
    try:
        return np.array(path.read_text().split(), dtype=float)
    except ValueError as error:
        raise BadFileError(f"{path}: {error}") from error


def take(numbers: NDArray[np.float64], at: int, count: int, path: Path, what: str) -> NDArray[np.float64]:
    """Return ``count`` numbers from place ``at``; raises BadFileError where the file ends before."""
    part = numbers[at : at + count]
    if count < 0 or len(part) < count:
        raise BadFileError(f"{path}: ends within {what}: {count} numbers expected, {len(part)} found")
    return part
