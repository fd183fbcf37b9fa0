"""Which of many options that are equally good fit together: a puzzle that prices say nothing about.

Where the prices of most resources are nothing, workloads have several cheapest options each, and what
solutions lose is that not all can have one of theirs. Neighbourhoods of few resources see little of that: the
ties of their workloads lead to all others. The portfolio of CP-SAT takes all ties at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Ints
from ..programs.request import Request
from ..programs.solve_program import solve_integer
from .pricing import Pricing
from .shifts import Assignment
from .state import State
from .subproblem import subprogram

TIED = 1.5
"""Cheapest options of a workload, on average, from which on they are a puzzle."""
MOST_OPTIONS = 30_000
SECONDS = 6.0
"""Of one run."""
SHARE = 0.75
"""Part of the time of all searches."""


@dataclass
class Ties:
    """The cheapest options of all workloads (ascending)."""

    state: State
    options: Ints
    spent: float = 0.0
    _runs: int = 0

    @classmethod
    def of(cls, state: State, pricing: Pricing) -> Ties | None:
        """Return the ties at prices, None where they are few, or too many to be searched at once."""
        if state.grain <= 0:
            return None
        options = np.flatnonzero(pricing.excess <= 1e-6 * state.grain)
        is_puzzle = TIED * len(state.problem) <= len(options) <= MOST_OPTIONS
        return cls(state, options) if is_puzzle else None

    def run(self, threads: int) -> None:
        """Look for a better solution in ties and what the best one holds, with so many threads."""
        state, begun = self.state, self.state.watch.spent
        if state.best is None:
            return
        options = np.union1d(self.options, state.best.option)
        request = Request(
            solver="cp-sat",
            time_limit=min(SECONDS, state.watch.left),
            seed=self._runs,
            threads=threads,
            hint=np.isin(options, state.best.option).astype(float),
            interleaved=False,
            watch=False,
        )
        found = solve_integer(subprogram(state.problem, options, state.problem.capacity), request).x
        if found is not None:
            state.offer(Assignment(state.problem, options[found > 0.5]))
        self._runs, self.spent = self._runs + 1, self.spent + state.watch.spent - begun
