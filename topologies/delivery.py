"""How and where a result is delivered: its form, and a file, checked before the work, or standard output."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from ..routing.errors import OutputError, printable
from ..routing.text import clean_lines
from .writing import destination, write_text

NARROWEST, DEFAULT_COLUMNS, WIDEST = 80, 110, 160
"""Limits of the width of tables on a terminal, and the width elsewhere."""
STDOUT = 1
"""The file descriptor to which what is not Python prints."""
STDOUT_NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


class Delivery:
    """A form and a place for one result.

    Parameters
    ----------
    form
        ``table``, ``json`` or ``csv``; where None, what the path's ending says, else ``table``.
    path
        Where to write; None, ``-`` or a name of standard output such as ``/dev/stdout`` is that.
    inputs
        Files that are read, which the result must not replace.
    quiet
        Whether to keep remarks off standard error.

    Attributes
    ----------
    columns
        Width for tables: the terminal's within limits, else a fixed one.

    Raises
    ------
    OutputError
        When the path cannot be written or is one of the inputs.
    """

    def __init__(
        self, form: str | None, path: str | None, inputs: Iterable[str | None] = (), *, quiet: bool = False
    ) -> None:
        self.path = None if path in (None, *STDOUT_NAMES) else path
        self.form = form or _form_of(self.path)
        self.quiet = quiet
        if self.path is not None:
            _require_writable(self.path)
            _require_other(self.path, inputs)
        elif sys.stdout is None:
            raise OutputError("standard output is closed; use --output FILE")
        self.columns = DEFAULT_COLUMNS if self.path or not sys.stdout.isatty() else _terminal_columns()

    def send(self, text: str) -> None:
        """Write ``text``; if the file fails after all, write it to standard output and raise OutputError.

        An hour of solving is not to be lost because a disk has filled up meanwhile.
        """
        text = text if text.endswith("\n") else text + "\n"
        if self.path is None:
            _to_stdout(text)
            return
        try:
            write_text(self.path, text)
        except OutputError as error:
            _to_stdout(text)
            raise OutputError(f"{error}; the result went to standard output") from None
        self.say(f"written to {printable(self.path)}")

    def say(self, remark: str) -> None:
        """Write a remark to standard error, unless quiet.

        A stream that is gone, as of a terminal that was closed, must not cost the result.
        """
        if not self.quiet and sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(clean_lines(remark) + "\n")


def keep_output_clean() -> None:
    """Let nothing but Python's own text through to standard output, until the process ends.

    Solvers print past ``sys.stdout`` from within this process, some of them after they were given up. So the
    file descriptor 1 leads nowhere from now on, and ``sys.stdout`` goes on over a copy of it. For commands
    only: a program that embeds the library keeps its descriptors. Where standard output is not descriptor
    1, nothing is done.
    """
    with suppress(OSError):
        if sys.stdout is None:
            _lead_nowhere(only_if_closed=True)
        elif _descriptor(sys.stdout) == STDOUT:
            sys.stdout.flush()
            encoding, errors = sys.stdout.encoding, sys.stdout.errors
            copy = os.fdopen(os.dup(STDOUT), "w", encoding=encoding, errors=errors, closefd=False)
            _lead_nowhere()
            sys.stdout = copy


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _lead_nowhere(*, only_if_closed: bool = False) -> None:
    """Open nowhere as descriptor 1; a closed one would otherwise go to the next file that is opened."""
    if only_if_closed and _is_open(STDOUT):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != STDOUT:
        os.dup2(nowhere, STDOUT)
        os.close(nowhere)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _terminal_columns() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))


def _form_of(path: str | None) -> str:
    suffix = Path(path or "").suffix.lower()
    return {".json": "json", ".csv": "csv"}.get(suffix, "table")


def _to_stdout(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _require_writable(path: str) -> None:
    if not path:
        raise OutputError("a file to write is needed in place of an empty text")
    try:
        obstacle = _obstacle(destination(path))
    except (OSError, ValueError) as error:
        obstacle = getattr(error, "strerror", None) or str(error)
    if obstacle:
        raise OutputError(f"{printable(path)}: cannot be written: {obstacle}")


def _obstacle(target: Path) -> str:
    if target.is_dir():
        return "it is a directory; name a file"
    if not target.parent.is_dir():
        return f"there is no directory {str(target.parent)!r}"
    place = target if target.exists() else target.parent
    may = os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    return "" if may else "permission denied"


def _require_other(path: str, inputs: Iterable[str | None]) -> None:
    if any(name and _is_same(name, path) for name in inputs):
        raise OutputError(f"{printable(path)}: is read as an input; name another file")


def require_apart(*paths: str | None) -> None:
    """Raise OutputError where two results are to be written to one file, which need not be there yet."""
    given = [path for path in paths if path not in (None, "-")]
    places = [os.path.realpath(path) for path in given if path]
    if len(set(places)) < len(places):
        name = printable(str(given[-1]))
        raise OutputError(f"{name}: is to hold two results; name another file for one of them")


def _is_same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False
