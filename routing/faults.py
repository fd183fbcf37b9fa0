"""Faults found by pydantic, told by place and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from .base import Frozen
from .errors import Fault, suggestion

_UNION_TAGS = frozenset({"training", "inference"})


def from_validation(error: ValidationError, data: Any) -> list[Fault]:
    """Return one fault per error that pydantic found in ``data``."""
    faults: dict[Fault, None] = {}
    for item in error.errors(include_url=False):
        location = _without_union_branches(item["loc"], data)
        faults[Fault(place(location, data), _message(item, location))] = None
    return list(faults)


def place(location: Sequence[int | str], data: Any) -> str:
    """Return e.g. ``workloads[3] 'chat'.demand[0]`` for ``("workloads", 3, "demand", 0)``."""
    return "".join(_parts(location, data)).lstrip(".")


def _parts(location: Sequence[int | str], data: Any) -> Iterator[str]:
    here = data
    for step in location:
        here = _step(here, step)
        if isinstance(step, int):
            name = element_name(here)
            yield f"[{step}]" + (f" {name!r}" if name else "")
        else:
            yield f".{step}"


def _step(here: Any, step: int | str) -> Any:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, Sequence) and not isinstance(here, str) and isinstance(step, int) and step < len(here):
        return here[step]
    return None


def element_name(element: Any) -> str | None:
    """Return the id (or the node a demand refers to) of a raw or parsed element, shortened."""
    for key in ("id", "location"):
        value = element.get(key) if isinstance(element, Mapping) else getattr(element, key, None)
        if isinstance(value, str) and value:
            return value if len(value) <= 60 else value[:57] + "..."
    return None


def _without_union_branches(location: tuple[int | str, ...], data: Any) -> tuple[int | str, ...]:
    """Drop the steps that pydantic adds for branches of a union: they are not keys of the data."""
    kept: list[int | str] = []
    here = data
    for step in location:
        if isinstance(step, str) and not _is_key(step, here):
            continue
        kept.append(step)
        here = _step(here, step)
    return tuple(kept)


def _is_key(step: str, here: Any) -> bool:
    if step in _UNION_TAGS or "[" in step or step in {"float", "int", "str"}:
        return isinstance(here, Mapping) and step in here
    return True


def _message(item: Any, location: Sequence[int | str]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown key" + suggestion(location[-1], _all_field_names())
    if kind == "missing":
        return "is required"
    if kind == "union_tag_not_found":
        return "needs 'kind': 'training' or 'inference'"
    if kind == "union_tag_invalid":
        return f"'kind' must be 'training' or 'inference', not {context.get('tag')!r}"
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:] + _got(item["input"])


def _got(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple, BaseModel)):
        return ""
    text = repr(value)
    return f", got {text if len(text) <= 60 else text[:57] + '...'}"


def _all_field_names() -> set[str]:
    names: set[str] = set()
    waiting: list[type[BaseModel]] = [Frozen]
    while waiting:
        model = waiting.pop()
        names.update(model.model_fields)
        waiting.extend(model.__subclasses__())
    return names
