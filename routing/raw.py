"""Access to the elements of a problem, parsed or raw, that never fails on malformed data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel


def get(element: Any, key: str) -> Any:
    """Return a field of a model, or of a mapping; ``None`` where there is none."""
    if isinstance(element, BaseModel):
        return element.__dict__.get(key)  # getattr() is slow where a model has no such field
    return element.get(key) if isinstance(element, (dict, Mapping)) else None


def text(element: Any, key: str) -> str | None:
    """Return a field if it is a text."""
    value = get(element, key)
    return value if isinstance(value, str) else None


def number(element: Any, key: str, default: float) -> float:
    """Return a field if it is a number to reckon with, neither NaN nor endless, else ``default``."""
    value = get(element, key)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
    return value if is_number else default


def sequence(value: Any) -> Sequence[Any]:
    """Return ``value`` if it is a list, else nothing."""
    return value if isinstance(value, (list, tuple)) else ()


def items(element: Any, key: str) -> Sequence[Any]:
    """Return a field that is a list; nothing where it is none."""
    return sequence(get(element, key))


def mapping(element: Any, key: str) -> Mapping[str, Any]:
    """Return the entries of a field that is a mapping, those whose keys are texts."""
    value = get(element, key)
    return {k: v for k, v in value.items() if isinstance(k, str)} if isinstance(value, Mapping) else {}
