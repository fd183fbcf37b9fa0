"""How many threads the array sums of this process, and of those it starts, may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that NumPy's linear algebra reads once, as it is loaded."""


def keep_array_sums_on_one_core() -> None:
    """Have NumPy's linear algebra use one thread, unless the user says otherwise.

    Its vectors are short here, and where other processes share the cores its threads wait for each other: the
    decomposition takes three times as long then.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")


@contextmanager
def array_sums_on_one_core() -> Iterator[None]:
    """Do so for the processes that are started meanwhile only."""
    unset = [name for name in THREADS if name not in os.environ]
    keep_array_sums_on_one_core()
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)
