"""Which scenario of a sweep begins from the plan of which other, and for whom most wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ..routing.scenarios import Scenario
from .rates import Floats

LEAST_FAMILY = 3
"""Scenarios that differ in prices, carbon and the objective only, so many of which begin from one another."""


def leaders_of(scenarios: Sequence[Scenario]) -> list[int]:
    """Return whose plan each scenario begins from: of the nearest before it in its family, or of the first.

    The first of a family begins from the first of all, and so do small families.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(scenarios):
        members[each.family()].append(number)
    leaders = [0] * len(scenarios)
    for family in members.values():
        if len(family) >= LEAST_FAMILY:
            levels = _levels([scenarios[number] for number in family])
            leaders[family[0]] = family[0]
            for place in range(1, len(family)):
                apart = np.abs(levels[:place] - levels[place]).sum(axis=1)
                leaders[family[place]] = family[int(apart.argmin())]
    return leaders


def waiting_for(leaders: Sequence[int]) -> list[int]:
    """Return how many scenarios begin from the plan of each, or from one that does; leaders come earlier."""
    waiting = [0] * len(leaders)
    for number in reversed(range(1, len(leaders))):
        if leaders[number] != number:
            waiting[leaders[number]] += 1 + waiting[number]
    return waiting


def _levels(scenarios: Sequence[Scenario]) -> Floats:
    """Return how high every kind of price is in every scenario (S, K)."""
    named = [scenario.price_levels() for scenario in scenarios]
    kinds = list(dict.fromkeys(kind for each in named for kind in each))
    return np.array([[each.get(kind, 0.0) for kind in kinds] for each in named]).reshape(len(named), -1)
