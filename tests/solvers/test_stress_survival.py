"""Losses that services are planned for: a reserve answers, and what is left need not survive another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.routing.scenarios import scenario
from computeroute.routing.stress_report import render_stress
from computeroute.routing.trials import Trial
from computeroute.solvers import solve
from computeroute.solvers.stress import stress

from .stress_world import world


def protected(survive: str, **service: Any) -> Problem:
    data = world().model_dump(mode="json", exclude_none=True)
    data["workloads"][1] |= {"survive": survive, **service}
    return Problem.parse(data)


def losses(problem: Problem, **options: Any) -> dict[str, Trial]:
    plan = solve(problem)
    assert check(problem, plan) == []
    return {trial.failure.name: trial for trial in stress(problem, plan, **options)}


def at_once(trials: dict[str, Trial]) -> dict[str, tuple[float, float]]:
    return {name: (trial.damage.requests_per_second, trial.damage.unserved) for name, trial in trials.items()}


def test_a_reserve_answers_at_once() -> None:
    # The job runs at a with its data at b and is lost with both; all requests go to a, and b holds as many
    # replicas. Losing a, or a link of it, takes no answers. Losing both ways to the users takes all of them.
    found = at_once(losses(protected("site"), replan=False))
    assert found["a"] == (0, 1)
    assert found["a--u"] == (0, 0)
    assert found["b"] == (0, 1)
    assert found["conduit"] == (3, 2)


def test_links_are_another_promise() -> None:
    # Planned for the loss of a link: a data center is more than that, two links are too.
    found = at_once(losses(protected("link"), replan=False))
    assert found["a--u"] == (0, 0)
    assert found["conduit"] == (3, 2)
    serving = max(found, key=lambda name: (name in {"a", "b"}) * found[name][0])
    assert found[serving][0] == 3


def test_users_at_a_lost_site_are_lost_with_it() -> None:
    demand = [{"location": place, "requests_per_second": [4, 2]} for place in ("u", "a")]
    found = at_once(losses(protected("site", demand=demand, max_rtt_ms=10), replan=False))
    assert found["a"][0] == pytest.approx(3)
    assert found["b"][0] == 0


def test_what_is_left_need_not_survive_another_loss() -> None:
    # Of two sites one is lost: no second one could take over from the other.
    problem = protected("site")
    trials = losses(problem)
    assert (trials["a"].unserved_after, trials["b"].unserved_after) == (0, 1)
    for trial in trials.values():
        changed = scenario(trial.failure.scenario.name).apply(problem)
        assert changed == trial.failure.scenario.apply(problem)
        assert trial.verdict == "not needed" or (trial.replan and not check(changed, trial.replan))


def test_a_loss_that_hits_nothing_keeps_a_plan_that_holds() -> None:
    # A link that no request takes may be the way to the reserve, which the plan then does without.
    problem = protected("site", max_rtt_ms=10)
    for trial in losses(problem, replan=False).values():
        if not trial.damage:
            changed = trial.failure.scenario.apply(problem)
            assert check(changed, trial.present.model_copy(update={"problem_digest": changed.digest})) == []


def test_nothing_is_proven_of_a_plan_that_is_kept() -> None:
    # It is the best with a reserve, which new plans do without.
    problem = protected("site", max_rtt_ms=10)
    plan = solve(problem)
    document = json.loads(render_stress(problem, plan, stress(problem, plan, replan=False), form="json"))
    kept = [loss["replan"] for loss in document["losses"] if loss["replan"]["verdict"] == "not needed"]
    assert [(each["unserved"], each["gap"], each["unserved_bound"]) for each in kept] == [(0, None, None)]


def test_what_a_loss_costs_is_told_apart_from_what_reserves_do() -> None:
    # Unprotected, all runs at a for 96 USD, and the losses cost what they do there: without a all runs at b
    # for twice the money, without a--u the service alone; without b the job's 24 USD are saved, with the
    # conduit the service's 72; without a--b the job moves to its data. Protected, b holds as many replicas,
    # for 144 USD.
    problem = protected("site")
    trials = losses(problem)
    alone = {name: trial.extra_unprotected_usd for name, trial in trials.items()}
    expected = {"a": 96, "a--u": 72, "b": -24, "conduit": -72, "a--b": 24}
    assert alone == {**{name: pytest.approx(usd) for name, usd in expected.items()}, "b--u": None}
    for name, usd in expected.items():
        assert trials[name].extra_usd == pytest.approx(usd - 144)
    present = trials["a"].present
    text = render_stress(problem, present, list(trials.values()), form="table")
    assert "extra USD is 144.00 USD below what the loss alone costs, which is their price" in " ".join(
        text.split()
    )
    assert "loss alone USD" in text
    document = json.loads(render_stress(problem, present, list(trials.values()), form="json"))
    assert document["present"]["unprotected_cost_usd"] == pytest.approx(96)


def test_different_work_left_out_is_no_price_of_reserves() -> None:
    # Where a replica takes more than b has, the service survives nothing and is left out: the job costs 24,
    # and one replica at a for all day 4 x 24 more.
    data = protected("site").model_dump(mode="json", exclude_none=True)
    data["pools"][1]["count"] = 3
    data["workloads"][1]["serving"] = [
        {"accelerator": "x", "requests_per_second": 4, "accelerators_per_replica": 4}
    ]
    problem = Problem.parse(data)
    trials = losses(problem)
    told = render_stress(problem, trials["a"].present, list(trials.values()), form="table")
    assert (
        "extra USD is 96.00 USD above what the loss alone costs; that is no price of theirs, "
        "as without them all work is placed"
    ) in " ".join(told.split())


def test_the_plan_without_reserves_is_not_counted_as_a_re_plan() -> None:
    problem, told = protected("site"), list[tuple[str, int]]()
    plan = solve(problem)
    stress(problem, plan, top=2, done=lambda trial, of: told.append((trial.failure.name, of)))
    assert [of for _, of in told] == [2, 2]
    trials = stress(problem, plan, replan=False)
    assert all(trial.unprotected is None for trial in trials)
    assert "less what that saves" in " ".join(render_stress(problem, plan, trials, form="table").split())
    usual = stress(world(), solve(world()), top=1)
    assert "reserves" not in render_stress(world(), usual[0].present, usual, form="table")
