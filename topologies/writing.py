"""Writing results: whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from uuid import uuid4

from ..routing.errors import OutputError, printable


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically: readers see the old file or the new one, never a part.

    Links are followed and the mode of an existing file is kept. Devices and pipes are written directly.

    Raises
    ------
    OutputError
        When the place cannot be written or the text cannot be encoded; an existing file is left as it was.
    """
    target = Path(path)
    try:
        target = Path(os.path.realpath(path))
        _write(target, text.encode())
    except (OSError, ValueError) as error:
        place = printable(os.fspath(path))
        raise OutputError(f"{place}: cannot be written: {_reason(target, error)}") from None


def _write(target: Path, data: bytes) -> None:
    if target.is_dir():
        raise IsADirectoryError
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        target.write_bytes(data)
    else:
        _replace(target, data)


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise PermissionError
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _reason(target: Path, error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "it is a directory; name a file"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, FileNotFoundError | NotADirectoryError) and not target.parent.is_dir():
        return f"there is no directory {str(target.parent)!r}"
    return str(getattr(error, "strerror", None) or error)
