"""What the relaxation leaves of a whole problem, as one program."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.facility import search, solve_facility, whole
from computeroute.solvers.facility.instance import read_facility
from computeroute.solvers.facility.lagrange import Climb, fewest_sites, first_prices
from computeroute.solvers.facility.tree import Incumbent, Tree
from computeroute.solvers.facility.whole import Whole

from .cases import blocks_of, optimum, random_facility


def begun(facility, threshold):
    """Return the answer of the program of all that costs less than ``threshold``."""
    tree = Tree(facility, fewest_sites(facility), Incumbent(None, np.inf, 0.0, 0.0))
    sites = np.arange(len(facility.opening))
    free = np.zeros(len(sites), dtype=bool)
    how = Climb(steps=50, length=1.0, patience=15)
    root = tree.raised(sites, free, first_prices(facility), floor=-np.inf, how=how)
    given = Whole(facility, lambda worker, question: worker.submit(question.program, 20.0, 0.0, 0))
    given.begin(root, threshold, 0.0)
    try:
        return given, given.fetch(lambda: False)
    finally:
        given.worker.close()


@pytest.mark.parametrize("part", range(4))
def test_what_is_cut_off_costs_no_less_than_the_threshold(part):
    # Optima by enumeration: found where they are below the threshold, and nothing is where they are not.
    rng = np.random.default_rng([part, 7])
    for _ in range(15):
        facility = random_facility(rng, single=True)
        best = optimum(facility)
        if not np.isfinite(best):
            continue
        facility = read_facility(blocks_of(facility)).facility  # with finite capacities
        given, answer = begun(facility, best + 0.5)
        assert facility.price(answer.share) == pytest.approx(best)
        assert given.bound == pytest.approx(best, abs=1e-5)
        given, answer = begun(facility, best - 0.5)
        assert answer.share is None
        assert given.bound >= best - 0.5


def test_nothing_is_begun_where_too_many_cells_are_left(monkeypatch):
    monkeypatch.setattr(whole, "MOST_CELLS", 0)
    facility = read_facility(blocks_of(random_facility(np.random.default_rng(3), single=True))).facility
    given, answer = begun(facility, np.inf)
    assert answer is None
    assert given.bound == -np.inf


@pytest.mark.parametrize("part", range(3))
def test_a_search_that_has_the_whole_solved_at_once_ends_at_the_optimum(part, monkeypatch):
    monkeypatch.setattr(search, "WHOLE_AFTER_SECONDS", -1.0)
    rng = np.random.default_rng([part, 11])
    for _ in range(10):
        facility = random_facility(rng, single=True)
        best = optimum(facility)
        result = solve_facility(blocks_of(facility), time_limit=20.0, gap_limit=1e-9, seed=0)
        assert result.infeasible == np.isinf(best)
        if np.isfinite(best):
            assert (result.objective, result.bound) == pytest.approx((best, best))
