"""The decomposition beside a search: what it finds after its first plan counts where time ends the search."""

from __future__ import annotations

import threading
import time
from random import Random

import pytest
from computeroute.routing.problem import Problem
from computeroute.solvers.exact import _settings, build_variables
from computeroute.solvers.first_plan import FirstPlan
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.options import Options
from computeroute.solvers.searching.events import Event, Found
from computeroute.solvers.searching.runner import Rest, run_search

from .small_worlds import random_world


class Gone:
    """A first plan of a large model that is not proven, and how to go on from it."""

    def __init__(self, *, is_large: bool = True) -> None:
        variables = build_variables(Problem.parse(random_world(Random(3))))
        self.cancel = threading.Event()
        self.arrays = build_arrays(variables)
        self.options = Options(time_limit=3.0, gap_limit=0.0, cancel=self.cancel)
        self.told: list[Event] = []
        started = time.monotonic()
        first = FirstPlan(variables, self.arrays, self.options, "highs", started, is_large=is_large)
        self.rest: Rest | None = first(self.told.append, lambda: False)

    def goes_on(self, *, halted: bool) -> list[Found]:
        """Return the solutions that going on tells."""
        told: list[Event] = []
        assert self.rest is not None
        self.rest(told.append, lambda: halted)
        return [event for event in told if isinstance(event, Found)]

    def cost(self, found: Event) -> float:
        assert isinstance(found, Found)
        return float(self.arrays.cost @ found.x)


@pytest.fixture
def gone() -> Gone:
    return Gone()


def test_the_decomposition_goes_on_from_its_first_plan(gone: Gone) -> None:
    (later,) = gone.goes_on(halted=False)
    assert later.rank == "fallback"
    assert gone.cost(later) <= gone.cost(gone.told[-1])


def test_what_a_search_that_ends_by_itself_cuts_off_does_not_count(gone: Gone) -> None:
    assert gone.goes_on(halted=True) == []


def test_what_a_cancelled_search_cuts_off_counts(gone: Gone) -> None:
    gone.cancel.set()
    assert len(gone.goes_on(halted=True)) == 1


def test_beside_a_small_search_nothing_is_left_to_go_on_with() -> None:
    assert Gone(is_large=False).rest is None


def test_a_search_does_not_wait_for_what_goes_on_beside_it(gone: Gone) -> None:
    def rest(_: object, stop: object) -> None:
        assert callable(stop)
        while not stop():
            time.sleep(0.01)
        ended.append(time.monotonic() - began)

    ended: list[float] = []
    began = time.monotonic()
    settings = _settings(Options(time_limit=60.0), ("highs", "highs"), began)
    assert run_search(
        gone.arrays, settings, lambda _: None, lambda: False, lambda _emit, _stop: rest, awaits=True
    )
    assert len(ended) == 1 and ended[0] < 30
