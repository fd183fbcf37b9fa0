"""Searches side by side: exchanges, neighbourhoods, dives and ties find what the others do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from .hunt_process import HuntProcess
from .neighbourhoods import Neighbourhoods
from .shaking import Shaking
from .state import State
from .ties import SHARE, Ties

TURN = 1.0
"""Seconds at least that neighbourhoods are solved beside one shaking, which ends some tenths later."""
WAITING = 0.05
"""Seconds between two looks where the hunt and a proof take all threads."""


class Together:
    """Neighbourhoods, and a shaking beside them where there is one; by turns where there is one thread only.

    More shakings at once would wait for each other: they are short steps of Python, neighbourhoods are not.
    """

    def __init__(
        self,
        state: State,
        hoods: Neighbourhoods,
        shaking: Shaking | None,
        threads: int,
        *,
        hunt: HuntProcess | None = None,
        ties: Ties | None = None,
    ) -> None:
        self._state = state
        self._ties = ties
        self._hunt = hunt
        self._hoods = hoods
        self._shaking = shaking
        self._threads = threads
        self._lead = self._spent = 0.0

    def listen(self) -> None:
        """Take over what the hunt found."""
        if self._hunt is not None:
            self._hunt.listen()

    def run(self, rounds: float, until: float, busy: Callable[[], bool] = lambda: False) -> None:
        """Search for so many rounds.

        It ends earlier when the watch shows ``until`` (s), or the state is done; one thread less is used
        while ``busy()`` is true, and one while a hunt goes on. Where both leave none it waits:
        what shares the cores of proof and hunt finds less than it takes from them.
        """
        state = self._state
        while rounds > 0 and not state.done() and state.best is not None and state.watch.spent < until:
            begun = state.watch.spent
            self.listen()
            hunting = self._hunt is not None and self._hunt.running
            threads = self._threads - busy() - hunting
            if hunting and threads < 1:
                time.sleep(WAITING)
            elif self._ties is not None and threads > 1 and self._ties.spent < SHARE * self._spent:
                self._ties.run(threads)
            else:
                self._search(max(1, threads))
            self._spent += state.watch.spent - begun
            rounds -= 1

    def _search(self, threads: int) -> None:
        """Search for a round with so many threads."""
        if self._shaking is None:
            self._hoods.run(1.0, np.inf, threads)
        elif threads == 1:
            self._alternate(self._shaking)
        else:
            self._beside(self._shaking, threads - 1)

    def _alternate(self, shaking: Shaking) -> None:
        """Give the turn to the search that has had less of the turns' time."""
        began = self._state.watch.spent
        shakes = self._lead <= 0
        if shakes:
            self._state.offer(shaking.run())
        else:
            self._hoods.run(1.0, np.inf, 1)
        self._lead += (1 if shakes else -1) * (self._state.watch.spent - began)

    def _beside(self, shaking: Shaking, threads: int) -> None:
        """Shake for as long as neighbourhoods are solved: those take long, shakes do not."""
        solved = Event()
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(shaking.run, solved.is_set)
            try:
                self._hoods.run(np.inf, self._state.watch.spent + TURN, threads)
            finally:
                solved.set()
            self._state.offer(found.result())
