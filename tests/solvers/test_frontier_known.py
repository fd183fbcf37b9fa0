"""What a price of carbon proves of plans under a cap."""

from __future__ import annotations

from math import inf
from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.solvers import SOLVERS, Options, solve
from computeroute.solvers.frontier import frontier
from computeroute.solvers.frontier_axes import AXES, carbon_priced
from computeroute.solvers.frontier_known import Known, Tried

from .test_frontier import HOURS, cleaner_or_cheaper, every_plan, on_a_line


def with_longer_jobs(rng: Random) -> dict[str, Any]:
    """Return a problem some of whose jobs go on beyond its only period."""
    world = cleaner_or_cheaper(rng)
    for job in world["workloads"]:
        job["needs"][0]["hours"] = rng.choice([HOURS, HOURS + 1, 3 * HOURS])
    return world


def every_long_plan(world: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return unserved work, money in all and tCO2e within the horizon of every way to place the jobs.

    What goes on costs in proportion to its hours: a job of three times the hours costs what three times the
    accelerators would.
    """
    counts = [job["needs"][0]["count"] for job in world["workloads"]]
    longer = [job["needs"][0]["hours"] / HOURS for job in world["workloads"]]
    found = []
    for left_out, _, tco2e, places in every_plan(world):
        usd = sum(
            world["pools"][at]["usd_per_accelerator_hour"] * HOURS * count * times
            for at, count, times in zip(places, counts, longer, strict=True)
            if at is not None
        )
        found.append((left_out, usd, tco2e))
    return found


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["auto", "decomposition"])
@pytest.mark.parametrize("seed", range(2))
def test_no_plan_within_a_cap_costs_less_than_a_price_proves(seed: int, solver: str) -> None:
    rng = Random(seed)
    world = with_longer_jobs(rng)
    plans = every_long_plan(world)
    least = min(left_out for left_out, _, _ in plans)
    efficient = [(usd, tco2e) for left_out, usd, tco2e in plans if left_out == least]
    base = AXES["carbon"].unpriced(Problem.parse(world))
    for price in (10.0, 1000.0, 1e5 * rng.random()):
        priced = carbon_priced(base, price)
        plan = solve(priced, solver=solver, gap_limit=0, time_limit=5)
        assert check(priced, plan) == []
        assert plan.bound is not None
        for _, cap in efficient:
            cheapest = min(usd for usd, tco2e in efficient if tco2e <= cap)
            assert plan.bound - price * cap <= cheapest * (1 + 1e-6)


def test_the_price_of_a_way() -> None:
    """From 10 units at 100 USD: 2 more save 30, 4 more save 80; who emits less or costs more is no way."""
    problem = Problem.parse(cleaner_or_cheaper(Random(0)))
    plan = solve(problem)

    def price(*others: tuple[float, float]) -> float:
        tried = [Tried(problem, plan, inf, value, usd, None) for value, usd in ((10, 100), *others)]
        return Known(tried).price_at(10)

    assert price((12, 70), (14, 20), (8, 130), (14, 110)) == 20
    assert price((8, 130), (14, 110)) == 0


def no_proof_under_caps(problem: Problem, options: Options) -> Plan:
    """Solve, and claim nothing where there is a cap, as where time runs out."""
    plan = SOLVERS["highs"](problem, options)
    if problem.limits.carbon_cap_tco2e is None:
        return plan
    return plan.model_copy(update={"status": "feasible", "bound": None, "gap": None})


def test_prices_prove_what_caps_do_not() -> None:
    """Plans lie on a line, and the price that is its slope proves all of them."""
    found = frontier(on_a_line(), AXES["carbon"], points=6, gap_limit=0, solver=no_proof_under_caps)
    assert [point.value for point in found] == pytest.approx([0.05, 0.04, 0.03, 0.02, 0.01, 0], abs=1e-9)
    assert [point.bound_usd for point in found] == pytest.approx([100, 120, 140, 160, 180, 200])


def no_proof_of_least(problem: Problem, options: Options) -> Plan:
    """Solve, and claim nothing of plans that emit least."""
    plan = SOLVERS["highs"](problem, options)
    if problem.objective.money_weight:
        return plan
    return plan.model_copy(update={"status": "feasible", "bound": None, "gap": None})


@pytest.mark.parametrize("solver", ["highs", no_proof_of_least])
def test_the_clean_end(solver: Any) -> None:
    """One accelerator for ten hours: 10 USD and 5 kg, 20 USD and 1.005 kg, or 500 USD and 1 kg.

    If it is not proven that nothing is cleaner, 0.5 % less is no reason to pay so much more.
    """
    world = cleaner_or_cheaper(Random(0))
    grams, prices = (500, 100.5, 100), (1, 2, 50)
    for site, pool, each, usd in zip(world["data_centers"], world["pools"], grams, prices, strict=True):
        site["g_per_kwh"], pool["usd_per_accelerator_hour"], pool["count"] = each, usd, 1
    need = {"accelerator": "a", "count": 1, "hours": HOURS}
    world["workloads"] = [{"kind": "training", "id": "j", "needs": [need]}]
    found = frontier(Problem.parse(world), AXES["carbon"], points=3, gap_limit=0, solver=solver)
    ends = [(point.value, point.usd) for point in found]
    clean = [(0.001, 500)] if solver == "highs" else []
    assert ends == [pytest.approx(each) for each in [(0.005, 10), (0.001005, 20), *clean]]


def test_a_plan_at_its_cap_is_within_it_as_solvers_keep_caps() -> None:
    problem = on_a_line()
    plan = solve(problem, time_limit=5)
    known = Known()
    for cap, value, usd in ((0.9, 0.9 * (1 + 1e-6), 10.0), (0.7, 0.7, 20.0)):
        known.tried.append(Tried(problem, plan, cap, value, usd, bound_usd=usd))
    best = known.best_within(0.9)
    assert best is not None and best.usd == 10.0
    assert known.bound_within(best.value, best) == 10.0
