"""Units over the whole horizon by an integer program, against all sets of sites, and answers that use it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.market.answers.placing import Placement
from computeroute.solvers.market.answers.serving_program import ServingProgram
from computeroute.solvers.market.answers.sites import whole_answer
from computeroute.solvers.market.answers.steady import least_at_sites
from computeroute.solvers.market.answers.whole_program import MOST_SHARES, WholeProgram, is_small
from computeroute.solvers.market.form.offers import Offer
from computeroute.solvers.market.form.units import Unit
from computeroute.solvers.market.improving.commitments import TwoPrices
from computeroute.solvers.market.improving.exact_answers import answer_exactly, deciding_pairs
from computeroute.solvers.market.plans.greedy import fill_units
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.raising import raised_bounds
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch

from ...model.test_constraints import service, world
from .test_serving import everywhere, offered, somewhere, unit_of
from .test_steady import drawn, exact_cost


def entered(seed: int) -> tuple[Unit, Offer]:
    """Return a unit in three periods at two of four sites at most, two of which it would have to enter."""
    rng = np.random.default_rng(seed)
    unit = unit_of(
        rng.uniform(0.0, 3.0, (3, 3)).tolist(),
        rng.choice([0.7, 2.0, 3.1], 5).tolist(),
        reach=somewhere(rng, 3, 5, 0.8),
        site=[0, 1, 2, 2, 3],
        sites=(1, 2),
    )
    asked = offered(unit, rng.uniform(0.5, 5.0, 5).tolist())
    return unit, replace(asked, entering=np.array([0.0, 2.0, 0.0, 0.0, 1.0]))


def least_of(unit: Unit, asked: Offer, sites: tuple[int, ...]) -> float:
    """Return what serving from some sites costs, every period on its own; infinite where nobody can."""
    most = np.where(np.isin(unit.site, sites), unit.useful, 0.0)
    programs = [ServingProgram.of(unit, asked, period, most[period]) for period in range(len(most))]
    if any(program.best(10.0) is None for program in programs):
        return np.inf
    prices = dict(zip(unit.site.tolist(), asked.entering.tolist(), strict=True))
    return sum(program.least(10.0) for program in programs) + sum(prices[site] for site in sites)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(8))
def test_it_finds_the_best_sites_and_what_entering_them_costs(seed: int) -> None:
    unit, asked = entered(seed)
    sets = [each for size in (1, 2) for each in combinations(range(4), size)]
    known = min(least_of(unit, asked, each) for each in sets)
    program = WholeProgram.of(unit, asked, unit.useful)
    found = program.best(10.0)
    assert (found is None) == (not np.isfinite(known))
    if found is None:
        return
    assert program.least(10.0) == pytest.approx(known, rel=1e-4)
    flow, replicas = found
    assert flow.sum(axis=2) == pytest.approx(unit.demand)
    assert (flow.sum(axis=1) <= replicas * unit.rps * (1 + 1e-6)).all()
    assert len(np.unique(unit.site[replicas.any(axis=0)])) <= 2


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [seed for seed in range(24) if seed % 4])
def test_several_sites_each_keep_a_replica(seed: int) -> None:
    unit, asked = drawn(seed)
    known = exact_cost(unit, asked)
    program = WholeProgram.of(unit, asked, unit.useful)
    found = program.best(10.0)
    assert (found is None) == (not np.isfinite(known))
    if found is None:
        return
    least = program.least(10.0)
    assert least == pytest.approx(known, rel=1e-4)
    assert least_at_sites(unit, asked) <= least * (1 + 1e-6)
    assert least <= whole_answer(unit, asked, unit.useful).cost.sum() * (1 + 1e-6)
    used = found[1] > 0
    assert (used == used.any(axis=0)).all() and used[0].sum() >= unit.min_sites


def test_sites_stand_while_nobody_asks() -> None:
    # nobody in the second period: two replicas at the two cheapest sites there, as in the first
    unit = unit_of([[1.0], [0.0]], [1.0] * 3, reach=everywhere(1, 3), sites=(2, None))
    found = WholeProgram.of(unit, offered(unit, [1.0, 5.0, 2.0]), unit.useful).best(10.0)
    assert found is not None and found[1].tolist() == [[1.0, 0.0, 1.0]] * 2


def test_programs_of_many_shares_are_not_tried() -> None:
    users = MOST_SHARES // 4 + 1  # of two slots in two periods
    few = unit_of([[1.0]], [1.0], reach=everywhere(1, 1))
    many = unit_of([[1.0] * users] * 2, [1.0, 1.0], reach=everywhere(users, 2))
    assert is_small(few) and not is_small(many)


def test_replicas_that_stand_in_any_case_serve_first() -> None:
    # Three requests/s by replicas of two: two here and one that stands there cost 3, one of each 2.1
    unit = unit_of([[3.0]], [2.0, 2.0], reach=[(0, 0, 0.0), (0, 1, 0.1)], sites=(2, None))
    found = whole_answer(unit, offered(unit, [1.0, 1.0]), unit.useful)
    assert found.replicas.tolist() == [[1.0, 1.0]]
    assert found.cost.tolist() == pytest.approx([2.1])
    assert found.flow[0, 0].tolist() == pytest.approx([2.0, 1.0])


def one_site_problem() -> Problem:
    """25 requests/s in the first two hours and 5 in the others, all at one of two sites: 3 and 1 replicas."""
    demand = [{"location": "near", "requests_per_second": [25, 5]}]
    return Problem.parse(world(service(0, demand=demand, max_sites=1)))


def test_a_service_that_limits_its_sites_answers_anew_over_all_periods() -> None:
    """Prices near drive it far, where each of 8 replica-hours costs 2 USD, not 1."""
    market = market_of(one_site_problem())
    placement = Placement(market, 1e4, np.zeros(0))
    prices = np.zeros(len(market.rules.capacity))
    prices[market.rules.pool_rows[0]] = 100.0
    fill_units(placement, appraise(market, prices, 1e4), [0])
    assert placement.value() == pytest.approx(8 * 2)
    free = appraise(market, np.zeros(len(prices)), 1e4)
    assert deciding_pairs(placement, free) == [(0, None)]
    answer_exactly(placement, (0, None), TwoPrices.of(market, free.prices))
    assert placement.value() == pytest.approx(8 * 1)
    assert placement.work() == 0.0 and len(placement.broken_rows()) == 0
    assert deciding_pairs(placement, free) == []


def test_a_raised_bound_knows_that_all_periods_have_the_same_site() -> None:
    """Near is dear in the second period, far in the first: 6 and 4 USD, but 6 + 20 near or 12 + 4 far."""
    problem = one_site_problem()
    plan = solve(problem, solver="scip", time_limit=10)
    market = market_of(problem)
    prices = np.zeros(len(market.rules.capacity))
    prices[market.rules.pool_rows[0][1]] = 8 * 18.0  # of all 8 accelerators near in the second period
    told = appraise(market, prices, 1e3)
    *_, raised = raised_bounds(market, told, Watch(20.0))
    assert told.complete == pytest.approx(6 + 4 - 8 * 18)  # what the row holds is paid back
    assert raised == pytest.approx(12 + 4 - 8 * 18, rel=1e-6)
    assert raised <= plan.objective
