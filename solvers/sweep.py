"""Many scenarios of one problem: each is applied, solved and told apart from the others.

A scenario that fails becomes an outcome with its error; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..routing.errors import RouteError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.scenarios import Scenario
from .options import CancelToken


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario: its problem and plan, or why there is none."""

    scenario: Scenario
    problem: Problem | None
    plan: Plan | None
    error: RouteError | None = None

    def __bool__(self) -> bool:
        """Return whether there is a plan that can be used."""
        return bool(self.plan)


def solve_scenarios(
    problem: Problem,
    scenarios: Sequence[Scenario],
    *,
    done: Callable[[Outcome], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> list[Outcome]:
    """Plan every scenario of ``problem``; ``options`` are those of :func:`.solve`.

    Outcomes are in the order of ``scenarios``, whatever they end in; where ``cancel`` was set, those that had
    not begun are missing. ``done`` is called with every outcome as it is there.
    """
    found: list[Outcome] = []
    for each in _until(scenarios, cancel):
        outcome = solve_scenario(problem, each, cancel=cancel, **options)
        found.append(outcome)
        if done is not None:
            done(outcome)
    return found


def _until(scenarios: Iterable[Scenario], cancel: CancelToken | None) -> Iterator[Scenario]:
    for each in scenarios:
        if cancel is not None and cancel.is_set():
            return
        yield each


def solve_scenario(problem: Problem, scenario: Scenario, **options: Any) -> Outcome:
    """Plan one scenario; an error of this library is part of the outcome."""
    from . import solve

    changed: Problem | None = None
    try:
        changed = scenario.apply(problem)
        return Outcome(scenario, changed, solve(changed, **options))
    except RouteError as error:
        return Outcome(scenario, changed, None, error)
