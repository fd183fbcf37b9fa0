"""Reading files of scenarios."""

from __future__ import annotations

import os

from ..routing.errors import InputError
from ..routing.scenarios import ScenarioBook, scenario_book
from .documents import parse
from .sources import open_source


def load_scenarios(path: str | os.PathLike[str]) -> ScenarioBook:
    """Read the scenarios and sweeps of a JSON or YAML file; the built-in scenarios come first.

    Raises
    ------
    InputError
        With every fault: a file that cannot be read, is neither JSON nor YAML, or declares something unknown.
    """
    source = open_source(path)
    document = parse(source)
    try:
        found = scenario_book(document.data, source.name)
    except InputError as error:
        raise InputError([*document.faults, *error.faults], source.name) from None
    if document.faults:
        raise InputError(document.faults, source.name)
    return found
