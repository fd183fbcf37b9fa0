"""The malformed inputs: cases in YAML beside this file, written out as files for a test to read."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def base() -> dict[str, Any]:
    return json.loads((HERE / "base.json").read_text(encoding="utf-8"))


def write_document(case: dict[str, Any], folder: Path) -> Path:
    path = folder / f"broken{case.get('suffix', '.json')}"
    path.write_bytes(content(case))
    return path


def content(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"].replace(" ", ""))
    repeated = case.get("then", case["text"]) * case.get("times", 0)
    begin = case["text"] if "then" in case or "times" not in case else ""
    return (begin + repeated + case.get("end", "")).encode()


def write_changed(case: dict[str, Any], folder: Path) -> Path:
    path = folder / "broken.json"
    path.write_text(json.dumps(changed(case)), encoding="utf-8")
    return path


def changed(case: dict[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(base())
    for place, value in case.get("set", {}).items():
        _at(data, place, lambda holder, key, value=value: _put(holder, key, value))
    for place in case.get("unset", ()):
        _at(data, place, lambda holder, key: holder.pop(key))
    if "long" in case:
        place, length = case["long"]
        _at(data, place, lambda holder, key: _put(holder, key, "x" * length))
    if "digits" in case:
        place, length = case["digits"]
        _at(data, place, lambda holder, key: _put(holder, key, 10**length))
    if "many" in case:
        data["periods"] = [{"id": f"p{number}", "hours": 1} for number in range(case["many"][1])]
        data["data_centers"][0]["usd_per_kwh"] = 0.1
        _spread_demand(data, case.get("demand", 1))
    return data


def _spread_demand(data: dict[str, Any], count: int) -> None:
    data["locations"] += [{"id": f"town{number}", "jurisdiction": "DE"} for number in range(count)]
    towns = [location["id"] for location in data["locations"][1:]]
    data["workloads"][2]["demand"] = [{"location": town, "requests_per_second": 1} for town in towns]


def _at(data: Any, place: str, act: Callable[[Any, Any], Any]) -> None:
    *way, last = place.split(".")
    for step in way:
        data = data[int(step)] if isinstance(data, list) else data.setdefault(step, {})
    act(data, int(last) if isinstance(data, list) else last)


def _put(holder: Any, key: Any, value: Any) -> None:
    holder[key] = value
