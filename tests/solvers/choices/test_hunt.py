"""Dives for better solutions: packings, what follows from decisions, targets, and the process beside."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.blocks import Blocks, Resources
from computeroute.solvers.choices import hunt as hunting
from computeroute.solvers.choices.core import Core
from computeroute.solvers.choices.diving import Diving
from computeroute.solvers.choices.hunt import Hunt, hunting_limit
from computeroute.solvers.choices.hunt_process import Hunting, HuntProcess
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import ChoiceProblem, choice_problem
from computeroute.solvers.choices.shifts import Assignment
from computeroute.solvers.choices.solve import solve_choices
from computeroute.solvers.choices.state import State
from computeroute.solvers.choices.targets import Target
from computeroute.solvers.packs import Packs
from computeroute.solvers.watch import Watch

from .small import blocks_of, optimum


def assignment_blocks(rng: np.random.Generator, workloads: int, pools: int, fill: float = 0.8) -> Blocks:
    """Return blocks whose workloads need so much, at such a cost, of one pool each; pools hardly suffice."""
    need, cost = rng.integers(3, 12, (workloads, pools)), rng.integers(10, 50, (workloads, pools))
    offered = [
        [
            (float(cost[job, pool]), [float(need[job, pool]) * (pool == each) for each in range(pools)])
            for pool in range(pools)
        ]
        for job in range(workloads)
    ]
    capacity = np.floor(fill * need.sum(axis=0) / pools)
    return blocks_of(offered, capacity.tolist())


def core_of(problem: ChoiceProblem) -> Core:
    core = Core.of(problem, np.arange(len(problem.cost)))
    assert core is not None
    return core


def dive(problem: ChoiceProblem, cost: float, seed: int = 0) -> Diving:
    """Return dives for solutions up to the cost, after some tries."""
    core = core_of(problem)
    everything, values = np.ones(len(core.option), dtype=bool), np.full(len(problem), 20.0)
    dives = Diving(core, Target(cost, 1e-6), everything, values, np.random.default_rng(seed))
    for _ in range(5):
        if dives.solution is None:
            dives.dive(lambda: False)
    return dives


@pytest.mark.parametrize("seed", range(20))
def test_packs_tell_the_best_and_what_forcing_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 6, 3)
    resource = np.repeat([0, 2, 3], count)
    weight, profit = rng.integers(0, 7, len(resource)), rng.normal(0.0, 5.0, len(resource))
    room = rng.integers(0, 15, 5)
    packs = Packs.of(resource, weight, room)
    padded = packs.padded(profit, -1e30)
    packed = packs.best(padded)
    less, lacking = packs.forced(padded, packed)
    for row, each in enumerate((0, 2, 3)):
        mine = np.flatnonzero(resource == each)
        ways = [np.array(way, dtype=bool) for way in itertools.product([False, True], repeat=len(mine))]
        fitting = [way for way in ways if weight[mine][way].sum() <= room[each]]
        best = max(profit[mine][way].sum() for way in fitting)
        assert packed.earned[row] == pytest.approx(best)
        assert profit[mine][packed.taken[row, : len(mine)]].sum() == pytest.approx(best)
        for place in range(len(mine)):
            with_it = max((profit[mine][way].sum() for way in fitting if way[place]), default=-np.inf)
            without = max(profit[mine][way].sum() for way in fitting if not way[place])
            assert min(less[row, place], 1e20) == pytest.approx(min(best - with_it, 1e20))
            assert lacking[row, place] == pytest.approx(best - without)


def test_what_is_decided_decides_more() -> None:
    # the first can only be in A and fills it, so the second has to be in B, which has room for it and no more
    offered = [[(1.0, [4.0, 0.0])], [(1.0, [2.0, 0.0]), (9.0, [0.0, 3.0])], [(1.0, [0.0, 3.0])]]
    first_two = choice_problem(blocks_of(offered[:2], [5.0, 3.0]))
    settled = core_of(first_two).settled(np.ones(3, dtype=bool))
    assert settled is not None
    assert settled.cost == 10.0
    assert len(settled.free) == 0
    assert settled.left.tolist() == [1, 0]
    all_three = core_of(choice_problem(blocks_of(offered, [5.0, 3.0])))
    assert all_three.settled(np.ones(4, dtype=bool)) is None


def test_only_whole_amounts_of_one_resource_are_a_core() -> None:
    for uses in ([1 / 3, 0.0], [1.0, 1.0], [0.0, 0.0]):
        problem = choice_problem(blocks_of([[(1.0, uses)]], [5.0, 5.0]))
        assert Core.of(problem, np.arange(1)) is None


@pytest.mark.parametrize("seed", range(12))
def test_dives_find_the_optimum_and_nothing_below_it(seed: int) -> None:
    blocks = assignment_blocks(np.random.default_rng(seed), 7, 3)
    problem, best = choice_problem(blocks), optimum(blocks)
    if best == np.inf:
        assert dive(problem, 350.0).solution is None
        return
    found = dive(problem, best).solution
    assert found is not None
    chosen = Assignment(problem, np.sort(core_of(problem).option[found]))
    assert chosen.fits
    assert chosen.cost == best
    assert dive(problem, best - 1).solution is None


@pytest.mark.parametrize("seed", range(12))
def test_hopeless_targets_are_below_the_optimum(seed: int) -> None:
    blocks = assignment_blocks(np.random.default_rng(1000 + seed), 7, 3, 0.9)
    problem, best = choice_problem(blocks), optimum(blocks)
    hopeless = [cost for cost in range(70, 250, 12) if dive(problem, float(cost)).is_hopeless]
    assert hopeless
    assert max(hopeless) < best


def hunt_for(blocks: Blocks, monkeypatch: pytest.MonkeyPatch, known: np.ndarray) -> tuple[State, Hunt]:
    """Return a hunt for something better than a known assignment, however small the core."""
    monkeypatch.setattr(hunting, "FEWEST_OPTIONS", 0)
    problem = choice_problem(blocks)
    state = State(problem, Watch(60.0), 1e-9, 1.0)
    state.offer(Assignment(problem, known))
    pricing = price_out(problem, np.zeros(len(problem.capacity)))
    state.raise_bound(pricing.bound)
    hunt = Hunt.of(state, pricing, hunting_limit(state, pricing), np.random.default_rng(0))
    assert hunt is not None
    return state, hunt


def some_fitting(problem: ChoiceProblem) -> np.ndarray:
    """Return the dearest assignment that fits."""
    ways = itertools.product(
        *(range(problem.first[each], problem.first[each + 1]) for each in range(len(problem)))
    )
    fitting = (Assignment(problem, np.array(way)) for way in ways)
    return max((each for each in fitting if each.fits), key=lambda each: each.cost).option


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(5))
def test_a_hunt_ends_at_the_optimum_with_bounds_that_hold(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = assignment_blocks(np.random.default_rng(2000 + seed), 6, 3, 1.0)
    problem, best = choice_problem(blocks), optimum(blocks)
    _, hunt = hunt_for(blocks, monkeypatch, some_fitting(problem))
    until = time.monotonic() + 20.0
    told = list(hunt.run(lambda: hunt.best <= best or time.monotonic() > until))
    costs = [problem.cost[found].sum() for found, _ in told if found is not None]
    assert min(costs) == hunt.best == best
    assert all(bound <= best for _, bound in told)


def hunt_apart(state: State, hunt: Hunting | None, best: float) -> None:
    """Hunt in a process until something as good as ``best`` is known."""
    with HuntProcess(state, lambda: hunt) as beside:
        while state.best is not None and state.best.cost > best and not state.watch.over():
            beside.listen()
            time.sleep(0.01)


@pytest.mark.no_cover
def test_a_hunt_apart_tells_what_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = assignment_blocks(np.random.default_rng(3), 7, 3, 1.0)
    state, hunt = hunt_for(blocks, monkeypatch, some_fitting(choice_problem(blocks)))
    best = optimum(blocks)
    hunt_apart(state, hunt, best)
    assert state.best is not None
    assert state.best.cost == best
    assert state.bound <= state.best.cost


@pytest.mark.no_cover
def test_a_process_that_dies_ends_the_hunt_only(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = assignment_blocks(np.random.default_rng(3), 7, 3, 1.0)
    state, hunt = hunt_for(blocks, monkeypatch, some_fitting(choice_problem(blocks)))
    with HuntProcess(state, lambda: hunt) as beside:
        assert beside._process is not None
        beside._process.kill()
        while beside.running and not state.watch.over():
            beside.listen()
            time.sleep(0.01)
        assert not beside.running
    assert state.best is not None


def test_a_hunt_begins_once_a_better_solution_leaves_something_to_hunt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks = assignment_blocks(np.random.default_rng(3), 7, 3, 1.0)
    state, hunt = hunt_for(blocks, monkeypatch, some_fitting(choice_problem(blocks)))
    offered = iter([None, hunt])
    with HuntProcess(state, lambda: next(offered)) as beside:
        assert not beside.running
        beside.listen()
        assert not beside.running
        state.best = Assignment(state.problem, price_greedily(state.problem))
        beside.listen()
        assert beside.running


def price_greedily(problem: ChoiceProblem) -> np.ndarray:
    """Return the cheapest options, within the capacities or not."""
    return np.array(
        [
            begin + int(np.argmin(problem.cost[begin:end]))
            for begin, end in itertools.pairwise(problem.first.tolist())
        ]
    )


@pytest.mark.no_cover
def test_full_knapsacks_are_filled_to_the_unit() -> None:
    # 6 pools hold 80 % of a fair share of 120 workloads: class C of the generalized assignment problem
    blocks = assignment_blocks(np.random.default_rng(0), 120, 6)
    found = solve_choices(blocks, time_limit=20.0, gap_limit=1e-3)
    assert found.objective - found.bound <= 2.0
    assert found.seconds < 20.0


def test_room_beyond_all_numbers_is_that_of_what_can_be_taken() -> None:
    rng = np.random.default_rng(1)
    blocks = assignment_blocks(rng, 6, 3)
    others = blocks.resources.capacity[1:]
    huge, ample = (
        replace(blocks, resources=Resources.fixed(np.array([room, *others]))) for room in (1e19, 1e6)
    )
    core = core_of(choice_problem(huge))
    taken = np.bincount(core.resource, core.weight, 3)
    assert core.room.tolist() == [taken[0], *np.minimum(others, taken[1:]).tolist()]
    result = solve_choices(huge, time_limit=5.0, gap_limit=0.0)
    assert result.objective == result.bound == optimum(ample)
