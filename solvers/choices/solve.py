"""Prices, relaxation, shifts, neighbourhoods and proof, one after the other until gap or time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..blocks import BlockResult, Blocks, Ints
from .dual import first_prices, nearest
from .pricing import cost_grain, lifted, worst_cost
from .problem import ChoiceProblem, block_solution, choice_problem
from .relaxation import Relaxed, relax
from .shifts import Assignment, Shifts
from .watch import Watch

SHIFT_OPTIONS = 6
"""Options of a workload that shifts may move between, on average."""
SHIFT_PASSES = 400


@dataclass
class State:
    """What is known so far: the best assignment that fits, the proven bound, whether there can be none."""

    problem: ChoiceProblem
    watch: Watch
    gap_limit: float
    grain: float
    best: Assignment | None = None
    bound: float = -np.inf
    infeasible: bool = False
    tell: Callable[[float | None, float], None] = lambda *_: None

    def raise_bound(self, bound: float) -> None:
        """Take over a proven bound."""
        self.bound = max(self.bound, lifted(bound, self.grain))
        self.tell(self.best.cost if self.best else None, self.bound)

    def offer(self, found: Assignment | None) -> bool:
        """Take over an assignment that fits and is better; return whether it was."""
        if found is None or not found.fits or (self.best is not None and found.cost >= self.best.cost):
            return False
        self.best = found
        self.tell(found.cost, self.bound)
        return True

    def done(self) -> bool:
        """Return whether the gap is small enough, time is over, or nothing is left to find."""
        if self.infeasible or self.watch.over():
            return True
        if self.best is None:
            return False
        return self.best.cost - self.bound <= max(self.gap_limit, 1e-9) * abs(self.best.cost)


def solve_choices(
    blocks: Blocks,
    *,
    time_limit: float,
    gap_limit: float = 1e-4,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[float | None, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> BlockResult:
    """Solve blocks of which the choices alone matter (no activation costs, divisions or flows).

    Parameters
    ----------
    time_limit
        Seconds; the best solution found by then is returned with its bound.
    gap_limit
        Relative gap at which to end.
    seed
        The same seed gives the same result unless time stopped the solve.
    threads
        Neighbourhoods solved at once, 2 where None.
    progress
        Called with the objective (None before there is one) and the bound whenever one of them improves.
    stop
        Asked often; the solve ends soon after it returns true.

    Returns
    -------
    BlockResult
        Its bound is proven for the whole problem whatever stopped the solve.
    """
    watch = Watch(time_limit, stop)
    problem = choice_problem(blocks)
    state = State(problem, watch, gap_limit, 0.0)
    if progress is not None:
        state.tell = progress
    if (problem.sizes == 0).any():
        state.infeasible = True
    elif len(problem):
        _solve(state, np.random.default_rng(seed), threads or 2)
    else:
        state.offer(Assignment(problem, np.zeros(0, dtype=np.int64)))
        state.bound = 0.0
    return _result(blocks, state)


def _solve(state: State, rng: np.random.Generator, threads: int) -> None:
    problem = state.problem
    state.grain = cost_grain(problem)
    worst = worst_cost(problem)
    state.raise_bound(float(np.minimum.reduceat(problem.cost, problem.first[:-1]).sum()))
    relaxed = _relaxation(state, rng, worst)
    state.infeasible = state.bound > worst + 1e-6 * abs(worst)
    if state.done():
        return
    shifts = Shifts(problem, nearest(problem, relaxed.pricing, SHIFT_OPTIONS), relaxed.pricing)
    state.offer(shifts.search(rounded(problem, relaxed), SHIFT_PASSES, state.watch))


def _relaxation(state: State, rng: np.random.Generator, worst: float) -> Relaxed:
    pricing = first_prices(state.problem, rng, state.watch)
    state.raise_bound(pricing.bound)
    close = max(1e-7, 0.03 * state.gap_limit)
    relaxed = relax(state.problem, pricing, worst, close, state.watch)
    state.raise_bound(relaxed.pricing.bound)
    return relaxed


def rounded(problem: ChoiceProblem, relaxed: Relaxed) -> Ints:
    """Return the heaviest option of each workload in the relaxation (its cheapest where there is none)."""
    weight = relaxed.weight if len(relaxed.weight) else -relaxed.pricing.excess[relaxed.options]
    owner = problem.owner[relaxed.options]
    order = np.lexsort((weight, owner))
    last = np.append(np.flatnonzero(np.diff(owner[order])), len(order) - 1)
    return relaxed.options[order[last]]


def _result(blocks: Blocks, state: State) -> BlockResult:
    found = state.best
    if found is not None:
        state.bound = min(state.bound, found.cost)
    return BlockResult(
        solution=None if found is None else block_solution(blocks, state.problem, found.option),
        objective=np.inf if found is None else found.cost,
        bound=np.inf if state.infeasible else state.bound,
        infeasible=state.infeasible,
        method="choices: prices, relaxation by columns, shifts, neighbourhoods",
        seconds=state.watch.spent,
    )
