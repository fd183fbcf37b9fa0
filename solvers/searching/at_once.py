"""Large programs that become small where alike demands are served as one: all is decided at once.

So are those of one or a few periods, which would be no smaller period by period. What is gathered is a
relaxation: its bound holds for the whole, and its whole numbers are good ones. From them the whole program
goes on, beside a proof where they come late.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from ..arrays import Arrays
from ..programs.program import Program
from ..programs.small import Small, make_small
from ..programs.solve_program import settle
from ..rates import Floats
from .events import Phase
from .telling import Telling, lesser

MOST_COLUMNS = 15_000
"""Columns of a gathered program up to which HiGHS finds good whole numbers in seconds."""
MOST_SHARE = 0.8
"""Part of the columns that gathering leaves at most, else it makes nothing easier."""
GATHERED_SHARE, WAITING_SHARE = 0.5, 0.4
"""Parts of the time left for the gathered program, and for which the proof waits for it: what is found sooner
does not depend on which of two searches is faster."""
MOST_TWICE = 200_000
"""Columns of the whole up to which two searches of it may be in memory at once."""
TOLERANCE = 1e-6
"""By how much a solution may break rows for rounding."""


def gathered(arrays: Arrays, program: Program, prices: Floats) -> Small | None:
    """Return ``program`` with alike demands served as one, None where that is large, or not much smaller.

    All demands have to be served in it. ``prices`` are the duals of the rows of its relaxation.
    """
    if _columns_left(arrays) > min(MOST_COLUMNS, MOST_SHARE * program.columns):
        return None
    none = np.zeros(len(arrays.replicas), dtype=bool)
    return make_small(arrays, program, none, gather=True, prices=prices, whole_replicas=True)


def _columns_left(arrays: Arrays) -> int:
    """Return how many columns there are when one stands for all of a class of demands that go to a slot."""
    alike = arrays.alike >= 0
    pairs = np.unique(arrays.alike[alike] * (arrays.slot.max(initial=0) + 1) + arrays.slot[alike])
    return int(np.count_nonzero(~alike)) + len(pairs)


@dataclass(frozen=True)
class AtOnce:
    """A search of ``program``, of which ``small`` is the gathered one."""

    search: Telling
    program: Program
    small: Small
    phase: Phase

    def run(self, known: Floats | None) -> Floats | None:
        """Return the best solution found, or the one known; bounds and solutions are told as they come."""
        if self.search.settings.cores == 1 or self.program.columns > MOST_TWICE:
            return self._gone_on(self._from_gathered(), known)
        with ThreadPoolExecutor(2) as workers:
            counted = workers.submit(self._from_gathered)
            proof = workers.submit(self._proved, counted, known)
            return lesser(self.program.cost, self._gone_on(counted.result(), known), proof.result())

    def _gone_on(self, found: Floats | None, known: Floats | None) -> Floats | None:
        """Return what comes of the whole program from the better one of two solutions."""
        begin = lesser(self.program.cost, found, known)
        is_done = self.search.is_close(begin, self.phase) or self.search.out_of_time()
        return begin if is_done else self._whole(begin)

    def _proved(self, counted: Future[Floats | None], known: Floats | None) -> Floats | None:
        """Search the whole program where what is ``counted`` first comes late."""
        wait((counted,), timeout=WAITING_SHARE * self.search.left())
        return None if counted.done() else self._whole(known)

    def _from_gathered(self) -> Floats | None:
        """Return the cheapest solution with the whole numbers that are found for gathered demands, if any."""
        search, small = self.search, self.small
        seconds = GATHERED_SHARE * search.left()
        answer = search.integer(
            small.program, None, seconds, self.phase, search.gap, constant=small.constant, is_whole=False
        )
        x = None if answer.x is None else settle(self.program, small.whole(answer.x))
        if x is None or self.program.violation(x) > TOLERANCE:
            return None
        search.tell_solution(x)
        return x

    def _whole(self, known: Floats | None) -> Floats | None:
        search = self.search
        found = search.integer(self.program, known, search.left(), self.phase, search.settings.gap_limit).x
        return known if found is None else found
