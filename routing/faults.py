"""Faults found by pydantic, told by place and name, in the words of the file rather than of the library."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .errors import Fault, quoted
from .messages import message

Path = tuple[int | str, ...]


def from_validation(error: ValidationError, data: Any, model: type[BaseModel] | None = None) -> list[Fault]:
    """Return one fault per error that pydantic found in ``data``, which was to become a ``model``."""
    faults: dict[Fault, None] = {}
    for item in error.errors(include_url=False):
        trace = _trace(item["loc"], data, model)
        if not _is_noise(item, trace):
            text = message(item, trace.path, trace.owner, trace.is_number_or_list)
            faults[Fault(place(trace.path, data), text, trace.path)] = None
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
            yield f"[{step}]" + (f" {quoted(name)}" if name else "")
        else:
            yield f".{step}" if re.fullmatch(r"[\w*-]{1,60}", step) else f"[{quoted(step)}]"


def _step(here: Any, step: int | str) -> Any:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, (list, tuple)):
        return here[step] if isinstance(step, int) and step < len(here) else None
    return getattr(here, str(step), None) if isinstance(here, BaseModel) else None


def element_name(element: Any) -> str | None:
    """Return the id (or the node a demand refers to) of a raw or parsed element."""
    for key in ("id", "location"):
        value = element.get(key) if isinstance(element, Mapping) else getattr(element, key, None)
        if isinstance(value, str) and value:
            return value
    return None


@dataclass(slots=True)
class _Trace:
    """An error's location, followed through the data and the types of the models at once."""

    path: Path = ()
    """The keys and indices, without the steps that pydantic adds for the branches of a union."""
    value: Any = None
    owner: type[BaseModel] | None = None
    """The model that holds the last key."""
    branch: str | None = None
    """The branch of a union of a number and a list, and ..."""
    chosen: Any = None
    """... the value that took it."""

    @property
    def is_number_or_list(self) -> bool:
        return self.branch is not None and not self.branch.startswith("tuple")


def _trace(location: Path, data: Any, model: Any) -> _Trace:
    trace, kind = _Trace(value=data, owner=model), model
    for step in location:
        below, is_key = _descend(kind, step)
        if is_key:
            trace.owner = kind if _is_model(kind) else None
            trace.path, trace.value = (*trace.path, step), _step(trace.value, step)
        elif _is_union(kind) and not _is_model(below):
            trace.branch, trace.chosen = str(step), trace.value
        kind = _bare(below)
    return trace


def _descend(kind: Any, step: int | str) -> tuple[Any, bool]:
    """Return the type below ``step``, and whether ``step`` is a key of the data at all."""
    if _is_model(kind):
        field = kind.model_fields.get(step)
        return (field.annotation if field else None), True
    if _is_union(kind):
        return _branch(get_args(kind), str(step)), False
    if get_origin(kind) is tuple:
        return (get_args(kind)[0], True) if isinstance(step, int) else (kind, False)
    if get_origin(kind) is dict:
        return get_args(kind)[1], True
    return None, step != "[key]"


def _branch(kinds: Sequence[Any], label: str) -> Any:
    for kind in map(_bare, kinds):
        if _is_model(kind) and kind.model_fields["kind"].default == label:
            return kind
        if get_origin(kind) is tuple and label.startswith("tuple"):
            return kind
    return None


def _bare(kind: Any) -> Any:
    """Return the type without its annotations and without ``None``."""
    while get_origin(kind) is Annotated or (_is_union(kind) and type(None) in get_args(kind)):
        parts = [part for part in get_args(kind) if part is not type(None)]
        kind = parts[0] if get_origin(kind) is Annotated else Union[tuple(parts)]  # noqa: UP007
    return kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_noise(item: Any, trace: _Trace) -> bool:
    """Return whether another error says the same: about the branch not meant, or about bad members."""
    if trace.branch is not None:
        return trace.branch.startswith("tuple") != isinstance(trace.chosen, list | tuple)
    if item["type"] != "too_short" or not isinstance(item["input"], Sized):
        return False
    return len(item["input"]) >= int(item["ctx"]["min_length"])
