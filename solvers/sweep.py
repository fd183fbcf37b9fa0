"""Many scenarios of one problem: each is applied, solved and told apart from the others.

A scenario that fails becomes an outcome with its error; the others go on. Outcomes do not depend on how many
are solved at once, nor where.
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..routing.commitments import NOTHING_SUNK, Commitments, Sunk
from ..routing.errors import InputError, OutputError, RouteError, quoted
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.scenarios import Scenario, with_commitments
from .known_plans import KnownPlans
from .options import CancelToken, options_of
from .sweep_folder import Folder
from .sweep_order import leaders_of, waiting_for
from .sweep_outcome import Outcome, Task, outcome_of, solve_scenario
from .total_time import part_of

Engine = Literal["local", "ray"]
MOST_JOBS = 256


def solve_scenarios(
    problem: Problem,
    scenarios: Sequence[Scenario],
    *,
    jobs: int = 1,
    engine: Engine = "local",
    folder: str | os.PathLike[str] | None = None,
    verifies: Callable[[Problem, Plan], bool] | None = None,
    share: bool = True,
    commitments: Commitments = "keep",
    done: Callable[[Outcome], None] | None = None,
    unkept: Callable[[OutputError], None] | None = None,
    cancel: CancelToken | None = None,
    total_time_limit: float | None = None,
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
        Whether the plan of the first scenario is where the search for the others begins, or that of the
        nearest before among those which differ in prices, carbon or the objective only. Such plans are made
        before those that begin from them, so that what each gets does not depend on the order in which they
        end. In the end none has a plan that is worse than what another one's is for it.
    commitments
        ``keep``: what is committed at pools that a scenario takes out is still paid, by nobody's work.
        ``drop``: it is not, as in such scenarios joined with ``commitments=drop``.
    done
        Called with every outcome as it is there, in the calling thread.
    unkept
        Called with the error where a plan cannot be written to the folder, which loses nothing else: the plan
        is in its outcome and the others go on. Without it a RuntimeWarning says so.
    cancel
        Once set, what is being solved ends with its best plan, and the rest is missing from the outcomes.
    total_time_limit
        Seconds for all: each plan has its part of them, and no more than the ``time_limit`` of the options.
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
    scenarios = with_commitments(problem, scenarios, commitments)
    if total_time_limit is not None:
        seconds = options_of(_without_solver(options)).time_limit
        options["time_limit"] = part_of(total_time_limit, len(scenarios), seconds, jobs)
    kept = None if folder is None else Folder.at(folder, options)
    workers = jobs
    if engine == "ray":
        from .sweep_ray import connected

        connected()
        workers = 0
    sweep = _Sweep(problem, options, kept, cancel, done, unkept or _warn, verifies)
    tasks = sweep.possible([Task(number, scenario) for number, scenario in enumerate(scenarios)])
    if not share or len(scenarios) < 2:
        sweep.plan(tasks, workers)
    else:
        sweep.plan([task for task in tasks if task.number == 0], 1)
        sweep.begin_from(sweep.found.get(0))
        others = [task for task in tasks if task.number != 0]
        sweep.plan(sweep.set_apart(others, leaders_of(scenarios)), workers)
        sweep.settle()
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
    sunk: dict[int, Sunk] = field(default_factory=dict)
    followers: dict[int, list[Task]] = field(default_factory=lambda: defaultdict(list))

    def possible(self, tasks: Sequence[Task]) -> list[Task]:
        """Return the tasks whose scenarios apply; the errors of the others are told before any is planned."""
        found = []
        for task in tasks:
            try:
                self.sunk[task.number] = task.scenario.sunk(self.problem)
                found.append(task)
            except RouteError as error:
                self._take(task.number, Outcome(task.scenario, None, None, error))
        return found

    def begin_from(self, first: Outcome | None) -> None:
        """Let what comes begin from the plan of ``first``, where it has one."""
        self.options = {**self.options, "similar_plan": first.plan if first else None}

    def set_apart(self, tasks: Sequence[Task], leaders: Sequence[int]) -> list[Task]:
        """Return the tasks that wait for no other; the rest begin from the plan of their leader.

        For whom most wait, directly or not, comes first, as no worker is to be idle in the end.
        """
        free = list[Task]()
        for task in tasks:
            leader = leaders[task.number]
            if leader in (0, task.number) or leader in self.found:
                free.append(task)
            else:
                self.followers[leader].append(task)
        waiting = waiting_for(leaders)
        return sorted(free, key=lambda task: -waiting[task.number])

    def settle(self) -> None:
        """Let every scenario have the best of what is known: its own plan, or that of another one."""
        planned = [(number, *case) for number, each in self.found.items() if (case := each.planned)]
        known = KnownPlans({**self.options, "cancel": self.cancel}, [plan for _, _, plan in planned])
        for number, problem, plan in planned:
            better = known.improved(problem, plan)
            if better is not plan:
                self.found[number] = replace(self.found[number], plan=better, known=False)
                self._keep(Task(number, self.found[number].scenario), self.found[number])

    def plan(self, tasks: Sequence[Task], workers: int) -> None:
        """Take the outcomes that the folder knows, then those of the other scenarios as they come."""
        waiting: deque[Task] = deque()
        for task in tasks:
            self._admit(task, waiting)
        if not waiting or (self.cancel is not None and self.cancel.is_set()):
            return
        for task, outcome in self._solved(waiting, workers):
            self._take(task.number, outcome)
            self._keep(task, outcome)
            self._release(task.number, waiting)

    def _admit(self, task: Task, waiting: deque[Task]) -> None:
        """Take the outcome of a task from the folder, or let the task wait for its turn."""
        if self._is_known(task):
            self._release(task.number, waiting)
        else:
            waiting.append(task)

    def _release(self, leader: int, waiting: deque[Task]) -> None:
        """Admit those that begin from the plan of ``leader``, or as all do where it has none."""
        found = self.found[leader]
        for task in self.followers.pop(leader, []):
            self._admit(replace(task, begin=found.plan) if found else task, waiting)

    def _kept(self, task: Task) -> Folder | None:
        """Return the folder for what a task is solved with."""
        return self.kept and self.kept.of(task.options(self.options))

    def _keep(self, task: Task, outcome: Outcome) -> None:
        """Write a plan to the folder; a disk that is full must not cost what has been solved."""
        kept = self._kept(task)
        if kept is None:
            return
        try:
            kept.keep(outcome.scenario.name, outcome.plan)
        except OutputError as error:
            self.unkept(error)

    def _take(self, number: int, outcome: Outcome) -> None:
        self.found[number] = replace(outcome, sunk=self.sunk.get(number, NOTHING_SUNK))
        if self.done is not None:
            self.done(self.found[number])

    def _is_known(self, task: Task) -> bool:
        """Return whether the folder has the plan of a scenario, which is then taken."""
        kept = self._kept(task)
        if kept is None:
            return False
        try:
            changed = task.scenario.apply(self.problem)
        except RouteError:
            return False
        plan = kept.plan(task.scenario.name, changed.digest)
        if plan is None or not (self.verifies is None or self.verifies(changed, plan)):
            return False
        self._take(task.number, Outcome(task.scenario, changed, plan, known=True))
        return True

    def _solved(self, waiting: deque[Task], workers: int) -> Iterator[tuple[Task, Outcome]]:
        """Yield outcomes with their tasks as they come; without ``workers``, from a Ray cluster.

        Tasks may join those that wait whenever an outcome has been yielded.
        """
        if not workers:
            from .sweep_ray import over_ray

            yield from over_ray(self.problem, waiting, self.cancel, self.options)
        elif workers > 1 and len(waiting) > 1:
            from .sweep_processes import over_processes

            yield from over_processes(self.problem, waiting, workers, self.cancel, self.options)
        else:
            yield from self._one_by_one(waiting)

    def _one_by_one(self, waiting: deque[Task]) -> Iterator[tuple[Task, Outcome]]:
        while waiting and not (self.cancel is not None and self.cancel.is_set()):
            task = waiting.popleft()
            options = {**task.options(self.options), "cancel": self.cancel}
            yield task, solve_scenario(self.problem, task.scenario, **options)


def _warn(error: OutputError) -> None:
    warnings.warn(f"{error}; the plan is in the outcome only", RuntimeWarning, stacklevel=2)


def _without_solver(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of a solve but for the solver."""
    return {name: value for name, value in options.items() if name != "solver"}


def _check(jobs: int, options: dict[str, Any]) -> None:
    if not isinstance(jobs, int) or not 1 <= jobs <= MOST_JOBS:
        raise InputError([f"jobs: must be a whole number between 1 and {MOST_JOBS}, got {quoted(jobs)}"])
    options_of(_without_solver(options))


__all__ = ["Engine", "Outcome", "Task", "outcome_of", "solve_scenario", "solve_scenarios"]
