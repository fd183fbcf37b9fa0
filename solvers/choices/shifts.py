"""Local search by shifts: one workload takes another of its options, overload is allowed at a penalty.

Penalties rise where a local optimum is overloaded and fall where it fits, so that the search passes through
infeasible assignments and back. Source of the adaptive penalties: M. Yagiura, T. Ibaraki, F. Glover, An
ejection chain approach for the generalized assignment problem, INFORMS Journal on Computing 16 (2004) 133-151.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .pricing import Pricing
from .problem import ChoiceProblem


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
        self._cost = problem.cost[options]
        self._uses = csr_array(problem.uses[options])
        self._entry = np.repeat(np.arange(len(options)), np.diff(self._uses.indptr))
        unit = max(1e-9, float(pricing.prices.mean()), 1e-3 * float(np.abs(self._cost).mean()))
        self._lowest = pricing.prices + 0.02 * unit
        self.penalty = 1.3 * pricing.prices + 0.2 * unit
        self._room = problem.capacity + 1e-9 * np.maximum(1.0, np.abs(problem.capacity))

    def search(self, option: Ints, passes: int, offer: Callable[[Assignment], bool]) -> None:
        """Shift from ``option``, at most so many passes; assignments that fit are offered.

        It ends early when ``offer`` says that enough is found; it is asked at every local optimum.
        """
        option = option.copy()
        load = self._problem.used(option)
        for _ in range(passes):
            if self._improve(option, load):
                continue
            found = Assignment(self._problem, option.copy())
            if offer(found):
                return
            load = found.load
            over = load > self._room
            fallen = self._lowest + 0.6 * (self.penalty - self._lowest) if found.fits else self.penalty
            self.penalty = np.where(over, 1.3 * self.penalty, fallen)

    def _improve(self, option: Ints, load: Floats) -> int:
        """Make the best shifts that do not meet in a resource; return how many."""
        gain = self._gains(option, load)
        better = np.flatnonzero(gain < -1e-9 * max(1.0, float(np.abs(self._cost).mean())))
        if len(better) > 4 * len(load) + 50:
            better = better[np.argpartition(gain[better], 4 * len(load) + 50)[: 4 * len(load) + 50]]
        touched = np.zeros(len(load), dtype=bool)
        made = 0
        for place in better[np.argsort(gain[better], kind="stable")].tolist():
            made += self._shift(place, option, load, touched)
        return made

    def _shift(self, place: int, option: Ints, load: Floats, touched: np.ndarray) -> int:
        """Make one shift unless a resource in it was touched in this pass."""
        uses, problem = self._uses, self._problem
        workload = self._owner[place]
        old = option[workload]
        part = slice(problem.uses.indptr[old], problem.uses.indptr[old + 1])
        entered = slice(uses.indptr[place], uses.indptr[place + 1])
        left, into = problem.uses.indices[part], uses.indices[entered]
        if touched[left].any() or touched[into].any():
            return 0
        touched[left] = touched[into] = True
        load[left] -= problem.uses.data[part]
        load[into] += uses.data[entered]
        option[workload] = self._options[place]
        return 1

    def _gains(self, option: Ints, load: Floats) -> Floats:
        """Return the change of cost and penalty by each shift (exact unless its options share one)."""
        uses, problem = self._uses, self._problem
        over = np.maximum(0.0, load - self._room)
        entered = self._dearer(uses.indices, uses.data, load, over)
        gain = self._cost + np.bincount(self._entry, entered, len(self._cost))
        now = csr_array(problem.uses[option])
        left = self._dearer(now.indices, -now.data, load, over)
        row = np.repeat(np.arange(len(option)), np.diff(now.indptr))
        stay = problem.cost[option] - np.bincount(row, left, len(option))
        gain -= stay[self._owner]
        gain[self._options == option[self._owner]] = 0.0
        return gain

    def _dearer(self, resource: Ints, amount: Floats, load: Floats, over: Floats) -> Floats:
        """Return the change of penalty where ``amount`` is added to the load of ``resource``."""
        after = np.maximum(0.0, load[resource] + amount - self._room[resource])
        return self.penalty[resource] * (after - over[resource])
