"""A problem for people: contents, sites, pools, links, round trips and reach."""

from __future__ import annotations

import pytest
from computeroute.routing import Problem, UnknownNameError
from computeroute.routing.overview import contents, link_table, origins, pool_table, site_table
from computeroute.routing.reach import Reach, reach_table, rtt_table, rtt_text
from computeroute.routing.scenarios import scenario
from computeroute.routing.show import render_problem
from computeroute.routing.text import width

from . import report_cases as cases


@pytest.fixture(scope="module")
def problem() -> Problem:
    return cases.problem()


@pytest.fixture(scope="module")
def reach(problem: Problem) -> Reach:
    return Reach(problem)


def test_contents_count_everything(problem: Problem) -> None:
    counts = {
        record["element"]: (record["count"], record["detail"]) for record in contents(problem).records()
    }
    assert counts == {
        "data centers": (3, "1 cloud, 1 on_prem, 1 colo"),
        "pools": (3, "88 accelerators"),
        "locations": (2, ""),
        "links": (5, "4 both ways, 1 one way"),
        "policies": (2, ""),
        "periods": (2, "24.0 hours in all"),
        "training jobs": (4, ""),
        "inference services": (2, "45.0 requests/s at the peak"),
    }


def test_contents_tell_what_a_scenario_took_away(problem: Problem) -> None:
    lost = problem.pools[0]
    less = scenario(f"without={lost.id}").apply(problem)
    [pools] = [record for record in contents(less).records() if record["element"] == "pools"]
    assert pools["detail"] == f"88 accelerators, {lost.count} of them out of use"


def test_sites_show_means_over_the_horizon(problem: Problem) -> None:
    shanghai, fra, _ = site_table(problem).records()
    assert shanghai["usd_per_kwh"] == pytest.approx((0.2 * 6 + 0.1 * 18) / 24)
    assert (fra["provider"], fra["owner"], fra["max_power_kw"]) == ("fra", "acme", 500)


def test_pools_show_what_they_can_grow_to(problem: Problem) -> None:
    assert [record["expandable_to"] for record in pool_table(problem).records()] == [None, 16 + 4 * 8, None]


def test_links_show_what_a_gb_costs_each_way() -> None:
    """0.01 of transport; 0.09 out of ``s``, or 0.02 as the link says; no way back where it is one way."""
    link = {"source": "s", "target": "x", "bandwidth_gbps": 1, "latency_ms": 1, "usd_per_gb": 0.01}
    sites = [{"id": "s", "jurisdiction": "DE", "egress_usd_per_gb": 0.09}, {"id": "t", "jurisdiction": "DE"}]
    data = {
        **cases.PROBLEM,
        "data_centers": sites,
        "pools": [{"id": "p", "data_center": "s", "accelerator": "h100", "count": 8}],
        "locations": [{"id": "x", "jurisdiction": "DE"}],
        "links": [link, {**link, "directed": True}, {**link, "target": "t", "egress_usd_per_gb": 0.02}],
        "workloads": [job for job in cases.PROBLEM["workloads"] if job["id"] == "too-big"],
    }
    records = link_table(Problem.parse(data)).records()
    prices = [[each[f"usd_per_gb{way}"] for way in ("", "_there", "_back")] for each in records]
    assert prices == [pytest.approx([0.01, 0.1, 0.01]), [0.01, pytest.approx(0.1), None], [0.01, 0.03, 0.03]]


def test_links_keep_their_direction(problem: Problem) -> None:
    assert [record["directed"] for record in link_table(problem).records()] == [False] * 4 + [True]


def test_origins_are_where_data_is(problem: Problem) -> None:
    assert origins(problem) == ["fra", "berlin", "lyon"]
    jobs = [job for job in cases.PROBLEM["workloads"] if job["id"] == "too-big"]
    assert origins(Problem.parse({**cases.PROBLEM, "workloads": jobs})) == ["berlin", "lyon"]


def test_round_trips(reach: Reach) -> None:
    table = {
        (r["location"], r["data_center"]): (r["may_process"], r["rtt_ms"])
        for r in rtt_table(reach, "eu").records()
    }
    assert table["berlin", "fra"] == (True, 8.0)
    assert table["berlin", "par"] == (True, 18.0)
    assert table["lyon", "上海-1"] == (False, None)


def test_matrix_marks_what_is_out_of_reach_or_not_allowed(reach: Reach) -> None:
    lines = rtt_text(reach, "eu", 110, 30).split("\n")
    assert lines[0].startswith("Least round trip in ms under policy 'eu'")
    assert lines[1].split() == ["location", "上海-1", "fra", "par"]
    assert [line.split() for line in lines[3:]] == [
        ["fra", "x", "0.00", "10.00"],
        ["berlin", "x", "8.00", "18.00"],
        ["lyon", "x", "16.00", "6.00"],
    ]
    assert rtt_text(reach, "not-de", 110, 30).split("\n")[4].split() == ["berlin", "-", "-", "-"]


def test_matrix_is_cut_into_blocks_that_fit() -> None:
    sites = [{"id": f"a-data-center-called-{k}", "jurisdiction": "DE"} for k in range(40)]
    pools = [
        {"id": site["id"], "data_center": site["id"], "accelerator": "h100", "count": 8} for site in sites
    ]
    places = [{"id": f"a-rather-long-place-{k}", "jurisdiction": "DE"} for k in range(40)]
    jobs = [job for job in cases.PROBLEM["workloads"] if job["id"] == "too-big"]
    nodes = {"data_centers": sites, "pools": pools, "locations": places, "links": []}
    text = rtt_text(Reach(Problem.parse({**cases.PROBLEM, **nodes, "workloads": jobs})), None, 80, 30)
    blocks = text.split("\n\n")
    assert blocks[-1] == "... and 10 more places, 10 more data centers (use --format json or csv)"
    assert len(blocks) == 1 + 10
    assert max(map(width, text.split("\n")[1:-1])) <= 80


def test_reach_of_every_policy(reach: Reach) -> None:
    rows = {record["policy"]: record for record in reach_table(reach, None).records()}
    assert rows["(no policy)"]["pairs"] == 9
    assert (rows["eu"]["data_centers"], rows["eu"]["pairs"], rows["eu"]["sites"]) == (2, 6, ("fra", "par"))
    # Berlin's only link ends in Frankfurt, which this policy bars; Lyon reaches Paris and no further.
    assert rows["not-de"]["data_centers"] == 3
    assert all(record["all_pairs"] == 9 for record in rows.values())


def test_reach_of_one_policy_by_site(reach: Reach) -> None:
    shanghai, fra, par = reach_table(reach, "eu").records()
    assert (shanghai["may_process"], shanghai["locations"], shanghai["least_rtt_ms"]) == (False, 0, None)
    assert (fra["locations"], fra["least_rtt_ms"], fra["most_rtt_ms"]) == (3, 0.0, 16.0)
    assert (par["locations"], par["most_rtt_ms"]) == (3, 18.0)


def test_unknown_names(problem: Problem) -> None:
    with pytest.raises(UnknownNameError, match="unknown policy 'eux'; did you mean 'eu'"):
        render_problem(problem, "eux", "table", None, 110)
    with pytest.raises(UnknownNameError, match="unknown table 'site'; did you mean 'sites'"):
        render_problem(problem, None, "table", "site", 110)
