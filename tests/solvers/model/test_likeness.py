"""Beginning from the plan of a similar problem: its decisions are found again, bounds stay bounds."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import InputError, Plan, Problem, check
from computeroute.routing.scenarios import scenario
from computeroute.solvers import exact, solve
from computeroute.solvers.exact import build_arrays, build_variables
from computeroute.solvers.model.likeness import Likeness, as_values, decided_columns
from computeroute.solvers.programs.program import complete_program
from computeroute.solvers.programs.solve_program import solve_relaxation
from computeroute.solvers.resuming import is_hopeless
from computeroute.solvers.searching import runner, search, twostage
from computeroute.topologies import load

from ..enumeration import Enumeration
from ..small_worlds import one_service, random_world


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 20, 10))
def test_the_columns_of_a_plan_are_found_again(first: int) -> None:
    for seed in range(first, first + 10):
        problem = Problem.parse(random_world(Random(seed)))
        plan = solve(problem, solver="highs")
        variables = build_variables(problem)
        decided = decided_columns(variables, plan)
        kinds = [variables.columns.range(name) for name in ("start", "pause")]
        chosen = [column for column in decided if any(column in kind for kind in kinds)]
        assert len(chosen) == len(plan.jobs)
        assert as_values(variables.columns.count, decided).sum() == len(decided)


def test_what_cannot_be_any_more_is_passed_over() -> None:
    problem = Problem.parse(random_world(Random(3)))
    plan = solve(problem, solver="highs")
    assert plan.jobs
    site = plan.jobs[0].placements[0].data_center
    lost = scenario(f"without={site}").apply(problem)
    kept = [job for job in plan.jobs if all(place.data_center != site for place in job.placements)]
    assert len(decided_columns(build_variables(lost), plan)) < len(
        decided_columns(build_variables(problem), plan)
    )
    assert len(kept) < len(plan.jobs)
    other = problem.replace(workloads=tuple(problem.services)) if problem.services else None
    if other is not None:
        assert np.array_equal(decided_columns(build_variables(other), plan), [])


@pytest.mark.parametrize("solver", ["highs", "decomposition"])
@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("jobs", 0, "placements"), [], "jobs[0] 'finetune'.placements: is empty"),
        (("routes",), [], "services[0] 'assistant-eu'.flows[0].route: unknown route 'r2'"),
        (
            ("services", 0, "flows", 0, "requests_per_second"),
            1e308,
            "services[0] 'assistant-eu'.flows[0].requests_per_second: must be at least 0 and at most "
            "1,000,000,000,000, got 1e+308",
        ),
        (("services", 0, "flows", 0, "requests_per_second"), -1.0, "at least 0"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(
    path: tuple[Any, ...], value: Any, said: str, solver: str
) -> None:
    problem = load("two-sites")
    data = solve(problem).model_dump(mode="json")
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    with pytest.raises(InputError) as caught:
        solve(problem, solver=solver, similar_plan=Plan.parse(data))
    assert str(caught.value).startswith("the plan to begin from: ")
    assert said in str(caught.value)


@pytest.mark.no_cover
@pytest.mark.parametrize("by_prices", [False, True])
@pytest.mark.parametrize("first", range(0, 4, 2))
def test_plans_that_begin_from_another_verify_and_their_bounds_hold(
    first: int, by_prices: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    if by_prices:
        monkeypatch.setattr(exact, "LARGE_COLUMNS", 0)
    for seed in range(first, first + 2):
        before = Problem.parse(random_world(Random(seed)))
        problem = scenario("prices*3 + carbon*2").apply(before)
        plan = solve(
            problem, solver="highs", gap_limit=1e-4, time_limit=10, similar_plan=solve(before, solver="highs")
        )
        unserved, cost = map(float, Enumeration(problem).best())
        assert check(problem, plan) == []
        assert plan.unserved == pytest.approx(unserved, abs=1e-6)
        assert plan.bound is not None
        assert plan.bound <= cost + 1e-6 * max(1.0, cost)
        assert plan.objective == pytest.approx(cost, rel=2e-4, abs=1e-5)


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 40, 20))
def test_what_a_plan_decides_leaves_no_whole_number_open(first: int) -> None:
    limited = 0
    for seed in range(first, first + 20):
        world = random_world(Random(seed))
        for workload in world["workloads"]:
            if workload["kind"] == "inference":
                workload["max_sites"] = 2
        problem = Problem.parse(world)
        plan = solve(problem, solver="highs")
        variables = build_variables(problem)
        arrays = build_arrays(variables)
        if plan.left_out:
            continue
        program = Likeness.of(variables, plan).held(complete_program(arrays))
        used = np.asarray(variables.columns.range("site_used"), dtype=np.int64)
        assert np.array_equal(program.lower[used], program.upper[used])
        held = program.compact()
        found = solve_relaxation(held.program, 10.0, 0).x
        assert found is not None
        x = held.whole(found)
        assert np.abs(x - np.round(x))[arrays.integer].max(initial=0.0) <= 1e-6
        assert plan.objective == pytest.approx(float(arrays.cost @ x) + arrays.offset, rel=1e-6, abs=1e-6)
        limited += len(used) > 0
    assert limited > 0


def two_pools(usd_at_home: float) -> Problem:
    """Return a problem in which 100 requests/s keep ten replicas busy, at home or abroad for 1 USD/h each."""
    return Problem.parse(one_service(100, {"home": (20, usd_at_home), "abroad": (20, 1.0)}))


def test_replicas_of_a_known_plan_are_counted_anew_before_anything_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten replicas at home cost 9 USD before and 11 USD now; abroad they cost 10, which is the bound."""
    old, problem = solve(two_pools(0.9), solver="highs"), two_pools(1.1)
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(twostage, "decide_with_room", _refused)
    assert old.objective == pytest.approx(9.0, rel=1e-3)
    plan = solve(problem, solver="highs", gap_limit=0.01, similar_plan=old)
    assert check(problem, plan) == []
    assert plan.objective == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize(
    ("told", "needed", "hopeless"),
    [
        ([0.0] * 7, 1.0, False),  # too few to tell
        ([0.0] * 8, 1.0, True),
        ([float(step) for step in range(8)], 7.0 + 2 * 17, False),  # twice the pace for 17 steps more
        ([float(step) for step in range(8)], 7.0 + 2 * 17 + 1e-6, True),
        ([0.0] * 4 + [5.0] * 4, 20.0, True),  # what came long ago says nothing of what is to come
        ([float(step) for step in range(30)], 29.5, True),
    ],
)
def test_prices_are_given_up_when_they_cannot_get_there(
    told: list[float], needed: float, hopeless: bool
) -> None:
    assert is_hopeless(told, needed) is hopeless


