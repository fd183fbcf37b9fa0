"""YAML to plain data by the rules of JSON: the core schema of YAML 1.2, guarded against bombs.

YAML 1.1, which PyYAML reads, takes ``NO`` (Norway) for false, ``1e3`` for a text and ``12:30`` for 750.
Here ``true`` and ``false`` are the only truth values, numbers are as in JSON, and every key is a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ..routing.errors import Fault, InputError, quoted
from .sources import Source

MOST_LEVELS = 50
"""Deeper nesting is refused before libyaml composes it: its recursion would end the process."""
MOST_REPEATED = 1_000_000
"""How many values aliases may repeat in all; a few lines of nested aliases can stand for billions."""

_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"


class _Loader(_Base):  # type: ignore[misc]
    """Resolves plain scalars as the core schema does; merge keys (``<<``) are kept."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def parse_yaml(source: Source) -> tuple[Any, list[Fault]]:
    """Return the plain data of one YAML document, and its keys given twice as faults.

    Raises
    ------
    InputError
        When it is not YAML, holds more than plain data, is nested too deeply or grows too large by aliases.
    """
    try:
        _guard(source)
        loader = _Loader(source.text)
        root = loader.get_single_node()
        faults = list(_repeated_keys(root))
        return (None if root is None else loader.construct_document(root)), faults
    except yaml.YAMLError as error:
        raise InputError([f"not YAML: {_reason(error)}"], source.name) from None
    except ValueError:
        raise InputError(["not YAML: a number has thousands of digits"], source.name) from None


class _Guard:
    """Follows the events of a document without building it, counting levels and what aliases repeat."""

    def __init__(self) -> None:
        self.open: list[list[Any]] = [[None, 0]]
        self.sizes: dict[str, int] = {}
        self.repeated = 0

    def take(self, event: Any) -> None:
        if getattr(event, "tag", None) not in (None, "!", _TEXT):
            raise yaml.YAMLError(f"{_at(event.start_mark)}: the tag {quoted(event.tag)} is not plain data")
        if isinstance(event, yaml.CollectionStartEvent):
            self.open.append([event.anchor, 1])
            if len(self.open) > MOST_LEVELS:
                raise yaml.YAMLError(f"{_at(event.start_mark)}: nested more than {MOST_LEVELS} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(*self.open.pop())
        elif isinstance(event, yaml.ScalarEvent):
            self._close(event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event)

    def _close(self, anchor: str | None, size: int) -> None:
        self.open[-1][1] += size
        if anchor is not None:
            self.sizes[anchor] = size

    def _repeat(self, event: Any) -> None:
        if any(anchor == event.anchor for anchor, _ in self.open):
            raise yaml.YAMLError(f"{_at(event.start_mark)}: {quoted('*' + event.anchor)} holds itself")
        size = self.sizes.get(event.anchor, 1)
        self.open[-1][1] += size
        self.repeated += size
        if self.repeated > MOST_REPEATED:
            where = _at(event.start_mark)
            raise yaml.YAMLError(f"{where}: aliases repeat more than {MOST_REPEATED:,} values")


def _guard(source: Source) -> None:
    guard = _Guard()
    for event in yaml.parse(source.text, Loader=_Base):
        guard.take(event)


def _repeated_keys(root: Any) -> Iterator[Fault]:
    """Yield a fault per key given twice; make every plain key a text, as in JSON (``1:`` is ``"1"``)."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _keys(node)
            waiting.extend(value for _, value in reversed(node.value))
        else:
            waiting.extend(reversed(node.value))


def _keys(node: Any) -> Iterator[Fault]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.YAMLError(f"{_at(key.start_mark)}: a key must be a text, not a list or an object")
        if key.tag != _MERGE:
            key.tag = _TEXT
        if key.value in seen:
            yield Fault(_at(key.start_mark), f"key {quoted(key.value)} is given more than once; keep one")
        seen.add(key.value)


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{_at(error.problem_mark)}: {error.problem}"
    return " ".join(str(error).split())


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
