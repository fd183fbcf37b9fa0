"""Workloads from CSV: one row per workload, or several that add to it.

Rows with the same ``id`` make one workload. For a training job each further row, right below the first, adds
an alternative (``accelerator``, ``count``, ``hours``). For an inference service each row adds a location, an
accelerator that serves it, or both; what holds for the whole workload may be repeated or left blank.
Lists within a cell (``counts``, ``dataset_at``, one request rate per period) are separated by ``|``.
Columns may come in any order, be left out, and be separated by commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..routing.errors import Fault, InputError, quoted, suggestion
from .columns import ALL_COLUMNS, COLUMN_NAMES, COLUMNS, FIRST_COLUMNS, LISTS, ONLY_INFERENCE, Column
from .sources import Source

_Cells = dict[str, str]


@dataclass(slots=True)
class _Entry:
    """A workload under construction, with the lines that its parts come from."""

    kind: str
    line: int
    data: dict[str, Any]
    last_line: int
    raw: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Cells of the columns that hold one value per workload, and their lines."""
    lines: dict[str, list[int]] = field(default_factory=dict)
    """Lines of the entries of each list."""
    seen: set[tuple[str, ...]] = field(default_factory=set)
    """Cells of the entries of all lists."""


class Table:
    """The workloads of a CSV text.

    Attributes
    ----------
    items
        The workloads as plain data, in the order of their first rows.
    faults
        What is wrong with the header and with the rows as such; wrong values are left to the models.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.faults: list[Fault] = []
        self.items: list[dict[str, Any]] = []
        self._entries: list[_Entry] = []
        self._by_id: dict[str, _Entry] = {}
        rows = _rows(source)
        _, self._header = next(rows, (1, []))
        self._check_header()
        if "id" in self._header:
            for line, row in rows:
                self._take(line, row)
        if not self.items and not self.faults:
            self._fault(1, "there are no rows below the header")

    def place(self, index: int, path: tuple[int | str, ...]) -> str:
        """Return the line and column of a field of the workload with that index."""
        entry = self._entries[index]
        part, key = _part_and_key(path)
        column = COLUMN_NAMES[entry.kind].get((part, key)) if key else FIRST_COLUMNS[entry.kind].get(part)
        line = entry.raw.get(column or "", ("", entry.line))[1]
        if part in LISTS and len(path) > 1 and isinstance(path[1], int):
            line = entry.lines[part][path[1]]
        return _place(line, entry.data["id"], column)

    def _fault(self, line: int, message: str, name: str = "", column: str | None = None) -> None:
        self.faults.append(Fault(_place(line, name, column), message))

    def _check_header(self) -> None:
        for index, name in enumerate(self._header):
            if name and name not in ALL_COLUMNS:
                near = suggestion(name, ALL_COLUMNS) or f"; the columns are {', '.join(ALL_COLUMNS)}"
                self._fault(1, f"unknown column {quoted(name)}{near}")
            elif name in self._header[:index] and name:
                self._fault(1, f"column {name!r} is there twice")
        if "id" not in self._header:
            self._fault(1, "there is no column 'id'")

    def _take(self, line: int, row: list[str]) -> None:
        width = len(self._header)
        if len(row) < width or any(row[width:]):
            self._fault(line, f"has {len(row)} cells for {width} columns")
            return
        cells = {name: cell for name, cell in zip(self._header, row, strict=False) if cell}
        if "" in cells:
            self._fault(line, f"{quoted(cells.pop(''))} is in a column without a name")
        if "id" not in cells:
            self._fault(line, "is empty; every row needs an id", column="id")
            return
        entry = self._entry(cells["id"], line, cells)
        self._add(entry, line, cells)
        entry.last_line = line

    def _entry(self, name: str, line: int, cells: _Cells) -> _Entry:
        entry = self._by_id.get(name)
        if entry is None:
            return self._begin(name, line, cells)
        if entry.kind == "training" and entry is not self._entries[-1]:
            message = f"id is on line {entry.last_line} already; rows of one training job follow each other"
            self._fault(line, message, name, "id")
        return entry

    def _begin(self, name: str, line: int, cells: _Cells) -> _Entry:
        likely = "training" if ONLY_INFERENCE.isdisjoint(cells) else "inference"
        kind = cells.get("kind", likely)
        entry = _Entry(kind if kind in COLUMNS else likely, line, {"kind": kind, "id": name}, line)
        self._by_id[name] = entry
        self._entries.append(entry)
        self.items.append(entry.data)
        return entry

    def _add(self, entry: _Entry, line: int, cells: _Cells) -> None:
        columns, parts = COLUMNS[entry.kind], dict[str, list[str]]()
        for name, cell in cells.items():
            column = columns.get(name)
            if column is None:
                self._misplaced(entry, line, name)
            elif column.part in LISTS:
                parts.setdefault(column.part, []).append(name)
            else:
                self._set(entry, line, name, column, cell)
        added = [
            _append(entry, line, part, {name: cells[name] for name in names}) for part, names in parts.items()
        ]
        if line != entry.line and not any(added):
            self._fault(line, f"adds nothing to line {entry.last_line}; remove it", entry.data["id"])

    def _misplaced(self, entry: _Entry, line: int, name: str) -> None:
        if name in ALL_COLUMNS:
            kind = "training jobs" if entry.kind == "training" else "inference services"
            self._fault(line, f"has no meaning for {kind}; leave it blank", entry.data["id"], name)

    def _set(self, entry: _Entry, line: int, name: str, column: Column, cell: str) -> None:
        """Set a value that a workload has once; a further row may repeat it but not change it."""
        before, first = entry.raw.setdefault(name, (cell, line))
        if before != cell:
            message = (
                f"{quoted(cell)} differs from {quoted(before)} on line {first}; one workload has one value"
            )
            self._fault(line, message, entry.data["id"], name)
        elif column.part:
            entry.data.setdefault(column.part, {})[column.key] = column.convert(cell)
        else:
            entry.data[column.key] = column.convert(cell)


def _append(entry: _Entry, line: int, part: str, cells: _Cells) -> bool:
    """Add an entry to a list and return whether it was new, not only repeated from a row above."""
    mark = (part, *cells, *cells.values())
    if mark in entry.seen:
        return False
    entry.seen.add(mark)
    columns = COLUMNS[entry.kind]
    record = {columns[name].key: columns[name].convert(cell) for name, cell in cells.items()}
    entry.data.setdefault(part, []).append(record)
    entry.lines.setdefault(part, []).append(line)
    return True


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line it begins on; the header first."""
    first = source.text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError([f"not CSV: line {reader.line_num}: {error}"], source.name) from None


def _part_and_key(path: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the list or object of a workload that a path leads into, and the key within it."""
    keys = [step for step in path if isinstance(step, str)]
    if len(keys) > 1 or set(keys) & LISTS:
        return keys[0], "".join(keys[1:2])
    return "", "".join(keys)


def _place(line: int, name: Any, column: str | None) -> str:
    """Return e.g. ``line 7 'chat', column 'hours'``."""
    shown = f" {quoted(name)}" if name else ""
    return f"line {line}{shown}" + (f", column {column!r}" if column else "")
