"""Large-neighbourhood search: all workloads of a few resources are placed anew, exactly, the rest stays.

Source: P. Shaw, Using constraint programming and local search methods to solve vehicle routing problems,
Principles and Practice of Constraint Programming (1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .pricing import Pricing
from .relatives import Relatives
from .shifts import Assignment
from .state import State
from .subproblem import Outcome, solve_subproblem, subprogram

SMALLEST, LARGEST = 60, 1500
"""Options in a subproblem."""
RELATED = 0.5
"""Part of the neighbourhoods whose resources are related; those of others are drawn."""
FIRST_GROWTH, GROWTH = 1.3, 1.05
"""By how much the next one is larger where one was closed: before any was not, and later."""
SECONDS = 3.0
MANY = 15
"""Resources per neighbourhood from which neighbourhoods of a round have none in common."""


@dataclass(frozen=True)
class Neighbourhood:
    """Options (ascending) of the workloads that are placed anew, room there is for them (R), and the core."""

    options: Ints
    room: Floats
    core: int


class Neighbourhoods:
    """Draws neighbourhoods of one assignment after the other, as large as can be solved.

    Options come from one of the ``cores`` (ascending), by chance: few options of many workloads or many
    options of few.
    """

    def __init__(
        self, state: State, pricing: Pricing, cores: Sequence[Ints], rng: np.random.Generator
    ) -> None:
        self._state = state
        self._cores = cores
        self._relatives = [Relatives.of(state.problem, pricing, core) for core in cores]
        self._rng = rng
        self._noise = 0.9 * state.grain
        self._size = [2.0 * SMALLEST] * len(cores)
        self._growth = [FIRST_GROWTH] * len(cores)

    def run(
        self, rounds: float, until: float, threads: int, busy: Callable[[], bool] = lambda: False
    ) -> None:
        """Solve ``rounds`` times as many neighbourhoods at once as there are threads.

        It ends earlier when the watch shows ``until`` (s), or the state is done; one thread less is used
        while ``busy()`` is true.
        """
        state = self._state
        with ThreadPoolExecutor(threads) as pool:
            while rounds > 0 and not state.done() and state.watch.spent < until:
                self._round(pool, max(1, threads - busy()))
                rounds -= 1

    def _round(self, pool: ThreadPoolExecutor, threads: int) -> None:
        best = self._state.best
        if best is None:
            return
        drawn = [self._draw(best, dealt) for dealt in self._deal(threads)]
        running = [pool.submit(self._solve, each, best, seed) for seed, each in enumerate(drawn)]
        for hood, outcome in zip(drawn, running, strict=True):
            self._take(outcome, hood.core)

    def _deal(self, hands: int) -> list[Ints]:
        """Return resources for each of some neighbourhoods, no resource twice where there are many."""
        count = len(self._state.problem.capacity)
        if count < MANY * hands:
            return [self._rng.permutation(count) for _ in range(hands)]
        order = self._rng.permutation(count)
        return [order[hand::hands] for hand in range(hands)]

    def _draw(self, best: Assignment, dealt: Ints) -> Neighbourhood:
        """Return the neighbourhood of as many of the resources dealt as fit into the size."""
        problem = self._state.problem
        now = csr_array(problem.uses[best.option])
        using = csr_array(now.T.tocsr())
        free = np.zeros(len(problem), dtype=bool)
        core = int(self._rng.integers(len(self._cores)))
        budget = self._size[core]
        is_related = self._rng.random() < RELATED
        related = self._relatives[core].drawn(best, dealt, self._rng) if is_related else None
        for resource in related or dealt.tolist():
            joined = using.indices[using.indptr[resource] : using.indptr[resource + 1]]
            trial = free.copy()
            trial[joined] = True
            tried = self._hood(trial, best, core) if len(joined) else None
            if tried is None:
                continue
            if len(tried.options) > budget and free.any():
                break
            free = trial
        return self._hood(free, best, core)

    def _hood(self, free: NDArray[np.bool_], best: Assignment, number: int) -> Neighbourhood:
        """Return the options of free workloads that fit into what the others leave."""
        problem = self._state.problem
        core, held = self._cores[number], best.option[free]
        room = problem.capacity - best.load + problem.used(held)
        options = core[free[problem.owner[core]]]
        uses = csr_array(problem.uses[options])
        limit = room + problem.slack
        bad = np.flatnonzero(uses.data > limit[uses.indices])
        fits = np.ones(len(options), dtype=bool)
        fits[np.searchsorted(uses.indptr, bad, side="right") - 1] = False
        return Neighbourhood(np.union1d(options[fits], held), room, number)

    def _solve(self, hood: Neighbourhood, best: Assignment, seed: int) -> Outcome:
        program = subprogram(self._state.problem, hood.options, hood.room)
        program = replace(program, cost=program.cost + self._noise * self._blur(hood, best))
        seconds = min(SECONDS, self._state.watch.left)
        return solve_subproblem(program, hood.options, best.option, seconds=seconds, seed=seed)

    def _blur(self, hood: Neighbourhood, best: Assignment) -> Floats:
        """Return what makes other solutions of the same cost as good as the present one, and none dearer."""
        workloads = len(np.unique(self._state.problem.owner[hood.options]))
        away = ~np.isin(hood.options, best.option)
        return np.where(away, -1.0, 0.0) / max(1, workloads)

    def _take(self, outcome: Future[Outcome], core: int) -> None:
        state, found = self._state, outcome.result()
        best = state.best
        if best is None or found.taken is None:
            return
        option = best.option.copy()
        option[state.problem.owner[found.taken]] = found.taken
        changed = Assignment(state.problem, option)
        if not state.offer(changed) and changed.fits and changed.cost <= best.cost:
            state.best = changed
        if changed.cost < best.cost:
            return
        if not found.closed:
            self._growth[core] = GROWTH
        size = self._size[core]
        self._size[core] = (
            min(LARGEST, size * self._growth[core]) if found.closed else max(SMALLEST, size / 1.1)
        )
