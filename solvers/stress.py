"""Losses tried out on a plan: the damage of each at once, and a re-plan without what is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..routing.damage import Damage, Exposure
from ..routing.fewer_sites import fewer_sites, served_by_what_is_left
from ..routing.losses import Failure, paired, single_failures
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.replan import free_to_move
from ..routing.scenarios import BUILT_IN
from ..routing.trials import KEPT, NOT_ASKED, NOT_REACHED, Trial, ranked
from .options import CancelToken
from .sweep import Outcome, solve_scenarios


def stress(
    problem: Problem,
    plan: Plan,
    *,
    pairs: bool = False,
    replan: bool = True,
    top: int | None = None,
    done: Callable[[Trial, int], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> list[Trial]:
    """Lose every data center, link and risk group of ``problem`` in turn.

    Parameters
    ----------
    problem, plan
        A usable plan and the problem that it was made for.
    pairs
        Lose two at once as well, where at least one of them hits the plan.
    replan, top
        Whether to re-plan, and how many of the worst losses only. A loss that hits nothing needs no re-plan:
        the present plan stays valid. Re-plans keep nothing: where ``problem`` has a present, moves from that
        are free.
    done
        Called with every re-planned trial, and how many there are to be.
    cancel
        Ends the re-plans; those not reached have none.
    **options
        Those of :func:`.solve_scenarios`: ``jobs``, and those of :func:`.solve` for every re-plan. The
        search for it begins from the present plan.

    Returns
    -------
    list[Trial]
        The worst first, see :func:`.ranked`. Where services survive losses, one more plan is made, without
        that, to tell what the loss costs from what reserves do.

    Raises
    ------
    InputError
        When the plan is of another problem or cannot be used, or there are too many pairs.
    """
    suffered = suffer(problem, plan, pairs=pairs)
    worst = ranked(_without_replan(problem, plan, *each) for each in suffered)
    hit = [trial for trial in worst if trial.damage]
    chosen = hit[:top] if replan else []
    outcomes: dict[str, Outcome] = {}

    def note(outcome: Outcome) -> None:
        outcomes[outcome.scenario.name] = outcome
        if done is not None and outcome.scenario is not UNPROTECTED:
            done(_with_replan(plans[outcome.scenario.name], outcome), len(chosen))

    plans = {trial.failure.scenario.name: trial for trial in chosen}
    scenarios = [UNPROTECTED] * (bool(chosen) and _protects(problem))
    scenarios += [trial.failure.scenario for trial in chosen]
    begun = {"share": False, "similar_plan": plan}
    solve_scenarios(free_to_move(problem), scenarios, done=note, cancel=cancel, **{**begun, **options})
    return ranked(_tried(trial, plans, outcomes) for trial in worst)


UNPROTECTED = BUILT_IN["unprotected"]
"""What re-plans are compared with where services survive losses: they need no reserve any more."""


def _protects(problem: Problem) -> bool:
    return any(service.survive for service in problem.services)


def suffer(problem: Problem, plan: Plan, *, pairs: bool = False) -> list[tuple[Failure, Damage]]:
    """Return every loss with what it takes from ``plan`` at once; parameters as for :func:`stress`."""
    exposure = Exposure(problem, plan)
    failures = single_failures(problem)
    suffered = [(each, exposure.damage(each)) for each in failures]
    if pairs:
        hit = [each for each, damage in suffered if damage]
        suffered += [(each, exposure.damage(each)) for each in paired(failures, hit)]
    return suffered


def _without_replan(problem: Problem, plan: Plan, failure: Failure, damage: Damage) -> Trial:
    if not damage:
        return Trial(failure, damage, plan, plan, KEPT)
    fewer = fewer_sites(problem, plan, failure, damage)
    return Trial(served_by_what_is_left(failure, fewer), damage, plan, None, NOT_ASKED, fewer)


def _tried(trial: Trial, chosen: dict[str, Trial], outcomes: dict[str, Outcome]) -> Trial:
    name = trial.failure.scenario.name
    if name in outcomes:
        base = outcomes.get(UNPROTECTED.name)
        return replace(_with_replan(trial, outcomes[name]), unprotected=base.plan if base else None)
    if name in chosen:
        return replace(trial, verdict=NOT_REACHED)
    return trial


def _with_replan(trial: Trial, outcome: Outcome) -> Trial:
    replan = outcome.plan if outcome else None
    verdict = outcome.plan.status if outcome.plan is not None else f"failed: {outcome.error}"
    fewer = tuple(each.in_plan(replan) for each in trial.fewer_sites)
    return replace(trial, replan=replan, verdict=verdict, fewer_sites=fewer)


__all__: Sequence[str] = ("stress", "suffer")
