"""Local search by shifts: one workload takes another of its options, overload is allowed at a penalty.

Penalties rise where a local optimum is overloaded and fall where it fits, so that the search passes through
infeasible assignments and back. Source of the adaptive penalties: M. Yagiura, T. Ibaraki, F. Glover, An
ejection chain approach for the generalized assignment problem, INFORMS Journal on Computing 16 (2004).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .pricing import Pricing
from .problem import FIT, ChoiceProblem, spans


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
        self._room = problem.capacity + FIT * np.maximum(1.0, np.abs(problem.capacity))
        unit = max(1e-9, float(pricing.prices.mean()), 1e-3 * float(np.abs(self._cost).mean()))
        self._lowest = pricing.prices + 0.02 * unit
        self.penalty = 1.3 * pricing.prices + 0.2 * unit
        self._worth = 1e-9 * max(1.0, float(np.abs(self._cost).mean()))
        self._now = np.zeros(len(problem), dtype=np.int64)
        self._load = np.zeros(len(problem.capacity))

    def search(self, option: Ints, passes: int, offer: Callable[[Assignment], bool]) -> None:
        """Shift from ``option``, at most so many passes; assignments that fit are offered.

        It ends early when ``offer`` says that enough is found; it is asked at every local optimum that fits.
        ``option`` must be among the options of the search.
        """
        self._now = np.searchsorted(self._options, option)
        self._load = self._problem.used(option)
        everything = np.arange(len(self._options))
        for number in range(passes):
            if self._improve(self._of_overloaded()):
                continue
            over = self._load > self._room
            # a pass over everything is dear, so most are made where the load fits
            if (not over.any() or number % 10 == 0) and self._improve(everything):
                continue
            fallen = self.penalty
            if not over.any():
                found = Assignment(self._problem, self._options[self._now])
                if offer(found):
                    return
                self._load = found.load
                fallen = self._lowest + 0.6 * (self.penalty - self._lowest)
            self.penalty = np.where(over, 1.3 * self.penalty, fallen)

    def _of_overloaded(self) -> Ints:
        """Return the options of the workloads that take of an overloaded resource."""
        over = np.flatnonzero(self._load > self._room)
        places = self._users[over].indices
        workloads = np.unique(self._owner[places[self._now[self._owner[places]] == places]])
        return spans(self._first, workloads)

    def _improve(self, places: Ints) -> int:
        """Make the best shifts to some options that do not meet in a resource; return how many."""
        if len(places) == 0:
            return 0
        gain = self._gains(places)
        most = 4 * len(self._load) + 50
        better = np.flatnonzero(gain < -self._worth)
        if len(better) > most:
            better = better[np.argpartition(gain[better], most)[:most]]
        touched = np.zeros(len(self._load), dtype=bool)
        order = better[np.argsort(gain[better], kind="stable")]
        return sum(self._shift(place, touched) for place in places[order].tolist())

    def _shift(self, place: int, touched: NDArray[np.bool_]) -> bool:
        """Make one shift unless a resource in it was touched in this pass."""
        uses, workload = self._uses, self._owner[place]
        old = self._now[workload]
        left = slice(uses.indptr[old], uses.indptr[old + 1])
        into = slice(uses.indptr[place], uses.indptr[place + 1])
        if touched[uses.indices[left]].any() or touched[uses.indices[into]].any():
            return False
        for part, sign in ((left, -1.0), (into, 1.0)):
            touched[uses.indices[part]] = True
            self._load[uses.indices[part]] += sign * uses.data[part]
        self._now[workload] = place
        return True

    def _gains(self, places: Ints) -> Floats:
        """Return the change of cost and penalty by each shift (exact unless its options share a resource)."""
        old = self._now[self._owner[places]]
        workloads, row = np.unique(old, return_inverse=True)
        stay = self._cost[workloads] - self._dearer(workloads, -1.0)
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
