"""Local search by shifts: one workload takes another of its options, overload is allowed at a penalty.

Penalties rise where a local optimum is overloaded and fall where it fits, so that the search passes through
infeasible assignments and back. Source of the adaptive penalties: M. Yagiura, T. Ibaraki, F. Glover, An
ejection chain approach for the generalized assignment problem, INFORMS Journal on Computing 16 (2004).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .ledger import Ledger, change_of
from .pricing import Pricing
from .problem import ChoiceProblem, spans

MOST = 5000
"""Shifts that are weighed one by one in a pass."""


class Assignment:
    """An option for every workload (J) with the load of every resource (R) and the cost."""

    def __init__(self, problem: ChoiceProblem, option: Ints) -> None:
        self.option = option
        self.load = problem.used(option)
        self.cost = float(problem.cost[option].sum())
        self.fits = not problem.overload(self.load).any()


class Shifts:
    """Shifts among some options (ascending), with a penalty per unit of overload of each resource (R)."""

    def __init__(self, problem: ChoiceProblem, options: Ints, pricing: Pricing) -> None:
        self._problem = problem
        self._options = options
        self._owner = problem.owner[options]
        self._first = np.searchsorted(self._owner, np.arange(len(problem) + 1))
        self._cost = problem.cost[options]
        self._uses = csr_array(problem.uses[options])
        self._users = csr_array(self._uses.T.tocsr())
        self._room = problem.capacity + problem.slack
        unit = max(1e-9, float(pricing.prices.mean()), 1e-3 * float(np.abs(self._cost).mean()))
        self._lowest = pricing.prices + 0.02 * unit
        self.penalty = 1.3 * pricing.prices + 0.2 * unit
        self._worth = 1e-9 * max(1.0, float(np.abs(self._cost).mean()))
        self._now = np.zeros(len(problem), dtype=np.int64)
        self._load = np.zeros(len(problem.capacity))

    def search(self, option: Ints, passes: int, offer: Callable[[Assignment | None], bool]) -> None:
        """Shift from ``option``, at most so many passes; assignments that fit are offered.

        ``offer`` is asked before every pass, with None where nothing new fits, and ends the search by
        returning true. ``option`` must be among the options of the search.
        """
        self._now = np.searchsorted(self._options, option)
        self._load = self._problem.used(option)
        everything = np.arange(len(self._options))
        for number in range(passes):
            if offer(None):
                return
            if self._improve(self._of_overloaded()):
                continue
            over = self._load > self._room
            # a pass over everything is dear, so most are made where the load fits
            if (not over.any() or number % 10 == 0) and self._improve(everything):
                continue
            kept = 1.0
            if not over.any():
                found = Assignment(self._problem, self._options[self._now])
                if offer(found):
                    return
                self._load = found.load
                kept = 0.6
            fallen = self._lowest + kept * (self.penalty - self._lowest)
            self.penalty = np.where(over, 1.3 * self.penalty, fallen)

    def _of_overloaded(self) -> Ints:
        """Return the options of the workloads that take of an overloaded resource."""
        over = np.flatnonzero(self._load > self._room)
        places = self._users[over].indices
        workloads = np.unique(self._owner[places[self._now[self._owner[places]] == places]])
        return spans(self._first, workloads)

    def _improve(self, places: Ints) -> int:
        """Make the shifts to some options that are still better when their turn comes; return how many."""
        if len(places) == 0:
            return 0
        gain = self._gains(places)
        better = np.flatnonzero(gain < -self._worth)
        if len(better) > MOST:
            better = better[np.argpartition(gain[better], MOST)[:MOST]]
        order = better[np.argsort(gain[better], kind="stable")]
        return self._walk(places[order])

    def _walk(self, places: Ints) -> int:
        """Make the shifts, in this order, that lower cost and penalty as the loads have become by then."""
        ledger = Ledger(self._load, self._room, self.penalty)
        made = 0
        for place, workload in zip(places.tolist(), self._owner[places].tolist(), strict=True):
            old = int(self._now[workload])
            change = change_of(self._uses, old, place)
            if self._cost[place] - self._cost[old] + ledger.dearer(change) < -self._worth:
                ledger.book(change)
                self._now[workload] = place
                made += 1
        self._load = np.array(ledger.load)
        return made

    def _gains(self, places: Ints) -> Floats:
        """Return the change of cost and penalty by each shift (exact unless its options share a resource)."""
        owner = self._owner[places]
        old = self._now[owner]
        if 4 * len(places) > len(self._now):
            held, row = self._now, np.asarray(owner, dtype=np.int64)
        else:
            held, row = np.unique(old, return_inverse=True)
        stay = self._cost[held] - self._dearer(held, -1.0)
        gain = self._cost[places] + self._dearer(places, 1.0) - stay[row]
        gain[places == old] = 0.0
        return np.asarray(gain, dtype=float)

    def _dearer(self, places: Ints, sign: float) -> Floats:
        """Return the change of penalty by adding (or, with -1, removing) each of some options."""
        uses = self._uses if len(places) == len(self._options) else self._uses[places]
        load, room = self._load[uses.indices], self._room[uses.indices]
        before = np.maximum(0.0, load - room)
        change = self.penalty[uses.indices] * (np.maximum(0.0, load + sign * uses.data - room) - before)
        owner = np.repeat(np.arange(len(places)), np.diff(uses.indptr))
        return np.bincount(owner, change, len(places)).astype(float)
