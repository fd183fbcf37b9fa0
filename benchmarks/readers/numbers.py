"""Text files, most of them nothing but numbers, and numbers that can be what they are said to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.families import BadFileError

MOST_BYTES = 2**28
"""Size of a text that is still read: its numbers take 10 to 20 times as much memory."""
LONGEST_NUMBER = 1000
"""Characters of a number."""
LEAST_SIZE, MOST_SIZE = 1e-100, 1e100
"""Between these lie all numbers but 0, so that sums, products and ratios are numbers, too."""
ROUNDING = 1e-6
"""Relative error of shares, flows and loads that checks take for rounding."""
MOST_THINGS = 100_000_000
"""Nodes, arcs, items and the like that a file may announce."""


def require_regular(path: Path) -> None:
    """Raise BadFileError for a folder, a pipe or a device."""
    if path.exists() and not path.is_file():
        raise BadFileError(f"{path}: is no regular file")


def read_text(path: Path) -> str:
    """Return the text of a regular file that is not far too large."""
    require_regular(path)
    if path.stat().st_size > MOST_BYTES:
        raise BadFileError(f"{path}: is larger than {MOST_BYTES // 2**20} MiB")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFileError(f"{path}: is not text: {error.reason}") from error


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Return all numbers of a text file; line breaks mean nothing."""
    numbers = read_text(path).split()
    if max(map(len, numbers), default=0) > LONGEST_NUMBER:
        raise BadFileError(f"{path}: has a number of more than {LONGEST_NUMBER} characters")
    try:
        return np.array(numbers, dtype=float)
    except ValueError as error:
        raise BadFileError(f"{path}: {error}") from error


def take(numbers: NDArray[np.float64], at: int, count: int, path: Path, what: str) -> NDArray[np.float64]:
    """Return ``count`` numbers from place ``at``; raises BadFileError where the file ends before."""
    part = numbers[at : at + count]
    if count < 0 or len(part) < count:
        raise BadFileError(f"{path}: ends within {what}: {count} numbers expected, {len(part)} found")
    return part


def require_end(numbers: NDArray[np.float64], at: int, path: Path) -> None:
    """Raise BadFileError where numbers are left from place ``at``: the file is then of another form."""
    if len(numbers) > at:
        raise BadFileError(
            f"{path}: {len(numbers)} numbers where its sizes make {at}; is it of another form?"
        )


def sizes(numbers: NDArray[np.float64], path: Path) -> list[int]:
    """Return numbers of things."""
    if not ((numbers >= 0) & (numbers <= MOST_THINGS) & (numbers == np.floor(numbers))).all():
        raise BadFileError(f"{path}: sizes must be whole numbers from 0 to {MOST_THINGS:,}")
    return [int(number) for number in numbers]


def places(numbers: NDArray[Any], path: Path, what: str) -> NDArray[np.int64]:
    """Return whole numbers that name things."""
    if not (np.abs(numbers) <= MOST_THINGS).all() or (numbers != np.floor(numbers)).any():
        raise BadFileError(f"{path}: {what} must be whole numbers")
    return numbers.astype(np.int64)


def finite(numbers: NDArray[Any], path: Path, what: str, least: float = -np.inf) -> NDArray[np.float64]:
    """Return numbers, all of them finite and at least ``least``; NaN is no number."""
    return within(numbers, path, what, least, most=np.finfo(float).max)


def within(
    numbers: NDArray[Any], path: Path, what: str, least: float = 0.0, *, most: float = np.inf
) -> NDArray[np.float64]:
    """Return numbers from ``least`` on, no larger than ``most`` either way; NaN is no number."""
    if numbers.dtype.kind not in "biuf":
        raise BadFileError(f"{path}: {what} are not numbers")
    found = numbers.astype(float)
    wrong = ~((found >= least) & (np.abs(found) <= most)) | np.isneginf(found)
    if wrong.any():
        limits = f"numbers of at least {least:g}" if np.isfinite(least) else "finite numbers"
        raise BadFileError(f"{path}: {what} must be {limits}, not {found[wrong][0]:g}")
    size = np.abs(found[(found != 0) & np.isfinite(found)])
    if size.max(initial=LEAST_SIZE) > MOST_SIZE or size.min(initial=MOST_SIZE) < LEAST_SIZE:
        raise BadFileError(f"{path}: {what} must be 0 or of a size from {LEAST_SIZE:g} to {MOST_SIZE:g}")
    return found


def most_load(capacity: NDArray[np.float64], amounts: NDArray[Any]) -> NDArray[np.float64]:
    """Return what the check of undivided ``amounts`` takes for a capacity: whole numbers have no rounding.

    Those beyond what floating-point numbers tell apart have.
    """
    is_whole = bool((amounts == np.floor(amounts)).all())
    size = np.where(np.isfinite(capacity), np.abs(capacity), 0.0)
    most = np.maximum(0.5, len(amounts) * np.spacing(size)) if is_whole else np.inf
    return capacity + np.minimum(ROUNDING * np.abs(capacity), most)
