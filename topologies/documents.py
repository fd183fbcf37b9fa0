"""JSON and YAML text to plain data, without surprises."""

from __future__ import annotations

import json
from typing import Any

from ..routing.errors import Fault, InputError
from .sources import Source


def parse(source: Source) -> tuple[Any, list[Fault]]:
    """Return the plain data of a JSON or YAML text, and its repeated keys as faults."""
    if source.suffix in {".yaml", ".yml"} or (
        source.suffix != ".json" and not source.text.lstrip().startswith(("{", "["))
    ):
        import yaml

        return yaml.safe_load(source.text), []
    try:
        return json.loads(source.text), []
    except (ValueError, RecursionError) as error:
        raise InputError([f"not JSON: {error}"], source.name) from None
