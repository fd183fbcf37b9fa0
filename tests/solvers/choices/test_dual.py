"""Prices of large problems, found on a few options of all workloads, beside those of the whole program."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Floats, Resources
from computeroute.solvers.choices import dual
from computeroute.solvers.choices.dual import SAMPLE, Core, climb, first_prices, refined
from computeroute.solvers.choices.pricing import Pricing, price_out, worst_cost
from computeroute.solvers.choices.problem import ChoiceProblem, choice_problem
from computeroute.solvers.choices.relaxation import relax
from computeroute.solvers.watch import Watch
from scipy.sparse import csr_array

WORKLOADS, POOLS = SAMPLE + 1000, 60


def large(seed: int) -> ChoiceProblem:
    """Return heavy-tailed workloads, a third of the pools open to each, that take 60 % of what there is."""
    rng = np.random.default_rng(seed)
    size, speed = np.ceil(rng.lognormal(1.5, 1.2, WORKLOADS)), rng.choice([1.0, 2.2, 3.1, 0.6], POOLS)
    allowed = rng.random((WORKLOADS, POOLS)) < 0.35
    allowed[np.arange(WORKLOADS), rng.integers(0, POOLS, WORKLOADS)] = True
    owner, pool = np.nonzero(allowed)
    need = np.ceil(size[owner] / speed[pool])
    cost = need * (speed * rng.uniform(0.6, 1.6, POOLS))[pool] + rng.exponential(3.0, len(pool))
    uses = csr_array((need, (np.arange(len(pool)), pool)), shape=(len(pool), POOLS))
    share = rng.lognormal(0, 0.4, POOLS)
    capacity = np.ceil(share / share.sum() * size.sum() / speed.mean() / 0.6)
    none = np.zeros(POOLS)
    first = np.searchsorted(owner, np.arange(WORKLOADS + 1))
    choices = Choices(first, cost, uses, np.full(WORKLOADS, np.inf))
    resources = Resources(capacity, none, none, none, none)
    return choice_problem(Blocks(resources, choices, Divisions.none(POOLS)))


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_first_prices_of_many_workloads_are_those_of_the_whole_program(seed: int) -> None:
    problem, watch = large(seed), Watch(60.0, None)
    first = first_prices(problem, np.random.default_rng(seed), watch)
    best = relax(problem, first, worst_cost(problem), 1e-9, watch).pricing
    assert first.bound <= best.bound + 1e-9 * abs(best.bound)
    assert first.bound == pytest.approx(best.bound, rel=2e-5)


@cache
def priced() -> tuple[ChoiceProblem, Pricing]:
    """Return such a problem at its first prices."""
    problem = large(7)
    return problem, first_prices(problem, np.random.default_rng(7), Watch(60.0, None))


@pytest.mark.no_cover
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.7, 1.4, 3.0])
def test_prices_that_are_far_off_are_mended(factor: float) -> None:
    """Options that the first core lacks are found where the whole says that it promised too much."""
    problem, first = priced()
    wrong = price_out(problem, first.prices * factor)
    assert wrong.bound < 0.999 * first.bound
    assert refined(problem, wrong, Watch(60.0, None)).bound == pytest.approx(first.bound, rel=5e-5)


def test_where_there_is_room_for_all_the_first_look_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """To price all options of a large problem takes a second, and nothing could come of it."""
    problem = replace(large(2), capacity=np.full(POOLS, 1e9))
    looks: list[Floats] = []

    def noting(problem: ChoiceProblem, prices: Floats) -> Pricing:
        looks.append(prices)
        return price_out(problem, prices)

    monkeypatch.setattr(dual, "price_out", noting)
    first = first_prices(problem, np.random.default_rng(0), Watch(60.0, None))
    assert not first.prices.any()
    assert first.bound == pytest.approx(np.minimum.reduceat(problem.cost, problem.first[:-1]).sum())
    assert len(looks) == 2


def test_a_climb_ends_when_it_is_told_to() -> None:
    problem, nothing = large(0), np.zeros(POOLS)
    core, looks = Core.of(problem, np.arange(len(problem.cost))), []

    def climbed(most: int) -> float:
        looks.clear()
        watch = Watch(60.0, lambda: looks.append(1) or len(looks) > most)  # type: ignore[func-returns-value]
        return core.value(climb(core, nothing, watch, temperatures=(0.03,), steps=100))

    soon, late = climbed(3), climbed(1000)
    assert core.value(nothing) < soon < late
    climbed(3)
    assert len(looks) == 4
