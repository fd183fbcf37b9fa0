"""JSON and YAML texts to plain data, without surprises: what parsers pass over in silence is a fault."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..routing.errors import Fault, InputError, quoted
from ..routing.faults import place
from .sources import Source


class Document(NamedTuple):
    """Plain data, and the faults that did not keep it from being read (keys given twice)."""

    data: Any
    faults: list[Fault]


def parse(source: Source) -> Document:
    """Read JSON or YAML: by the file's extension, or by its first character where that tells nothing.

    Raises
    ------
    InputError
        When the text is neither, with line and column.
    """
    if source.suffix in {".csv", ".tsv"}:
        fault = "is a table; a topology is JSON or YAML, and a table may give workloads as the second file"
        raise InputError([fault], source.name)
    if _is_yaml(source):
        from .yamls import parse_yaml

        return Document(*parse_yaml(source))
    return _parse_json(source)


def _is_yaml(source: Source) -> bool:
    by_suffix = {".json": False, ".yaml": True, ".yml": True}
    return by_suffix.get(source.suffix, not source.text.lstrip().startswith(("{", "[")))


class _Repeating(dict[str, Any]):
    """An object some of whose keys are given more than once."""

    repeated: tuple[str, ...] = ()


def _parse_json(source: Source) -> Document:
    found: list[_Repeating] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        return built if len(built) == len(pairs) else _repeating(pairs, found)

    try:
        data = json.loads(source.text, object_pairs_hook=build)
        _refuse_half_characters(data, source)
    except (ValueError, RecursionError) as error:
        raise InputError([_json_reason(error, source.text)], source.name) from None
    return Document(data, list(_repeats(data)) if found else [])


def _repeating(pairs: list[tuple[str, Any]], found: list[_Repeating]) -> _Repeating:
    built = _Repeating(pairs)
    count = Counter(key for key, _ in pairs)
    built.repeated = tuple(key for key in built if count[key] > 1)
    found.append(built)
    return built


def _repeats(data: Any) -> Iterator[Fault]:
    waiting: list[tuple[Any, tuple[int | str, ...]]] = [(data, ())]
    while waiting:
        here, path = waiting.pop()
        for key in getattr(here, "repeated", ()):
            yield Fault(place((*path, key), data), "is given more than once; keep one", (*path, key))
        below = here.items() if isinstance(here, dict) else enumerate(here)
        found = [(value, (*path, key)) for key, value in below if isinstance(value, dict | list)]
        waiting.extend(reversed(found))


def _json_reason(error: Exception, text: str) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply to be a problem"
    if not isinstance(error, json.JSONDecodeError):
        return "not JSON: a number has thousands of digits"
    where = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()):
        return f"not JSON: it breaks off at {where}: {error.msg}"
    return f"not JSON: {where}: {error.msg}, before {quoted(text[error.pos : error.pos + 20])}"


def _refuse_half_characters(data: Any, source: Source) -> None:
    r"""Refuse a lone ``\ud800``: it is no character, so nothing that shows it could be written."""
    if not re.search(r"\\u[dD][89a-fA-F]", source.text):
        return
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        escape = f"\\u{ord(error.object[error.start]):04x}"
        line = source.text[: source.text.lower().find(escape)].count("\n") + 1
        fault = f"line {line}: the escape {escape} is half of a character; it comes in pairs"
        raise InputError([fault], source.name) from None
