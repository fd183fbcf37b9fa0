"""What sharing between the scenarios of a sweep, and several processes, save: cold runs against a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from computeroute.routing.problem import Problem
from computeroute.routing.scenarios import Scenario, scenario
from computeroute.solvers.sweep import Outcome, solve_scenarios

PRICES = (1.0, 0.8, 1.25, 0.9, 1.1)
CARBON = (1.0, 2.0, 0.5, 1.5)
DEMAND = (1.0, 1.02, 0.95, 0.9, 1.01)
NETWORK = (1.0, 3.0)


@dataclass(frozen=True)
class Figures:
    """Seconds of cold runs, of a sweep in one process and in two; worst gaps and work left out of both."""

    scenarios: int
    cold_s: float
    shared_s: float
    two_processes_s: float
    cold_gap: float
    shared_gap: float
    cold_unserved: float
    shared_unserved: float

    def row(self) -> dict[str, Any]:
        """Return the figures with their ratios."""
        return {
            **self.__dict__,
            "shared_over_cold": round(self.shared_s / self.cold_s, 3),
            "two_processes_speedup": round(self.shared_s / self.two_processes_s, 3),
        }


def grid(count: int) -> list[Scenario]:
    """Return so many scenarios: prices, carbon, demand and network crossed, the nearest first."""
    crossed = list(_crossed())
    crossed.sort(key=lambda pair: pair[0])
    return [scenario(text) for _, text in crossed[:count]]


def _crossed() -> Iterator[tuple[int, str]]:
    axes = [list(enumerate(axis)) for axis in (PRICES, CARBON, DEMAND, NETWORK)]
    for (p, prices), (c, carbon), (d, demand), (n, network) in product(*axes):
        text = f"prices*{prices:g}+carbon*{carbon:g}+demand*{demand:g}+network*{network:g}"
        yield p + c + d + n, text


def measure(problem: Problem, count: int, **options: Any) -> Figures:
    """Plan ``count`` scenarios three times: cold, as a sweep, and as a sweep in two processes."""
    scenarios = grid(count)
    cold, cold_s = _timed(problem, scenarios, share=False, **options)
    shared, shared_s = _timed(problem, scenarios, **options)
    _, two_s = _timed(problem, scenarios, jobs=2, **options)
    return Figures(
        count, cold_s, shared_s, two_s, _gap(cold), _gap(shared), _unserved(cold), _unserved(shared)
    )


def _timed(problem: Problem, scenarios: list[Scenario], **options: Any) -> tuple[list[Outcome], float]:
    begun = time.monotonic()
    found = solve_scenarios(problem, scenarios, **options)
    return found, time.monotonic() - begun


def _gap(outcomes: list[Outcome]) -> float:
    return max(1.0 if each.plan is None or each.plan.gap is None else each.plan.gap for each in outcomes)


def _unserved(outcomes: list[Outcome]) -> float:
    return max(float("inf") if each.plan is None else each.plan.unserved for each in outcomes)
