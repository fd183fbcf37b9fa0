"""Prices, relaxation, shifts, neighbourhoods and proof, one after the other until gap or time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..blocks import BlockResult, Blocks, Ints
from .dual import first_prices, nearest
from .neighbourhoods import Neighbourhoods
from .pricing import Pricing, cost_grain, worst_cost
from .problem import ChoiceProblem, block_solution, choice_problem
from .proof import THREAD_OPTIONS, Proof, remaining
from .relaxation import Relaxed, relax
from .repair import repaired
from .shifts import Assignment, Shifts
from .state import State
from .watch import Watch

PRICES_SHARE, RELAXATION_SHARE = 0.5, 0.4
"""Most of the time left that first prices, and then the relaxation, may take."""
SHIFT_OPTIONS = 6
"""Options of a workload that shifts may move between, on average."""
SHIFT_PASSES = 1000
NEIGHBOUR_OPTIONS = 12
"""Options of a workload that neighbourhoods may move between, on average."""
FIRST_ROUNDS = 20
FIRST_SECONDS = 5.0
FIRST_PROOF, SEARCH_SHARE = 0.2, 0.5
"""Shares of the time left: for the first proof, and for neighbourhoods before the second."""


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
    pricing = first_prices(problem, rng, state.watch.part(PRICES_SHARE))
    state.raise_bound(pricing.bound)
    _shift(state, pricing, cheapest(problem, pricing))
    if not state.done():
        relaxed = _relaxation(state, pricing, worst)
        state.infeasible = state.bound > worst + 1e-6 * abs(worst)
        _shift(state, relaxed.pricing, rounded(problem, relaxed))
        _search(state, relaxed, rng, threads)


def _shift(state: State, pricing: Pricing, start: Ints) -> None:
    """Offer the assignment ``start`` as repaired, and what shifts make of it."""
    if state.done():
        return
    problem = state.problem
    options = np.union1d(nearest(problem, pricing, SHIFT_OPTIONS), start)
    start = repaired(problem, pricing, options, start)
    state.offer(Assignment(problem, start))

    def enough(found: Assignment | None) -> bool:
        state.offer(found)
        return state.done()

    Shifts(problem, np.union1d(options, start), pricing).search(start, SHIFT_PASSES, enough)


def _search(state: State, relaxed: Relaxed, rng: np.random.Generator, threads: int) -> None:
    """Prove what can be proved soon, then search neighbourhoods, then do both side by side."""
    if state.best is None:
        _find_any(state, relaxed)
    hoods = Neighbourhoods(state, nearest(state.problem, relaxed.pricing, NEIGHBOUR_OPTIONS), rng)
    if len(remaining(state, relaxed.pricing)) > THREAD_OPTIONS:
        hoods.run(FIRST_ROUNDS, np.inf, threads)
    seconds = max(FIRST_PROOF * state.watch.left, min(FIRST_SECONDS, 0.5 * state.watch.left))
    with Proof(state, relaxed.pricing, seconds) as proof:
        proof.wait()
    hoods.run(np.inf, state.watch.spent + SEARCH_SHARE * state.watch.left, threads)
    with Proof(state, relaxed.pricing, state.watch.left) as proof:
        hoods.run(np.inf, np.inf, threads, proof.listen)
        proof.wait()


def _find_any(state: State, relaxed: Relaxed) -> None:
    """Look for a first solution, or the proof that there is none, in the whole of a small problem."""
    with Proof(state, relaxed.pricing, 0.5 * state.watch.left) as proof:
        proof.wait()


def _relaxation(state: State, pricing: Pricing, worst: float) -> Relaxed:
    close = max(1e-7, 0.03 * state.gap_limit)
    relaxed = relax(state.problem, pricing, worst, close, state.watch.part(RELAXATION_SHARE))
    state.raise_bound(relaxed.pricing.bound)
    return relaxed


def rounded(problem: ChoiceProblem, relaxed: Relaxed) -> Ints:
    """Return the heaviest option of each workload in the relaxation (its cheapest where there is none)."""
    weight = relaxed.weight if len(relaxed.weight) else -relaxed.pricing.excess[relaxed.options]
    owner = problem.owner[relaxed.options]
    order = np.lexsort((weight, owner))
    last = np.append(np.flatnonzero(np.diff(owner[order])), len(order) - 1)
    return np.asarray(relaxed.options[order[last]])


def cheapest(problem: ChoiceProblem, pricing: Pricing) -> Ints:
    """Return the option of each workload that is the cheapest at the prices, the first of several."""
    least = np.flatnonzero(pricing.excess <= 0)
    return least[np.flatnonzero(np.diff(problem.owner[least], prepend=-1))]


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
