"""Reading files of scenarios."""

from __future__ import annotations

import os
from typing import Any

from ..routing.errors import InputError
from ..routing.raw import get, mapping
from ..routing.scenario_book import scenario_book
from ..routing.scenarios import ScenarioBook
from .catalog import missing_accelerators
from .documents import parse
from .sources import open_source


def load_scenarios(path: str | os.PathLike[str]) -> ScenarioBook:
    """Read the scenarios and sweeps of a JSON or YAML file; the built-in scenarios come first.

    Pools that are added may have accelerators of the packaged catalog.

    Raises
    ------
    InputError
        With every fault: a file that cannot be read, is neither JSON nor YAML, or declares something unknown.
    """
    source = open_source(path, or_sample=False)
    document = parse(source)
    try:
        found = scenario_book(_filled_in(document.data), source.name)
    except InputError as error:
        raise InputError([*document.faults, *error.faults], source.name) from None
    if document.faults:
        raise InputError(document.faults, source.name)
    return found


def _filled_in(data: Any) -> Any:
    """Return the data of a file with the accelerators of the catalog that added pools have."""
    scenarios = mapping(data, "scenarios")
    if not scenarios:
        return data
    filled = {
        name: [_with_accelerators(change) for change in changes] if isinstance(changes, list) else changes
        for name, changes in scenarios.items()
    }
    return {**data, "scenarios": filled}


def _with_accelerators(change: Any) -> Any:
    added = get(change, "add")
    if not isinstance(added, dict) or not isinstance(added.get("accelerators", []), list):
        return change
    known = [*added.get("accelerators", []), *missing_accelerators(added)]
    return {**change, "add": {**added, "accelerators": known}}
