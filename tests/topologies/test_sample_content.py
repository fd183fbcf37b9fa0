"""The packaged samples hold what they are said to hold: counts, published figures, and rules that bite."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from computeroute.routing import Problem
from computeroute.routing.paths import PathFinder, RouteRequest
from computeroute.routing.pooling import parties
from computeroute.solvers import solve
from computeroute.topologies import load

from .sample_facts import cities_served_from, kilometres, lawful, peak, sites_for

KM_PER_MS_IN_VACUUM = 299.8
LARGE = ("east-data-west-compute", "multicloud", "europe-hybrid")


@pytest.fixture(scope="module")
def china() -> Problem:
    return load("east-data-west-compute")


@pytest.fixture(scope="module")
def clouds() -> Problem:
    return load("multicloud")


@pytest.fixture(scope="module")
def europe() -> Problem:
    return load("europe-hybrid")


# All of them


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LARGE)
def test_every_request_can_be_answered_from_somewhere_lawful_and_near_enough(name: str) -> None:
    problem = load(name)
    finder = PathFinder(problem)
    for service in problem.services:
        for demand, sites in cities_served_from(problem, service, finder):
            assert sites, f"{service.id} cannot be served in {demand.location}"


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LARGE)
def test_every_job_has_a_lawful_site_that_its_data_reaches(name: str) -> None:
    problem = load(name)
    finder = PathFinder(problem)
    assert [job.id for job in problem.jobs if not sites_for(problem, job, finder)] == []


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LARGE)
def test_every_node_is_on_the_map_and_every_policy_and_pool_is_of_use(name: str) -> None:
    problem = load(name)
    assert all(node.latitude is not None and node.longitude is not None for node in problem.nodes.values())
    ends = {end for link in problem.links for end in (link.source, link.target)}
    assert ends == set(problem.nodes)
    used = {workload.policy for workload in problem.workloads}
    used |= {demand.policy for service in problem.services for demand in service.demand}
    assert {policy.id for policy in problem.policies} <= used


@pytest.mark.parametrize("name", LARGE)
def test_no_link_is_faster_than_light(name: str) -> None:
    problem = load(name)
    for link in problem.links:
        km = kilometres(problem.nodes[link.source], problem.nodes[link.target])
        assert link.latency_ms >= km / KM_PER_MS_IN_VACUUM
        assert 0 < link.latency_ms < 300


@pytest.mark.parametrize("name", LARGE)
def test_demand_breathes_with_the_day(name: str) -> None:
    problem = load(name)
    for service in problem.services:
        for demand in service.demand:
            assert isinstance(demand.requests_per_second, tuple)
            assert min(demand.requests_per_second) < 0.8 * max(demand.requests_per_second)


@pytest.mark.parametrize("name", LARGE)
def test_jobs_of_every_kind_are_there(name: str) -> None:
    jobs = load(name).jobs
    horizon = load(name).horizon_hours
    assert any(job.interruptible for job in jobs)
    assert any(job.deadline_hours and job.deadline_hours <= horizon for job in jobs)
    assert any(job.deadline_hours and job.deadline_hours > horizon for job in jobs)
    assert any(job.earliest_start_hours > 0 for job in jobs)
    assert any(job.max_sites > 1 for job in jobs)
    assert any(job.dataset and len(job.dataset.at) > 1 for job in jobs)


def test_every_sample_and_every_figure_has_its_source() -> None:
    text = (files("computeroute.topologies") / "SOURCES.md").read_text(encoding="utf-8")
    for name in ("two-sites", *LARGE):
        assert f"`{name}`" in text
    for licence in ("Apache-2.0", "MIT", "CC-BY", "assumption"):
        assert licence in text


def test_the_page_on_the_samples_counts_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "samples.md").read_text(encoding="utf-8")
    rows = {
        row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ")[1:]
        for row in page.splitlines()
        if "|" in row
    }
    for column, name in enumerate(("two-sites", *LARGE)):
        problem = load(name)
        pools = f"{len(problem.pools)} ({sum(pool.count for pool in problem.pools):,})"
        assert rows["pools (accelerators)"][column].strip() == pools
        assert rows["data centers"][column].strip() == str(len(problem.data_centers))
        assert rows["locations"][column].strip() == str(len(problem.locations))
        assert rows["links"][column].split(" (")[0].strip() == f"{len(problem.links):,}"
        assert rows["training jobs"][column].strip() == str(len(problem.jobs))
        assert rows["inference services"][column].strip() == str(len(problem.services))
        assert rows["periods"][column].split()[0] == str(len(problem.periods))


# East-Data-West-Compute


def test_the_ten_national_clusters_are_there(china: Problem) -> None:
    colo = [
        site
        for site in china.data_centers
        if site.kind in ("colo", "cloud") and site.jurisdiction[:2] == "CN"
    ]
    assert len({site.name for site in colo}) == 10
    assert {site.jurisdiction for site in colo} == {
        *("CN-HE", "CN-NM", "CN-SH", "CN-AH", "CN-NX", "CN-GD", "CN-GZ", "CN-SC", "CN-CQ", "CN-GS")
    }


def test_china_has_the_size_that_was_promised(china: Problem) -> None:
    assert len({demand.location for service in china.services for demand in service.demand}) >= 15
    assert len(china.workloads) >= 60
    assert [period.hours for period in china.periods] == [1.0] * 24
    assert len({site.provider_id for site in china.data_centers}) >= 4
    assert {workload.owner for workload in china.workloads} <= {site.owner_id for site in china.data_centers}


def test_the_largest_jobs_fit_no_cluster_of_their_owner(china: Problem) -> None:
    largest = [china.workload[name] for name in ("llm-300b", "moe-671b", "chatgpt-class")]
    assert {job.owner for job in largest} == {"frontier-labs"}
    own = [pool for pool in china.pools if china.data_center[pool.data_center].owner_id == "frontier-labs"]
    assert max(pool.max_gang or pool.count for pool in own if pool.accelerator == "910b") == 2048
    assert {pool.accelerator for pool in own} == {"910b", "h20"}


@pytest.mark.no_cover
def test_owners_alone_use_about_30_percent(china: Problem) -> None:
    alone = [party for party in parties(china) if party.can_plan]
    assert len(alone) == 5
    plans = [solve(party.scenario.apply(china), gap_limit=0.05) for party in alone]
    used = sum(use.used for plan in plans for use in plan.pool_use) / len(china.periods)
    # 32 % at the default gap; a looser one, for a quick test, leaves a few more cards in use
    assert 0.27 < used / sum(pool.count for pool in china.pools) < 0.37


def test_chatgpt_class_training_needs_3640_pflop_days(china: Problem) -> None:
    [job] = [job for job in china.jobs if job.compute and job.compute.pflop_days == 3640]
    assert job.id == "chatgpt-class"
    assert job.compute is not None
    assert {1024, 10000} <= set(job.compute.counts)


def test_compute_follows_from_parameters_and_tokens(china: Problem) -> None:
    sizes: list[float] = []
    for job in china.jobs:
        stated = re.fullmatch(r"([\d.]+) billion parameters on ([\d.]+) billion tokens", job.name or "")
        if stated and job.compute:
            parameters, tokens = float(stated[1]), float(stated[2])
            assert job.compute.pflop_days == pytest.approx(6 * parameters * tokens * 1e18 / 8.64e19, rel=5e-3)
            sizes.append(parameters)
    assert min(sizes) <= 7
    assert max(sizes) >= 300


def test_clusters_scale_to_92_and_90_percent(china: Problem) -> None:
    for pool in china.pools:
        if pool.scaling:
            assert [(point.accelerators, point.efficiency) for point in pool.scaling] == [
                (1000, 0.92),
                (10000, 0.9),
            ]
    assert any(pool.count >= 10_000 and pool.scaling for pool in china.pools)


def test_carbon_is_that_of_the_province(china: Problem) -> None:
    published = {
        "CN-GZ": 568.3,
        "CN-SC": 156.4,
        "CN-NM": 647.9,
        "CN-SH": 573.7,
        "CN-GD": 441.9,
        "CN-NX": 618.7,
    }
    for site in china.data_centers:
        if site.jurisdiction in published:
            assert site.g_per_kwh == published[site.jurisdiction]


def test_circles_of_1_5_and_20_ms(china: Problem) -> None:
    limits = Counter(service.max_rtt_ms for service in china.services)
    assert min(limits[1.0], limits[5.0], limits[20.0]) >= 5
    finder = PathFinder(china)
    for service in china.services:
        for demand, sites in cities_served_from(china, service, finder):
            if service.max_rtt_ms == 1:
                city = china.nodes[demand.location].jurisdiction
                assert {china.nodes[site].jurisdiction for site in sites} == {city}
                assert f"edge-{demand.location}" in sites


def test_some_data_may_not_leave_its_province_and_some_not_the_country(china: Problem) -> None:
    policies = Counter(workload.policy for workload in china.workloads)
    assert policies["mainland"] >= 15
    assert sum(count for policy, count in policies.items() if policy and policy.endswith("-only")) >= 10
    residency = china.residency("guizhou-only")
    assert residency.may_process("CN-GZ")
    assert not residency.may_process("CN-SC")
    assert not residency.may_pass("CN-GX")


def test_the_short_way_through_hong_kong_is_barred_to_data_of_the_mainland(china: Problem) -> None:
    finder = PathFinder(china)
    free, mainland = china.residency(None), china.residency("mainland")
    requests = [
        RouteRequest(residency, "shanghai", "shenzhen", usd_per_ms=1.0) for residency in (free, mainland)
    ]
    [[abroad, *_], [home, *_]] = finder.routes(requests)
    assert "hong-kong" in abroad.nodes
    assert "hong-kong" not in home.nodes
    assert home.rtt_ms > abroad.rtt_ms


def test_power_is_cheaper_in_the_west(china: Problem) -> None:
    means = {}
    for site in china.data_centers:
        prices = site.usd_per_kwh if isinstance(site.usd_per_kwh, tuple) else (site.usd_per_kwh,)
        means[site.id] = sum(prices) / len(prices)
    assert max(means[west] for west in ("horinger", "zhongwei", "qingyang", "guian")) < 0.75 * means["qingpu"]


# Multicloud


def test_regions_of_two_clouds_and_the_workloads_on_them(clouds: Problem) -> None:
    assert len(clouds.data_centers) >= 35
    assert {site.provider for site in clouds.data_centers} == {"aws", "gcp"}
    assert len(clouds.workloads) >= 80
    assert len(clouds.jobs) >= 30
    assert len(clouds.services) >= 30
    assert {"eu", "us", "japan", "india", "brazil"} <= {policy.id for policy in clouds.policies}


def test_every_two_regions_are_joined_as_measured(clouds: Problem) -> None:
    sites = clouds.data_centers
    pairs = {(link.source, link.target): link for link in clouds.links if link.directed}
    assert len(pairs) == len(sites) * (len(sites) - 1)
    for (a, b), link in pairs.items():
        assert link.latency_ms == pairs[b, a].latency_ms
        assert link.egress_usd_per_gb is not None
        assert 0.01 <= link.egress_usd_per_gb <= 0.19
    assert pairs["aws-eu-central-1", "gcp-europe-west3"].latency_ms == 0.92
    assert pairs["aws-us-east-1", "gcp-us-west1"].egress_usd_per_gb == 0.09
    assert pairs["gcp-us-west1", "aws-us-east-1"].egress_usd_per_gb == 0.12


def test_accelerators_cost_what_the_lists_say(clouds: Problem) -> None:
    assert clouds.pool["aws-us-east-1-h100"].usd_per_accelerator_hour == pytest.approx(55.04 / 8)
    assert clouds.pool["aws-sa-east-1-h100"].usd_per_accelerator_hour == pytest.approx(92.4672 / 8)
    finland = clouds.pool["gcp-europe-north1-h100"]
    assert finland.spot_usd_per_accelerator_hour == pytest.approx(9.73838 / 8, abs=1e-4)
    assert any(pool.committed_count for pool in clouds.pools)


def test_residency_keeps_each_market_at_home(clouds: Problem) -> None:
    for policy, countries in {"us": {"US"}, "japan": {"JP"}, "india": {"IN"}, "brazil": {"BR"}}.items():
        sites = {pool.data_center for pool in lawful(clouds, policy, list(clouds.pools))}
        assert {clouds.data_center[site].jurisdiction for site in sites} == countries
    assert {
        clouds.data_center[pool.data_center].jurisdiction for pool in lawful(clouds, "eu", list(clouds.pools))
    } == {*("DE", "SE", "IT", "IE", "FI", "BE", "NL")}


def test_transit_rules_lengthen_or_close_the_way(clouds: Problem) -> None:
    finder = PathFinder(clouds)
    strict, lenient = clouds.residency("eu"), clouds.residency("eu-transit-europe")
    dublin = [RouteRequest(rule, "dublin", "aws-eu-central-1", usd_per_ms=1.0) for rule in (strict, lenient)]
    closed, open_ = finder.routes(dublin)
    assert closed == []
    assert open_
    milan = [RouteRequest(rule, "milan", "gcp-europe-west4", usd_per_ms=1.0) for rule in (strict, lenient)]
    assert [bool(found) for found in finder.routes(milan)] == [True, True]


def test_users_of_the_world_keep_the_law_of_their_home(clouds: Problem) -> None:
    [world] = [service for service in clouds.services if service.id == "translate-world"]
    policies = {demand.location: demand.policy for demand in world.demand}
    assert policies["tokyo"] == "japan"
    assert policies["paris"] == "eu"
    assert policies["sydney"] is None


# Europe


def test_own_sites_stand_beside_clouds(europe: Problem) -> None:
    kinds = Counter(site.kind for site in europe.data_centers)
    assert kinds["on_prem"] >= 8
    assert kinds["colo"] >= 2
    assert kinds["cloud"] >= 8
    assert all(site.max_power_kw for site in europe.data_centers if site.kind != "cloud")


def test_power_price_and_carbon_change_by_the_hour(europe: Problem) -> None:
    for site in europe.data_centers:
        if site.kind == "on_prem":
            assert isinstance(site.usd_per_kwh, tuple)
            assert isinstance(site.g_per_kwh, tuple)
            assert len(set(site.usd_per_kwh)) > 10
            assert sum(site.usd_per_kwh) / 24 == pytest.approx(0.085 + 0.095, abs=2e-3)
            assert sum(site.g_per_kwh) / 24 == pytest.approx(275.82, rel=0.02)


def test_own_pools_may_grow_until_the_power_is_used_up(europe: Problem) -> None:
    growing = [pool for pool in europe.pools if pool.expansion]
    assert len(growing) >= 10
    for site in europe.data_centers:
        if site.max_power_kw:
            now = sum(
                _kw(europe, pool.id) * pool.count for pool in europe.pools if pool.data_center == site.id
            )
            assert now <= site.max_power_kw
    yearly = europe.pool["juelich-h100"].expansion
    assert yearly is not None
    # 8 x 42,000 USD over 5 years at 6 % a year: annuity factor 0.06 / (1 - 1.06^-5) = 0.237396
    assert yearly.annuity_usd_per_module_year == pytest.approx(336_000 * 0.237396, rel=1e-5)


def _kw(problem: Problem, pool_id: str) -> float:
    pool = problem.pool[pool_id]
    site = problem.data_center[pool.data_center]
    return problem.accelerator[pool.accelerator].tdp_w * pool.power_utilization * site.pue / 1000


def test_committed_spot_and_shares_are_there(europe: Problem) -> None:
    assert any(pool.committed_count for pool in europe.pools)
    assert any(pool.spot_usd_per_accelerator_hour for pool in europe.pools)
    assert set(europe.limits.max_provider_share) == {"aws", "gcp"}
    assert europe.limits.forbidden


def test_swiss_transit_is_open_to_some_and_closed_to_others(europe: Problem) -> None:
    finder = PathFinder(europe)
    rules = [europe.residency(policy) for policy in ("eea-swiss-transit", "eea")]
    swiss, around = finder.routes([RouteRequest(r, "stuttgart-city", "milan", usd_per_ms=1.0) for r in rules])
    assert "zurich" in swiss[0].nodes
    assert "zurich" not in around[0].nodes
    assert finder.routes([RouteRequest(europe.residency("germany"), "munich-city", "aws-paris")]) == [[]]


def test_the_load_is_worth_planning(europe: Problem, china: Problem, clouds: Problem) -> None:
    for problem in (europe, china, clouds):
        assert sum(peak(problem, service) for service in problem.services) > 10_000


def test_some_work_must_rent_and_own_pools_can_grow(europe: Problem) -> None:
    assert any(pool.expansion for pool in europe.pools)
    for policy in ("france", "uk"):
        sites = {pool.data_center for pool in lawful(europe, policy, list(europe.pools))}
        assert {europe.data_center[site].kind for site in sites} == {"cloud"}


def test_one_job_is_too_large_for_any_single_region(clouds: Problem) -> None:
    [job] = [job for job in clouds.jobs if job.max_sites > 1]
    assert job.needs is not None
    [need] = job.needs
    largest = max(pool.count for pool in clouds.pools if pool.accelerator == need.accelerator)
    assert need.count / job.max_sites <= largest < need.count
