"""Whole packings decided one after the other: the program of them, dives, and when they are made."""

from __future__ import annotations

import time

import numpy as np
import pytest
from computeroute.solvers.blocks import Blocks
from computeroute.solvers.choices import packing_hunt
from computeroute.solvers.choices.packing_hunt import PackingHunt
from computeroute.solvers.choices.packing_program import Packing, PackingProgram
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import choice_problem
from computeroute.solvers.choices.shifts import Assignment
from computeroute.solvers.choices.state import State
from computeroute.solvers.watch import Watch

from .small import blocks_of, optimum
from .test_hunt import assignment_blocks, hunt_apart, some_fitting

DEAR = 100.0


def three_pairs() -> PackingProgram:
    """Return a program of three workloads, any two of which may share the first of two resources.

    Pairs cost 4 there. In the second resource there is one alone: the last for 7, each of the others for 9.
    """
    program = PackingProgram(3, 2, DEAR)
    for number, pair in enumerate(([0, 1], [0, 2], [1, 2])):
        assert program.add(Packing(0, np.array(pair), np.array([10 + number, 20 + number]), 4.0))
    for place, cost in enumerate((9.0, 9.0, 7.0)):
        assert program.add(Packing(1, np.array([place]), np.array([30 + place]), cost))
    return program


def test_the_cheapest_packings_hold_every_workload_once() -> None:
    # the pair of the first two and the last alone: 4 + 7; no half pairs, as all three together weigh 1.5 > 1
    program = three_pairs()
    told = program.solve()
    assert told is not None
    assert told.cost == pytest.approx(11.0)
    assert {number: round(weight, 6) for number, weight in told.weights.items()} == {0: 1.0, 5: 1.0}
    # what a packing in use costs is what its workloads are worth, less a rent that is at least 0
    assert told.values[:2].sum() >= 4.0 - 1e-6
    assert told.values[2] >= 7.0 - 1e-6


def test_a_known_packing_does_not_join_again() -> None:
    program = three_pairs()
    assert not program.add(Packing(0, np.array([1, 0]), np.array([20, 10]), 4.0))
    assert len(program.packings) == 6


def test_what_is_held_leaves_the_rest_to_choose() -> None:
    # with the first alone in the second resource for 9, the pair of the others is left: 9 + 4
    program, waiting, free = three_pairs(), np.array([False, True, True]), np.array([True, False])
    program.hold({3}, waiting, free)
    told = program.solve()
    assert told is not None
    assert told.cost == pytest.approx(13.0)
    assert list(told.weights) == [2]
    # with the second pair held, too, everything is decided; without anything held it is as before
    program.hold({2, 3}, np.zeros(3, dtype=bool), np.zeros(2, dtype=bool))
    told = program.solve()
    assert told is not None
    assert not told.weights
    program.release()
    told = program.solve()
    assert told is not None
    assert told.cost == pytest.approx(11.0)


def test_workloads_without_a_packing_are_dear() -> None:
    program = PackingProgram(2, 1, DEAR)
    program.add(Packing(0, np.array([0]), np.array([0]), 1.0))
    told = program.solve()
    assert told is not None
    assert told.cost == pytest.approx(1.0 + DEAR)


def hunt_for(blocks: Blocks, monkeypatch: pytest.MonkeyPatch) -> PackingHunt | None:
    """Return a hunt for something better than the dearest that fits, at no prices."""
    monkeypatch.setattr(packing_hunt, "FEWEST_WORKLOADS", 0)
    problem = choice_problem(blocks)
    state = State(problem, Watch(60.0), 1e-9, 1.0)
    state.offer(Assignment(problem, some_fitting(problem)))
    pricing = price_out(problem, np.zeros(len(problem.capacity)))
    state.raise_bound(pricing.bound)
    return PackingHunt.of(state, pricing, np.random.default_rng(0))


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_a_hunt_finds_the_optimum_and_nothing_that_does_not_fit(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = assignment_blocks(np.random.default_rng(3000 + seed), 7, 3, 1.0)
    problem, best = choice_problem(blocks), optimum(blocks)
    hunt = hunt_for(blocks, monkeypatch)
    assert hunt is not None
    known, until = hunt.best, time.monotonic() + 20.0
    for options, _ in hunt.run(lambda: hunt.best <= best or time.monotonic() > until):
        assert options is not None
        found = Assignment(problem, np.sort(options))
        assert found.fits
        assert best <= found.cost == hunt.best < known
        known = found.cost
    assert known == best


def test_a_program_that_grew_large_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing_hunt, "MOST_PACKINGS", 1)
    blocks = assignment_blocks(np.random.default_rng(3001), 7, 3, 1.0)
    hunt, dives = hunt_for(blocks, monkeypatch), iter(range(30))
    assert hunt is not None
    for _ in hunt.run(lambda: next(dives, None) is None):
        pass
    assert hunt.best >= optimum(blocks)


def test_packings_are_hunted_only_where_few_workloads_fill_a_resource(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    assert hunt_for(assignment_blocks(rng, 7, 3, 1.2), monkeypatch) is not None
    assert packing_hunt.FEW_WORKLOADS < 8
    assert hunt_for(assignment_blocks(rng, 8, 1, 2.0), monkeypatch) is None
    # costs of which none is a multiple of one number, and loads that are no whole numbers
    costs = blocks_of([[(1.37, [1.0, 0.0]), (2.11, [0.0, 1.0])]], [1.0, 1.0])
    assert hunt_for(costs, monkeypatch) is None
    loads = blocks_of([[(1.0, [1 / 3, 0.0]), (2.0, [0.0, 0.5])]], [1.0, 1.0])
    assert hunt_for(loads, monkeypatch) is None


@pytest.mark.no_cover
def test_a_hunt_apart_tells_what_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = assignment_blocks(np.random.default_rng(3003), 7, 3, 1.0)
    problem, best = choice_problem(blocks), optimum(blocks)
    state = State(problem, Watch(60.0), 1e-9, 1.0)
    state.offer(Assignment(problem, some_fitting(problem)))
    hunt_apart(state, hunt_for(blocks, monkeypatch), best)
    assert state.best is not None
    assert state.best.cost == best
