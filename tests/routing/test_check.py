"""The verifier accepts plans worked by hand, and nothing else: every change of a single entry is caught."""

from __future__ import annotations

import math
from typing import Any

import pytest
from computeroute.routing.errors import InputError
from computeroute.routing.plan import Cost, Plan
from computeroute.routing.verifier import CONSTRAINTS, Violation, check
from hypothesis import given, settings
from hypothesis import strategies as st

from .check_plans import CASES
from .tampering import Path, case, caught, changed, drop, items, leaves, plan_data, put, repeat

# Entries that no recomputation from problem and plan can judge.
FREE = {
    "runtime_seconds": "how long the solver took",
    "solver": "a name",
    "solver_version": "a name",
    "seed": "what the solver was given",
    "stopped_by": "why the solver stopped",
    "problem_name": "a label; the digest says which problem it is",
    "scenario": "a label; the digest says which scenario it is",
    "detail": "prose",
}
# 'optimal' and 'feasible' differ by the gap that was asked for, which no plan states.
ALIKE = (("status",), "feasible")
REASONS = ["residency", "transit", "latency", "accelerator", "memory", "gang", "deadline", "pinned", "route"]


def names_like(name: str, value: str) -> list[str]:
    """Return the ids that a plan may mention where it mentions ``value``, and one that nothing has."""
    problem, plan = case(name)
    periods = [period.id for period in problem.periods]
    kinds = (problem.nodes, problem.pool, problem.link, problem.workload, periods, plan.route)
    return [other for kind in kinds if value in kind for other in kind] + ["nobody"]


def other_values(name: str, path: Path, value: Any) -> list[Any]:
    """Return values that differ from ``value`` by more than the tolerance, or by name."""
    if value is None:
        return [1.0, "r1"]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, 10**400]
    if isinstance(value, float):
        return [value * 1.0001 + 1e-4, value * 0.9999 - 1e-4, -value - 1, 1e300]
    if path[-1] == "status":
        return ["feasible", "infeasible", "unknown"]
    return REASONS if path[-1] == "reason" else names_like(name, value)


@pytest.mark.parametrize("name", CASES)
def test_a_plan_worked_by_hand_has_no_violation(name: str) -> None:
    assert check(*case(name)) == []


@pytest.mark.no_cover
@pytest.mark.parametrize("name", CASES)
def test_any_single_entry_changed_is_caught(name: str) -> None:
    problem, data = case(name)[0], plan_data(name)
    missed = [
        (path, old, new)
        for path, old in leaves(data)
        for new in other_values(name, path, old)
        if new != old and path[-1] not in FREE and (path, new) != ALIKE
        if not caught(problem, changed(data, path, put(new)))
    ]
    assert missed == []


@pytest.mark.no_cover
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("change", [drop, repeat])
def test_any_item_dropped_or_repeated_is_caught(name: str, change: Any) -> None:
    problem, data = case(name)[0], plan_data(name)
    assert [path for path in items(data) if not caught(problem, changed(data, path, change))] == []


@pytest.mark.no_cover
@settings(max_examples=75, deadline=None, derandomize=True)
@given(st.data())
def test_no_tampering_crashes_the_verifier(draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(list(CASES)))
    data = plan_data(name)
    values = [value for _, value in leaves(data)]
    anything = st.one_of(
        st.floats(), st.integers(), st.text(max_size=3), st.sampled_from([None, {}, [], *values])
    )
    spots = st.sampled_from([path for path, _ in leaves(data)] + list(items(data)))
    for path in draw.draw(st.lists(spots, min_size=1, max_size=6, unique=True)):
        change = draw.draw(st.sampled_from([put(draw.draw(anything)), drop]))
        try:
            data = changed(data, path, change)
        except (AttributeError, IndexError, KeyError, TypeError):
            continue  # an earlier change took the place away
    found = caught(case(name)[0], data)
    assert isinstance(found, InputError) or {violation.constraint for violation in found} <= set(CONSTRAINTS)


def test_numbers_that_json_cannot_hold_are_faults_of_structure() -> None:
    problem, plan = case("home")
    broken = plan.model_copy(update={"cost": Cost.model_construct(compute_usd=math.nan)})
    assert {v.constraint for v in check(problem, broken)} == {"structure"}


def test_values_of_the_wrong_type_are_faults_of_structure() -> None:
    problem, plan = case("home")
    assert {v.constraint for v in check(problem, plan.model_copy(update={"jobs": ("tune", 3)}))} == {
        "structure"
    }


def test_a_plan_of_another_problem_is_told_by_its_digest() -> None:
    """Not by all that does not fit, which would be most of it."""
    [only] = check(case("home")[0], case("cloud")[1])
    assert only.constraint == "digest"
    assert "that lacks 3 workloads of the plan: " in only.message
    assert only.message.endswith(", so nothing else was checked")


def test_a_plan_is_checked_against_a_problem_that_differs_in_figures() -> None:
    problem, plan = case("home")
    pools = tuple(pool.replace(usd_per_accelerator_hour=99.0) for pool in problem.pools)
    first, *others = check(problem.replace(pools=pools), plan)
    assert first.constraint == "digest"
    assert "nothing else" not in first.message
    assert "cost" in {violation.constraint for violation in others}


def test_a_violation_reads_as_one_line() -> None:
    violation = Violation("pool_capacity", "pool 'fra-h100', period 'h03'", "130 used of 128")
    assert str(violation) == "pool_capacity: pool 'fra-h100', period 'h03': 130 used of 128"


def test_the_worst_figure_of_an_element_is_reported_once_and_in_order() -> None:
    problem, data = case("home")[0], plan_data("home")
    data = changed(data, ("jobs", 0, "cost", "energy_usd"), put(4.5))
    data = changed(data, ("jobs", 0, "cost", "link_usd"), put(25))
    data = changed(data, ("services", 0, "cost", "energy_usd"), put(5.3))
    assert [str(violation) for violation in check(problem, Plan.parse(data))] == [
        "cost: job 'tune': link_usd is 25, should be 18",
        "cost: service 'chat': energy_usd is 5.3, should be 5.2",
    ]
