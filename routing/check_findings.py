"""What the verifier reports, and the tolerance with which it compares figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

RELATIVE = 1e-6
ABSOLUTE = 1e-6
ROUNDING = 1e-9
"""Relative and absolute, of sums of a few figures of a problem."""

CONSTRAINTS = (
    "digest",
    "structure",
    "status",
    "place_once",
    "residency",
    "accelerator",
    "memory",
    "gang",
    "pin",
    "schedule",
    "spot",
    "dataset",
    "route",
    "transit",
    "latency",
    "serve_demand",
    "replica_capacity",
    "spread",
    "survive_site",
    "survive_link",
    "pool_capacity",
    "spot_capacity",
    "purchase",
    "link_capacity",
    "site_power",
    "provider_share",
    "budget",
    "carbon_cap",
    "max_moves",
    "checkpoint",
    "left_out",
    "cost",
    "emission",
    "total",
    "breakdown",
    "utilization",
)
"""Every name that a violation may carry, in the order of reports: a plan of another problem is told first."""

NOTHING_ELSE = "nothing else was checked"
"""What is said where a plan cannot be for the problem."""
_RANK = {name: rank for rank, name in enumerate(CONSTRAINTS)}


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a plan breaks, or one figure that it states wrongly.

    Attributes
    ----------
    constraint
        Name of the rule, one of ``CONSTRAINTS``.
    element
        What breaks it, e.g. ``pool 'fra-h100', period 'h03'``.
    message
        How, with both figures, e.g. ``130 used of 128``.
    """

    constraint: str
    element: str
    message: str

    def __str__(self) -> str:
        return f"{self.constraint}: {self.element}: {self.message}"


class Findings:
    """Collects violations: for each constraint and element the one with the largest excess."""

    def __init__(self) -> None:
        self._worst: dict[tuple[str, str], tuple[float, str]] = {}

    def add(self, constraint: str, element: str, message: str, excess: float = math.inf) -> None:
        """Note a violation; of several on one element, the first with the largest ``excess`` stays."""
        known = self._worst.get((constraint, element))
        if known is None or excess > known[0]:
            self._worst[constraint, element] = (excess, message)

    def compare(
        self, constraint: str, element: str, what: str, stated: float | None, true: float | None
    ) -> None:
        """Note a violation where a stated figure is not the recomputed one."""
        if stated is None or true is None:
            if stated is not true:
                self.add(constraint, element, f"{what} is {figure(stated)}, should be {figure(true)}")
        elif not close(stated, true):
            message = f"{what} is {figure(stated)}, should be {figure(true)}"
            self.add(constraint, element, message, abs(stated - true))

    def limit(self, constraint: str, element: str, value: float, limit: float, unit: str) -> None:
        """Note a violation where ``value`` is above ``limit``."""
        if exceeds(value, limit):
            self._over(constraint, element, value, limit, unit)

    def bound(self, constraint: str, element: str, value: float, limit: float, unit: str) -> None:
        """Note a violation where ``value``, which no solver has rounded, is above ``limit``."""
        if beyond(value, limit):
            self._over(constraint, element, value, limit, unit)

    def _over(self, constraint: str, element: str, value: float, limit: float, unit: str) -> None:
        self.add(constraint, element, f"{figure(value)} {unit} of {figure(limit)}", value - limit)

    def violations(self) -> list[Violation]:
        """Return everything found, sorted by constraint and element."""
        found = [Violation(*key, message) for key, (_, message) in self._worst.items()]
        return sorted(found, key=lambda v: (_RANK[v.constraint], v.element, v.message))


def close(one: float, other: float) -> bool:
    """Return whether two figures agree; nothing agrees with NaN or infinity."""
    tolerance = RELATIVE * max(abs(one), abs(other)) + ABSOLUTE
    return abs(one - other) <= tolerance < math.inf


def exceeds(value: float, limit: float) -> bool:
    """Return whether ``value`` is above ``limit`` by more than the tolerance; NaN and infinity always are."""
    tolerance = RELATIVE * max(abs(value), abs(limit)) + ABSOLUTE
    return not (value - limit <= tolerance < math.inf)


def beyond(value: float, limit: float) -> bool:
    """Return whether ``value`` is above ``limit`` by more than rounding."""
    return value > limit + ROUNDING * max(1.0, abs(limit))


def figure(value: float | None) -> str:
    """Return a number as text, exact enough to show any difference that is reported."""
    return "none" if value is None else f"{value:.10g}"


def named(**names: object) -> str:
    """Return e.g. ``pool 'a', period 't'`` for ``pool="a", period="t"``."""
    return ", ".join(f"{kind.replace('_', ' ')} {name!r}" for kind, name in names.items())
