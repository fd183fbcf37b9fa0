"""Plans of every owner alone and of all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..routing.joint import joined, what_is_left
from ..routing.plan import Plan
from ..routing.pooling import Party, Planned, Pooling, parties, pooling, together
from ..routing.problem import Problem
from ..routing.scenarios import Scenario
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

    Where owners alone use more of what sells to everybody than there is, the later ones in the file are
    planned again, with what those before leave. The search for the plan of all together begins from theirs
    put together, which is a plan of all where links and limits of the whole permit that.

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
    able = {party.scenario.name: party for party in parties(problem) if party.can_plan}
    planner = _Planner(problem, done, {**options, "cancel": cancel, "share": False}, len(able) + 1)
    first = planner.outcomes([party.scenario for party in able.values()])
    alone = planner.beside_each_other((able[each.scenario.name], each) for each in first)
    begin = joined([plan for _, plan in alone.values()]) if alone else None
    everybody = planner.outcomes([together(problem)], begin)
    return pooling(problem, _planned(everybody), alone)


@dataclass
class _Planner:
    """Plans scenarios of a problem, telling of each, and how many there are to be."""

    problem: Problem
    done: Callable[[Outcome, int], None] | None
    options: dict[str, Any]
    count: int

    def outcomes(self, scenarios: Sequence[Scenario], begin: Plan | None = None) -> list[Outcome]:
        """Plan scenarios, beginning from a plan where there is one."""

        def note(outcome: Outcome) -> None:
            if self.done is not None:
                self.done(outcome, self.count)

        known = {} if begin is None else {"similar_plan": begin}
        return solve_scenarios(self.problem, scenarios, **{**self.options, **known, "done": note})

    def beside_each_other(self, first: Iterable[tuple[Party, Outcome]]) -> dict[str, Planned]:
        """Return the plans of owners by name, those that do not fit beside those before made again."""
        found = dict[str, Planned]()
        for party, outcome in first:
            own = _planned([outcome])
            before = [plan for _, plan in found.values()]
            left = own and what_is_left(self.problem, before, own[1], party.reach)
            if own and left:
                self.count += 1
                changes = (*party.scenario.changes, *left)
                own = _planned(self.outcomes([Scenario(f"{party.scenario.name} again", changes)], own[1]))
            if own:
                found[party.name] = own
        return found


def _planned(outcomes: Sequence[Outcome]) -> Planned | None:
    """Return the problem and the plan of a single outcome; None where it has none."""
    if not outcomes or not outcomes[0] or outcomes[0].problem is None or outcomes[0].plan is None:
        return None
    return outcomes[0].problem, outcomes[0].plan
