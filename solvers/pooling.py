"""Plans of every owner alone and of all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..routing.pooling import Planned, Pooling, parties, pooling, together
from ..routing.problem import Problem
from .options import CancelToken
from .sweep import Outcome, solve_scenarios


def compare_pooling(
    problem: Problem,
    *,
    done: Callable[[Outcome, int], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Pooling:
    """Plan every owner alone, then all of them together, and compare.

    Parameters
    ----------
    problem
        Whose workloads and sites name their owners; see :mod:`.routing.pooling` for what is counted.
    done
        Called with every outcome, and how many there are to be.
    cancel
        Ends the plans; the comparison then lacks those that were not reached.
    **options
        Those of :func:`.solve_scenarios`: ``jobs``, and those of :func:`.solve` for every plan.

    Raises
    ------
    InputError
        When no workload names an owner.
    """
    able = [party for party in parties(problem) if party.can_plan]
    scenarios = [*(party.scenario for party in able), together(problem)]

    def note(outcome: Outcome) -> None:
        if done is not None:
            done(outcome, len(scenarios))

    found = {
        outcome.scenario.name: _planned(outcome)
        for outcome in solve_scenarios(problem, scenarios, share=False, done=note, cancel=cancel, **options)
    }
    names = {party.scenario.name: party.name for party in able}
    alone = {names[name]: each for name, each in found.items() if each and name in names}
    return pooling(problem, found.get(scenarios[-1].name), alone)


def _planned(outcome: Outcome) -> Planned | None:
    if not outcome or outcome.problem is None or outcome.plan is None:
        return None
    return outcome.problem, outcome.plan
