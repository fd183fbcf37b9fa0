"""Writing results: whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from uuid import uuid4

from ..routing.errors import OutputError, printable

STREAMS = ("/dev/stdout", "/dev/stderr")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically: readers see the old file or the new one, never a part.

    Links are followed and the mode of an existing file is kept. Devices, pipes and what is open already are
    written directly.

    Raises
    ------
    OutputError
        When the place cannot be written or the text cannot be encoded; an existing file is left as it was.
    """
    target = Path(path)
    try:
        target = destination(path)
        _write(target, text.encode())
    except (OSError, ValueError) as error:
        place = printable(os.fspath(path))
        raise OutputError(f"{place}: cannot be written: {_reason(target, error)}") from None


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the file at the end of all links; devices, pipes and descriptors as they are named.

    The links of descriptors lead to what has no name of its own, or to a file that is to be gone on with.
    Links in a circle lead nowhere, which is an OSError.
    """
    named = Path(path).absolute()
    is_special = named.exists() and not (named.is_file() or named.is_dir())
    if is_special or _is_descriptor(named):
        return named
    found = Path(os.path.realpath(path))
    if found.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link that leads to itself")
    return found


def _is_descriptor(named: Path) -> bool:
    return str(named) in STREAMS or (named.parent.name == "fd" and named.parts[1:2] in {("dev",), ("proc",)})


def _write(target: Path, data: bytes) -> None:
    if target.is_dir():
        raise IsADirectoryError
    if _is_descriptor(target) or (target.exists() and not stat.S_ISREG(target.stat().st_mode)):
        with target.open("ab") as file:
            file.write(data)
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
