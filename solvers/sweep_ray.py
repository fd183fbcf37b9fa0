"""Scenarios on a Ray cluster that is running already (extra ``ray``)."""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..routing.errors import MissingExtraError, SolverError
from ..routing.problem import Problem
from ..routing.scenarios import Scenario
from .options import CancelToken
from .sweep import Outcome, Task, outcome_of
from .sweep_processes import answer

LOOK_SECONDS, REACH_SECONDS = 0.2, 5.0
ADVICE = "start one with 'ray start --head', or name one in RAY_ADDRESS"


def over_ray(
    problem: Problem,
    waiting: deque[Task],
    cancel: CancelToken | None,
    options: dict[str, Any],
) -> Iterator[tuple[Task, Outcome]]:
    """Yield outcomes, with their tasks, as the cluster brings them.

    Raises
    ------
    MissingExtraError
        When Ray is not installed.
    SolverError
        When no cluster is running.
    """
    ray = connected()
    remote = ray.remote(num_cpus=1, max_retries=1)(answer)
    shared, given = ray.put(problem), ray.put({"cores": 1, **options})
    running: dict[Any, Task] = {}
    plans: dict[int, Any] = {}
    while running or waiting:
        while waiting:
            task = waiting.popleft()
            if id(task.begin) not in plans:  # outcomes keep these plans, so no other gets the number
                plans[id(task.begin)] = ray.put(task.begin)
            alone = replace(task, begin=None)
            running[remote.remote(shared, alone, given, plans[id(task.begin)])] = task
        ready, _ = ray.wait(list(running), num_returns=1, timeout=LOOK_SECONDS)
        for reference in ready:
            task = running.pop(reference)
            yield task, _outcome(ray, problem, task.scenario, reference)
        if cancel is not None and cancel.is_set():
            for reference in running:
                ray.cancel(reference, force=True)
            return


def connected() -> Any:
    """Return the module of Ray, connected to a cluster; for errors see :func:`over_ray`."""
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", "ray") from None
    if not ray.is_initialized():
        try:
            _reach(os.environ.get("RAY_ADDRESS", ""))
            ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError) as error:
            raise SolverError(f"no Ray cluster can be reached: {error}; {ADVICE}") from None
    return ray


def _reach(address: str) -> None:
    """Raise OSError when nothing answers at ``host:port``: Ray itself would go on trying for minutes."""
    host, _, port = address.rpartition(":")
    if host and "/" not in address and port.isdecimal():
        socket.create_connection((host, int(port)), REACH_SECONDS).close()


def _outcome(ray: Any, problem: Problem, scenario: Scenario, reference: Any) -> Outcome:
    try:
        plan, error = ray.get(reference)
    except ray.exceptions.RayError as failure:
        plan, error = None, SolverError(f"its task on the cluster failed: {failure}")
    return outcome_of(problem, scenario, plan, error)
