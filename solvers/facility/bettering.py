"""Better assignments of whole customers beside the tree: wandering here, parts of them in a process."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..blocks import Floats
from .assign import Question
from .improve import Improver
from .instance import Bools, Facility
from .tree import Incumbent
from .wandering import Wanderer
from .worker import Worker

SHORT_SECONDS = 10.0
"""Up to which parts of assignments wait for nodes: what is found is the same whenever it runs, and proofs
have the processors for themselves."""
SHARE = 0.3
"""Part of the time of a node that long searches wander after it."""
MOST_NODES, NODES_PER_GAP, IDLE_PARTS_PER_NODE = 8, 1e3, 2
"""Nodes explored while a part of the assignment is improved: one, one more for so many parts in vain, and the
more the wider the gap is, for a wide one means that better sites are to be found rather than parts."""


class Bettering:
    """Looks for better assignments between nodes; does nothing where customers are divided.

    ``submit`` gives a question to a worker, ``offer`` takes shares (m, n), ``halted`` says whether to stop.
    """

    def __init__(
        self,
        facility: Facility,
        incumbent: Incumbent,
        seed: int,
        *,
        submit: Callable[[Worker, Question, float], None],
        offer: Callable[[Floats], None],
        halted: Callable[[], bool],
    ) -> None:
        self._works = facility.single
        self._incumbent = incumbent
        self._halted = halted
        self._long_from = time.monotonic() + SHORT_SECONDS
        self.wanderer = Wanderer(facility, incumbent, seed, offer)
        self._improver = Improver(
            facility, incumbent, seed, submit, self.wanderer.take, self.wanderer.at_hand, halted
        )

    def allow(self, eligible: Bools) -> None:
        """Have closed sites opened only if they are ``eligible`` (m)."""
        self._improver.eligible = eligible

    def close(self) -> None:
        """End the process."""
        self._improver.worker.close()

    def nodes(self, bound: float) -> int:
        """Return how many nodes to explore before the next part."""
        cost = self._incumbent.cost
        gap = (cost - bound) / abs(cost) if np.isfinite(cost) and cost else 1.0
        return 1 + min(MOST_NODES, int(gap * NODES_PER_GAP)) + self._improver.idle // IDLE_PARTS_PER_NODE

    def next_part(self) -> None:
        """Take what was found for a part, for which long searches do not wait; have the next one solved."""
        if self._works and (not self._is_long or self._improver.ready()):
            self._improver.end()
            self._improver.begin()

    def after_node(self, seconds: float) -> None:
        """Wander after a node that took so long."""
        if not self._works:
            return
        until = time.monotonic() + SHARE * seconds
        self.wanderer.turn()
        while self._is_long and time.monotonic() < until and not self._halted():
            self.wanderer.turn()

    def until(self, ready: Callable[[], bool]) -> None:
        """Look for better assignments until something is ready, where the search is long."""
        while self._is_long and not (ready() or self._halted()):
            self.next_part()
            self.wanderer.turn()

    @property
    def _is_long(self) -> bool:
        """Return whether to look for better assignments all the time.

        What is found then depends on how fast processes are.
        """
        return time.monotonic() > self._long_from
