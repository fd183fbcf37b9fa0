"""The best assignments that a search met: which are kept, and what is taken over from them."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.choices import elite
from computeroute.solvers.choices.elite import Elite


def test_all_that_a_better_one_has_at_a_place_is_taken_over_and_no_more() -> None:
    kept = Elite()
    kept.meet(np.array([0, 0, 1, 1, 2]), 5.0)
    present = np.array([2, 1, 1, 0, 0])
    # place 0 of the good one holds workloads 0 and 1; place 1 holds 2 and 3: the others stay where they are
    wanted = {(0, 0, 1, 0, 0), (2, 1, 1, 1, 0)}
    rng = np.random.default_rng(0)
    assert {tuple(kept.graft(present, 2, rng).tolist()) for _ in range(50)} == wanted
    assert present.tolist() == [2, 1, 1, 0, 0]


def test_the_better_of_two_gives_more_often() -> None:
    kept = Elite()
    kept.meet(np.zeros(10, dtype=np.int64), 5.0)
    kept.meet(np.ones(10, dtype=np.int64), 4.0)
    rng = np.random.default_rng(0)
    grafts = [kept.graft(np.full(10, 2), 2, rng) for _ in range(400)]
    dear, cheap = (sum((graft == place).all() for graft in grafts) for place in (0, 1))
    # half of the 400 ask for the place that the donor is at; three of four donors are the cheaper one
    assert 25 <= dear <= 75 and 115 <= cheap <= 185


@pytest.mark.no_cover
def test_the_worst_goes_when_a_better_one_comes() -> None:
    kept = Elite()
    for number in range(elite.MOST):
        kept.meet(np.full(20, number), 100.0 + number)
    kept.meet(np.full(20, 77), 500.0)
    assert len(kept) == elite.MOST
    rng = np.random.default_rng(0)

    def givers() -> set[int]:
        return {int(kept.graft(np.full(20, -1), 100, rng).max()) for _ in range(30_000)}

    assert 77 not in givers()
    kept.meet(np.full(20, 88), 1.0)
    assert len(kept) == elite.MOST
    found = givers()
    assert 88 in found and elite.MOST - 1 not in found


def test_of_those_that_cost_the_same_only_one_of_each_kind_is_kept() -> None:
    kept = Elite()
    place = np.arange(20) % 3
    kept.meet(place, 5.0)
    near, far = place.copy(), place.copy()
    near[: elite.ALIKE - 1] += 1
    far[: elite.ALIKE] += 1
    kept.meet(near, 5.0)
    assert len(kept) == 1
    kept.meet(far, 5.0)
    assert len(kept) == 2
