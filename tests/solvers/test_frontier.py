"""Cost against carbon and latency: frontiers of small problems against listing every plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from random import Random
from typing import Any

import pytest
from computeroute.routing import InputError, Plan, Problem, SolverError, check
from computeroute.routing.plan_parts import Purchase
from computeroute.solvers import SOLVERS, Options
from computeroute.solvers.frontier import FrontierPoint, frontier
from computeroute.solvers.frontier_axes import AXES, carbon_capped, rtt_capped, rtt_unpriced
from computeroute.solvers.frontier_known import Tried
from computeroute.solvers.frontier_report import render_frontier
from hypothesis import given, settings
from hypothesis import strategies as st

from .enumeration import Enumeration
from .model.test_constraints import service, town
from .small_worlds import random_world

EXAMPLES = settings(max_examples=9, derandomize=True, deadline=None, database=None)
HOURS = 10


def cleaner_or_cheaper(rng: Random) -> dict[str, Any]:
    """Return a problem of one period, whose jobs run throughout it on one accelerator type."""
    sites = [
        {"id": f"s{index}", "jurisdiction": "DE", "g_per_kwh": rng.randint(0, 500), "pue": 1}
        for index in range(3)
    ]
    pools = [
        {"id": f"p{index}", "data_center": site["id"], "accelerator": "a", "count": rng.randint(1, 5),
         "usd_per_accelerator_hour": rng.randint(1, 5)}
        for index, site in enumerate(sites)
    ]  # fmt: skip
    jobs = [
        {"kind": "training", "id": f"j{index}", "priority": rng.randint(1, 3),
         "needs": [{"accelerator": "a", "count": rng.randint(1, 3), "hours": HOURS}]}
        for index in range(rng.randint(1, 4))
    ]  # fmt: skip
    return {
        "periods": [{"id": "all", "hours": HOURS}],
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": sites,
        "pools": pools,
        "workloads": jobs,
        "objective": {"usd_per_tco2e": rng.choice([0, 100])},
    }


def every_plan(world: dict[str, Any]) -> Iterator[tuple[int, float, float, tuple[int | None, ...]]]:
    """Yield unserved work, money, tCO2e and the pool of each job of every way to place the jobs."""
    pools, jobs = world["pools"], world["workloads"]
    for places in product([None, *range(len(pools))], repeat=len(jobs)):
        needs = [job["needs"][0]["count"] for job in jobs]
        held = [sum(n for n, at in zip(needs, places, strict=True) if at == p) for p in range(len(pools))]
        if all(used <= pool["count"] for used, pool in zip(held, pools, strict=True)):
            left_out = sum(job["priority"] for job, at in zip(jobs, places, strict=True) if at is None)
            usd = sum(
                n * HOURS * pool["usd_per_accelerator_hour"] for n, pool in zip(held, pools, strict=True)
            )
            grams = sum(
                n * HOURS * site["g_per_kwh"] for n, site in zip(held, world["data_centers"], strict=True)
            )
            yield left_out, usd, grams / 1e6, places


def assert_none_beats_another(found: list[FrontierPoint]) -> None:
    for one, other in pairwise(found):
        assert other.value < one.value
        assert other.usd > one.usd
    assert all(check(point.problem, point.plan) == [] for point in found)
    assert not any(point.leaves_more_out for point in found)


@pytest.mark.no_cover
@given(seed=st.integers(0, 10**9))
@EXAMPLES
def test_carbon_against_listing_every_plan(seed: int) -> None:
    world = cleaner_or_cheaper(Random(seed))
    plans = list(every_plan(world))
    least = min(left_out for left_out, *_ in plans)
    efficient = [(usd, tco2e) for left_out, usd, tco2e, _ in plans if left_out == least]
    found = frontier(Problem.parse(world), AXES["carbon"], points=5, gap_limit=0, time_limit=5)
    assert_none_beats_another(found)
    cheapest = min(efficient)
    cleanest = min((tco2e, usd) for usd, tco2e in efficient)
    assert (found[0].usd, found[0].value) == pytest.approx(cheapest, rel=1e-6, abs=1e-9)
    assert (found[-1].value, found[-1].usd) == pytest.approx(cleanest, rel=1e-6, abs=1e-9)
    for point in found:
        best = min(usd for usd, tco2e in efficient if tco2e <= point.value * (1 + 1e-6) + 1e-12)
        assert point.usd == pytest.approx(best, rel=1e-6)
        assert point.bound_usd is not None
        assert point.bound_usd <= best * (1 + 1e-6)
        assert point.gap == pytest.approx(0, abs=1e-5)


@pytest.mark.no_cover
@given(seed=st.integers(0, 10**9))
@EXAMPLES
def test_latency_against_listing_every_plan(seed: int) -> None:
    problem = Problem.parse(random_world(Random(seed)))
    if not problem.services:
        return
    base = rtt_unpriced(problem)
    found = frontier(problem, AXES["latency"], points=4, gap_limit=0, time_limit=5)
    assert_none_beats_another(found)
    unserved, usd = Enumeration(base).best()
    assert (found[0].plan.unserved, found[0].usd) == pytest.approx((float(unserved), usd), abs=1e-5, rel=1e-5)
    for point in found:
        left_out, best = Enumeration(rtt_capped(base, point.value + 1e-6)).best()
        assert float(left_out) == pytest.approx(float(unserved), abs=1e-6)
        assert point.usd == pytest.approx(best, rel=1e-5, abs=1e-5)
    faster = Enumeration(rtt_capped(base, max(found[-1].value - 0.5, 0))).best()
    assert found[-1].value == 0 or float(faster[0]) > float(unserved) + 1e-6


def on_a_line() -> Problem:
    """Ten jobs of one accelerator, dear and clean or cheap and dirty: every step costs alike."""
    world = cleaner_or_cheaper(Random(0))
    world["data_centers"] = [
        {"id": f"s{index}", "jurisdiction": "DE", "g_per_kwh": grams} for index, grams in enumerate((500, 0))
    ]
    world["pools"] = [
        {"id": f"p{index}", "data_center": f"s{index}", "accelerator": "a", "count": 11,
         "usd_per_accelerator_hour": usd}
        for index, usd in enumerate((1, 2))
    ]  # fmt: skip
    need = {"accelerator": "a", "count": 1, "hours": HOURS}
    world["workloads"] = [{"kind": "training", "id": f"j{n}", "needs": [need]} for n in range(10)]
    return Problem.parse(world)


@pytest.mark.no_cover
def test_points_are_evenly_spread() -> None:
    found = frontier(on_a_line(), AXES["carbon"], points=6, gap_limit=0)
    assert [point.value for point in found] == pytest.approx([0.05, 0.04, 0.03, 0.02, 0.01, 0], abs=1e-9)
    assert [point.usd for point in found] == pytest.approx([100, 120, 140, 160, 180, 200])
    assert [point.usd_per_unit for point in found[1:]] == pytest.approx([2000] * 5)


def test_a_cap_of_the_file_holds() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(3)))
    assert carbon_capped(carbon_capped(problem, 1), 2).limits.carbon_cap_tco2e == 1
    world = random_world(Random(2))
    world["workloads"] = [each for each in world["workloads"] if each["kind"] == "inference"]
    assert world["workloads"]
    tight = rtt_capped(rtt_capped(Problem.parse(world), 2), 5)
    assert {service.max_rtt_ms for service in tight.services} == {2}


def test_faults() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(3)))
    with pytest.raises(InputError, match="no inference service"):
        frontier(problem, AXES["latency"])
    with pytest.raises(InputError, match="between 2 and 1000"):
        frontier(problem, AXES["carbon"], points=1)


def unproven(problem: Problem, options: Options) -> Plan:
    """Solve, and claim nothing, as where time runs out."""
    return SOLVERS["highs"](problem, options).model_copy(
        update={"status": "feasible", "bound": None, "gap": None}
    )


def test_where_caps_are_not_proven_a_price_is_tried() -> None:
    tried: list[Tried] = []
    problem = Problem.parse(cleaner_or_cheaper(Random(5)))
    found = frontier(problem, AXES["carbon"], points=3, solver=unproven, done=tried.append)
    assert_none_beats_another(found)
    assert len(found) > 1
    prices = [each.problem.objective.usd_per_tco2e for each in tried]
    assert any(prices[3:])
    assert all(point.bound_usd is None for point in found)


def test_one_plan_that_is_not_proven_best_is_no_proof_of_peace() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(5)))
    [first, *_] = frontier(problem, AXES["carbon"], points=3, gap_limit=0)

    def headline(gap: float | None) -> str:
        one = [replace(first, gap=gap)]
        return render_frontier(one, None, problem, AXES["carbon"], form="table", name=None, columns=110)

    assert headline(0.0).startswith("Cost and carbon do not conflict")
    assert "only one plan was found" in headline(0.2)
    assert "only one plan was found" in headline(None)


def test_purchases_that_jobs_outlast_are_remarked_on() -> None:
    data = cleaner_or_cheaper(Random(5))
    [first, *_] = frontier(Problem.parse(data), AXES["carbon"], points=2, gap_limit=0)
    place = first.plan.jobs[0].placements[0]
    bought = Purchase(pool=place.pool, modules=1, accelerators=8, capital_usd=164.38)
    for continuing in (False, True):
        job = first.plan.jobs[0].model_copy(update={"continuing": continuing})
        plan = first.plan.model_copy(update={"purchases": (bought,), "jobs": (job,)})
        points, axis, problem = [replace(first, plan=plan, gap=0.0)], AXES["carbon"], Problem.parse(data)
        told = render_frontier(points, None, problem, axis, form="csv", name="points", columns=110)
        assert ("purchases look cheap" in told) == continuing
        told = render_frontier(points, None, problem, axis, form="json", name=None, columns=110)
        assert json.loads(told)["points"][0]["outlasts_purchases"] == continuing


def test_a_point_that_does_less_is_not_called_cheaper() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(5)))
    [first, *_] = frontier(problem, AXES["carbon"], points=2, gap_limit=0)
    for leaves_more in (False, True):
        less = replace(first, usd=0.5 * first.usd, usd_per_unit=-1.0, leaves_more_out=leaves_more)
        told = render_frontier(
            [first, less], None, problem, AXES["carbon"], form="json", name="points", columns=1
        )
        row = json.loads(told)[1]
        assert (row["extra"], row["usd_per_unit"]) == ((None, None) if leaves_more else (-0.5, -1.0))


def test_costs_and_emissions_of_different_times_are_told() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(5)))
    [first, *_] = frontier(problem, AXES["carbon"], points=2, gap_limit=0)
    for continuing in (False, True):
        job = first.plan.jobs[0].model_copy(update={"continuing": continuing})
        one = replace(first, plan=first.plan.model_copy(update={"jobs": (job,)}), gap=0.0)
        told = {
            name: render_frontier([one, one], None, problem, AXES[name], form="table", name=None, columns=300)
            for name in AXES
        }
        assert ("emit within it only" in told["carbon"]) == continuing
        assert "emit within it only" not in told["latency"]


class Set:
    """A token that is set from the beginning."""

    def is_set(self) -> bool:
        return True


def test_what_is_dearer_than_next_to_nothing_is_told_in_usd() -> None:
    """A job of 24 h for nothing where the grid is dirty, for 24 x 3.60 = 86.40 USD where it is not."""
    world = {
        "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1000}],
        "data_centers": [
            {"id": name, "jurisdiction": "DE", "g_per_kwh": g} for name, g in (("s", 500), ("t", 0))
        ],
        "pools": [
            {"id": name, "data_center": name, "accelerator": "a", "count": 1, "usd_per_accelerator_hour": usd}
            for name, usd in (("s", 0), ("t", 3.6))
        ],
        "workloads": [
            {"kind": "training", "id": "j", "needs": [{"accelerator": "a", "count": 1, "hours": 24}]}
        ],
    }
    problem, axis = Problem.parse(world), AXES["carbon"]
    points = frontier(problem, axis, points=2)

    def told(form: str) -> list[str]:
        how: dict[str, Any] = {"form": form, "name": "points", "columns": 110}
        return render_frontier(points, None, problem, axis, **how).splitlines()

    assert told("table")[-1].split()[1:7] == ["86.40", "86.40", "0.00", "%", "86.40", "USD"]
    assert told("csv")[-1].split(",")[4] == ""


def test_a_stop_keeps_what_is_there() -> None:
    problem = Problem.parse(cleaner_or_cheaper(Random(3)))
    try:
        found = frontier(problem, AXES["carbon"], cancel=Set())
    except SolverError as error:
        assert "no plan was found" in str(error)
    else:
        assert len(found) == 1


def test_round_trips_after_losses_are_no_axis() -> None:
    data = town(service(5, survive="site"))
    with pytest.raises(InputError, match=r"service 'chat' survives losses.*unprotected"):
        frontier(Problem.parse(data), AXES["latency"], points=2)
