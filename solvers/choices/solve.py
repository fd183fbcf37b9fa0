"""Prices, relaxation, shifts, exchanges, neighbourhoods, dives and proof until gap or time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..blocks import BlockResult, Blocks, Ints
from ..watch import Watch
from .dual import first_prices, nearest
from .hunt import Hunt, hunting_limit
from .hunt_process import Hunting, HuntProcess
from .knapsacks import Effort, Knapsacks, strengthened
from .neighbourhoods import Neighbourhoods
from .packing_hunt import PackingHunt
from .packings import packing_task
from .places import Places
from .pricing import Pricing, cost_grain, worst_cost
from .problem import ChoiceProblem, block_solution, choice_problem
from .proof import THREAD_OPTIONS, Proof, Task, remaining, remaining_task
from .relaxation import Relaxed, relax
from .repair import repaired
from .shaking import Shaking
from .shifts import Assignment, Shifts
from .state import State
from .ties import Ties
from .together import Together

PRICES_SHARE, RELAXATION_SHARE = 0.5, 0.4
"""Most of the time left that first prices, and then the relaxation, may take."""
SHIFT_OPTIONS = 6
"""Options of a workload that shifts may move between, on average."""
SHIFT_PASSES, SHIFT_PATIENCE = 1000, 300
"""Passes of shifts in all, and without a better assignment."""
NEIGHBOUR_OPTIONS = (3.0, 4.5, 7.0)
"""Options of a workload that neighbourhoods may move between, on average: one of these."""
FIRST_ROUNDS = 20
FIRST_SECONDS = 5.0
PACKING_SHARE, FIRST_PROOF, SEARCH_SHARE = 0.3, 0.2, 0.5
"""Shares of the time left: for packings, for the first proof, and for neighbourhoods before the second."""
FEW_OPTIONS, FEW_IN_ALL = 2.5, 400
"""Options of a workload, on average, and in all, of which a program may prove more than knapsacks do."""
FEWEST_STEPS = 50
WORK = 3e7
"""Cells of the tables of knapsacks that may be filled per second of the time limit."""


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
        Of all draws. Searches run side by side, so what a long solve finds also depends on their speed.
    threads
        Processors to count on, 2 where None; on one, nothing is hunted in a process of its own.
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
    if (problem.sizes == 0).any() or (len(problem) and problem.lacks_room()):
        state.infeasible = True
    elif len(problem) and not len(problem.capacity):
        _take_cheapest(state)
    elif len(problem):
        _solve(state, np.random.default_rng(seed), threads or 2)
    else:
        state.offer(Assignment(problem, np.zeros(0, dtype=np.int64)))
        state.bound = 0.0
    return _result(blocks, state)


def _take_cheapest(state: State) -> None:
    """Let each workload take its cheapest option, where no resource limits any."""
    problem = state.problem
    taken = problem.first[:-1] + [
        int(np.argmin(problem.cost[begin:end]))
        for begin, end in zip(problem.first[:-1].tolist(), problem.first[1:].tolist(), strict=True)
    ]
    state.offer(Assignment(problem, np.asarray(taken, dtype=np.int64)))
    state.raise_bound(float(problem.cost[taken].sum()))


def _solve(state: State, rng: np.random.Generator, threads: int) -> None:
    problem = state.problem
    state.grain = cost_grain(problem)
    worst = worst_cost(problem)
    pricing = first_prices(problem, rng, state.watch.part(PRICES_SHARE))
    state.raise_bound(pricing.bound)
    state.infeasible = _is_beyond(state, worst)
    if not state.infeasible:
        _shift(state, pricing, cheapest(problem, pricing))
    if not state.done():
        relaxed = _relaxation(state, pricing, worst)
        state.infeasible = _is_beyond(state, worst)
        _shift(state, relaxed.pricing, rounded(problem, relaxed))
        _search(state, relaxed, rng, threads)


def _is_beyond(state: State, worst: float) -> bool:
    """Return whether more is proven than the dearest assignment costs: there is none."""
    return state.bound > worst + 1e-6 * abs(worst)


def _shift(state: State, pricing: Pricing, start: Ints) -> None:
    """Offer the assignment ``start`` as repaired, and what shifts make of it."""
    if state.done():
        return
    problem = state.problem
    options = np.union1d(nearest(problem, pricing, SHIFT_OPTIONS), start)
    start = repaired(problem, pricing, options, start)
    state.offer(Assignment(problem, start))

    idle = 0

    def enough(found: Assignment | None) -> bool:
        nonlocal idle
        idle = 0 if state.offer(found) else idle + 1
        return state.done() or idle > SHIFT_PATIENCE

    Shifts(problem, np.union1d(options, start), pricing).search(start, SHIFT_PASSES, enough)


def _search(state: State, relaxed: Relaxed, rng: np.random.Generator, threads: int) -> None:
    """Prove what can be proved soon, then search neighbourhoods beside ever longer proofs."""
    problem, pricing = state.problem, relaxed.pricing
    if state.best is None:
        with Proof(state, remaining_task(state, pricing), 0.5 * state.watch.left) as proof:
            proof.wait()
    packed, pricing = _strengthened(state, pricing)
    cores = [nearest(problem, pricing, each) for each in NEIGHBOUR_OPTIONS]
    hoods = Neighbourhoods(state, pricing, cores, rng)
    places = Places.of(problem, relaxed.pricing.prices)
    starts = [rounded(problem, relaxed)]
    if packed is not None:
        starts = [cheapest(problem, pricing), *starts]
    shaking = None if places is None else Shaking(state, places, starts, rng)
    if packed is not None:
        _shift(state, pricing, starts[0])
    most, own = hunting_limit(state, pricing), rng.spawn(1)[0]

    def hunted() -> Hunting | None:
        if threads == 1:
            return None
        found = Hunt.of(state, pricing, most, own)
        return found if found or packed is None else PackingHunt.of(state, pricing, own)

    with HuntProcess(state, hunted) as hunt:
        ties = Ties.of(state, relaxed.pricing)
        _close(state, pricing, packed, Together(state, hoods, shaking, threads, hunt=hunt, ties=ties))


def _close(state: State, pricing: Pricing, packed: Knapsacks | None, both: Together) -> None:
    """Search beside ever longer proofs."""
    if packed is not None:
        _beside(state, both, _packing_task(state, packed, pricing), PACKING_SHARE)
    elif len(remaining(state, pricing)) > THREAD_OPTIONS:
        both.run(FIRST_ROUNDS, np.inf)
    first = max(FIRST_PROOF, min(0.5, FIRST_SECONDS / max(1e-9, state.watch.left)))
    _beside(state, both, _closing_task(state, pricing, packed), first)
    both.run(np.inf, state.watch.spent + SEARCH_SHARE * state.watch.left)
    _beside(state, both, _closing_task(state, pricing, packed), 1.0)


def _beside(state: State, both: Together, task: Task | None, share: float) -> None:
    """Run a proof for a share of the time left, and search until it ends."""
    seconds = share * state.watch.left
    with Proof(state, task, seconds) as proof:
        proof.wait(min(FIRST_SECONDS, seconds), both.listen)
        while proof.running and not state.done() and state.best is not None:
            both.run(1.0, np.inf, proof.listen)
            proof.listen()
        if share >= 1.0:
            both.run(np.inf, np.inf)
        proof.wait()


def _strengthened(state: State, pricing: Pricing) -> tuple[Knapsacks | None, Pricing]:
    """Return the knapsacks of the problem and the pricing that they tell, None and ``pricing`` if that is it.

    Few steps with prices that are far from good would tell little.
    """
    if state.best is None or state.done():
        return None, pricing
    knapsacks = Knapsacks.of(state.problem)
    steps = 0 if knapsacks is None else int(WORK * state.watch.limit / knapsacks.cells)
    if knapsacks is None or steps < FEWEST_STEPS:
        return None, pricing
    effort = Effort(state.best.cost, steps, state.watch.part(PRICES_SHARE))
    found = strengthened(state.problem, knapsacks, pricing, effort)
    state.raise_bound(found.bound)
    return (None, pricing) if found is pricing else (knapsacks, found)


def _packing_task(state: State, knapsacks: Knapsacks, pricing: Pricing) -> Task | None:
    """Return the program over whole packings, None where nothing better is looked for."""
    if state.best is None or state.done():
        return None
    return packing_task(state.problem, knapsacks, pricing, state.best.cost - state.grain - pricing.bound)


def _closing_task(state: State, pricing: Pricing, packed: Knapsacks | None) -> Task | None:
    """Return the program that may close the gap, None where that is hopeless.

    Where resources are knapsacks, the program of single options proves little that their prices do not.
    """
    left = len(remaining(state, pricing))
    if packed is None or left <= FEW_OPTIONS * len(state.problem):
        return remaining_task(state, pricing)
    task = _packing_task(state, packed, pricing)
    if task is not None and task.complete:
        return task
    return remaining_task(state, pricing) if left <= FEW_IN_ALL else None


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
    lowest = np.repeat(np.minimum.reduceat(pricing.excess, problem.first[:-1]), problem.sizes)
    least = np.flatnonzero(pricing.excess <= lowest)
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
        method="choices: prices, relaxation by columns, shifts, exchanges, neighbourhoods, dives",
        seconds=state.watch.spent,
    )
