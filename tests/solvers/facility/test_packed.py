"""Leaves as programs over whole packings of sites: against enumeration, all of them and only the best."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.facility import packed
from computeroute.solvers.facility.instance import Facility
from computeroute.solvers.facility.lagrange import Climb, first_prices
from computeroute.solvers.facility.tree import Incumbent, Tree
from computeroute.solvers.programs.request import Request
from computeroute.solvers.programs.solve_program import solve_integer

from .cases import random_facility


def leaf_optimum(facility: Facility) -> float:
    """Return the least cost of serving each customer from one site, all sites being open and paid."""
    sites, customers = facility.cost.shape
    best = np.inf
    for site in map(list, itertools.product(range(sites), repeat=customers)):
        every = np.arange(customers)
        load = np.bincount(site, facility.take[site, every], sites)
        if (load <= facility.capacity + 1e-9).all():
            best = min(best, facility.cost[site, every].sum())
    return float(best + facility.opening.sum())


@pytest.mark.parametrize("seed", range(60))
def test_packings_hold_the_best_of_a_leaf_or_bound_it(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    facility = random_facility(np.random.default_rng(7_000 + seed), single=True)
    whole = np.minimum(facility.capacity, facility.take.sum(axis=1))
    facility = replace(facility, packed=True, capacity=whole)
    optimum = leaf_optimum(facility)
    if not np.isfinite(optimum):
        return
    every = np.arange(len(facility.opening))
    tree = Tree(facility, 0, Incumbent(None, np.inf, 0.0, 1.0))
    climb = Climb(steps=60, length=1.0, patience=10)
    leaf = tree.raised(every, every >= 0, first_prices(facility), floor=-np.inf, how=climb)
    for most in (packed.MOST_PACKINGS, 12):
        monkeypatch.setattr(packed, "MOST_PACKINGS", most)
        for cutoff in (optimum + 5.0, optimum):
            question = packed.ask_packed(facility, leaf, cutoff, 0.0)
            if question is None:
                assert most == 12
                continue
            request = Request(time_limit=10.0, watch=False, presolve=question.presolve)
            told = question.read(solve_integer(question.program, request))
            assert told.bound == np.inf or told.bound <= optimum + 1e-6
            assert told.bound < np.inf or cutoff == optimum  # nothing is cheaper than that
            if told.share is not None:
                assert facility.fits(told.share)
            if most > 12 and cutoff > optimum:
                assert told.finished
                assert told.share is not None
                service = facility.cost[told.share > 0].sum()
                assert service + facility.opening.sum() == pytest.approx(optimum)


def test_many_customers_to_a_site_are_not_packed() -> None:
    # nine customers for one site are more than eight
    facility = Facility(np.ones((1, 9)), np.ones((1, 9)), np.array([9.0]), np.zeros(1), True, True)
    tree = Tree(facility, 0, Incumbent(None, np.inf, 0.0, 1.0))
    leaf = tree.raised(np.arange(1), np.ones(1, bool), first_prices(facility), floor=-np.inf)
    assert packed.ask_packed(facility, leaf, 20.0, 0.0) is None
