"""Tables with one definition for every form: text for people, CSV for spreadsheets, records for JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .layout import Strip, fitting, has_room, lines
from .text import MOST_TIMES, clean, escaped, filled, guarded, money, number, pad, percent, plural, width

MORE = "(use --format json or csv)"
UNLIMITED = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in CSV and JSON, its heading for people, and how its cells are shown to them."""

    name: str
    heading: str
    show: Callable[[Any], str] | None = None
    """Turns a value into text; a column that has one is aligned to the right and never cut."""
    spare: int = 0
    """How well people can do without it where the table would be too wide: 0 for not at all."""
    wraps: bool = False
    """Whether long text goes on below, rather than to be cut."""


def as_spare(column: Column, spare: int = 1) -> Column:
    """Return a column that is left out of text where there is no room for it, the more spare the sooner."""
    return replace(column, spare=spare)


def text_column(name: str, heading: str = "") -> Column:
    """Return a column of names or remarks."""
    return Column(name, heading or name.replace("_", " "))


def remark_column(name: str) -> Column:
    """Return a column of sentences, which go on below where there is no room for them."""
    return replace(text_column(name), wraps=True)


def number_column(name: str, heading: str = "", digits: int = 0) -> Column:
    """Return a column of numbers with so many decimals."""
    return Column(name, heading or name.replace("_", " "), lambda value: _shown_number(value, digits))


def money_column(name: str, heading: str = "") -> Column:
    """Return a column of amounts of USD."""
    return Column(name, heading or name.replace("_", " "), lambda value: _shown_number(value, 2))


def percent_column(name: str, heading: str, digits: int) -> Column:
    """Return a column of percentages; beyond :data:`MOST_TIMES` the figure would say nothing to people."""
    return Column(name, heading, lambda value: _shown_percent(value, digits))


def _shown_percent(value: float | None, digits: int) -> str:
    if value is not None and abs(value) > 100 * MOST_TIMES:
        return f"{'>' if value > 0 else '<-'}{number(100 * MOST_TIMES)}"
    return _shown_number(value, digits)


def _shown_number(value: float | str | None, digits: int) -> str:
    """Numbers as such; text, such as a range, as it stands; nothing for an empty cell."""
    return clean(value) if isinstance(value, str) else "" if value is None else number(value, digits)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, with a name for machines and a title for people."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    def records(self) -> list[dict[str, Any]]:
        """Return one dictionary per row."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def plain_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table whose headings are its keys, with the columns of numbers recognised by their values."""
    listed = [tuple(row) for row in rows]
    kinds = [{type(row[at]) for row in listed} - {type(None)} for at in range(len(columns))]
    typed = [_plain_column(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return Table(name, name.replace("_", " "), typed, listed)


def _plain_column(name: str, kinds: set[type]) -> Column:
    if name == "gap":  # gaps that matter are lost in three decimals of a share
        return Column(name, name, lambda value: "" if value is None else percent(value, 3))
    if name == "detail":
        return remark_column(name)
    if kinds and kinds <= {int, float}:
        return number_column(name, name, 3 if float in kinds else 0)
    return Column(name, name)


def to_csv(table: Table) -> str:
    """Return the table as CSV with a header. Text that a spreadsheet would run as a formula is disarmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in table.rows)
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return guarded(" > ".join(map(str, value)))
    return guarded(value) if isinstance(value, str) else value


def to_json(document: Any) -> str:
    """Return a document as indented JSON, in which nothing steers a terminal."""
    return escaped(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def to_text(table: Table, columns: int, limit: int) -> str:
    """Return the table for people.

    Parameters
    ----------
    table
        What to show.
    columns
        Width to keep to. Where it is too narrow, headings take two lines, then columns that are spare are
        left out, which a line below says, then text is cut with an ellipsis; numbers never are. A single row
        for which that is too narrow has its cells below each other.
    limit
        Rows to show; the others are counted.
    """
    shown = table.rows[:limit]
    strips = [
        Strip(
            column.heading,
            [_text_cell(row[at], column) for row in shown],
            column.show is None,
            column.spare,
            column.wraps,
        )
        for at, column in enumerate(table.columns)
    ]
    told = [strip for strip in strips if any(strip.cells) or not shown]
    fit, left_out = fitting(told, columns)
    parts = [filled(table.title, columns)] if table.title else []
    if len(shown) == 1 and not has_room(fit, columns):
        pairs = ((strip.heading, strip.cells[0]) for strip in told)
        return "\n".join([*parts, facts(pairs, columns)])
    parts += lines(fit, columns)
    if len(table.rows) > limit:
        parts.append(f"... and {len(table.rows) - limit:,} more {MORE}")
    if left_out:
        names = ", ".join(strip.heading for strip in left_out)
        parts.append(filled(f"not shown for want of room: {names} {MORE}", columns))
    return "\n".join(parts)


def _text_cell(value: Any, column: Column) -> str:
    if column.show is not None:
        return column.show(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return clean(", ".join(map(str, value)))
    return "" if value is None else indented(str(value))


def indented(text: str) -> str:
    """Return cleaned text whose leading spaces, which show that a row belongs to the one above, stay."""
    return " " * (len(text) - len(text.lstrip(" "))) + clean(text.lstrip(" "))


def facts(pairs: Iterable[tuple[str, str]], columns: int = UNLIMITED) -> str:
    """Return labelled lines, the labels in one column; values too long for ``columns`` go on below."""
    listed = list(pairs)
    room = max((width(label) for label, _ in listed), default=0)
    indent = " " * (room + 2)
    return "\n".join(f"{pad(label, room)}  {filled(value, columns, indent)}" for label, value in listed)


__all__ = [
    "Column",
    "Table",
    "as_spare",
    "facts",
    "money",
    "money_column",
    "number_column",
    "percent_column",
    "plain_table",
    "plural",
    "remark_column",
    "text_column",
    "to_csv",
    "to_json",
    "to_text",
]
