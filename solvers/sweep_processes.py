"""Scenarios in several processes of this machine.

Each worker holds the problem and is sent one scenario at a time. A worker that dies costs the scenario it was
at, not the others. Plans come back as JSON, which is read five times faster than pickled models.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.synchronize import Event
from typing import Any

from ..routing.collecting import collection_paused
from ..routing.cores import array_sums_on_one_core
from ..routing.errors import RouteError, SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem
from .options import CancelToken, cores_here
from .searching.interrupt import TERMINAL
from .sweep import Outcome, Task, outcome_of, solve_scenario

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 10.0
"""For workers to end by themselves."""


def over_processes(
    problem: Problem,
    waiting: deque[Task],
    jobs: int,
    cancel: CancelToken | None,
    options: dict[str, Any],
) -> Iterator[tuple[Task, Outcome]]:
    """Yield outcomes, with their tasks, as workers bring them; more may be waiting after each."""
    context = multiprocessing.get_context("spawn")
    options = {"cores": max(1, cores_here() // jobs), **options}
    crew = _Crew(context, context.Event(), problem, options, waiting, [])
    try:
        while crew.workers or crew.queue:
            if cancel is not None and cancel.is_set():
                crew.halt()
            while crew.queue and len(crew.workers) < jobs:
                crew.hire()
            yield from crew.outcomes()
    finally:
        crew.dismiss()


@contextmanager
def _terminal_blocked() -> Iterator[None]:
    """Hold back what terminals send, also from a process that starts, which cannot ignore it at once."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass
class _Worker:
    process: SpawnProcess
    line: Connection
    task: Task
    begin: Plan | None = None
    """The plan to begin from that it was sent last."""

    def give(self, task: Task) -> None:
        """Send it a task, with the plan to begin from unless it has that already."""
        knows = task.begin is not None and task.begin is self.begin
        self.task, self.begin = task, task.begin
        with suppress(OSError):  # it has died, which is told where its answer is awaited
            self.line.send((replace(task, begin=None) if knows else task, knows))


@dataclass
class _Crew:
    """Workers, what each is at, and what is still to be given out."""

    context: SpawnContext
    halted: Event
    problem: Problem
    options: dict[str, Any]
    queue: deque[Task]
    workers: list[_Worker]
    leaving: list[SpawnProcess] = field(default_factory=list)
    """Processes of workers that have nothing left to do."""

    def hire(self) -> None:
        """Begin a worker with the next scenario."""
        near, far = self.context.Pipe()
        arguments = (far, self.problem, self.options, self.halted)
        process = self.context.Process(target=serve, args=arguments, daemon=False)
        with _terminal_blocked(), array_sums_on_one_core():
            process.start()
        far.close()
        worker = _Worker(process, near, self.queue.popleft())
        worker.give(worker.task)
        self.workers.append(worker)

    def halt(self) -> None:
        """Let nothing begin any more, and what runs end with the best it has."""
        self.queue.clear()
        self.halted.set()

    def outcomes(self) -> Iterator[tuple[Task, Outcome]]:
        """Wait a moment, and yield what has come; who is done gets the next scenario."""
        ready = wait([worker.line for worker in self.workers], LOOK_SECONDS)
        for worker in [each for each in self.workers if each.line in ready]:
            task = worker.task
            try:
                (text, error), alive = worker.line.recv(), True
            except (EOFError, OSError):
                text, error, alive = None, _death(worker.process), False
            is_busy = bool(self.queue)
            if is_busy:
                self._go_on(worker, alive)
            plan = None if text is None else _read(text)
            yield task, outcome_of(self.problem, task.scenario, plan, error)
            if not is_busy:  # what was yielded may have let others join
                self._go_on(worker, alive)

    def _go_on(self, worker: _Worker, alive: bool) -> None:
        if alive and self.queue and not self.halted.is_set():
            worker.give(self.queue.popleft())
            return
        self.workers.remove(worker)
        self.leaving.append(worker.process)
        worker.line.close()

    def dismiss(self) -> None:
        """End all workers: by themselves where they can, else by force."""
        self.halted.set()
        for worker in self.workers:
            worker.line.close()
        for process in [*self.leaving, *(worker.process for worker in self.workers)]:
            process.join(PATIENCE_SECONDS)
            if process.is_alive():
                process.kill()


@collection_paused()
def _read(text: str) -> Plan:
    return Plan.model_validate_json(text)


def _death(process: SpawnProcess) -> SolverError:
    """Return the error that says how a process ended that was to answer."""
    process.join(PATIENCE_SECONDS)
    code = process.exitcode
    if code is not None and code < 0:
        name = {each.value: each.name for each in signal.Signals}.get(-code, f"signal {-code}")
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return SolverError(f"its process was killed by {name}{hint}")
    return SolverError(f"its process ended before it answered, with exit code {code}")


def serve(line: Connection, problem: Problem, options: dict[str, Any], halted: Event) -> None:
    """Plan the scenarios that come over ``line`` until it is closed."""
    for each in TERMINAL:
        signal.signal(each, signal.SIG_IGN)
    begin: Plan | None = None
    while True:
        try:
            with collection_paused():
                task, knows = line.recv()
        except (EOFError, OSError):
            return
        begin = begin if knows else task.begin
        plan, error = answer(problem, task, {**options, "cancel": halted}, begin)
        try:
            line.send((None if plan is None else plan.model_dump_json(), error))
        except OSError:  # nobody listens any more
            return


def answer(
    problem: Problem, task: Task, options: dict[str, Any], begin: Plan | None
) -> tuple[Plan | None, RouteError | None]:
    """Return the plan of a task that begins from ``begin``, or the error that it ended with."""
    outcome = solve_scenario(problem, task.scenario, **replace(task, begin=begin).options(options))
    return outcome.plan, outcome.error
