"""What a solver of MathOpt tells while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from ..rates import Floats

POLL_SECONDS = 0.1
"""How often it is asked whether a solver is to stop that finds nothing meanwhile."""


class CallbackError(Exception):
    """On its way through MathOpt: what a callback of ours raised, told apart from failures of the solver."""

    def __init__(self, raised: Exception) -> None:
        super().__init__(str(raised))
        self.raised = raised


@dataclass(frozen=True)
class Listener:
    """Passes on solutions of so many ``columns`` and bounds of a cost that was divided by ``scale``."""

    incumbent: Callable[[Floats], None]
    bound: Callable[[float], None]
    stop: Callable[[], bool]
    scale: float
    columns: int

    def hear_solutions(self, data: mathopt.CallbackData) -> mathopt.CallbackResult:
        """Hear of a solution."""
        with _told_apart():
            if data.solution is not None:
                self.incumbent(values_of(data.solution, self.columns))
            return mathopt.CallbackResult(terminate=self.stop())

    def hear_bounds(self, data: mathopt.CallbackData) -> mathopt.CallbackResult:
        """Hear of a solution, and of the bound then."""
        self.hear_solutions(data)
        with _told_apart():
            self._report_bound(data.mip_stats.dual_bound)
            return mathopt.CallbackResult(terminate=self.stop())

    def _report_bound(self, value: float | None) -> None:
        if value is not None and np.isfinite(value):
            self.bound(value * self.scale)


@contextmanager
def interrupted(stop: Callable[[], bool] | None) -> Iterator[SolveInterrupter | None]:
    """Give what interrupts a solver once ``stop`` says so, if given, also where there is nothing to hear."""
    if stop is None:
        yield None
        return
    interrupter, ended = SolveInterrupter(), threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_SECONDS):
            if stop():
                interrupter.interrupt()
                return

    watcher = threading.Thread(target=watch, name="computeroute-watcher")
    watcher.start()
    try:
        yield interrupter
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what a callback raises into a :class:`CallbackError`."""
    try:
        yield
    except Exception as error:
        raise CallbackError(error) from error


def values_of(found: dict[Any, float], size: int) -> Floats:
    """Return the values of all columns; those that are not told are 0."""
    values = np.zeros(size)
    if found:
        values[[element.id for element in found]] = list(found.values())
    return values
