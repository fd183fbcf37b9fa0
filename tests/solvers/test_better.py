"""The better one of two plans, with the bounds of both."""

from __future__ import annotations

import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve
from computeroute.solvers.better import better
from computeroute.topologies import load

from .model.test_constraints import job, world


def test_the_better_plan_leaves_less_out_or_costs_less() -> None:
    plan = solve(load("two-sites"))
    dear = plan.model_copy(update={"objective": plan.objective + 1.0})
    partial = plan.model_copy(update={"unserved": 1.0, "objective": 0.0})
    none = plan.model_copy(update={"status": "unknown", "objective": None})
    for worse in (dear, partial, none):
        assert better(plan, worse) is plan
        assert better(worse, plan) is plan


def test_the_better_plan_takes_over_bounds_that_hold_for_it() -> None:
    """Those of a plan that leaves as much out or more: they hold for all plans that leave no more out."""
    plan = solve(load("two-sites")).model_copy(
        update={"unserved": 2.0, "bound": 100.0, "unserved_bound": 0.5}
    )
    assert plan.objective is not None
    dear = plan.model_copy(update={"objective": plan.objective + 1, "bound": 300.0, "unserved_bound": 1.5})
    for found in (better(plan, dear), better(dear, plan)):
        assert (found.objective, found.bound, found.unserved_bound) == (plan.objective, 300.0, 1.5)
        assert found.gap == pytest.approx(max(1 - 300.0 / plan.objective, 0.5 / 2.0))
    less = plan.model_copy(update={"unserved": 1.0, "objective": 900.0, "unserved_bound": 0.7})
    found = better(less, dear)
    assert (found.bound, found.unserved_bound) == (300.0, 1.0)
    more = dear.model_copy(update={"unserved": 1.9, "objective": 400.0, "bound": None, "unserved_bound": 0.0})
    assert better(more, plan).unserved_bound == 0.5


def test_the_later_of_two_plans_alike_is_taken() -> None:
    plan = solve(load("two-sites"))
    assert better(plan, plan.model_copy()) is not plan, "the later one knows more"


def test_of_two_refused_plans_the_one_that_leaves_less_out_is_told() -> None:
    """Each says what it would leave out where all or nothing was asked for, if it knows."""
    crowded = Problem.parse(world(*(job(name, 8, 4) for name in ("one", "two", "three"))))
    less = solve(crowded, all_or_nothing=True)
    assert not less and less.status == "infeasible" and less.left_out
    more = less.model_copy(
        update={"status": "unknown", "unserved": less.unserved + 1.0, "unserved_bound": less.unserved + 0.5}
    )
    silent = less.model_copy(update={"status": "unknown", "unserved": 0.0, "left_out": ()})
    for found in (better(less, more), better(more, less)):
        assert (found.unserved, found.left_out) == (less.unserved, less.left_out)
        assert (found.status, found.unserved_bound) == ("infeasible", less.unserved + 0.5)
    for found in (better(less, silent), better(silent, less)):
        assert found.left_out == less.left_out
