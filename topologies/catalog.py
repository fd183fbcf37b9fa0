"""The packaged catalogs: accelerators and jurisdictions that a file may use without defining them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from ..routing.raw import get, items, mapping, text

_FIELDS = ("id", "name", "peak_tflops", "memory_gb", "tdp_w")


def accelerators() -> dict[str, dict[str, Any]]:
    """Return the accelerators of the catalog by id, each with the fields of a file and its ``source``."""
    return {row["id"]: row for row in _catalog("accelerators")["accelerators"]}


def groups() -> dict[str, list[str]]:
    """Return the groups of jurisdictions of the catalog by name."""
    known: dict[str, list[str]] = _catalog("jurisdictions")["groups"]
    return known


def fill_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` with the accelerators and groups of the catalogs that it uses but does not define.

    What a file defines itself always holds, whatever the catalog says. Malformed data comes back unharmed.
    """
    filled = dict(data)
    if isinstance(data.get("accelerators", []), list):
        filled["accelerators"] = [*data.get("accelerators", []), *missing_accelerators(data)]
    if isinstance(data.get("groups", {}), dict):
        filled["groups"] = {**data.get("groups", {}), **_missing_groups(data)}
    return filled


def missing_accelerators(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the accelerators of the catalog that ``data`` uses but does not define."""
    missing = set(_named_accelerators(data)) - {text(item, "id") for item in items(data, "accelerators")}
    if missing:
        for name, row in accelerators().items():
            if name in missing:
                yield {field: row[field] for field in _FIELDS}


def _named_accelerators(data: Mapping[str, Any]) -> Iterator[str]:
    for pool in items(data, "pools"):
        yield text(pool, "accelerator") or ""
    for workload in items(data, "workloads"):
        for field in ("needs", "serving"):
            yield from (text(profile, "accelerator") or "" for profile in items(workload, field))
        yield from (name for name in items(get(workload, "compute"), "accelerators") if isinstance(name, str))


def _missing_groups(data: Mapping[str, Any]) -> dict[str, list[str]]:
    waiting = list(_named_jurisdictions(data))
    defined, found = mapping(data, "groups"), dict[str, list[str]]()
    known = groups() if waiting else {}
    while waiting:
        name = waiting.pop()
        if name in known and name not in defined and name not in found:
            found[name] = known[name]
            waiting.extend(known[name])
    return dict(sorted(found.items()))


def _named_jurisdictions(data: Mapping[str, Any]) -> Iterator[str]:
    lists = [items(policy, field) for policy in items(data, "policies") for field in _POLICY_LISTS]
    lists += [items(data["groups"], name) for name in mapping(data, "groups")]
    yield from (name for members in lists for name in members if isinstance(name, str))


_POLICY_LISTS = ("allow", "deny", "transit_allow", "transit_deny")


def _catalog(name: str) -> dict[str, Any]:
    path = files(__package__) / "catalogs" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def metros() -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Return the countries by code and the metropolitan areas that generated problems draw from."""
    found = _catalog("metros")
    return found["countries"], found["metros"]
