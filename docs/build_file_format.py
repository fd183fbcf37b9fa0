"""Write the tables of docs/file-format.md from the JSON Schema of the models.

``python docs/build_file_format.py`` renews the part of the page below its mark; what stands above is by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from computeroute.topologies import accelerators, schema

PAGE = Path(__file__).with_name("file-format.md")
MARK = "<!-- Below this line: written by docs/build_file_format.py from the models. -->\n"
TOP = "Problem"
ORDER = (
    *("Period", "Objective", "Limits", "Assignment", "Present", "Moving", "DataPolicy", "Location", "Link"),
    *("Accelerator", "DataCenter", "Pool", "ScalingPoint", "Expansion"),
    *("TrainingJob", "Need", "Compute", "Dataset", "MultiSite"),
    *("InferenceService", "Demand", "Serving"),
)
KINDS = {"string": "text", "boolean": "true or false", "integer": "whole number", "null": "null"}
JURISDICTION = "^[A-Z]{2}"

Rule = dict[str, Any]


def page(old: str) -> str:
    """Return the whole page: the part by hand of ``old``, and the tables."""
    return old.partition(MARK)[0] + MARK + "\n" + "\n".join(_sections(schema()))


def _sections(whole: Rule) -> Iterator[str]:
    models = {TOP: whole, **whole["$defs"]}
    missing = set(models) ^ {TOP, *ORDER}
    if missing:
        raise ValueError(f"ORDER and the models differ by {sorted(missing)}")
    for name in (TOP, *ORDER):
        yield from _section(name, models[name])


def _section(name: str, model: Rule) -> Iterator[str]:
    yield f"## {name}\n"
    yield _markdown(model.get("description", "")) + "\n"
    if name == "Accelerator":
        yield f"The packaged catalog has {', '.join(f'`{known}`' for known in accelerators())}.\n"
    yield "| field | value | default | meaning |\n| --- | --- | --- | --- |"
    for field, rule in model["properties"].items():
        default = "required" if field in model.get("required", ()) else _default(rule)
        if (name, field) == ("Problem", "workloads"):
            default = "required, here or in a second file"
        meaning = _markdown(rule.get("description", "")).replace("\n", " ")
        yield f"| `{field}` | {kind(rule)} | {default} | {meaning} |"
    yield ""


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _default(rule: Rule) -> str:
    value = rule.get("default")
    if value in (None, [], {}, ""):
        return "-"
    return "its defaults" if isinstance(value, dict) else f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return f"{value['id']}: {value['hours']:g} h"
    return str(value).lower() if isinstance(value, bool) else _number(value)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def kind(rule: Rule) -> str:
    """Return in words what values a rule of the schema permits."""
    if "$ref" in rule:
        name = rule["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in rule or "enum" in rule:
        return " or ".join(f"`{value}`" for value in rule.get("enum", [rule.get("const")]))
    parts = rule.get("anyOf", rule.get("oneOf"))
    if parts:
        return ", or ".join(kind(part) for part in parts if part.get("type") != "null")
    if rule["type"] == "array":
        return "list of " + kind(rule["items"])
    return _simple(rule)


def _simple(rule: Rule) -> str:
    if rule["type"] == "object":
        return "object of " + kind(rule["additionalProperties"])
    if rule.get("pattern", "").startswith(JURISDICTION):
        return "ISO 3166 code"
    return " ".join([KINDS.get(rule["type"], "number"), *_bounds(rule)])


def _bounds(rule: Rule) -> Iterator[str]:
    """Yield the bounds; upper ones from 100,000 on only guard against slips."""
    low, high = rule.get("minimum"), rule.get("maximum")
    if "exclusiveMinimum" in rule:
        yield f"> {rule['exclusiveMinimum']:g}"
    elif low is not None:
        yield f">= {low:g}"
    if high is not None:
        yield f"<= {high:g}".replace("e+0", "e").replace("e+", "e")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
