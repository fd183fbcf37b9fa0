"""What is kept of a search: solutions by what they leave out, then by cost; fallbacks where it is stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.options import Options, Progress
from computeroute.solvers.rates import Floats
from computeroute.solvers.searching.events import Found, Proved, Still
from computeroute.solvers.searching.keeper import Keeper
from computeroute.topologies import load


@pytest.fixture
def keeper() -> Keeper:
    return Keeper(build_arrays(build_variables(load("two-sites"))), Options(), 0.0)


def solution(keeper: Keeper, *, left_out: bool, dear: bool) -> Floats:
    """Return values of columns, sound or not, that leave work out or are dear."""
    arrays = keeper.arrays
    values = np.zeros(arrays.columns)
    if left_out:
        values[np.flatnonzero(arrays.unserved > 0)[0]] = 1.0
    if dear:
        values[np.flatnonzero((arrays.cost > 0) & (arrays.unserved == 0))[0]] = 1.0
    return values


@pytest.mark.parametrize(
    ("found", "fallback", "is_taken"),
    [
        (None, {"left_out": True, "dear": True}, True),
        ({"left_out": True, "dear": False}, {"left_out": False, "dear": True}, True),
        ({"left_out": False, "dear": True}, {"left_out": True, "dear": False}, False),
        ({"left_out": False, "dear": True}, {"left_out": False, "dear": False}, True),
        ({"left_out": False, "dear": False}, {"left_out": False, "dear": True}, False),
    ],
)
def test_a_search_that_is_stopped_falls_back_on_what_is_better(
    keeper: Keeper, found: dict[str, Any] | None, fallback: dict[str, Any], is_taken: bool
) -> None:
    best = None if found is None else solution(keeper, **found)
    other = solution(keeper, **fallback)
    if best is not None:
        keeper.hear(Found(best))
    keeper.hear(Found(other, "fallback"))
    assert keeper.best is best
    keeper.fall_back()
    assert keeper.best is (other if is_taken else best)


def test_without_a_fallback_nothing_changes(keeper: Keeper) -> None:
    keeper.fall_back()
    assert keeper.best is None


def test_a_plan_is_proven_by_the_gap_of_its_cost_whatever_it_leaves_out(keeper: Keeper) -> None:
    assert not keeper.is_proven()
    keeper.hear(Found(solution(keeper, left_out=True, dear=True)))
    cost = float(keeper.arrays.cost @ keeper.best)
    keeper.hear(Proved("cost", 0.5 * cost))
    assert not keeper.is_proven()
    keeper.hear(Proved("cost", cost))
    assert keeper.is_proven() and not keeper.serves_all()


def test_a_final_solution_is_returned_whatever_else_is_known(keeper: Keeper) -> None:
    final, other = solution(keeper, left_out=False, dear=True), solution(keeper, left_out=False, dear=False)
    for found in (Found(other), Found(final, "final"), Found(other), Found(other, "fallback")):
        keeper.hear(found)
    keeper.fall_back()
    assert keeper.best is final


def test_progress_tells_of_a_fallback_while_there_is_nothing_better(keeper: Keeper) -> None:
    heard: list[Progress] = []
    keeper.options = Options(progress=heard.append)
    keeper.hear(Found(solution(keeper, left_out=False, dear=True), "fallback"))
    keeper.hear(Found(solution(keeper, left_out=False, dear=False)))
    first, second = (report.incumbent for report in heard)
    assert first is not None and second is not None and first > second


def test_progress_tells_of_the_better_one_of_best_and_fallback(keeper: Keeper) -> None:
    heard: list[Progress] = []
    keeper.options = Options(progress=heard.append)
    dear, cheap = (solution(keeper, left_out=False, dear=dear) for dear in (True, False))
    for found in (Found(cheap, "fallback"), Found(dear), Found(dear, "final")):
        keeper.hear(found)
    costs = [float(keeper.arrays.cost @ x) + keeper.arrays.offset for x in (cheap, cheap, dear)]
    assert [report.incumbent for report in heard] == costs


def test_progress_tells_of_work_left_out_until_that_is_proven() -> None:
    heard: list[Progress] = []
    arrays = build_arrays(build_variables(load("two-sites")))
    keeper = Keeper(arrays, Options(progress=heard.append), 0.0)
    keeper.hear(Proved("cost", 0.0))
    partial = solution(keeper, left_out=True, dear=False)
    left = float(arrays.unserved @ partial)
    keeper.hear(Found(partial))
    keeper.hear(Proved("unserved work", left / 2))
    keeper.hear(Proved("unserved work", left))
    told = [(each.phase, each.incumbent, each.bound, each.gap) for each in heard]
    cost = float(arrays.cost @ partial) + arrays.offset
    assert told[1:3] == [("unserved work", left, 0.0, None), ("unserved work", left, left / 2, None)]
    assert told[3][:2] == ("cost", cost)
    keeper.hear(Found(solution(keeper, left_out=False, dear=True)))
    assert heard[-1].phase == "cost"


def test_progress_is_told_again_where_nothing_is_new(keeper: Keeper) -> None:
    heard: list[Progress] = []
    keeper.options = Options(progress=heard.append)
    keeper.hear(Proved("cost", 0.0))
    keeper.hear(Still())
    first, second = (replace(each, seconds=0.0) for each in heard)
    assert first == second
