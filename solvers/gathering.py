"""Dataclasses of arrays, gathered end to end as they come."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Generic, TypeVar

import numpy as np

from ..routing.runs import Growing

TOGETHER = 200
"""Parts that are joined at once: the memory of small arrays is used again by those that follow."""

T = TypeVar("T")


class Gathering(Generic[T]):
    """Parts of one dataclass, all of whose fields are arrays of rows.

    Parameters
    ----------
    none
        A part without rows, which tells what those of the others are like.
    """

    def __init__(self, none: T) -> None:
        self._kind = type(none)
        self._waiting: list[T] = []
        self._columns = {field.name: _column(getattr(none, field.name)) for field in fields(none)}  # type: ignore[arg-type]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, part: T) -> None:
        """Add a part."""
        self._waiting.append(part)
        self._count += 1
        if len(self._waiting) >= TOGETHER:
            self._join()

    def joined(self) -> T:
        """Return all parts as one."""
        self._join()
        return self._kind(**{name: column.rows for name, column in self._columns.items()})

    def _join(self) -> None:
        if self._waiting:
            for name, column in self._columns.items():
                column.add(np.concatenate([getattr(part, name) for part in self._waiting]))
        self._waiting.clear()


def _column(rows: np.ndarray[Any, Any]) -> Growing:
    return Growing(*rows.shape[1:], dtype=rows.dtype)
