"""What the tests of all folders share."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534
MEASURED = "COVERAGE_PROCESS_CONFIG"
"""Variable of the environment by which coverage begins in processes."""
MEASURED_SEEDS = 2


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in tests marked ``no_cover``, nor in their processes: it takes as long as they do.

    What pytest-cov does about the mark is not enough, as processes of pytest-xdist are measured twice. Of a
    test that is run for many seeds the first ones reach what the others do.
    """
    if item.get_closest_marker("no_cover") is None and not _is_of_later_seed(item):
        return (yield)
    own, of_threads = sys.gettrace(), threading.gettrace()
    of_processes = os.environ.pop(MEASURED, None)
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(own)
        threading.settrace(of_threads)
        if of_processes is not None:
            os.environ[MEASURED] = of_processes


def _is_of_later_seed(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    seed = None if given is None else given.params.get("seed")
    return isinstance(seed, int) and seed >= MEASURED_SEEDS


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
