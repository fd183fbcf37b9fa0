"""Many scenarios of one problem: each is applied, solved and told apart from the others.

A scenario that fails becomes an outcome with its error; the others go on. Outcomes do not depend on how many
are solved at once, nor where.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..routing.comparison import Case
from ..routing.errors import InputError, RouteError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.scenarios import Scenario
from ..routing.text import clean, money, percent
from .options import CancelToken, Options
from .sweep_folder import Folder

Engine = Literal["local", "ray"]
MOST_JOBS = 256


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario: its problem and plan, or why there is none.

    ``known`` is true where the plan was read from the folder of an earlier run.
    """

    scenario: Scenario
    problem: Problem | None
    plan: Plan | None
    error: RouteError | None = None
    known: bool = False

    def __bool__(self) -> bool:
        """Return whether there is a plan that can be used."""
        return bool(self.plan)

    def case(self) -> Case:
        """Return this outcome as a comparison takes it."""
        return Case(self.scenario.name, self.problem, self.plan, str(self.error or ""))

    def line(self) -> str:
        """Return this outcome in one line."""
        if self.plan is None:
            return clean(f"{self.scenario.name}: {self.error}")
        where = "read from the folder" if self.known else f"{self.plan.runtime_seconds:.1f} s"
        gap = f", gap {percent(self.plan.gap, 3)}" if self.plan.gap is not None else ""
        left = ", leaves work out" if self.plan.left_out else ""
        cost = f"{money(self.plan.cost.total_usd)} USD" if self.plan else self.plan.status
        return clean(f"{self.scenario.name}: {cost}{gap}{left} ({where})")


def solve_scenarios(
    problem: Problem,
    scenarios: Sequence[Scenario],
    *,
    jobs: int = 1,
    engine: Engine = "local",
    folder: str | os.PathLike[str] | None = None,
    done: Callable[[Outcome], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> list[Outcome]:
    """Plan every scenario of ``problem``.

    Parameters
    ----------
    problem, scenarios
        What to change, and how.
    jobs
        How many to solve at once, each in a process of its own where there are several.
    engine
        ``local``: this machine. ``ray``: a Ray cluster that is running (extra ``ray``).
    folder
        Where plans are kept as they come; those found there, of the same problem and options, are not solved
        again.
    done
        Called with every outcome as it is there, in the calling thread.
    cancel
        Once set, what is being solved ends with its best plan, and the rest is missing from the outcomes.
    **options
        Those of :func:`.solve`, without ``progress``.

    Returns
    -------
    list of Outcome
        In the order of ``scenarios``.

    Raises
    ------
    InputError
        For options out of their range.
    OutputError
        When the folder cannot be written.
    MissingExtraError, SolverError
        When Ray is not installed, or no cluster is running.
    """
    _check(jobs, options)
    kept = None if folder is None else Folder.at(folder, options)
    found: dict[int, Outcome] = {}

    def take(number: int, outcome: Outcome) -> None:
        found[number] = outcome
        if kept is not None and not outcome.known:
            kept.keep(outcome.scenario.name, outcome.plan)
        if done is not None:
            done(outcome)

    waiting = [pair for pair in enumerate(scenarios) if not _is_known(problem, kept, pair, take)]
    workers = 0 if engine == "ray" else jobs
    for number, outcome in _solved(problem, waiting, workers, cancel, options):
        take(number, outcome)
    return [found[number] for number in sorted(found)]


def _check(jobs: int, options: dict[str, Any]) -> None:
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError([f"jobs: must be between 1 and {MOST_JOBS}, got {jobs}"])
    Options(**{name: value for name, value in options.items() if name != "solver"})


def _is_known(
    problem: Problem,
    kept: Folder | None,
    numbered: tuple[int, Scenario],
    take: Callable[[int, Outcome], None],
) -> bool:
    """Return whether the folder has the plan of a scenario, which is then taken."""
    if kept is None:
        return False
    number, scenario = numbered
    try:
        changed = scenario.apply(problem)
    except RouteError:
        return False
    plan = kept.plan(scenario.name, changed.digest)
    if plan is not None:
        take(number, Outcome(scenario, changed, plan, known=True))
    return plan is not None


def _solved(
    problem: Problem,
    waiting: Sequence[tuple[int, Scenario]],
    workers: int,
    cancel: CancelToken | None,
    options: dict[str, Any],
) -> Iterator[tuple[int, Outcome]]:
    """Yield outcomes with their numbers as they come; without ``workers``, from a Ray cluster."""
    if not workers:
        from .sweep_ray import over_ray

        yield from over_ray(problem, waiting, cancel, options)
    elif workers > 1 and len(waiting) > 1:
        from .sweep_processes import over_processes

        yield from over_processes(problem, waiting, workers, cancel, options)
    else:
        for number, scenario in waiting:
            if cancel is not None and cancel.is_set():
                return
            yield number, solve_scenario(problem, scenario, cancel=cancel, **options)


def solve_scenario(problem: Problem, scenario: Scenario, **options: Any) -> Outcome:
    """Plan one scenario; an error of this library is part of the outcome."""
    from . import solve

    changed: Problem | None = None
    try:
        changed = scenario.apply(problem)
        return Outcome(scenario, changed, solve(changed, **options))
    except RouteError as error:
        return Outcome(scenario, changed, None, error)


def outcome_of(problem: Problem, scenario: Scenario, plan: Plan | None, error: RouteError | None) -> Outcome:
    """Return an outcome whose plan was made elsewhere; the problem is made here rather than sent."""
    try:
        changed = scenario.apply(problem)
    except RouteError as fault:
        return Outcome(scenario, None, None, error or fault)
    return Outcome(scenario, changed, plan, error)
