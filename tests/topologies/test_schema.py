"""The JSON Schema, by a small validator written from its specification: what ``load`` accepts, it accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from computeroute.topologies import sample_text, schema
from computeroute.topologies.samples import sample_names

SCHEMA = schema()
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ANNOTATIONS = {"$schema", "default", "description", "discriminator", "title", "$defs"}
CHECKED = {
    *("$ref", "additionalProperties", "anyOf", "const", "enum", "exclusiveMinimum", "items", "maxItems"),
    *("maxLength", "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern", "properties"),
    *("propertyNames", "required", "type"),
}


def violations(value: Any, rule: dict[str, Any], place: str = "") -> Iterator[str]:
    if "$ref" in rule:
        rule = SCHEMA["$defs"][rule["$ref"].removeprefix("#/$defs/")]
    for few in ("anyOf", "oneOf"):
        if few in rule:
            fitting = [part for part in rule[few] if not list(violations(value, part))]
            if not fitting or (few == "oneOf" and len(fitting) > 1):
                yield f"{place}: {len(fitting)} of {few}"
    if not _is_of_type(value, rule.get("type")):
        yield f"{place}: type"
    elif isinstance(value, dict):
        yield from _object(value, rule, place)
    elif isinstance(value, list):
        yield from _list(value, rule, place)
    else:
        yield from _plain(value, rule, place)


def _is_of_type(value: Any, kind: str | None) -> bool:
    if kind in ("number", "integer"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    return kind is None or isinstance(value, TYPES[kind])


def _object(value: dict[str, Any], rule: dict[str, Any], place: str) -> Iterator[str]:
    for key in rule.get("required", ()):
        if key not in value:
            yield f"{place}.{key}: required"
    other = rule.get("additionalProperties", True)
    for key, inner in value.items():
        if key in rule.get("properties", {}):
            yield from violations(inner, rule["properties"][key], f"{place}.{key}")
        elif other is False:
            yield f"{place}.{key}: unknown"
        elif isinstance(other, dict):
            yield from violations(inner, other, f"{place}.{key}")


def _list(value: list[Any], rule: dict[str, Any], place: str) -> Iterator[str]:
    if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
        yield f"{place}: length"
    for index, inner in enumerate(value):
        yield from violations(inner, rule.get("items", {}), f"{place}[{index}]")


def _plain(value: Any, rule: dict[str, Any], place: str) -> Iterator[str]:
    if "const" in rule and value != rule["const"]:
        yield f"{place}: const"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{place}: enum"
    if "pattern" in rule and not re.search(rule["pattern"], value):
        yield f"{place}: pattern"
    if isinstance(value, str) and not rule.get("minLength", 0) <= len(value) <= rule.get(
        "maxLength", len(value)
    ):
        yield f"{place}: length"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not rule.get("minimum", value) <= value <= rule.get("maximum", value):
            yield f"{place}: range"
        if "exclusiveMinimum" in rule and value <= rule["exclusiveMinimum"]:
            yield f"{place}: range"


def _rules(rule: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema within a schema."""
    yield rule
    for key in ("$defs", "properties"):
        for inner in rule.get(key, {}).values():
            yield from _rules(inner)
    for inner in (*rule.get("anyOf", ()), *rule.get("oneOf", ())):
        yield from _rules(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(rule.get(key), dict):
            yield from _rules(rule[key])


def test_the_schema_uses_nothing_that_is_not_checked_here() -> None:
    assert {key for rule in _rules(SCHEMA) for key in rule} <= ANNOTATIONS | CHECKED


def test_every_field_is_described_or_speaks_for_itself() -> None:
    fields = [field for rule in _rules(SCHEMA) for field in rule.get("properties", {}).values()]
    assert sum("description" in field for field in fields) > len(fields) / 3


@pytest.mark.parametrize("name", sample_names())
def test_samples_fit_the_schema(name: str) -> None:
    assert list(violations(json.loads(sample_text(name)), SCHEMA)) == []


def test_what_is_left_out_or_defaults_fits(world: dict[str, Any]) -> None:
    assert list(violations(world, SCHEMA)) == []
    del world["accelerators"], world["workloads"], world["limits"]
    assert list(violations(world, SCHEMA)) == []


@pytest.mark.parametrize(
    ("part", "change", "expected"),
    [
        ("links", {"latency_ms": -1}, ".links[0].latency_ms: range"),
        ("links", {"latency": 1}, ".links[0].latency: unknown"),
        ("pools", {"count": 4.5}, ".pools[0].count: type"),
        ("data_centers", {"jurisdiction": "Germany"}, ".data_centers[0].jurisdiction: pattern"),
        ("data_centers", {"kind": "onprem"}, ".data_centers[0].kind: enum"),
        ("data_centers", {"usd_per_kwh": ["x"]}, ".data_centers[0].usd_per_kwh: 0 of anyOf"),
        ("workloads", {"kind": "x"}, ".workloads[0]: 0 of oneOf"),
        ("workloads", {"needs": []}, ".workloads[0]: 0 of oneOf"),
    ],
)
def test_faults_of_shape_do_not_fit(
    world: dict[str, Any], part: str, change: dict[str, Any], expected: str
) -> None:
    world[part][0] |= change
    assert list(violations(world, SCHEMA)) == [expected]


def test_a_workload_must_name_its_kind(world: dict[str, Any]) -> None:
    del world["workloads"][0]["kind"]
    assert list(violations(world, SCHEMA)) == [".workloads[0]: 0 of oneOf"]
