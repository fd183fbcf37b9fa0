"""Losses of a problem small enough to lose by hand, and of random ones against a recount."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from computeroute.routing import InputError, Plan, Problem, check
from computeroute.routing.damage import Damage, Exposure
from computeroute.routing.losses import Failure, single_failures
from computeroute.routing.plan import ReplicaPlan
from computeroute.routing.plan_parts import IDLE
from computeroute.routing.replan import going_on
from computeroute.routing.scenarios import scenario
from computeroute.routing.stress_report import render_stress
from computeroute.routing.trials import KEPT, NOT_ASKED, NOT_REACHED, Trial
from computeroute.solvers import solve
from computeroute.solvers.searching.interrupt import Interrupt
from computeroute.solvers.stress import stress, suffer

from .model.test_constraints import job as training
from .model.test_constraints import world as pair_of_sites
from .small_worlds import random_world
from .stress_world import COST_USD, world


@pytest.fixture(scope="module")
def problem() -> Problem:
    return world()


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Plan:
    found = solve(problem)
    assert found.cost.total_usd == pytest.approx(COST_USD)
    return found


@pytest.fixture(scope="module")
def trials(problem: Problem, plan: Plan) -> list[Trial]:
    return stress(problem, plan)


def at_once(trial: Trial) -> tuple[Any, ...]:
    damage = trial.damage
    figures = (damage.requests_per_second, damage.accelerators, damage.unserved)
    return damage.jobs, damage.services, *(round(figure, 9) for figure in figures)


def named(trials: list[Trial], name: str) -> Trial:
    [found] = [trial for trial in trials if trial.failure.name == name]
    return found


# The job holds 3 accelerators for 8 of 24 hours, 1 in the mean. The service holds 4 for half of the time and
# 2 for the other, 3 in the mean, for 3 requests/s; its weight is 2, that of the job 1.
AT_ONCE = {
    "a": (1, 1, 3.0, 4.0, 3.0),
    "conduit": (0, 1, 3.0, 3.0, 2.0),
    "a--u": (0, 1, 3.0, 3.0, 2.0),
    "b": (1, 0, 0.0, 1.0, 1.0),  # its data lies there
    "a--b": (1, 0, 0.0, 1.0, 1.0),
    "b--u": (0, 0, 0.0, 0.0, 0.0),
}
# After the re-plan: weight left out, extra USD. Without a all runs at b for twice the money. Without the
# conduit nobody reaches the users: the service's 72 USD are saved. Without a--u the service moves to b.
# Without b the job has no data: its 24 USD are saved. Without a--b the job moves to its data.
AFTER = {"a": (0, 96), "conduit": (2, -72), "a--u": (0, 72), "b": (1, -24), "a--b": (0, 24), "b--u": (0, 0)}


def test_losses_at_once(trials: list[Trial]) -> None:
    assert {trial.failure.name: at_once(trial) for trial in trials} == AT_ONCE


def test_re_plans(trials: list[Trial]) -> None:
    found = {trial.failure.name: (trial.unserved_after, trial.extra_usd) for trial in trials}
    assert found == {name: pytest.approx(figures) for name, figures in AFTER.items()}
    assert named(trials, "a").recovered == pytest.approx(3)
    assert named(trials, "conduit").recovered == pytest.approx(0)


def test_the_worst_is_first(trials: list[Trial]) -> None:
    assert [trial.failure.name for trial in trials] == ["a", "conduit", "a--u", "b", "a--b", "b--u"]
    assert [trial.failure.kind for trial in trials] == [
        *("data center", "risk group", "link", "data center", "link", "link")
    ]


def test_every_re_plan_verifies(problem: Problem, trials: list[Trial]) -> None:
    for trial in trials:
        if trial.verdict != KEPT:
            assert trial.replan
            assert check(trial.failure.scenario.apply(problem), trial.replan) == []


def test_a_loss_that_hits_nothing_keeps_the_plan(problem: Problem, plan: Plan, trials: list[Trial]) -> None:
    kept = named(trials, "b--u")
    assert (kept.verdict, kept.replan, bool(kept.damage)) == (KEPT, plan, False)
    assert_still_valid(problem, plan, kept.failure)


def assert_still_valid(problem: Problem, plan: Plan, failure: Failure) -> None:
    """Check the plan without what is lost; only what it leaves out anyway may do so for another reason."""
    changed = failure.scenario.apply(problem)
    found = check(changed, plan.model_copy(update={"problem_digest": changed.digest}))
    assert [each for each in found if not each.message.startswith("reason is ")] == []


def test_replicas_without_requests_idle_too(problem: Problem, plan: Plan) -> None:
    # Two accelerators at b for half of the time, for no request.
    spare = ReplicaPlan(period="day", pool="b-x", data_center="b", replicas=2, accelerators=2)
    [service] = plan.services
    service = service.model_copy(update={"replicas": (*service.replicas, spare)})
    ready = plan.model_copy(update={"services": (service,)})
    [failure] = [each for each in single_failures(problem) if each.name == "b"]
    parts = {each.workload: each for each in Exposure(problem, ready).damage(failure).workloads}
    assert (parts["service"].requests_per_second, parts["service"].accelerators) == (0, 1)


def test_replicas_at_a_second_site_count_as_hit() -> None:
    # Two sites at least: b keeps a replica in every period. Without b the plan is no plan any more.
    data = world().model_dump(mode="json", exclude_none=True)
    data["workloads"][1]["min_sites"] = 2
    data["workloads"][0]["dataset"]["at"] = ["a"]
    problem = Problem.parse(data)
    [(_, damage)] = [(f, d) for f, d in suffer(problem, solve(problem)) if f.name == "b"]
    assert damage
    assert damage.accelerators >= 1


def test_a_link_of_many_takes_its_share() -> None:
    # With 3 accelerators left for the day, a serves 3 of 4 requests/s and b one; at night a serves both.
    # Losing b--u idles one accelerator for half of the time and loses 0.5 of 3 requests/s: 2 x 12 / 72.
    data = world().model_dump(mode="json", exclude_none=True)
    data["workloads"] = data["workloads"][1:]
    data["pools"][0]["count"] = 3
    problem = Problem.parse(data)
    [(_, damage)] = [(f, d) for f, d in suffer(problem, solve(problem)) if f.name == "b--u"]
    assert (damage.requests_per_second, damage.accelerators) == pytest.approx((0.5, 0.5))
    assert damage.unserved == pytest.approx(2 * 12 / 72)


def damage_of(problem: Problem, name: str) -> Damage:
    [found] = [damage for failure, damage in suffer(problem, solve(problem)) if failure.name == name]
    return found


def test_the_way_back_counts() -> None:
    data = world().model_dump(mode="json", exclude_none=True)
    there = {**data["links"][0], "id": "there", "source": "u", "target": "a", "directed": True}
    back = {**data["links"][0], "id": "back", "directed": True}
    data["links"] = [there, back, *data["links"][1:]]
    problem = Problem.parse(data)
    assert [damage_of(problem, name).unserved for name in ("there", "back")] == pytest.approx([2, 2])


def test_a_job_over_two_sites_needs_the_way_between_them() -> None:
    # 12 accelerators for 8 of 24 hours, half of them at either site: 4 in the mean.
    data = world().model_dump(mode="json", exclude_none=True)
    spread = {"min_bandwidth_gbps": 1, "max_rtt_ms": 5, "efficiency": 1}
    needs = [{"accelerator": "x", "count": 12, "hours": 8}]
    data["workloads"] = [
        {"kind": "training", "id": "wide", "needs": needs, "max_sites": 2, "multi_site": spread}
    ]
    problem = Problem.parse(data)
    for name in ("a", "b", "a--b"):
        damage = damage_of(problem, name)
        assert (damage.jobs, damage.unserved, damage.accelerators) == pytest.approx((1, 1, 4))
    assert not damage_of(problem, "a--u")


def test_too_many_pairs_are_told(problem: Problem, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("computeroute.routing.losses.MOST_FAILURES", 14)
    with pytest.raises(InputError, match="15 pairs of losses of which one hits the plan; 14 is the most"):
        stress(problem, plan, pairs=True)


def test_pairs(problem: Problem, plan: Plan) -> None:
    trials = stress(problem, plan, pairs=True)
    names = {trial.failure.name for trial in trials if trial.failure.kind == "pair"}
    # a--u goes with a, b--u with b, both with the conduit: those are no pairs of their own.
    assert names == {"a + b", "a + conduit", "a + b--u", "b + a--u", "b + conduit", "a--u + b--u"} | {
        *("a--u + a--b", "b--u + a--b", "a--b + conduit")
    }
    both = named(trials, "a + b--u")
    assert at_once(both) == AT_ONCE["a"]
    assert both.failure.scenario.name == "without=a+without=b--u"
    assert both.unserved_after == pytest.approx(2)  # b has the data, but not the users
    assert trials[0].unserved_after == pytest.approx(3)


def test_re_plans_of_the_worst_only(problem: Problem, plan: Plan) -> None:
    seen: list[tuple[str, int]] = []
    trials = stress(problem, plan, top=2, done=lambda trial, count: seen.append((trial.failure.name, count)))
    assert seen == [("a", 2), ("a--u", 2)]  # equal at once with the conduit, and first in the file
    verdicts = {trial.failure.name: trial.verdict for trial in trials}
    assert verdicts["conduit"] == verdicts["b"] == NOT_ASKED
    assert verdicts["b--u"] == KEPT
    assert {trial.verdict for trial in stress(problem, plan, replan=False)} == {NOT_ASKED, KEPT}


@pytest.mark.no_cover
def test_what_gaps_are_of_is_told_where_work_is_left_out_without_need(
    problem: Problem, trials: list[Trial]
) -> None:
    assert "gaps" not in render_stress(problem, trials[0].present, trials, form="table")
    worst = trials[0]
    assert worst.replan is not None
    known = {"unserved": 2.0, "unserved_bound": 0.5, "gap": 0.75}
    loose = replace(worst, replan=worst.replan.model_copy(update=known))
    told = render_stress(problem, worst.present, [loose, *trials[1:]], form="table", columns=200)
    assert "in 1 of these of the work left out, which comes before cost" in told
    assert f"{worst.failure.name} leaves out 2.000, of which 0.500 is proven to be of need" in told


@pytest.mark.no_cover
def test_two_at_once_find_the_same(problem: Problem, plan: Plan, trials: list[Trial]) -> None:
    found = stress(problem, plan, jobs=2)
    assert [trial.failure.name for trial in found] == [trial.failure.name for trial in trials]
    assert [trial.unserved_after for trial in found] == [trial.unserved_after for trial in trials]
    assert [trial.extra_usd for trial in found] == pytest.approx([trial.extra_usd for trial in trials])


@pytest.mark.parametrize(("most", "usd"), [(0, 0.0), (None, 500.0)])
def test_a_plan_that_was_to_keep_its_places_is_re_planned_freely(most: int | None, usd: float) -> None:
    """Sites cost 1 and 2 USD an hour; that of the only job (4 accelerators, 2 hours) is lost: 8 USD more."""
    first = Problem.parse(pair_of_sites(training("train", 4, 2)))
    kept = going_on(first, solve(first), most, usd_per_job=usd)
    tried = {trial.failure.name: trial for trial in stress(kept, solve(kept))}
    assert tried["near"].unserved_after == 0.0
    assert tried["near"].extra_usd == pytest.approx(8.0)
    assert tried["far"].extra_usd == 0.0


def test_moves_that_led_to_a_plan_are_no_part_of_what_a_loss_costs() -> None:
    """The job went from far to near for 3 USD; with near lost it is 8 USD dearer all the same."""
    first = Problem.parse(pair_of_sites(training("train", 4, 2)))
    far = solve(scenario("without=near").apply(first))
    moved = going_on(first, far, usd_per_job=3.0)
    plan = solve(moved)
    assert plan.cost.moving_usd == pytest.approx(3.0)
    tried = {trial.failure.name: trial for trial in stress(moved, plan)}
    assert tried["near"].extra_usd == pytest.approx(8.0)
    assert tried["far"].extra_usd == 0.0


def test_what_is_cancelled_is_not_reached(problem: Problem, plan: Plan) -> None:
    token = Interrupt()
    trials = stress(problem, plan, cancel=token, done=lambda *_: token.set())
    assert named(trials, "a").verdict == "optimal"
    assert named(trials, "conduit").verdict == NOT_REACHED
    assert named(trials, "conduit").extra_usd is None


def test_a_re_plan_that_fails_does_not_lose_the_others(problem: Problem, plan: Plan) -> None:
    def fails_without_a(changed: Problem, options: Any) -> Plan:
        if len(changed.links) == 1:
            raise InputError(["no plan without a"])
        return solve(changed)

    trials = stress(problem, plan, solver=fails_without_a)
    assert named(trials, "a").verdict == "failed: no plan without a"
    assert named(trials, "a--b").verdict == "optimal"


def test_a_plan_of_another_problem_is_refused(problem: Problem, plan: Plan) -> None:
    other = problem.replace(name="another")
    with pytest.raises(InputError, match="the plan is for '"):
        stress(other, plan)
    nothing = plan.model_copy(update={"status": "unknown"})
    with pytest.raises(InputError, match="its status is unknown"):
        Exposure(problem, nothing)


def test_names_that_two_things_share_are_told_apart() -> None:
    data = world().model_dump(mode="json", exclude_none=True)
    data["links"][2]["risk_groups"] = ["a"]
    problem = Problem.parse(data)
    scenarios = {each.scenario.name: each for each in single_failures(problem)}
    assert {"without=data center a", "without=risk group a", "without=b"} <= set(scenarios)
    assert scenarios["without=risk group a"].links == {"a--b"}
    assert len(scenarios["without=risk group a"].scenario.apply(problem).links) == 2


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(8))
def test_damage_against_a_recount(seed: int) -> None:
    problem = Problem.parse(random_world(Random(seed)))
    plan = solve(problem)
    if not plan:
        pytest.skip("no plan")
    for failure, damage in suffer(problem, plan):
        lost = recounted(problem, plan, failure)
        assert damage.unserved == pytest.approx(sum(lost.values()), abs=1e-9)
        assert {each.workload for each in damage.workloads} >= set(lost)
        if not damage:
            assert_still_valid(problem, plan, failure)


def recounted(problem: Problem, plan: Plan, failure: Failure) -> dict[str, float]:
    """Return the weight of the lost work by workload, entry by entry."""
    gone = {name for name, route in plan.route.items() if is_cut(route, failure)}
    lost: dict[str, float] = {}
    for job in plan.jobs:
        sites = {place.data_center for place in job.placements}
        if sites & failure.data_centers or gone & {*job.dataset_routes, *job.inter_site_routes}:
            lost[job.job] = problem.workload[job.job].priority
    hours = dict(zip((p.id for p in problem.periods), problem.durations_hours, strict=True))
    for entry in plan.services:
        service = next(each for each in problem.services if each.id == entry.service)
        served = sum(f.requests_per_second * hours[f.period] for f in entry.flows)
        left = sum(
            (each.requests_per_second or 0) * hours[each.period or ""]
            for each in plan.left_out
            if each.workload == service.id
        )
        cut = sum(
            flow.requests_per_second * hours[flow.period]
            for flow in entry.flows
            if flow.data_center in failure.data_centers or flow.route in gone
        )
        if cut:
            lost[service.id] = service.priority * cut / (served + left)
    return lost


def is_cut(route: Any, failure: Failure) -> bool:
    nodes, links = {*route.nodes, *route.return_nodes}, {*route.links, *route.return_links}
    return bool(nodes & failure.data_centers or links & failure.links)


def test_what_is_committed_at_a_lost_site_is_still_paid() -> None:
    """Without a, b does all: 2 x (3 x 8 + 12 x 6) = 192 USD, beside 5 x 24 x 1 = 120 committed at a."""
    here = world()
    terms = {"committed_count": 5, "committed_usd_per_accelerator_hour": 1.0}
    here = here.replace(pools=(here.pools[0].replace(**terms), here.pools[1]))
    lost = named(stress(here, solve(here)), "a")
    assert lost.replan is not None
    assert lost.replan.cost.total_usd == pytest.approx(312)
    assert lost.replan.breakdown.by_workload[IDLE].total_usd == pytest.approx(120)
    assert not check(lost.failure.scenario.apply(here), lost.replan)
