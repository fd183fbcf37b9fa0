"""Iterated local search by cyclic exchanges: one workload is moved, the others give way; kept if little harm.

Every other time, all that another good assignment has at a place is taken over instead. Who was moved is
held until the others have made the best of it: else nearly all that comes is the move back.

Sources: H. R. Lourenco, O. C. Martin and T. Stuetzle, Iterated local search, Handbook of Metaheuristics
(2003) 321-353; the penalties that keep a share of what is found within the capacities follow M. Yagiura,
T. Ibaraki and F. Glover, An ejection chain approach for the generalized assignment problem, INFORMS Journal
on Computing 16 (2004) 133-151.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np

from ..blocks import Ints
from .elite import Elite
from .exchanges import Exchanges
from .places import Places
from .shifts import Assignment
from .state import State

SHAKES = 20
"""Shakes before penalties are adapted."""
FITTING = 0.5
"""Share of the local optima that should fit."""
EAGERNESS = 0.2
"""How strongly penalties answer to that share."""
GRAFTED = 0.5
"""Share of the shakes that take over a place from another good assignment."""
HARM = 0.5
"""How much worse the next assignment may be on average, in spreads of the places."""
PATIENCE = 60
"""Times that penalties are adapted without a better assignment before it goes on from the next start."""


class Shaking:
    """One search; it begins with one of the ``starts`` after the other, which need not fit.

    What is near a relaxation is the better start: an assignment that was made to fit has lost more than
    exchanges win back.
    """

    def __init__(
        self, state: State, places: Places, starts: Sequence[Ints], rng: np.random.Generator
    ) -> None:
        self._state = state
        self._places = places
        self._rng = rng
        unit = max(1e-9, float(places.price[:-1].mean()), 1e-3 * float(np.abs(state.problem.cost).mean()))
        self._least = 1.1 * places.price + 0.05 * unit
        worth = 1e-9 * max(1.0, float(np.abs(state.problem.cost).mean()))
        self._search = Exchanges(places, 2.0 * places.price + 0.5 * unit, worth)
        self._starts = cycle([places.of_options(state.problem, start) for start in starts])
        self._movable = np.flatnonzero(np.isfinite(places.excess[:, : places.workloads]).sum(axis=0) > 1)
        self._place = next(self._starts)
        self._elite = Elite()
        self._fitting = FITTING
        self._idle = 0
        self._found: Ints | None = None
        self._cost = self._own = np.inf

    def run(self, enough: Callable[[], bool] = lambda: True) -> Assignment | None:
        """Shake and improve until ``enough()``, asked every few shakes.

        Returns the best assignment that was met, if it fits and is better than the best known.
        """
        state = self._state
        if state.best is None:
            return None
        self._cost, self._found = state.best.cost, None
        self._round()
        while not (enough() or state.done()):
            self._round()
        return None if self._found is None else Assignment(state.problem, self._places.options(self._found))

    def _round(self) -> None:
        """Shake and improve a few times, then adapt the penalties."""
        if self._idle > PATIENCE:
            self._place, self._idle, self._own = next(self._starts), 0, np.inf
            self._elite = Elite()
        place, value = self._improved(self._place)
        for _ in range(SHAKES):
            tried, found = self._improved(*self._shaken(place))
            if found <= value + HARM * self._places.spread * self._rng.exponential():
                place, value = tried, found
        self._place = place
        self._adapt()

    def _shaken(self, place: Ints) -> tuple[Ints, Ints | None]:
        """Return the assignment with a workload at another place that suits it, and which (none or one).

        Or with a place as another good assignment has it, and nobody is held.
        """
        rng, tables = self._rng, self._places
        if len(self._elite) > 1 and rng.random() < GRAFTED:
            return self._elite.graft(place, len(tables) - 1, rng), None
        moved = rng.choice(self._movable, min(1, len(self._movable)))
        worth = tables.spread * rng.gumbel(size=(len(tables), len(moved))) - tables.excess[:, moved]
        worth[place[moved], np.arange(len(moved))] = -np.inf
        place = place.copy()
        place[moved] = worth.argmax(axis=0)
        return place, moved

    def _improved(self, place: Ints, held: Ints | None = None) -> tuple[Ints, float]:
        """Return the local optimum below an assignment, and its value.

        The workloads ``held`` stay at first. The best that fits is noted.
        """
        search, over = self._search, self._state.watch.over
        search.begin(place)
        if self._state.done():
            return place, search.value
        if held is not None:
            search.descend(over, held)
            self._note()
        search.descend(over)
        self._fitting += 0.05 * (search.fits - self._fitting)
        self._note()
        return search.assignment, search.value

    def _note(self) -> None:
        """Take note of what the search is at, if it fits."""
        if not self._search.fits:
            return
        place = self._search.assignment
        cost = float(self._state.problem.cost[self._places.options(place)].sum())
        self._elite.meet(place, cost)
        if cost < self._own:
            self._own, self._idle = cost, 0
        if cost < self._cost:
            self._found, self._cost = place, cost

    def _adapt(self) -> None:
        """Raise penalties where too little of what is found fits, else lower them."""
        self._idle += 1
        factor = np.exp(EAGERNESS * (FITTING - self._fitting))
        price = self._places.price
        self._search.set_penalty(np.maximum(self._least, price + factor * (self._search.penalty - price)))
