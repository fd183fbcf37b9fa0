"""What the builders of the packaged samples share: distances, daily shapes, and how a sample is written."""

from __future__ import annotations

import argparse
import csv
import json
import math
from pathlib import Path
from typing import Any

Element = dict[str, Any]

KM_PER_MS = 200.0
"""Light in fibre: 5 microseconds per km (refractive index about 1.5)."""
EARTH_RADIUS_KM = 6371.0
FLOP_PER_PFLOP_DAY = 8.64e19

OFFICE_AND_EVENING = (
    0.35, 0.25, 0.20, 0.18, 0.18, 0.22, 0.32, 0.48, 0.68, 0.88, 0.98, 1.00,
    0.92, 0.90, 0.96, 1.00, 0.98, 0.92, 0.86, 0.88, 0.92, 0.86, 0.70, 0.50,
)  # fmt: skip
"""Assumption: demand of people at work and at home, share of the peak per local hour."""
ROUND_THE_CLOCK = (
    0.75, 0.70, 0.68, 0.66, 0.66, 0.70, 0.80, 0.92, 1.00, 0.98, 0.95, 0.94,
    0.93, 0.93, 0.94, 0.95, 0.98, 1.00, 1.00, 0.96, 0.92, 0.88, 0.84, 0.80,
)  # fmt: skip
"""Assumption: demand of machines, vehicles and cameras, share of the peak per local hour."""


def arguments(description: str, name: str) -> argparse.Namespace:
    """Parse the command line that every builder has: where the data lies and where the sample goes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with the third-party input data")
    parser.add_argument("--output", type=Path, default=Path(f"topologies/samples/{name}.json"))
    return parser.parse_args()


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kilometres(a: Element, b: Element) -> float:
    """Great-circle distance between two elements with ``latitude`` and ``longitude``, km (haversine)."""
    lat_a, lat_b = math.radians(a["latitude"]), math.radians(b["latitude"])
    d_lat, d_lon = lat_b - lat_a, math.radians(b["longitude"] - a["longitude"])
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def fibre_ms(km: float, route_factor: float, equipment_ms: float) -> float:
    """One-way latency of a fibre route ``route_factor`` times as long as the straight line, ms."""
    return round(km * route_factor / KM_PER_MS + equipment_ms, 2)


def pflop_days(parameters_billion: float, tokens_billion: float) -> float:
    """Training compute by the common rule 6 x parameters x tokens, PFLOP-days to three digits."""
    exact = 6 * parameters_billion * tokens_billion * 1e18 / FLOP_PER_PFLOP_DAY
    return float(f"{exact:.3g}")


def significant(value: float, digits: int = 3) -> float:
    """Round to so many significant digits."""
    return float(f"{value:.{digits}g}")


def shaped(peak: float, shape: tuple[float, ...], shift_hours: float = 0, hours: int = 1) -> list[float]:
    """Return the mean rate per period of ``hours``, for users whose clocks run ``shift_hours`` ahead of UTC."""
    at = [peak * shape[int(hour + shift_hours) % 24] for hour in range(24)]
    return [significant(sum(at[begin : begin + hours]) / hours) for begin in range(0, 24, hours)]


def write(sample: Element, path: Path) -> None:
    """Write the sample, one element of a list per line, so that a change of one figure is one line of a diff."""
    parts = [f"  {json.dumps(key)}: {_value(value)}" for key, value in sample.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        lines = ",\n".join("    " + json.dumps(item, ensure_ascii=False) for item in value)
        return f"[\n{lines}\n  ]"
    return json.dumps(value, ensure_ascii=False)
