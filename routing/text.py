"""Text for terminals and spreadsheets: nothing that steers them, numbers with units, columns that align."""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import accumulate, takewhile

ELLIPSIS = "…"
ROUNDING_NOISE = 1e-9
"""Numbers below this are shown as zero."""
LEAST_USD = 0.005
"""Cost that is shown as more than nothing."""
MOST_TIMES = 100.0
"""Multiple of a cost up to which a difference is told as a part of it."""
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?", re.DOTALL)
_JOINERS = "\u200c\u200d"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def clean(text: str) -> str:
    """Return ``text`` on one line, without escape sequences, control characters and invisible marks.

    Everything that goes to a terminal or into a spreadsheet passes here.

    Marks that reorder text (bidirectional overrides) go as well: they let one name pose as another.
    """
    return _visible(re.sub(r"\s+", " ", _ESCAPES.sub("", text)))


def _visible(text: str) -> str:
    return text if text.isprintable() else "".join(filter(_shows, text))


def _shows(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean_lines(text: str) -> str:
    """Return ``text`` with every line cleaned; spaces stay."""
    return "\n".join(_visible(re.sub(r"[^\S ]", " ", _ESCAPES.sub("", line))) for line in text.split("\n"))


def guarded(text: str) -> str:
    """Return ``text`` as a cell of a CSV file that no spreadsheet takes for a formula.

    It is cleaned; a cell that begins like a formula gets an apostrophe in front
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    bare = clean(text)
    is_formula = text.startswith(_FORMULA) or bare.lstrip().startswith(_FORMULA)
    return ("'" if is_formula else "") + bare


def escaped(json_text: str) -> str:
    """Return JSON with what :func:`clean` takes out of names written as escapes, which read back the same."""
    if json_text.isascii() and "\x7f" not in json_text:
        return json_text
    return re.sub(r"[^\n -~]+", lambda run: _escaped(run[0]), json_text)


def _escaped(run: str) -> str:
    if run.isprintable():
        return run
    return "".join(each if _shows(each) else json.dumps(each)[1:-1] for each in run)


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes: wide characters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, columns: int) -> str:
    """Return ``text``, cut with an ellipsis where it is wider than ``columns``."""
    if width(text) <= columns:
        return text
    ends = takewhile(lambda end: end < columns, accumulate(map(_columns, text)))
    return text[: sum(1 for _ in ends)].rstrip() + ELLIPSIS


def shorten_amid(text: str, columns: int) -> str:
    """Return ``text``, its middle cut out with an ellipsis where it is wider than ``columns``."""
    if width(text) <= columns:
        return text
    ends = takewhile(lambda end: end <= columns // 2, accumulate(map(_columns, reversed(text))))
    last = text[len(text) - sum(1 for _ in ends) :].lstrip()
    return shorten(text, columns - width(last)) + last


def filled(text: str, columns: int, indent: str = "") -> str:
    """Return cleaned ``text`` on lines of ``columns``, all but the first after ``indent``.

    The first line is to follow something as wide as ``indent``. A word that is too long has its line.
    """
    room, lines = columns - len(indent), [""]
    for word in clean(text).split(" "):
        if lines[-1] and width(lines[-1]) + 1 + width(word) > room:
            lines.append(word)
        else:
            lines[-1] += " " * bool(lines[-1]) + word
    return f"\n{indent}".join(lines)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return ``text`` filled with spaces to ``columns``, on its left side where ``right``."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def number(value: float | None, digits: int = 0) -> str:
    """Return ``value`` with thousands separated; a small one keeps two significant digits; None is ``-``."""
    if value is None:
        return "-"
    if abs(value) < ROUNDING_NOISE:
        return f"{0:.{digits}f}"
    return f"{value:.2g}" if abs(value) < 0.5 * 10**-digits else f"{value:,.{digits}f}"


def money(value: float | None) -> str:
    """Return an amount of USD, without the unit."""
    return number(value, 2)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as a percentage."""
    return "-" if value is None else f"{number(100 * value, digits)} %"


def tells(more_usd: float, base_usd: float) -> bool:
    """Return whether a part of a base says something: not beside a cost of next to nothing."""
    return abs(base_usd) >= LEAST_USD and abs(more_usd) <= MOST_TIMES * abs(base_usd)


def difference(more_usd: float, base_usd: float) -> str:
    """Return a difference of costs as a percentage of the base, or in USD where that would say nothing."""
    if not tells(more_usd, base_usd):
        return f"{money(more_usd)} USD"
    return percent(round(more_usd / abs(base_usd), 5), 2)


def span(low: int, high: int) -> str:
    """Return ``low-high``, or one number where they are equal."""
    return str(low) if low == high else f"{low}-{high}"


def plural(count: int, noun: str) -> str:
    """Return e.g. ``1 job`` or ``2 jobs``."""
    stem = noun[:-1] + "ie" if noun.endswith("y") else noun
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {stem}s"
