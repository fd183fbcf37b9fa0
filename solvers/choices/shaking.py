"""Iterated local search by cyclic exchanges: shaken a little, improved, kept where it does little harm.

Sources: H. R. Lourenco, O. C. Martin and T. Stuetzle, Iterated local search, Handbook of Metaheuristics
(2003) 321-353; the penalties that keep a share of what is found within the capacities follow M. Yagiura,
T. Ibaraki and F. Glover, An ejection chain approach for the generalized assignment problem, INFORMS Journal
on Computing 16 (2004) 133-151.
"""

from __future__ import annotations

import numpy as np

from ..blocks import Ints
from .exchanges import Exchanges
from .places import Places
from .shifts import Assignment
from .state import State

SHAKES, SHAKEN = 20, 4
"""Shakes before penalties are adapted, and workloads that are moved each time, at most."""
FITTING = 0.5
"""Share of the local optima that should fit."""
EAGERNESS = 0.2
"""How strongly penalties answer to that share."""
HARM = 0.5
"""How much worse the next assignment may be on average, in spreads of the places."""
PATIENCE = 60
"""Times that penalties are adapted without a better assignment before it begins anew."""


class Shaking:
    """One search; it begins with the assignment ``start``, which need not fit.

    What is near the relaxation is the better start: an assignment that was made to fit has lost more than
    exchanges win back.
    """

    def __init__(self, state: State, places: Places, start: Ints, rng: np.random.Generator) -> None:
        self._state = state
        self._places = places
        self._rng = rng
        unit = max(1e-9, float(places.price[:-1].mean()), 1e-3 * float(np.abs(state.problem.cost).mean()))
        self._least = 1.1 * places.price + 0.05 * unit
        worth = 1e-9 * max(1.0, float(np.abs(state.problem.cost).mean()))
        self._search = Exchanges(places, 2.0 * places.price + 0.5 * unit, worth)
        self._start = places.of_options(state.problem, start)
        self._place = self._start
        self._fitting = FITTING
        self._idle = 0
        self._found: Ints | None = None
        self._cost = self._own = np.inf

    def run(self) -> Assignment | None:
        """Shake and improve a few times; return the best assignment that was met, if it fits and is new."""
        state = self._state
        if state.best is None:
            return None
        self._cost, self._found = state.best.cost, None
        if self._idle > PATIENCE:
            self._place, self._idle, self._own = self._start, 0, np.inf
        place, value = self._descended(self._place)
        for _ in range(SHAKES):
            tried, found = self._descended(self._shaken(place))
            if found <= value + HARM * self._places.spread * self._rng.exponential():
                place, value = tried, found
        self._place = place
        self._adapt()
        return None if self._found is None else Assignment(state.problem, self._places.options(self._found))

    def _shaken(self, place: Ints) -> Ints:
        """Return the assignment with a few workloads at other places that suit them."""
        rng, tables = self._rng, self._places
        most = min(SHAKEN, len(place))
        moved = rng.choice(len(place), rng.integers(min(2, most), most + 1), replace=False)
        luck = tables.spread * rng.gumbel(size=(len(tables), len(moved)))
        place = place.copy()
        place[moved] = (tables.excess[:, moved] - luck).argmin(axis=0)
        return place

    def _descended(self, place: Ints) -> tuple[Ints, float]:
        """Return the local optimum below an assignment, and its value; note the best that fits."""
        search = self._search
        search.begin(place)
        if self._state.done():
            return place, search.value
        search.descend(self._state.watch.over)
        place = search.place[: len(place)].copy()
        self._fitting += 0.05 * (search.fits - self._fitting)
        if search.fits:
            self._note(place)
        return place, search.value

    def _note(self, place: Ints) -> None:
        """Take note of an assignment that fits."""
        cost = float(self._state.problem.cost[self._places.options(place)].sum())
        if cost < self._own:
            self._own, self._idle = cost, 0
        if cost < self._cost:
            self._found, self._cost = place, cost

    def _adapt(self) -> None:
        """Raise penalties where too little of what is found fits, else lower them."""
        self._idle += 1
        factor = np.exp(EAGERNESS * (FITTING - self._fitting))
        price = self._places.price
        self._search.penalty = np.maximum(self._least, price + factor * (self._search.penalty - price))
