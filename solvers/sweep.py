"""Many scenarios of one problem: each is applied, solved and told apart from the others.

A scenario that fails becomes an outcome with its error; the others go on. Outcomes do not depend on how many
are solved at once, nor where.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..routing.comparison import Case
from ..routing.errors import InputError, OutputError, RouteError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.scenarios import Scenario
from ..routing.text import clean, money, percent
from .options import CancelToken, Options
from .sweep_folder import Folder

Engine = Literal["local", "ray"]
Numbered = tuple[int, Scenario]
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

    def line(self, *, why: bool = True) -> str:
        """Return this outcome in one line, with the error where there is one and ``why`` is asked for."""
        if self.plan is None:
            return clean(f"{self.scenario.name}: {self.error if why else 'failed'}")
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
    verifies: Callable[[Problem, Plan], bool] | None = None,
    share: bool = True,
    done: Callable[[Outcome], None] | None = None,
    unkept: Callable[[OutputError], None] | None = None,
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
    verifies
        Whether a plan found there is what it says; one that is not is made anew. Without it all are taken.
    share
        Whether the plan of the first scenario is where the search for the others begins. It is planned before
        them, so that what each of them gets does not depend on the order in which they end.
    done
        Called with every outcome as it is there, in the calling thread.
    unkept
        Called with the error where a plan cannot be written to the folder, which loses nothing else: the plan
        is in its outcome and the others go on. Without it a RuntimeWarning says so.
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
        When the folder cannot be written from the start.
    MissingExtraError, SolverError
        When Ray is not installed, or no cluster is running.
    """
    _check(jobs, options)
    kept = None if folder is None else Folder.at(folder, options)
    workers = jobs
    if engine == "ray":
        from .sweep_ray import connected

        connected()
        workers = 0
    sweep = _Sweep(problem, options, kept, cancel, done, unkept or _warn, verifies)
    numbered = list(enumerate(scenarios))
    if share and len(numbered) > 1:
        sweep.plan(numbered[:1], 1)
        numbered = numbered[1:]
        sweep.begin_from(sweep.found.get(0))
    sweep.plan(numbered, workers)
    return [sweep.found[number] for number in sorted(sweep.found)]


@dataclass
class _Sweep:
    """Outcomes by the number of their scenario, as they come."""

    problem: Problem
    options: dict[str, Any]
    kept: Folder | None
    cancel: CancelToken | None
    done: Callable[[Outcome], None] | None
    unkept: Callable[[OutputError], None]
    verifies: Callable[[Problem, Plan], bool] | None
    found: dict[int, Outcome] = field(default_factory=dict)

    def begin_from(self, first: Outcome | None) -> None:
        """Let what comes begin from the plan of ``first``, where it has one."""
        self.options = {**self.options, "similar_plan": first.plan if first else None}
        self.kept = self.kept and self.kept.of(self.options)

    def plan(self, numbered: Sequence[Numbered], workers: int) -> None:
        """Take the outcomes that the folder knows, then those of the other scenarios."""
        waiting = [pair for pair in numbered if not self._is_known(*pair)]
        if self.cancel is not None and self.cancel.is_set():
            return
        for number, outcome in self._solved(waiting, workers):
            self._take(number, outcome)
            self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        """Write a plan to the folder; a disk that is full must not cost what has been solved."""
        if self.kept is None:
            return
        try:
            self.kept.keep(outcome.scenario.name, outcome.plan)
        except OutputError as error:
            self.unkept(error)

    def _take(self, number: int, outcome: Outcome) -> None:
        self.found[number] = outcome
        if self.done is not None:
            self.done(outcome)

    def _is_known(self, number: int, scenario: Scenario) -> bool:
        """Return whether the folder has the plan of a scenario, which is then taken."""
        if self.kept is None:
            return False
        try:
            changed = scenario.apply(self.problem)
        except RouteError:
            return False
        plan = self.kept.plan(scenario.name, changed.digest)
        if plan is None or not (self.verifies is None or self.verifies(changed, plan)):
            return False
        self._take(number, Outcome(scenario, changed, plan, known=True))
        return True

    def _solved(self, waiting: Sequence[Numbered], workers: int) -> Iterator[tuple[int, Outcome]]:
        """Yield outcomes with their numbers as they come; without ``workers``, from a Ray cluster."""
        if not workers:
            from .sweep_ray import over_ray

            yield from over_ray(self.problem, waiting, self.cancel, self.options)
        elif workers > 1 and len(waiting) > 1:
            from .sweep_processes import over_processes

            yield from over_processes(self.problem, waiting, workers, self.cancel, self.options)
        else:
            yield from self._one_by_one(waiting)

    def _one_by_one(self, waiting: Sequence[Numbered]) -> Iterator[tuple[int, Outcome]]:
        for number, scenario in waiting:
            if self.cancel is not None and self.cancel.is_set():
                return
            yield number, solve_scenario(self.problem, scenario, cancel=self.cancel, **self.options)


def _warn(error: OutputError) -> None:
    warnings.warn(f"{error}; the plan is in the outcome only", RuntimeWarning, stacklevel=2)


def _check(jobs: int, options: dict[str, Any]) -> None:
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError([f"jobs: must be between 1 and {MOST_JOBS}, got {jobs}"])
    Options(**{name: value for name, value in options.items() if name != "solver"})


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
