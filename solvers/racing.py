"""The exact search beside the decomposition, in a thread of its own: the one finds what the other does not.

Nobody knows beforehand which. The decomposition goes first: what it closes soon is the same in every run.
Then the exact search begins with its plan and its bound, in a process; both go on to the end of the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from ..routing.errors import RouteError
from ..routing.plan import Plan
from .accounts.header import Header
from .accounts.solution import decide
from .exact import Lead, search_exact
from .market.form.market import Market
from .market.plans.handover import as_solution
from .market.solve import MarketSearch
from .model.formulation import build_arrays
from .model.variables import VariableBuilder, Variables
from .options import Options, Progress, relative_gap
from .rates import Floats
from .searching.events import Event, Found, Proved

EXACT = ("highs", "scip")
"""The solvers of the exact search: of the whole, and of what is left of a period."""
ALONE_SHARE = 0.1
"""Part of the time that the decomposition has for itself."""
EXACT_SHARE = 0.97
"""Part of the time after which the exact search ends, so that its plan is written in time."""
POLL_SECONDS = 0.05


class Rival:
    """The exact search of the problem of ``search``; a context within which it runs, and is ``said`` to.

    ``complete`` is what it has proven of the cost of plans that leave nothing out that need not be.
    """

    def __init__(
        self,
        search: MarketSearch,
        options: Options,
        started: float,
        said: str,
        alone_share: float = ALONE_SHARE,
    ) -> None:
        self.complete = -np.inf
        self._search, self._options, self._started = search, options, started
        self._said: str | None = said
        self._alone_share = alone_share
        self._wanted, self._halted = threading.Event(), threading.Event()
        self._has_begun = False
        self._columns: Variables | None = None
        self._found: Floats | None = None
        self._mine: Progress | None = None
        self._other: Progress | None = None
        self._thread = ThreadPoolExecutor(1, "computeroute-rival")

    def __enter__(self) -> Self:
        self._work = self._thread.submit(self._plan)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halted.set()
        self._wanted.set()
        self._thread.shutdown()

    def plan(self) -> Plan | None:
        """Return what it found; None where it never began, or a solver failed."""
        return self._work.result()

    def hint(self) -> Plan | None:
        """Return a solution that it has found since it was last asked; None where there is none."""
        found, self._found = self._found, None
        variables = self._columns
        if found is None or variables is None:
            return None
        options = replace(self._options, all_or_nothing=False)
        header = Header(variables.problem, options, "highs", "time", self._started)
        return header.plan(variables, decide(variables, found), None, 0.0)

    def has_ended(self) -> bool:
        """Return whether it has found what it can: nothing is left to be done."""
        return self._work.done() and self.plan() is not None

    def wait(self, stop: Callable[[], bool]) -> None:
        """Wait until it ends or somebody says ``stop()``, and tell its progress; it begins now."""
        self._wanted.set()
        while not self._work.done() and not stop():
            told = self._other
            wait([self._work], POLL_SECONDS)
            if self._other is not told:
                self._tell()

    def hear(self, report: Progress) -> None:
        """Take a report of the decomposition, in whose thread it is told together with what is known here."""
        self._mine = report
        self._tell()

    def _tell(self) -> None:
        if self._options.progress is not None:
            if self._has_begun and self._said:
                now = time.monotonic() - self._started
                self._options.progress(Progress(self._said, None, None, None, now))
                self._said = None
            both = [each for each in (self._mine, self._other) if each is not None]
            self._options.progress(replace(_merged(both), seconds=time.monotonic() - self._started))

    def _plan(self) -> Plan | None:
        alone = self._alone_share * self._options.time_limit - (time.monotonic() - self._started)
        self._wanted.wait(max(0.0, alone))
        if self._halted.is_set():
            return None
        self._has_begun = True
        try:
            return self._searched()
        except RouteError:  # the decomposition goes on; where it finds nothing either, that is told
            return None

    def _searched(self) -> Plan:
        def hear(report: Progress) -> None:
            self._other = report

        options = replace(
            self._options,
            time_limit=EXACT_SHARE * self._options.time_limit,
            progress=hear,
            cancel=self._halted,
            similar_plan=None,
        )
        variables = columns_of(self._search.market)
        arrays = build_arrays(variables)
        self._columns = variables
        best = self._search.best
        start = None if best is None else as_solution(variables, arrays, self._search.market, best)
        lead = Lead(start, (Proved("complete cost", self._search.complete),), self._note)
        return search_exact(variables, arrays, options, EXACT, started=self._started, lead=lead)

    def _note(self, event: Event) -> None:
        if isinstance(event, Found):
            self._found = event.x
        elif isinstance(event, Proved) and event.phase == "complete cost":
            self.complete = max(self.complete, event.bound)


def columns_of(market: Market) -> Variables:
    """Return the columns of the whole model with the options and routes of ``market``."""
    return VariableBuilder(market.problem, market.rates, market.jobs, market.services).build()


def _merged(reports: list[Progress]) -> Progress:
    """Return the better report, with the better bound where both are of the same phase."""
    best = min(
        reports, key=lambda each: (each.incumbent is None, each.phase != "cost", each.incumbent or 0.0)
    )
    bounds = [each.bound for each in reports if each.phase == best.phase and each.bound is not None]
    bound = max(bounds, default=None)
    gap = relative_gap(best.incumbent, bound) if best.phase == "cost" else best.gap
    return replace(best, bound=bound, gap=gap)
