"""Owners alone and together, by hand; and money by the hour against the money of plans."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from computeroute.routing import InputError, Plan, Problem, check
from computeroute.routing.hourly import hourly
from computeroute.routing.pooling import IDLE, Pooling, mean, parties, together
from computeroute.routing.pooling_reasons import worse_reasons
from computeroute.routing.pooling_report import left_out_table, render_pooling
from computeroute.routing.scenarios import scenario
from computeroute.routing.weights import unserved_by_workload
from computeroute.solvers import solve
from computeroute.solvers.pooling import compare_pooling
from computeroute.solvers.searching.interrupt import Interrupt

from .small_worlds import random_world
from .stress_world import world


def changed(**extra: list[dict[str, Any]]) -> Problem:
    """Return the small world with elements appended."""
    data = world().model_dump(mode="json", exclude_none=True)
    for key, elements in extra.items():
        data[key] += elements
    return Problem.parse(data)


def used(found: Pooling, hours: Any) -> float:
    return mean(found.problem, [hour.used for hour in hours])


def test_two_owners() -> None:
    # Alone, ann's job costs 3 x 8 x 1 USD at a, bob's service 12 x (4 + 2) x 2 USD at b: 1 and 3 of 10
    # accelerators in the mean. Together both run at a.
    found = compare_pooling(world())
    assert found
    assert found.shared
    assert found.all_alone
    assert found.alone["ann"].money_usd == pytest.approx({"job": 24})
    assert found.alone["bob"].money_usd == pytest.approx({"service": 144})
    assert found.shared.money_usd == pytest.approx({"job": 24, "service": 72})
    assert {name: used(found, side.hours) for name, side in found.alone.items()} == {"ann": 1, "bob": 3}
    assert {name: used(found, hours) for name, hours in found.at_home.items()} == {"ann": 4, "bob": 0}
    assert [hour.installed for hour in found.all_alone.hours] == [20, 20]
    assert found.served_by_both == {"job", "service"}


def test_every_plan_verifies() -> None:
    problem = world()
    for each in (*(party.scenario for party in parties(problem)), together(problem)):
        theirs = each.apply(problem)
        assert check(theirs, solve(theirs)) == []


def job(name: str, owner: str | None, count: int = 1) -> dict[str, Any]:
    needs = [{"accelerator": "x", "count": count, "hours": 12}]
    return {"kind": "training", "id": name, "owner": owner, "needs": needs} | {"interruptible": True}


def site(name: str, owner: str | None) -> dict[str, Any]:
    return {"id": name, "jurisdiction": "DE", "owner": owner}


def jobs_beside_a_cloud(
    *jobs: dict[str, Any], pools: list[dict[str, Any]], limits: dict[str, Any] | None = None
) -> Problem:
    """Return jobs beside ``a``, which is of ann, and ``c``, a cloud without an owner, for 12 hours."""
    data = world().model_dump(mode="json", exclude_none=True)
    del data["links"]
    data |= {"periods": [{"id": "day", "hours": 12}], "workloads": list(jobs), "pools": pools}
    return Problem.parse(
        {**data, "limits": limits or {}, "data_centers": [site("a", "ann"), site("c", None)]}
    )


def test_an_owner_alone_rents_from_a_cloud_as_all_do() -> None:
    """Ann has 2 cards at 1 USD, bob none; each job holds 2 cards for 12 hours, in the cloud at 3 USD."""
    pools = [pool("a", 2, usd_per_accelerator_hour=1), pool("c", 4, usd_per_accelerator_hour=3)]
    found = compare_pooling(jobs_beside_a_cloud(job("hers", "ann", 2), job("his", "bob", 2), pools=pools))
    assert found.all_alone
    assert found.shared
    assert found.all_alone.money_usd == pytest.approx({"hers": 24, "his": 72, IDLE: 0})
    assert sum(found.shared.money_usd.values()) == pytest.approx(96)
    assert [hour.installed for hour in found.all_alone.hours] == [6]
    assert {name: used(found, hours) for name, hours in found.alone_at_home.items()} == {
        "ann": 2,
        "c": 2,
        "bob": 0,
    }
    assert worse_reasons(found) == []


def test_owners_alone_have_what_those_before_them_leave_of_a_cloud() -> None:
    """Each of three owners has a job for 3 of the 4 cards: one runs, be they alone or together."""
    work = [job(f"{owner}s", owner, 3) for owner in ("bob", "cat", "dan")]
    seen: list[tuple[str, int]] = []
    found = compare_pooling(
        jobs_beside_a_cloud(*work, pools=[pool("c", 4, usd_per_accelerator_hour=3)]),
        done=lambda outcome, count: seen.append((outcome.scenario.name, count)),
    )
    again = [("alone=cat again", 5), ("alone=dan again", 6)]
    assert seen == [("alone=bob", 4), ("alone=cat", 4), ("alone=dan", 4), *again, ("together", 6)]
    assert found.all_alone
    assert found.shared
    assert found.all_alone.unserved == {"cats": 1, "dans": 1}
    assert sum(found.shared.unserved.values()) == 2
    assert sum(found.all_alone.money_usd.values()) == pytest.approx(3 * 12 * 3)
    assert not found.joint.overdrawn
    assert [hour.installed for hour in found.all_alone.hours] == [4]


def test_what_is_committed_at_a_cloud_is_paid_once_on_either_side() -> None:
    """5 cards at 2 USD for 12 hours are 120 USD. Alone bob has 3 of them, cat 2, and each uses 2."""
    terms = {"committed_count": 5, "committed_usd_per_accelerator_hour": 2, "usd_per_accelerator_hour": 4}
    work = [job(f"{owner}s", owner, 2) for owner in ("bob", "cat")]
    found = compare_pooling(jobs_beside_a_cloud(*work, pools=[pool("c", 8, **terms)]))
    assert found.all_alone
    assert found.shared
    for side in (found.all_alone, found.shared):
        assert side.money_usd == pytest.approx({"bobs": 48, "cats": 48, IDLE: 24})
        assert sum(hour.usd for hour in side.hours) == pytest.approx(120)


def test_why_the_same_work_costs_more_together_is_said() -> None:
    """Bob's job may run at a only, where he has nothing alone. Ann's then pays 3 rather than 1 USD in c."""
    pools = [pool("a", 2, usd_per_accelerator_hour=1), pool("c", 4, usd_per_accelerator_hour=3)]
    pins = {"pinned": [{"workload": "his", "pool": "a-x"}]}
    problem = jobs_beside_a_cloud(job("hers", "ann", 2), job("his", "bob", 2), pools=pools, limits=pins)
    found = compare_pooling(problem)
    text = render_pooling(found, form="table")
    assert "1 workload served wholly by both: 24.00 USD alone, 72.00 USD together" in text
    assert "because      together also does work of weight 1.000 that is left out alone" in text
    data = json.loads(render_pooling(found, form="json"))
    assert (data["for_all"], len(data["worse_because"]), data["overdrawn"]) == (["c"], 1, [])


def test_links_that_owners_alone_overdraw_are_said() -> None:
    """Each dataset takes 0.6 of 1 Gbit/s to c for 12 hours."""
    pools = [pool("c", 4, usd_per_accelerator_hour=3)]
    data = jobs_beside_a_cloud(job("bobs", "bob"), job("cats", "cat"), pools=pools).model_dump(mode="json")
    data["periods"] = [{"id": "day", "hours": 12}]
    data["links"] = [{"id": "thin", "source": "u", "target": "c", "bandwidth_gbps": 1, "latency_ms": 1}]
    for each in data["workloads"]:
        each["dataset"] = {"at": ["u"], "gb": 270 * 12, "transfer_hours": 12}
    found = compare_pooling(Problem.parse(data))
    assert [each.name for each in found.joint.overdrawn] == ["thin"]
    assert any("Gbit/s more than there are of thin" in reason for reason in worse_reasons(found))


@pytest.mark.parametrize("seed", range(16))
def test_together_is_never_worse_than_alone_where_the_plans_fit_beside_each_other(seed: int) -> None:
    data = random_world(Random(seed))
    rng = Random(seed)
    data.pop("limits", None)
    for each in data["workloads"]:
        each["owner"] = rng.choice(["ann", "bob", "cat"])
    for index, each in enumerate(data["data_centers"]):
        each.update({"kind": "cloud"} if index % 2 else {"kind": "colo", "owner": rng.choice(["ann", "bob"])})
    for each in data["pools"]:
        if rng.random() < 0.5 and each["count"] and "expansion" not in each:
            each["committed_count"] = rng.randint(1, each["count"])
            each["committed_usd_per_accelerator_hour"] = 1.5
    problem = Problem.parse(data)
    found = compare_pooling(problem, time_limit=5)
    assert found.all_alone
    assert found.plan
    assert found.plan.objective is not None
    left_out = sum(found.all_alone.unserved.values())
    if not found.joint.overdrawn:
        assert found.plan.unserved <= left_out + 1e-6
    if not found.joint.overdrawn and found.plan.unserved > left_out - 1e-6:
        assert found.plan.objective <= found.joint.objective * (1 + 1e-3) + 1e-6  # the gap asked for
    assert check(together(problem).apply(problem), found.plan) == []


def pool(name: str, count: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{name}-x", "data_center": name, "accelerator": "x", "count": count, **more}


def test_training_fills_the_night_of_another_owner() -> None:
    # The service needs 4 accelerators by day and 2 at night. Bob has 4, which only serve; cat has one, and a
    # job for 2. Alone the job has no room; together it has at night, and only then.
    data = changed(data_centers=[site("c", "cat")], workloads=[job("tune", "cat", 2)]).model_dump(mode="json")
    data["workloads"] = data["workloads"][1:]
    data["data_centers"] = data["data_centers"][1:]
    data["links"] = data["links"][1:2]
    data["pools"] = [pool("b", 4), pool("c", 1)]
    found = compare_pooling(Problem.parse(data))
    assert found.shared
    assert found.all_alone
    assert found.all_alone.unserved == {"tune": 1}
    assert not found.shared.unserved
    day, night = found.shared.hours
    assert (day.serving, day.interruptible) == (4, 0)
    assert (night.serving, night.interruptible) == (2, 2)
    assert used(found, found.all_alone.hours) == pytest.approx(3)
    assert used(found, found.shared.hours) == pytest.approx(4)
    assert found.served_by_both == {"service"}
    [row] = left_out_table(found).rows
    assert row == ["tune", "cat", 1, 0]


def test_an_owner_without_sites_alone_leaves_all_out_as_in_the_comparison() -> None:
    problem = changed(workloads=[job("guest", "gus", 2)])
    found = compare_pooling(problem)
    assert found.alone["gus"].unserved == {"guest": 1}
    alone = scenario("alone=gus").apply(problem)
    plan = solve(alone)
    assert (plan.unserved, plan.cost.total_usd, check(alone, plan)) == (1, 0, [])
    assert scenario("alone=gus + prices*2").apply(problem).workloads == alone.workloads


def test_a_lost_site_has_no_accelerators() -> None:
    found = compare_pooling(scenario("without=a").apply(world()))
    assert {party.name: party.accelerators for party in found.parties} == {"ann": 0, "bob": 10}
    assert found.alone["ann"].unserved == {"job": 1}
    assert found.shared
    assert [hour.installed for hour in found.shared.hours] == [10, 10]


def test_work_of_nobody_is_on_neither_side() -> None:
    found = compare_pooling(changed(workloads=[job("stray", None)]))
    assert found.left_over == ("stray",)
    assert found.shared
    assert set(found.shared.money_usd) == {"job", "service"}


def test_an_owner_without_sites_serves_nothing_alone() -> None:
    service = world().model_dump(mode="json", exclude_none=True)["workloads"][1]
    unused = {**service, "id": "unused", "owner": "cat"}
    unused["demand"] = [{"location": "u", "requests_per_second": 0}]
    more = [job("tune", "cat"), {**service, "id": "hers", "owner": "cat"}, unused]
    found = compare_pooling(changed(workloads=more))
    assert found.shared
    assert found.alone["cat"].unserved == {"tune": 1, "hers": 2, "unused": 0}
    assert [hour.unserved_requests_per_second for hour in found.alone["cat"].hours] == [4, 2]
    assert [hour.installed for hour in found.alone["cat"].hours] == [0, 0]
    assert sum(found.shared.unserved.values()) == 0


def test_an_owner_without_work_pays_for_its_commitments() -> None:
    # 5 accelerators x 24 hours x 1 USD on either side; a is as cheap and nobody needs c.
    terms = {"committed_count": 5, "committed_usd_per_accelerator_hour": 1, "usd_per_accelerator_hour": 9}
    home = site("c", "dan") | {"kind": "on_prem"}
    found = compare_pooling(changed(data_centers=[home], pools=[pool("c", 5, **terms)]))
    assert found.shared
    assert found.all_alone
    assert found.alone["dan"].money_usd == {IDLE: 120}
    assert found.all_alone.money_usd[IDLE] == 120
    assert 0 < found.shared.money_usd[IDLE] <= 120
    assert [hour.installed for hour in found.all_alone.hours] == [25, 25]


def test_no_owner_at_all() -> None:
    data = world().model_dump(mode="json", exclude_none=True)
    for workload in data["workloads"]:
        del workload["owner"]
    with pytest.raises(InputError, match="no workload names its owner"):
        compare_pooling(Problem.parse(data))


def test_what_is_cancelled_or_fails_is_missing() -> None:
    token = Interrupt()
    cut = compare_pooling(world(), cancel=token, done=lambda *_: token.set())
    assert (bool(cut), list(cut.alone), cut.shared, cut.all_alone) == (False, ["ann"], None, None)

    def fails_for_bob(problem: Problem, options: Any) -> Plan:
        if len(problem.workloads) == 1 and problem.services:
            raise InputError(["not for bob"])
        return solve(problem)

    seen: list[str] = []
    failed = compare_pooling(world(), solver=fails_for_bob, done=lambda out, _: seen.append(str(out.error)))
    assert seen == ["None", "not for bob", "None"]
    assert (bool(failed), list(failed.alone), failed.served_by_both) == (False, ["ann"], None)
    assert failed.shared


@pytest.mark.parametrize("seed", range(12))
def test_hours_add_up_to_the_plan(seed: int) -> None:
    problem = Problem.parse(random_world(Random(seed)))
    plan = solve(problem)
    if not plan:
        pytest.skip("no plan")
    hours = hourly(problem, plan)
    assert sum(unserved_by_workload(problem, plan).values()) == pytest.approx(plan.unserved, abs=1e-9)
    assert sum(hour.usd for hour in hours) == pytest.approx(
        plan.cost.compute_usd + plan.cost.energy_usd, abs=1e-6
    )
    parts = [hourly(problem, plan, [each]) for each in problem.pools]
    for hour, pieces in zip(hours, zip(*parts, strict=True), strict=True):
        assert hour.usd == pytest.approx(sum(piece.usd for piece in pieces))
        assert hour.installed == sum(piece.installed for piece in pieces)
        assert hour.used == pytest.approx(sum(piece.used for piece in pieces))
        assert hour.used <= hour.installed + 1e-9
