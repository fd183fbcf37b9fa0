"""What a relaxation leaves of a whole problem as one program, solved beside the tree.

The relaxation knows nothing of how whole customers fit into a site; a solver of integer programs derives cuts
from that (covers of knapsacks). Where few cells are left, that may prove what the tree cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .assign import Assigned, Question, ask
from .instance import Facility
from .lagrange import reduced_costs
from .tree import Node
from .worker import Worker

MOST_CELLS = 12_000
"""Cells left up to which the whole is given to a solver."""


@dataclass
class Whole:
    """The program of all that may be better than a threshold; ``submit`` has a worker solve it."""

    facility: Facility
    submit: Callable[[Worker, Question], None]
    bound: float = -np.inf
    """Proven lower bound of all solutions below the threshold that it was begun with."""
    worker: Worker = field(default_factory=Worker)
    _question: Question | None = None
    _begun: bool = False

    def begin(self, root: Node, threshold: float, gap_limit: float) -> None:
        """Have all solved that may cost less than ``threshold`` by the prices of the root, once."""
        if self._begun:
            return
        self._begun = True
        gap = threshold - root.base
        site = np.zeros(len(self.facility.opening))
        site[root.sites] = np.maximum(root.site, 0.0)
        reduced = np.maximum(reduced_costs(self.facility, root.price), 0.0)
        cells = self.facility.allowed & (site[:, None] + reduced < gap)
        if np.count_nonzero(cells) > MOST_CELLS:
            return
        forced = np.zeros(len(site), dtype=bool)
        forced[root.sites] = -root.site >= gap
        self._question = ask(self.facility, cells, forced, cutoff=threshold, gap_limit=gap_limit)
        self.submit(self.worker, self._question)

    @property
    def ready(self) -> bool:
        """Whether there is an answer to fetch."""
        return self._question is not None and self.worker.ready()

    def fetch(self, halted: Callable[[], bool]) -> Assigned | None:
        """Return what was found, waiting for it; None where nothing was begun."""
        question, self._question = self._question, None
        if question is None:
            return None
        answer = question.read(self.worker.fetch(halted))
        self.bound = answer.bound
        return answer
