"""What the parts of the generator share: elements, rounding, and the hours of the day."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Element = dict[str, Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OFFICE = (
    0.35, 0.25, 0.20, 0.18, 0.18, 0.22, 0.32, 0.48, 0.68, 0.88, 0.98, 1.00,
    0.92, 0.90, 0.96, 1.00, 0.98, 0.92, 0.86, 0.88, 0.92, 0.86, 0.70, 0.50,
)  # fmt: skip
"""Demand of people at work and at home, share of the peak per local hour."""
EVENING = (
    0.45, 0.30, 0.20, 0.15, 0.12, 0.12, 0.18, 0.28, 0.35, 0.40, 0.45, 0.50,
    0.58, 0.55, 0.50, 0.52, 0.58, 0.68, 0.80, 0.92, 1.00, 0.98, 0.85, 0.65,
)  # fmt: skip
"""Demand of leisure."""
MACHINES = (
    0.75, 0.70, 0.68, 0.66, 0.66, 0.70, 0.80, 0.92, 1.00, 0.98, 0.95, 0.94,
    0.93, 0.93, 0.94, 0.95, 0.98, 1.00, 1.00, 0.96, 0.92, 0.88, 0.84, 0.80,
)  # fmt: skip
"""Demand of machines, vehicles and cameras."""
DEMAND_SHAPES = np.array([OFFICE, EVENING, MACHINES])
SUN = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.08, 0.25, 0.45, 0.68, 0.87, 0.97,
    1.00, 0.97, 0.87, 0.68, 0.45, 0.25, 0.08, 0.0, 0.0, 0.0, 0.0, 0.0,
)  # fmt: skip
"""Solar power, share of the peak per local hour."""
_SAMPLES_PER_HOUR = 4


class Periods:
    """Up to 24 equal parts of a day, or hours where there are more."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.hours = 24 / number if number <= 24 else 1.0
        self.horizon_hours = number * self.hours

    def elements(self) -> list[Element]:
        """Return the periods of the file."""
        return [{"id": f"p{index:02d}", "hours": plain(self.hours)} for index in range(self.number)]

    def means(self, shapes: Floats, hours_ahead: Floats) -> Floats:
        """Return the mean of each daily shape (n, 24) in each period, for clocks ahead of UTC: (n, P)."""
        each = math.ceil(self.hours * _SAMPLES_PER_HOUR)
        sampled = (np.arange(self.number * each) + 0.5) * (self.hours / each)
        local = (sampled[None, :] + hours_ahead[:, None]) % 24
        low = local.astype(int) % 24  # a clock just behind midnight may round to 24
        part = local % 1.0
        rows = np.arange(len(shapes))[:, None]
        values = shapes[rows, low] * (1 - part) + shapes[rows, (low + 1) % 24] * part
        return np.asarray(values.reshape(len(shapes), self.number, each).mean(axis=2))


def plain(value: float) -> float:
    """Return an int where the value is one, so that the file says 40 and not 40.0."""
    value = float(value)
    return int(value) if value.is_integer() else value


def significant(values: Any, digits: int = 3) -> Any:
    """Return a number, or a list of those of an array, to so many significant digits."""
    array = np.asarray(values, dtype=float)
    sizes = np.floor(np.log10(np.maximum(np.abs(array), 1e-12)))
    shift = digits - 1 - sizes
    whole = np.round(array * 10.0**shift)
    rounded = np.where(
        shift >= 0, whole / 10.0 ** np.maximum(shift, 0), whole * 10.0 ** np.maximum(-shift, 0)
    )
    return plain(rounded) if rounded.ndim == 0 else [plain(value) for value in rounded.tolist()]


def power_of_two(values: Floats) -> Ints:
    """Return the power of two nearest to each value by ratio, at least 1."""
    return np.asarray(2 ** np.maximum(np.round(np.log2(np.maximum(values, 1.0))), 0), dtype=np.int64)


def kilometres(latitude: Floats, longitude: Floats) -> Floats:
    """Return the great-circle distances between all of some positions in degrees, km (haversine)."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    d_lat, d_lon = lat[:, None] - lat[None, :], lon[:, None] - lon[None, :]
    h = np.sin(d_lat / 2) ** 2 + np.cos(lat)[:, None] * np.cos(lat)[None, :] * np.sin(d_lon / 2) ** 2
    return np.asarray(np.round(2 * 6371.0 * np.arcsin(np.sqrt(np.minimum(h, 1.0))), 3))
