"""Cyclic exchanges: rings that no single move or swap replaces, the tables, both searches."""

from __future__ import annotations

import time
from typing import cast

import numpy as np
import pytest
from computeroute.solvers.blocks import Ints
from computeroute.solvers.choices import shaking
from computeroute.solvers.choices.exchanges import Exchanges
from computeroute.solvers.choices.neighbourhoods import Neighbourhoods
from computeroute.solvers.choices.places import Places
from computeroute.solvers.choices.pricing import price_out
from computeroute.solvers.choices.problem import ChoiceProblem, choice_problem
from computeroute.solvers.choices.shaking import Shaking
from computeroute.solvers.choices.shifts import Assignment
from computeroute.solvers.choices.state import State
from computeroute.solvers.choices.together import Together
from computeroute.solvers.watch import Watch

from .small import blocks_of, random_blocks

RING = [
    [(9.0, [1.0, 0.0, 0.0]), (1.0, [0.0, 1.0, 0.0])],
    [(9.0, [0.0, 1.0, 0.0]), (1.0, [0.0, 0.0, 1.0])],
    [(9.0, [0.0, 0.0, 1.0]), (1.0, [1.0, 0.0, 0.0])],
]
"""Every resource is full with one workload; all three are better off at the next resource."""


def tables(problem: ChoiceProblem) -> Places:
    places = Places.of(problem, np.zeros(len(problem.capacity)))
    assert places is not None
    return places


def test_a_ring_of_three_is_turned_where_no_two_can_swap() -> None:
    problem = choice_problem(blocks_of(RING, [1.0, 1.0, 1.0]))
    places = tables(problem)
    search = Exchanges(places, np.full(4, 100.0), 1e-9)
    search.begin(np.array([0, 1, 2]))
    assert search.value == 24.0
    search.descend(lambda: False)
    assert search.place[:3].tolist() == [1, 2, 0]
    assert (search.fits, search.value) == (True, 0.0)


@pytest.mark.parametrize("seed", range(30))
def test_loads_and_values_stay_true_and_no_shift_is_left(seed: int) -> None:
    problem = choice_problem(random_blocks(np.random.default_rng(seed), workloads=8, resources=4))
    places = Places.of(problem, np.zeros(len(problem.capacity)))
    if places is None or (problem.sizes == 0).any():
        return
    each = np.arange(len(problem))
    search = Exchanges(places, np.full(len(places), 50.0), 1e-9)
    search.begin(places.of_options(problem, problem.first[:-1]))
    before = search.value
    search.descend(lambda: False)
    after, place = search.value, search.place[: len(each)].copy()
    option = places.options(place)
    assert after <= before
    assert (option >= 0).all()
    assert search.load[:-1] == pytest.approx(problem.used(option))
    for workload in each:
        for other in np.flatnonzero(places.option[:, workload] >= 0):
            search.begin(np.where(each == workload, other, place))
            assert search.value >= after - 1e-9


def test_a_workload_that_is_held_lets_others_turn_only() -> None:
    problem = choice_problem(blocks_of(RING, [1.0, 1.0, 1.0]))
    search = Exchanges(tables(problem), np.full(4, 100.0), 1e-9)
    search.begin(np.array([0, 1, 2]))
    search.descend(lambda: False, np.array([1]))
    assert search.assignment.tolist() == [0, 1, 2]
    search.descend(lambda: False)
    assert search.assignment.tolist() == [1, 2, 0]


@pytest.mark.parametrize("seed", range(30))
def test_a_search_that_goes_on_is_where_one_begun_anew_would_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = choice_problem(random_blocks(rng, workloads=9, resources=4))
    places = Places.of(problem, rng.uniform(0.0, 2.0, len(problem.capacity)))
    if places is None or (problem.sizes == 0).any():
        return
    old = Exchanges(places, np.full(len(places), 50.0), 1e-9)
    for penalty in (50.0, 50.0, 3.0, 20.0):
        start = places.of_options(problem, rng.integers(problem.first[:-1], problem.first[1:]))
        old.set_penalty(np.full(len(places), penalty))
        new = Exchanges(places, np.full(len(places), penalty), 1e-9)
        for search in (old, new):
            search.begin(start)
            search.descend(lambda: False)
        assert old.assignment.tolist() == new.assignment.tolist()
        assert old.value == pytest.approx(new.value, abs=1e-9)


