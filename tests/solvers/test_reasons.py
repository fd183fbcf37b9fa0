"""Of work that is left out, the solvers tell the one reason that the verifier accepts."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import get_args

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.plan import LeftOut, Reason
from computeroute.solvers import solve

from .barred_worlds import barred_world


def swapped(plan: Plan) -> Iterator[tuple[LeftOut, str, Plan]]:
    """Yield the plan with another reason for one part of the work that it leaves out, in every way."""
    parts = {(entry.workload, entry.location): entry for entry in reversed(plan.left_out)}
    for chosen in parts.values():
        for reason in get_args(Reason):
            if reason != chosen.reason:
                entries = [
                    entry.model_copy(update={"reason": reason}) if entry is chosen else entry
                    for entry in plan.left_out
                ]
                yield chosen, reason, plan.model_copy(update={"left_out": tuple(entries)})


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(40))
def test_no_other_reason_is_accepted(seed: int) -> None:
    problem = Problem.parse(barred_world(Random(seed)))
    plan = solve(problem, time_limit=5)
    assert check(problem, plan) == []
    for entry, reason, other in swapped(plan):
        found = {violation.constraint for violation in check(problem, other)}
        assert found == {"left_out"}, (entry, reason)
