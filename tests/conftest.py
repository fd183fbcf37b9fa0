"""What the tests of all folders share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which file permissions bind, as they do not bind root."""
    return _as_nobody


@pytest.fixture
def world() -> dict[str, Any]:
    """Return the plain data of a small problem that has a little of everything, to be changed freely."""
    data: dict[str, Any] = json.loads(
        (Path(__file__).parent / "malformed" / "base.json").read_text(encoding="utf-8")
    )
    return data


@contextmanager
def _as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
