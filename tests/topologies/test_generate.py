"""Generated problems: sound, the same for the same seed, as large and as tight as asked for."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from computeroute.routing import check
from computeroute.routing.errors import InputError
from computeroute.routing.problem import Problem
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.topologies import load
from computeroute.topologies.generate import Recipe, generate, generate_text
from computeroute.topologies.generate_shapes import OFFICE, Periods, kilometres, power_of_two, significant

SMALL: dict[str, Any] = {"sites": 4, "services": 3, "jobs": 5, "periods": 3, "locations": 4}
MIDDLE: dict[str, Any] = {"sites": 60, "services": 60, "jobs": 300, "periods": 24, "locations": 60}


@pytest.fixture(scope="module")
def middle() -> Problem:
    return generate(**MIDDLE, seed=3, tightness=0.7)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sizes", [SMALL, {**SMALL, "sites": 1, "locations": 1}, {**SMALL, "services": 0}])
def test_small_ones_are_sound(sizes: dict[str, Any], seed: int) -> None:
    problem = generate(**sizes, seed=seed)
    assert len(problem.data_centers) == sizes["sites"]
    assert (len(problem.services), len(problem.jobs)) == (sizes["services"], sizes["jobs"])
    assert (len(problem.periods), len(problem.locations)) == (sizes["periods"], sizes["locations"])
    assert problem.horizon_hours == pytest.approx(24)


def test_what_only_small_pools_admit_takes_no_longer_than_a_file_may_say() -> None:
    # Without a limit, job-47 would run so long on few accelerators that its deadline is at 2,137,988 hours.
    problem = generate(sites=50, services=5, jobs=200, periods=6, locations=3, seed=429460, tightness=1.1)
    deadlines = [job.deadline_hours for job in problem.jobs if job.deadline_hours is not None]
    assert 5e5 < max(deadlines) <= 1e6


def test_a_file_reads_back_as_the_problem(tmp_path: Path) -> None:
    text = generate_text(Recipe(**SMALL, seed=5, tightness=0.7))
    (tmp_path / "p.json").write_text(text, encoding="utf-8")
    assert load(tmp_path / "p.json").digest == generate(**SMALL, seed=5).digest


def test_the_same_seed_gives_the_same_bytes_anywhere() -> None:
    text = generate_text(Recipe(**SMALL, seed=0, tightness=0.7))
    assert text == generate_text(Recipe(**SMALL, seed=0, tightness=0.7))
    assert text != generate_text(Recipe(**SMALL, seed=1, tightness=0.7))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "35f1915f5da61d42"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize(("tightness", "all_placed"), [(0.3, True), (1.2, False)])
def test_tightness_says_whether_all_fits(seed: int, tightness: float, all_placed: bool) -> None:
    problem = generate(**SMALL, seed=seed, tightness=tightness)
    plan = solve(problem, time_limit=20, gap_limit=0.01)
    assert check(problem, plan) == []
    assert bool(plan.left_out) is not all_placed


@pytest.mark.no_cover
def test_tighter_means_fewer_accelerators() -> None:
    counts = [sum(p.count for p in generate(**MIDDLE, tightness=t).pools) for t in (0.3, 0.7, 0.95, 1.5)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 3 * counts[3]


@pytest.mark.no_cover
def test_above_one_the_services_or_all_work_exceed_the_pools() -> None:
    text = generate_text(Recipe(**MIDDLE, seed=2, tightness=1.3))
    share = float(json.loads(text)["description"].partition("at least ")[2].split()[0])
    assert share == pytest.approx(1.3, abs=0.05)


def test_everything_of_the_format_occurs(middle: Problem) -> None:
    assert {site.kind for site in middle.data_centers} == {"cloud", "colo", "on_prem", "edge"}
    assert len({site.provider_id for site in middle.data_centers}) > 4
    assert len({pool.accelerator for pool in middle.pools}) >= 6
    for field in ("expansion", "committed_count", "spot_usd_per_accelerator_hour", "scaling"):
        assert any(getattr(pool, field) for pool in middle.pools), field
    for field in ("needs", "compute", "dataset", "earliest_start_hours", "deadline_hours", "interruptible"):
        some = [bool(getattr(job, field)) for job in middle.jobs]
        assert any(some), field
        assert not all(some), field
    assert any(job.max_sites > 1 for job in middle.jobs)
    assert any(len(job.dataset.at) > 1 for job in middle.jobs if job.dataset)
    assert any(service.min_sites > 1 for service in middle.services)
    assert any(service.max_sites for service in middle.services)
    assert len({link.bandwidth_gbps for link in middle.links}) >= 3
    assert any(link.jurisdictions for link in middle.links)
    assert {w.policy for w in middle.workloads} == {None, *(policy.id for policy in middle.policies)}


def test_sites_of_one_area_share_a_risk() -> None:
    """Sites are named after their area: "paris-nimbus-2" stands in "area-paris"."""
    problem = generate(sites=220, services=0, jobs=1, periods=1, locations=4, seed=2)
    groups: dict[str, list[str]] = {}
    for site in problem.data_centers:
        for group in site.risk_groups:
            groups.setdefault(group, []).append(site.id)
    assert len(groups) > 20
    for group, sites in groups.items():
        assert len(sites) > 1
        assert all(site.startswith(f"{group.removeprefix('area-')}-") for site in sites), group


def test_long_hauls_from_one_area_to_a_region_share_a_risk(middle: Problem) -> None:
    sharing = [link for link in middle.links if link.risk_groups]
    counts = Counter(group for link in sharing for group in link.risk_groups)
    assert len(counts) > 5
    assert min(counts.values()) > 1
    for link in sharing:
        for group in link.risk_groups:
            landing = group.removeprefix("cables-")
            assert any(landing.startswith(end.partition("-")[0]) for end in (link.source, link.target))


@pytest.mark.no_cover
def test_work_fits_pools_that_admit_it(middle: Problem) -> None:
    """Each job and each replica has a pool of its type, under its policy, that is large enough."""
    for work in middle.workloads:
        rules = middle.residency(work.policy)
        open_pools = [
            p for p in middle.pools if rules.may_process(middle.data_center[p.data_center].jurisdiction)
        ]
        largest = {p.accelerator: 0 for p in middle.pools}
        for pool in open_pools:
            more = pool.expansion
            count = pool.count + (more.max_modules * more.module_accelerators if more else 0)
            largest[pool.accelerator] = max(largest[pool.accelerator], count)
        assert any(size <= largest.get(name, 0) for name, size in needed(work)), work.id


@pytest.mark.parametrize(("seed", "tightness"), [(27, 0.5), (33, 1.0), (36, 1.0)])
def test_services_at_two_sites_have_two_that_hold_a_replica(seed: int, tightness: float) -> None:
    """In these some services had one site only whose pools are large enough for their replicas."""
    sizes = {"sites": 15, "services": 30, "jobs": 60, "periods": 4}
    services = build_variables(generate(**sizes, seed=seed, tightness=tightness)).services
    assert services.barred == {}


def test_clusters_have_a_choice_of_pools(middle: Problem) -> None:
    """No cluster takes more than 0.6 of any of the three largest pools of one of its types."""
    for job in middle.jobs:
        rules = middle.residency(job.policy)
        admit = [p for p in middle.pools if rules.may_process(middle.data_center[p.data_center].jurisdiction)]
        fits = []
        for name, size in needed(job):
            counts = sorted((most_of(pool) for pool in admit if pool.accelerator == name), reverse=True)[:3]
            fits.append(bool(counts) and (size <= 0.6 * counts[-1] or size == 1))
        assert any(fits), job.id


def most_of(pool: Any) -> int:
    more = pool.expansion
    return int(pool.count + (more.max_modules * more.module_accelerators if more else 0))


def test_datasets_come_while_the_job_runs(middle: Problem) -> None:
    """At 20 Gbit/s at most, even where it runs on its fastest type."""
    for job in middle.jobs:
        if job.dataset and job.needs:
            hours = min(need.hours for need in job.needs)
            within = min(job.dataset.transfer_hours or hours, hours)
            assert job.dataset.gb * 8 / 3600 / within <= 20 * 1.01, job.id


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(2))
def test_nothing_has_to_be_left_out_at_the_default_tightness(seed: int) -> None:
    problem = generate(sites=8, services=10, jobs=40, periods=8, locations=10, seed=seed)
    assert solve(problem, solver="highs", gap_limit=0.5, time_limit=30).unserved == 0


def needed(work: Any) -> list[tuple[str, int]]:
    if work.kind == "inference":
        return [(s.accelerator, s.accelerators_per_replica) for s in work.serving]
    if work.needs:
        return [(need.accelerator, need.count) for need in work.needs]
    return [(name, min(work.compute.counts)) for name in work.compute.accelerators]


def test_sizes_are_heavy_tailed(middle: Problem) -> None:
    gb = sorted(job.dataset.gb for job in middle.jobs if job.dataset)
    assert gb[-1] > 50 * gb[len(gb) // 2]


def test_light_is_not_outrun(middle: Problem) -> None:
    for link in middle.links:
        a, b = middle.nodes[link.source], middle.nodes[link.target]
        km = kilometres(np.array([a.latitude, b.latitude]), np.array([a.longitude, b.longitude]))[0, 1]
        assert link.latency_ms >= km / 200


def test_more_work_leaves_the_sites_where_they_are() -> None:
    few, many = generate(**SMALL), generate(**{**SMALL, "jobs": 9})
    assert few.data_centers == many.data_centers
    assert [link.latency_ms for link in few.links] == [link.latency_ms for link in many.links]


def test_more_than_the_metropolitan_areas() -> None:
    problem = generate(sites=270, services=2, jobs=2, periods=1, locations=300)
    assert len(problem.nodes) == 570
    assert all(isinstance(site.g_per_kwh, float | int) for site in problem.data_centers)


def test_without_locations_there_is_one_per_site() -> None:
    assert len(generate(sites=3, services=1, jobs=0, periods=2).locations) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sites": 0}, "sites must be a whole number from 1 to 2,000, not 0"),
        ({"jobs": 10**9}, "jobs must be a whole number from 0 to 500,000"),
        ({"jobs": 0, "services": 0}, "nothing to plan"),
        ({"periods": 2.5}, "periods must be a whole number"),
        ({"tightness": -1.0}, "tightness must be at least 0.001"),
        ({"tightness": math.nan}, "tightness must be at least 0.001"),
        ({"tightness": 1e-6}, "tightness must be at least 0.001"),
        ({"tightness": 11.0}, "at most 10"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"services": 10_000, "locations": 2_000, "periods": 24}, "at most 20,000,000 can be planned"),
    ],
)
def test_absurd_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        generate(**{**SMALL, **change})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        generate(**{**SMALL, "sites": 0, "seed": -1})
    assert len(caught.value.faults) == 2


def test_means_of_periods_follow_the_local_clock() -> None:
    shape = np.array([OFFICE])
    utc, tokyo = (Periods(24).means(shape, np.array([ahead]))[0] for ahead in (0.0, 9.0))
    assert np.allclose(np.roll(utc, -9), tokyo)
    assert Periods(1).means(shape, np.zeros(1))[0, 0] == pytest.approx(np.mean(OFFICE), rel=1e-3)
    assert Periods(48).horizon_hours == 48


def test_rounding() -> None:
    assert significant([0.0, 1234.5, 0.0012345, 99.96]) == [0, 1230, 0.00123, 100]
    assert significant(2.0) == 2
    assert power_of_two(np.array([0.2, 1.4, 1.5, 6.0])).tolist() == [1, 1, 2, 8]


def test_distance_from_berlin_to_new_york() -> None:
    km = kilometres(np.array([52.52, 40.71]), np.array([13.41, -74.01]))
    assert km[0, 1] == pytest.approx(6385, rel=0.003)
    assert km[0, 0] == 0


@pytest.mark.parametrize("periods", [9, 11])
def test_clocks_just_behind_midnight_are_of_the_day(periods: int) -> None:
    # 24 - 4 + (11.5 / 9 - 1 / 18) * 24 and the like are 24 but for rounding.
    means = Periods(periods).means(np.ones((25, 24)), np.arange(-12.0, 13.0))
    assert means == pytest.approx(np.ones((25, periods)))
