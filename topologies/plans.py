"""Reading plans from files."""

from __future__ import annotations

import os

from ..routing.plan import Plan
from .sources import open_source


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan from a JSON file, or from standard input (``-``).

    Raises
    ------
    InputError
        With every fault: a file that cannot be read, is not JSON or is not a plan.
    """
    source = open_source(path)
    return Plan.from_json(source.text, source.name)