def test_shakes_move_one_workload_to_where_it_may_be_and_none_that_has_no_choice() -> None:
    problem = choice_problem(blocks_of([*RING, [(1.0, [0.0, 0.0, 1.0])]], [1.0, 1.0, 2.0]))
    places = tables(problem)
    state = state_of(problem, [0, 2, 4, 6])
    search = Shaking(state, places, [np.array([0, 2, 4, 6])], np.random.default_rng(0))
    seen = set()
    for _ in range(30):
        place, moved = search._shaken(np.array([0, 1, 2, 2]))
        seen.add(int(moved[0]))
        assert (place != [0, 1, 2, 2]).nonzero()[0].tolist() == moved.tolist()
        assert np.isfinite(places.excess[place, np.arange(4)]).all()
    assert seen == {0, 1, 2}


def test_options_that_take_of_several_resources_have_no_tables() -> None:
    problem = choice_problem(blocks_of([[(1.0, [1.0, 1.0])]], [2.0, 2.0]))
    assert Places.of(problem, np.zeros(2)) is None


def test_two_options_at_one_resource_have_no_tables() -> None:
    problem = choice_problem(blocks_of([[(1.0, [1.0]), (2.0, [2.0])]], [2.0]))
    assert Places.of(problem, np.zeros(1)) is None


def test_who_is_left_out_is_at_the_last_place() -> None:
    problem = choice_problem(blocks_of([[(1.0, [1.0])], [(2.0, [1.0])]], [1.0], left_out=[5.0, 5.0]))
    places = tables(problem)
    assert places.option.tolist() == [[0, 2], [1, 3]]
    assert places.of_options(problem, np.array([0, 3])).tolist() == [0, 1]


def state_of(problem: ChoiceProblem, option: list[int]) -> State:
    state = State(problem, Watch(60.0), 0.0, 1.0)
    state.offer(Assignment(problem, np.array(option)))
    return state


def shaking_of(state: State) -> Shaking:
    return Shaking(state, tables(state.problem), [np.array([0, 2, 4])], np.random.default_rng(0))


def test_shaking_finds_the_ring() -> None:
    state = state_of(choice_problem(blocks_of(RING, [1.0, 1.0, 1.0])), [0, 2, 4])
    assert state.best is not None
    assert state.best.cost == 27.0
    found = shaking_of(state).run()
    assert found is not None
    assert (found.cost, found.fits) == (3.0, True)


def test_nothing_is_told_where_nothing_better_is_found() -> None:
    state = state_of(choice_problem(blocks_of(RING, [1.0, 1.0, 1.0])), [1, 3, 5])
    assert shaking_of(state).run() is None


def test_it_goes_on_from_the_next_start_where_nothing_better_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shaking, "PATIENCE", 0)
    problem = choice_problem(blocks_of(RING, [1.0, 1.0, 1.0]))
    starts = [np.array([0, 2, 4]), np.array([1, 3, 5])]
    search = Shaking(state_of(problem, [1, 3, 5]), tables(problem), starts, np.random.default_rng(0))
    begun: list[list[int]] = []
    improved = search._improved

    def noted(place: Ints, held: Ints | None = None) -> tuple[Ints, float]:
        if held is None:
            begun.append(place.tolist())
        return improved(place, held)

    monkeypatch.setattr(search, "_improved", noted)
    for _ in range(4):
        search._round()
    first, second = [0, 1, 2], [1, 2, 0]
    assert begun == [first, second, first, second]


@pytest.mark.parametrize("threads", [1, 2])
def test_exchanges_and_neighbourhoods_both_search(threads: int) -> None:
    problem = choice_problem(blocks_of(RING, [1.0, 1.0, 1.0]))
    state = state_of(problem, [0, 2, 4])
    state.bound = 0.0
    pricing = price_out(problem, np.zeros(3))
    hoods = Neighbourhoods(state, pricing, [np.arange(6)], np.random.default_rng(0))
    Together(state, hoods, shaking_of(state), threads).run(1.0, np.inf)
    assert state.best is not None
    assert state.best.cost == 3.0


def test_one_thread_is_shared_by_turns() -> None:
    state = state_of(choice_problem(blocks_of(RING, [1.0, 1.0, 1.0])), [0, 2, 4])
    searches = [Counter(), Counter()]
    hoods, shaking = cast(Neighbourhoods, searches[0]), cast(Shaking, searches[1])
    Together(state, hoods, shaking, 1).run(20, np.inf)
    assert sum(each.turns for each in searches) == 20
    assert min(each.turns for each in searches) >= 5


class Counter:
    """A search that finds nothing and counts its turns."""

    def __init__(self) -> None:
        self.turns = 0

    def run(self, *_: object) -> None:
        time.sleep(0.005)
        self.turns += 1
