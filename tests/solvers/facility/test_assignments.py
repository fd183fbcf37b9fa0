import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from computeroute.routing.errors import SolverError
from computeroute.solvers.facility.assign import ask, assign_quickly
from computeroute.solvers.facility.improve import Improver
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.search import Search
from computeroute.solvers.facility.tree import Incumbent
from computeroute.solvers.facility.worker import MOST_DEATHS, MOST_SECONDS, Worker

from .cases import optimum


def drawn(seed, sites, customers, load):
    rng = np.random.default_rng(seed)
    demand = rng.integers(2, 30, customers).astype(float)
    capacity = np.ceil(np.full(sites, demand.sum() / load / sites))
    cost = rng.integers(1, 100, (sites, customers)).astype(float)
    return Facility(cost, np.tile(demand, (sites, 1)), capacity, np.full(sites, 50.0), True)


def test_shifts_and_swaps_mend_an_overload():
    # all on site 0, which holds 9 of 12: the cheapest move that helps is customer 2 (4) to site 1
    facility = Facility(
        np.array([[1.0, 1, 1], [9, 8, 3]]), np.tile([3.0, 5, 4], (2, 1)), np.array([9.0, 6]), np.ones(2), True
    )
    share = assign_quickly(facility, np.array([[1.0, 1, 1], [0, 0, 0]]))
    assert share.argmax(axis=0).tolist() == [0, 0, 1]


def test_a_swap_where_no_shift_fits():
    # both sites are full; exchanging customers 0 and 2 saves 16
    cost = np.array([[9.0, 1, 1], [1, 9, 9]])
    facility = Facility(cost, np.tile([4.0, 2, 4], (2, 1)), np.array([6.0, 4]), np.ones(2), True)
    share = assign_quickly(facility, np.array([[1.0, 1, 0], [0, 0, 1]]))
    assert share.argmax(axis=0).tolist() == [1, 0, 0]


def improved(facility, start, other=lambda: None):
    """Improve an assignment by parts; return what was offered, and the incumbent."""
    incumbent = Incumbent(start, facility.price(start), 0.0, 1.0)
    found = []

    def submit(worker, question, seconds):
        worker.submit(question.program, seconds, 0.0, 0)

    def offer(share):
        found.append(share)
        incumbent.offer(share, facility.price(share))

    every = np.ones(len(facility.opening), dtype=bool)
    improver = Improver(facility, incumbent, 0, submit, offer, other, lambda: False, every)
    for _ in range(40):
        improver.begin()
        improver.end()
    improver.worker.close()
    return found, incumbent


def test_parts_of_the_best_are_solved_again():
    facility = drawn(3, 6, 24, 0.9)
    start = assign_quickly(facility, np.full(facility.cost.shape, 1 / 6))
    assert facility.fits(start)
    found, incumbent = improved(facility, start)
    assert found
    assert all(facility.fits(share) for share in found)
    costs = [facility.price(share) for share in found]
    assert costs == sorted(costs, reverse=True)
    assert incumbent.cost == costs[-1] < facility.price(start)


def test_parts_of_another_assignment_are_solved_too():
    # the best one cannot be bettered: everybody is where that costs nothing
    facility = drawn(4, 4, 12, 0.6)
    facility = replace(facility, cost=facility.cost - facility.cost.min(axis=0))
    best = np.zeros(facility.cost.shape)
    best[facility.cost.argmin(axis=0), np.arange(12)] = 1.0
    facility = replace(facility, capacity=np.full(4, facility.take[0].sum()), opening=np.zeros(4))
    other = np.roll(best, 1, axis=0)
    found, incumbent = improved(facility, best, lambda: other)
    assert found
    assert all(facility.price(share) < facility.price(other) for share in found)
    assert incumbent.cost == 0


@pytest.mark.parametrize("seed", range(3))
def test_tight_problems_are_solved_to_the_optimum(seed):
    facility = drawn(seed, 4, 6, 0.75)
    best = optimum(facility)
    search = Search(facility, time.monotonic() + 30, 0.0, 0)
    search.run()
    assert search.infeasible == np.isinf(best)
    assert search.bound == pytest.approx(best) or np.isinf(best)


def test_leaves_that_take_longer_are_tried_again():
    facility = drawn(7, 8, 40, 0.985)
    told = []
    seconds = 6.0
    search = Search(facility, time.monotonic() + seconds, 0.0, 0, hear=lambda *values: told.append(values))
    search.run()
    bounds = [bound for _, bound in told]
    assert all(bound <= search.incumbent.cost for bound in bounds)
    assert bounds == sorted(bounds)
    assert time.monotonic() - search.deadline < 2


def program(seed, customers):
    facility = drawn(seed, 6, customers, 0.9)
    return ask(facility, facility.allowed, np.ones(6, dtype=bool)).program


def test_a_worker_answers_one_program_after_another():
    worker = Worker()
    small, large = program(0, 12), program(0, 90)
    values = []
    for task in (small, large, small):
        worker.submit(task, 20.0, 0.05, 0)
        answer = worker.fetch()
        values.append(task.cost @ answer.x)
        assert answer.bound <= values[-1] + 1e-6
    assert values[0] == pytest.approx(values[2], rel=0.05)
    worker.close()
    worker.close()


def test_small_programs_go_to_a_process_once_they_have_taken_long_here():
    worker = Worker()
    worker.submit(program(0, 12), 20.0, 0.05, 0)
    assert worker._process is None
    here = worker.fetch()
    worker._spent = MOST_SECONDS
    worker.submit(program(0, 12), 20.0, 0.05, 0)
    assert worker._process is not None
    assert worker.fetch().x.tolist() == here.x.tolist()
    worker.close()


@pytest.mark.no_cover
def test_a_worker_is_left_when_it_takes_too_long_or_is_not_wanted():
    worker = Worker()
    worker.submit(program(1, 90), 20.0, 0.0, 0)
    calls = itertools.count()
    answer = worker.fetch(lambda: next(calls) > 2)
    assert answer.x is None
    assert answer.bound == -np.inf
    worker.submit(program(1, 90), 5.0, 0.5, 0)
    assert worker.fetch().x is not None
    worker.close()


@pytest.mark.no_cover
def test_starting_a_process_is_no_part_of_a_programs_time():
    # a fifth of a second is less than a process needs to start: what was proven by then counts all the same
    worker = Worker()
    worker.submit(program(1, 90), 0.2, 0.5, 0)
    assert worker.fetch().bound > -np.inf
    assert worker._process is not None
    worker.close()


def test_a_process_that_died_gives_no_answer_and_is_an_error_when_that_happens_often():
    worker = Worker()
    for _ in range(MOST_DEATHS):
        worker.submit(program(1, 90), 20.0, 0.0, 0)
        worker._process.kill()
        answer = worker.fetch()
        assert answer.x is None and answer.bound == -np.inf
    worker.submit(program(1, 90), 20.0, 0.5, 0)
    assert worker.fetch().x is not None
    worker.submit(program(1, 90), 20.0, 0.0, 0)
    worker._process.kill()
    with pytest.raises(SolverError, match="died"):
        worker.fetch()
    worker.close()