def test_what_prices_prove_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Problem.parse(random_world(Random(3)))
    problem = scenario("prices*1.5").apply(before)
    old = solve(before, solver="highs")
    monkeypatch.setattr(exact, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(exact, "run_search", _refused)
    plan = solve(problem, solver="highs", gap_limit=0.9, similar_plan=old)
    assert (plan.stopped_by, plan.unserved) == ("gap", 0.0)
    assert plan.bound is not None
    assert 0 < plan.bound <= float(Enumeration(problem).best()[1]) * (1 + 1e-9)
    assert check(problem, plan) == []
    with pytest.raises(AssertionError, match="searched"):
        solve(problem, solver="highs", gap_limit=0.0, similar_plan=old)


def _refused(*_: object, **__: object) -> bool:
    raise AssertionError("searched")


@pytest.mark.no_cover
@pytest.mark.parametrize(("large", "line"), [(12_000, "demand*1.1"), (0, "demand*40")])
def test_a_search_that_goes_on_has_the_decomposition_beside(
    large: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a plan that leaves work out, or is dear, would keep the search from what a fresh one finds."""
    told = []

    def noted(*given: Any, **more: Any) -> bool:
        told.append(given[4] is not None)
        return runner.run_search(*given, **more)

    monkeypatch.setattr(exact, "FALLBACK_COLUMNS", 0)
    monkeypatch.setattr(exact, "LARGE_COLUMNS", large)
    monkeypatch.setattr(exact, "run_search", noted)
    problem = load("two-sites")
    changed = scenario(line).apply(problem)
    plan = solve(changed, solver="highs", similar_plan=solve(problem, solver="highs"), time_limit=20)
    assert check(changed, plan) == []
    assert told[-1]
