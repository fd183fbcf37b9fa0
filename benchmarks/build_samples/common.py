"""What the builders of the packaged samples share: tables, distances, and how a sample is written."""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

Element = dict[str, Any]
Row = dict[str, str]

TABLES = Path(__file__).parent / "tables"
KM_PER_MS = 200.0
"""Light in fibre: 5 microseconds per km (refractive index about 1.5)."""
EARTH_RADIUS_KM = 6371.0
HOURS_PER_MONTH = 730
AREA_KM = 50.0
"""One storm, flood, quake or fault of the grid may take all that lies so near."""


def arguments(description: str, name: str) -> argparse.Namespace:
    """Parse the command line that every builder has: where the data lies and where the sample goes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with the third-party input data")
    parser.add_argument("--output", type=Path, default=Path(f"topologies/samples/{name}.json"))
    return parser.parse_args()


@cache
def rows(path: Path) -> list[Row]:
    """Read a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(sample: str, name: str) -> list[Row]:
    """Read one of the tables that were made for a sample: choices and assumptions."""
    return rows(TABLES / sample / f"{name}.csv")


def frame(sample: str) -> Element:
    """Read what a sample states as it is: description, groups, policies, accelerators, objective, limits."""
    element: Element = json.loads((TABLES / sample / "frame.json").read_text(encoding="utf-8"))
    return element


def number(text: str) -> float:
    """Return an int where the text is one, so that the file says 40 and not 40.0."""
    value = float(text)
    return int(value) if value.is_integer() else value


def given(row: Row, *fields: str) -> Element:
    """Return those of the numeric fields that the row fills."""
    return {field: number(row[field]) for field in fields if row.get(field)}


def place(row: Row) -> Element:
    """Return the part of a node that every table of nodes has."""
    element: Element = {key: row[key] for key in ("id", "name", "jurisdiction")}
    return element | given(row, "latitude", "longitude")


def passing(codes: list[str]) -> Element:
    """Return the field for the jurisdictions that a link passes between its ends, where there are any."""
    return {"jurisdictions": codes} if codes else {}


def kilometres(a: Element, b: Element) -> float:
    """Great-circle distance between two elements with ``latitude`` and ``longitude``, km (haversine)."""
    lat_a, lat_b = math.radians(a["latitude"]), math.radians(b["latitude"])
    d_lat, d_lon = lat_b - lat_a, math.radians(b["longitude"] - a["longitude"])
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def sharing_areas(sites: list[Element]) -> list[Element]:
    """Let sites within ``AREA_KM`` of each other, maybe through others, share the risks of their area."""
    area = list(range(len(sites)))
    for one, other in combinations(range(len(sites)), 2):
        if kilometres(sites[one], sites[other]) <= AREA_KM:
            area = [area[one] if each == area[other] else each for each in area]
    size = Counter(area)
    return [
        site | ({"risk_groups": [f"area-{sites[at]['id']}"]} if size[at] > 1 else {})
        for site, at in zip(sites, area, strict=True)
    ]


def fibre_ms(km: float, route_factor: float, equipment_ms: float) -> float:
    """One-way latency of a fibre route ``route_factor`` times as long as the straight line, ms."""
    return round(km * route_factor / KM_PER_MS + equipment_ms, 2)


@cache
def carbon_2024(data: Path) -> dict[str, float]:
    """Grid carbon intensity by GCP region, mean of 2024, g/kWh."""
    source = rows(data / "carbon" / "gcp_region_carbon_2019-2024.csv")
    return {row["region"]: float(row["grid_carbon_g_per_kwh"]) for row in source if row["year"] == "2024"}


def write(sample: Element, path: Path) -> None:
    """Write the sample, one element of a list per line: one changed figure is one line of a diff."""
    parts = [f"  {json.dumps(key)}: {_value(value)}" for key, value in sample.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        lines = ",\n".join("    " + json.dumps(item, ensure_ascii=False) for item in value)
        return f"[\n{lines}\n  ]"
    return json.dumps(value, ensure_ascii=False)
