"""Whole packings of a resource: all within a gap, or the best of them."""

from __future__ import annotations

import itertools

import numpy as np
from computeroute.solvers.packings import packings


def test_packings_are_those_within_the_gap() -> None:
    profit, weight, room = np.array([4.0, 3.0, -1.0, 2.0]), np.array([3, 2, 1, 2]), 5
    every = [np.array(each) for each in itertools.product([False, True], repeat=4)]
    earned = [float(profit @ each) for each in every if weight @ each <= room]
    assert max(earned) == 7.0
    for gap in (0.0, 1.5, 3.0, 20.0):
        found, complete = packings(profit, weight, room, gap, 100)
        assert complete
        assert sorted(found @ profit) == sorted(each for each in earned if each >= 7.0 - gap)
    best, complete = packings(profit, weight, room, 20.0, 3)
    assert not complete
    assert sorted(best @ profit) == sorted(earned)[-3:]
