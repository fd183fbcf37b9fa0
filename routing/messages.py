"""What is wrong with a value, in the words of somebody who writes problem files."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from .errors import key_suggestion, quoted, suggestion

_WANTED = {
    "float": "a number",
    "int": "a whole number",
    "string": "a text",
    "bool": "true or false",
    "tuple": "a list",
    "dict": "an object",
    "model": "an object",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("at most", "le"),
}
_UNITS = {
    "_ms": "milliseconds",
    "_gbps": "Gbit/s",
    "usd_per_kwh": "USD per kWh",
    "g_per_kwh": "grams of CO2e per kWh",
    "usd_per_gb": "USD per GB",
    "usd_per_accelerator_hour": "USD per accelerator and hour",
    "usd_per_tco2e": "USD per tonne of CO2e",
    "usd_per_ms_request": "USD per millisecond and request",
    "_gb": "GB",
    "_gb_per_accelerator": "GB",
    "_kb": "kB",
    "hours": "hours",
    "_kw": "kW",
    "_w": "W",
    "_tflops": "TFLOP/s",
    "_years": "years",
    "per_second": "requests per second",
    "_days": "PFLOP-days",
    "itude": "degrees",
}


def message(item: Any, path: Sequence[int | str], owner: type[BaseModel] | None, or_list: bool) -> str:
    """Return the message for one error of pydantic.

    Parameters
    ----------
    item
        The error, as ``ValidationError.errors()`` gives it.
    path
        Its place in the data.
    owner
        The model that holds the last key of ``path``.
    or_list
        Whether a list of numbers would do as well as a number.
    """
    kind, value = item["type"], item["input"]
    if path and path[-1] == "schema_version":
        return f"version {_shown(value)} is not supported; this release reads version '1', in quotes"
    if kind in _SAYINGS:
        return _SAYINGS[kind](item, path, owner)
    if kind in _BOUNDS:
        return _out_of_bounds(item, path)
    wanted = _WANTED.get(kind.split("_")[0]) if re.search(r"_(type|parsing|from_float)$", kind) else None
    if wanted:
        alternative = " or a list with one number per period" if or_list else ""
        return f"must be {wanted}{alternative}{_but_got(wanted, value)}"
    text = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:] + (f", got {_shown(value)}" if _is_plain(value) else "")


def _unknown_key(_item: Any, path: Sequence[int | str], owner: type[BaseModel] | None) -> str:
    keys = sorted(owner.model_fields) if owner else []
    near = key_suggestion(path[-1], keys)
    return f"unknown key{near}" if near or not keys else f"unknown key; the keys here are {', '.join(keys)}"


def _bad_literal(item: Any, *_: Any) -> str:
    expected = item["ctx"]["expected"]
    near = suggestion(item["input"], re.findall("'([^']*)'", expected))
    return f"must be {expected}{_but_got(_WANTED['tuple'], item['input'])}{near}"


def _bad_kind(item: Any, *_: Any) -> str:
    tag = item["ctx"]["tag"]
    near = suggestion(tag, ("training", "inference"))
    return f"'kind' must be 'training' or 'inference', not {quoted(tag)}{near}"


def _bad_jurisdiction(item: Any, *_: Any) -> str:
    code = item["input"]
    upper = re.fullmatch(item["ctx"]["pattern"], code.upper().replace("_", "-"))
    hint = f"; did you mean {upper[0]!r}?" if upper else ""
    return f"{quoted(code)} is not an ISO 3166 code such as 'DE' or 'CN-SH'{hint}"


def _too_long(item: Any, *_: Any) -> str:
    return f"has {len(item['input']):,} entries; at most {item['ctx']['max_length']:,} are allowed"


def _not_finite(item: Any, *_: Any) -> str:
    return f"must be a finite number, got {_shown(item['input'])}"


_SAYINGS: dict[str, Callable[..., str]] = {
    "extra_forbidden": _unknown_key,
    "missing": lambda *_: "is required",
    "union_tag_not_found": lambda *_: "needs 'kind': 'training' or 'inference'",
    "union_tag_invalid": _bad_kind,
    "literal_error": _bad_literal,
    "string_pattern_mismatch": _bad_jurisdiction,
    "string_too_short": lambda *_: "must not be empty",
    "string_too_long": lambda item, *_: f"is longer than {item['ctx']['max_length']:,} characters",
    "string_unicode": lambda *_: "holds half of a character (a lone surrogate)",
    "too_short": lambda *_: "is empty; give at least one",
    "too_long": _too_long,
    "finite_number": _not_finite,
    "invalid_key": lambda *_: "every key must be a text",
}


def _out_of_bounds(item: Any, path: Sequence[int | str]) -> str:
    words, key = _BOUNDS[item["type"]]
    limit, value = item["ctx"][key], item["input"]
    hint = _unit_hint(path, limit, value) if key == "le" else ""
    return f"must be {words} {_figure(limit)}, got {_figure(value)}{hint}"


def _unit_hint(path: Sequence[int | str], limit: float, value: float) -> str:
    """Ask about the unit of a value that is far too large."""
    if limit == 1:
        return f"; it is a share from 0 to 1: {value:g} % is {value / 100:g}" if value <= 100 else ""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), None)
    return f"; is the unit right? {name} is in {unit}" if unit else ""


def _but_got(wanted: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", got an object"
    if isinstance(value, list | tuple):
        return ", got a list"
    if isinstance(value, int) and abs(value) >= 1e300:
        return ", not one of that many digits"
    if isinstance(value, float) and value.is_integer() and wanted == _WANTED["int"]:
        return f", without a decimal point, got {_shown(value)}"
    if isinstance(value, str) and wanted != _WANTED["tuple"] and _would_do_unquoted(value):
        return f", without quotes, got {_shown(value)}"
    return f", got {_shown(value)}" if _is_plain(value) else f", got an object of type {type(value).__name__}"


def _would_do_unquoted(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false", text.strip()))


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    """Return a plain value as JSON writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity"}.get(str(value), "-Infinity")
    return quoted(value)


def _figure(value: float) -> str:
    """Return a number for people, e.g. ``100,000``."""
    if abs(value) >= 1e300:
        return quoted(value)
    if abs(value) >= 1e15:
        return f"{float(value):.6g}"
    return f"{int(value):,}" if value == int(value) else f"{value:.12g}"
