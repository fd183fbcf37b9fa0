"""Bytes from files, samples and standard input, guarded in size, and as text."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..routing.errors import InputError, require, suggestion
from .samples import sample_names, sample_text

MAX_BYTES = 2**30
"""Larger files are refused before they are read: parsed, they would take many times their size in memory."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where it came from; ``suffix`` is the lower-case extension, such as ``.json``."""

    name: str
    suffix: str
    text: str


def open_source(path: str | os.PathLike[str], *, or_sample: bool = True) -> Source:
    """Return the text of a file, of a sample (where no such file exists) or of standard input (``-``).

    Without ``or_sample`` no sample can be meant.

    Raises
    ------
    InputError
        When it cannot be read, is too large, is empty or is not UTF-8.
    """
    require("path", path, str | os.PathLike, "a text or a pathlib.Path")
    name = os.fspath(path)
    if name == "-":
        return Source("<stdin>", "", _decode(_stdin(), "<stdin>"))
    if not name:
        named = ", or the name of a sample," * or_sample
        raise InputError([f"a file{named} is needed in place of an empty text"])
    file = Path(name)
    try:
        if or_sample and name in sample_names() and not file.is_file():
            return Source(name, ".json", sample_text(name))
        with file.open("rb") as stream:
            return Source(name, file.suffix.lower(), _decode(_bounded(stream, name), name))
    except (OSError, ValueError) as error:
        raise InputError([_reason(file, error, or_sample=or_sample)], name) from None


def _stdin() -> bytes:
    if sys.stdin is None:
        raise InputError(["is closed"], "<stdin>")
    stream = getattr(sys.stdin, "buffer", None)
    return _bounded(stream, "<stdin>") if stream else sys.stdin.read().encode()


def _bounded(stream: BinaryIO, name: str) -> bytes:
    """Read all of it, unless it is too large: regular files are judged before anything is read."""
    try:
        known = os.fstat(stream.fileno()).st_size
    except OSError:
        known = 0
    data = b"" if known > MAX_BYTES else stream.read(MAX_BYTES + 1)
    if max(known, len(data)) > MAX_BYTES:
        raise InputError([f"is larger than {MAX_BYTES // 2**20} MiB, the most that is read"], name)
    return data


def _decode(data: bytes, name: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(["is UTF-16; save it as UTF-8"], name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise InputError(
            [f"is not UTF-8: byte 0x{byte:02x} on line {line}; save it as UTF-8"], name
        ) from None
    if not text.strip():
        raise InputError(["is empty"], name)
    return text


def _reason(file: Path, error: Exception, *, or_sample: bool) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"no such file{', nor a sample of that name' * or_sample}{_near(file, or_sample=or_sample)}"
    if isinstance(error, IsADirectoryError):
        return "is a directory; name a file in it"
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _near(file: Path, *, or_sample: bool) -> str:
    here = suggestion(file.name, _neighbours(file.parent))
    return here or (suggestion(file.name.removesuffix(file.suffix), sample_names()) if or_sample else "")


def _neighbours(folder: Path) -> Iterable[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return ()
