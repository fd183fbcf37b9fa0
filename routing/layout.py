"""Columns of text side by side within a width: what gives way, and in which order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .text import filled, pad, shorten, shorten_amid, width

GAP = "  "
LEAST_COLUMNS = 6
LEAST_FIRST_COLUMNS = 16
"""The first column says what a row is about, so it gives way less."""
READABLE_COLUMNS = 20
"""Spare columns go before any text is cut below this."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A column as text: numbers are aligned to the right and never cut.

    Spare ones may be left out, those that are most so first, of these the last. One that ``wraps`` goes on
    below where it is too wide.
    """

    heading: str
    cells: Sequence[str]
    is_text: bool
    spare: int = 0
    wraps: bool = False

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes where there is room."""
        return max(map(width, [self.heading, *self.cells]))

    @property
    def folded(self) -> int:
        """The same with the heading on two lines, for numbers; text can give way by being cut."""
        return self.width if self.is_text else max(map(width, [*halves(self.heading), *self.cells]))

    @property
    def readable(self) -> int:
        """Columns below which spare ones go instead."""
        return min(self.width, READABLE_COLUMNS) if self.is_text else self.folded


def halves(heading: str) -> tuple[str, str]:
    """Return ``heading`` on two lines, as narrow as words allow, the first one empty where one will do."""
    words = re.split(r" (?!%)", heading)
    splits = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(len(words))]
    return min(splits, key=lambda lines: max(map(width, lines)))


def fitting(strips: Sequence[Strip], columns: int) -> tuple[list[Strip], list[Strip]]:
    """Return what is shown within ``columns`` and what is not: spare strips go one by one."""
    shown, left_out = list(strips), list[Strip]()
    while not has_room(shown, columns):
        last = max(reversed(shown), key=lambda strip: strip.spare, default=None)
        if last is None or not last.spare:
            break
        shown.remove(last)
        left_out.insert(0, last)
    return shown, left_out


def has_room(strips: Sequence[Strip], columns: int) -> bool:
    """Return whether nothing has to be cut so short that it is hard to read."""
    return _total([strip.readable for strip in strips]) <= columns


def lines(strips: Sequence[Strip], columns: int) -> Iterator[str]:
    """Yield headings, a rule and rows, within ``columns`` where numbers leave that room."""
    widths = _fit(strips, columns)
    heads = [_heading(strip, room) for strip, room in zip(strips, widths, strict=True)]
    if any(upper for upper, _ in heads):
        yield _line([upper for upper, _ in heads], strips, widths)
    yield _line([lower for _, lower in heads], strips, widths)
    yield _line(["-" * room for room in widths], strips, widths)
    cut = [_cut(strip, room) for strip, room in zip(strips, widths, strict=True)]
    for cells in zip(*cut, strict=True):
        for line in zip_longest(*cells, fillvalue=""):
            yield _line(line, strips, widths)


def _cut(strip: Strip, room: int) -> list[list[str]]:
    """Return the lines of cells within ``room``: their ends stay where they would look alike but differ."""
    if strip.wraps:
        return [filled(cell, room).split("\n") for cell in strip.cells]
    alike = defaultdict[str, set[str]](set)
    for cell in strip.cells:
        alike[shorten(cell, room)].add(cell)
    return [
        [shorten_amid(cell, room) if len(alike[shorten(cell, room)]) > 1 else cell] for cell in strip.cells
    ]


def _heading(strip: Strip, room: int) -> tuple[str, str]:
    return ("", strip.heading) if strip.is_text or width(strip.heading) <= room else halves(strip.heading)


def _line(cells: Sequence[str], strips: Sequence[Strip], widths: Sequence[int]) -> str:
    padded = [
        pad(shorten(cell, room), room, right=not strip.is_text)
        for cell, strip, room in zip(cells, strips, widths, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _fit(strips: Sequence[Strip], columns: int) -> list[int]:
    """Return the width of each column: headings are folded, then the widest text that can gives way."""
    widths = [strip.width for strip in strips]
    for at in sorted(range(len(strips)), key=lambda at: strips[at].folded - strips[at].width):
        if _total(widths) > columns:
            widths[at] = strips[at].folded
    excess = _total(widths) - columns
    least = [LEAST_COLUMNS if at else LEAST_FIRST_COLUMNS for at in range(len(widths))]
    while excess > 0:
        able = [at for at, strip in enumerate(strips) if strip.is_text and widths[at] > least[at]]
        if not able:
            break
        widths[max(able, key=widths.__getitem__)] -= 1
        excess -= 1
    return widths
