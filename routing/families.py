"""How alike scenarios are: which differ in prices, carbon and the objective only, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .changes import Aim, Scale

PRICES = ("prices", "cloud_prices", "energy", "network", "carbon")
"""What may differ within a family."""
LEAST_FACTOR = 1e-6
"""Factor that stands for 0."""


def family(changes: Iterable[Any]) -> str:
    """Return text that is the same for changes that differ in prices, carbon or the objective only."""
    return repr([each for change in changes if (each := _but_for_prices(change)) is not None])


def price_levels(changes: Iterable[Any]) -> dict[tuple[str, ...], float]:
    """Return what members of a family differ in, 0 where it is not named.

    That is the logarithm of the factor of every kind of price, by the providers that it is for, and 1 for
    every objective.
    """
    found: dict[tuple[str, ...], float] = {}
    for change in changes:
        if isinstance(change, Aim):
            found["objective", repr(change)] = 1.0
        for name in PRICES if isinstance(change, Scale) else ():
            key = name, repr(change.providers)
            found[key] = found.get(key, 0.0) + math.log(max(getattr(change, name), LEAST_FACTOR))
    return found


def _but_for_prices(change: Any) -> Any:
    """Return what a change does beside prices, carbon and the objective; None where that is nothing."""
    if isinstance(change, Aim):
        return None
    if isinstance(change, Scale):
        change = change.replace(**dict.fromkeys(PRICES, 1.0))
        if all(getattr(change, name) == 1.0 for name in ("demand", "training", "bandwidth")):
            return None
    return change
