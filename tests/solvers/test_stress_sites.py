"""Losses of services that ask for several sites: what is left serves, and how many sites that is is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from computeroute.routing import Problem, check
from computeroute.routing.fewer_sites import FewerSites
from computeroute.routing.scenarios import scenario
from computeroute.routing.stress_report import render_stress
from computeroute.routing.trials import Trial
from computeroute.solvers import solve
from computeroute.solvers.stress import stress

from .stress_world import world

Data = dict[str, Any]


def spread_world() -> Data:
    """Return the world of losses, its service at two sites at least.

    By day a serves 3 of 4 requests/s and b one, at night each one of 2: 12 x (3 + 1) + 24 x (1 + 1) = 96 USD,
    and 24 USD for the job.
    """
    data = world().model_dump(mode="json", exclude_none=True)
    data["workloads"][1]["min_sites"] = 2
    return data


def losses(data: Data, **options: Any) -> dict[str, Trial]:
    problem = Problem.parse(data)
    plan = solve(problem)
    assert check(problem, plan) == []
    trials = stress(problem, plan, **options)
    for trial in trials:
        changed = trial.failure.scenario.apply(problem)
        assert scenario(trial.failure.scenario.name).apply(problem) == changed
        assert trial.verdict == "not needed" or not trial.replan or check(changed, trial.replan) == []
    return {trial.failure.name: trial for trial in trials}


# Without a all runs at b: 2 x 72 + 2 x 24 = 192 USD. Without b the job has no data and the service is at a:
# 72 USD. Without a--u the service is at b, without b--u at a. Without a--b the job moves to its data.
AFTER = {"a": (0, 72), "b": (1, -48), "a--u": (0, 48), "b--u": (0, -24), "a--b": (0, 24), "conduit": (2, -96)}


def test_what_is_left_serves_though_two_sites_are_asked_for() -> None:
    found = losses(spread_world())
    figures = {name: (trial.unserved_after, trial.extra_usd) for name, trial in found.items()}
    assert figures == {name: pytest.approx(each) for name, each in AFTER.items()}
    fewer = {name: [(s.asked, s.left, s.after) for s in trial.fewer_sites] for name, trial in found.items()}
    one = [(2, 1, 1)]
    assert fewer == {"a": one, "b": one, "a--u": one, "b--u": one, "a--b": [], "conduit": [(2, 0, 0)]}
    assert found["a"].failure.scenario.name == "without=a + min_sites=1 of service"
    assert found["a--b"].failure.scenario.name == "without=a--b"


def third_site(data: Data) -> Data:
    """Return the world with a site c, at 3 USD, in reach of the users."""
    site = {"id": "c", "jurisdiction": "DE", "owner": "bob"}
    pool = {**data["pools"][0], "id": "c-x", "data_center": "c", "usd_per_accelerator_hour": 3}
    link = {"source": "c", "target": "u", "bandwidth_gbps": 100, "latency_ms": 1}
    data["data_centers"].append(site)
    data["pools"].append(pool)
    data["links"].append(link)
    return data


def test_more_sites_than_are_left_may_be_used_and_are_counted() -> None:
    # a is full but for one accelerator and b has two, so that what b served goes to c when it is lost.
    data = third_site(spread_world())
    data["workloads"] = data["workloads"][1:]
    data["pools"][0]["count"], data["pools"][1]["count"] = 2, 2
    lost = losses(data)["b"]
    assert lost.unserved_after == 0
    assert lost.fewer_sites == (FewerSites("service", 2, 1, 2),)


def test_services_that_are_not_hit_keep_their_sites_and_so_do_those_with_enough_left() -> None:
    # 'wide' asks for two sites and has to have three: 25 requests/s, 10 accelerators at each site but one at
    # d. 'far' may be at c and d only.
    data = third_site(spread_world())
    for element in ("data_centers", "pools", "links"):
        text = json.dumps(data[element][-1]).replace('"c"', '"d"').replace('"c-x"', '"d-x"')
        data[element].append(json.loads(text.replace("c--u", "d--u")))
    wide = {**data["workloads"][1], "id": "wide"}
    wide["demand"] = [{"location": "u", "requests_per_second": 25}]
    data["pools"][3]["count"] = 1
    far = {**data["workloads"][1], "id": "far", "demand": [{"location": "u", "requests_per_second": 0.5}]}
    data["workloads"] = [wide, far]
    data["limits"] = {"forbidden": [{"workload": "far", "data_center": site} for site in "ab"]}
    lost = losses(data)["a"]
    assert lost.fewer_sites == ()
    assert lost.replan
    sites = {entry.service: {each.data_center for each in entry.replicas} for entry in lost.replan.services}
    assert sites["far"] == {"c", "d"}
    assert len(sites["wide"]) >= 2


def test_the_report_tells_where_there_are_fewer_sites() -> None:
    problem = Problem.parse(spread_world())
    plan = solve(problem)
    trials = stress(problem, plan, replan=False)
    text = render_stress(problem, plan, trials, form="table")
    assert "Services with fewer sites than they ask for, by loss" in text
    document = json.loads(render_stress(problem, plan, trials, form="json"))
    rows = {loss["loss"]: loss["fewer_sites"] for loss in document["losses"]}
    row = {"loss": "a", "workload": "service", "min_sites": 2, "left_at_once": 1, "after_replan": None}
    assert rows["a"] == [row]
    csv = render_stress(problem, plan, trials, form="csv", name="fewer_sites")
    assert csv.splitlines()[:2] == ["loss,workload,min_sites,left_at_once,after_replan", "a,service,2,1,"]
    usual = world()
    plain = render_stress(usual, solve(usual), stress(usual, solve(usual), replan=False), form="table")
    assert "fewer sites" not in plain


def standby_world(max_rtt_ms: float) -> Data:
    """Return the world of the service alone: a serves all, b has a replica as two sites are asked for."""
    data = spread_world()
    data["workloads"] = [{**data["workloads"][1], "max_rtt_ms": max_rtt_ms}]
    data["workloads"][0]["demand"][0]["requests_per_second"] = 0.5
    return data


def test_a_site_that_answers_nobody_is_lost_where_no_user_reaches_it_any_more() -> None:
    # Each site costs 24 hours of a replica, of 1 and 2 USD. Over a, b is 4 ms from the users and back.
    found = losses(standby_world(max_rtt_ms=3))
    assert found["b--u"].fewer_sites == (FewerSites("service", 2, 1, 1),)
    assert (found["b--u"].damage.accelerators, found["b--u"].damage.unserved) == (1, 0)
    assert found["b--u"].extra_usd == pytest.approx(-48)
    assert not found["a--b"].damage
    assert not losses(standby_world(max_rtt_ms=4), replan=False)["b--u"].damage


def test_a_service_that_serves_nobody_in_time_at_a_site_has_lost_it() -> None:
    data = standby_world(max_rtt_ms=4)
    data["workloads"][0] |= {"max_rtt_ms": None, "max_latency_ms": 4.0}
    data["workloads"][0]["serving"][0]["service_ms"] = 1.0
    assert losses(data, replan=False)["b--u"].damage
    data["workloads"][0]["max_latency_ms"] = 5.0
    assert not losses(data, replan=False)["b--u"].damage
