"""Options, arcs and starts made as arrays are those made one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.routing.paths import Candidate, PathFinder
from computeroute.solvers import solve
from computeroute.solvers.admissible.jobs import JobOptions, build_job_options
from computeroute.solvers.admissible.option_table import JobOption
from computeroute.solvers.admissible.routebook import (
    KB_PER_GB,
    RouteBook,
    dataset_request,
    hops,
    inter_site_request,
    return_hops,
    service_request,
)
from computeroute.solvers.admissible.services import Services
from computeroute.solvers.admissible.serving_arcs import build_services
from computeroute.solvers.admissible.windows import Calendar, windows
from computeroute.solvers.model.variables import direction_index
from computeroute.solvers.rates import Rates, build_rates

from .model.test_constraints import job, world
from .small_worlds import random_world

Data = dict[str, Any]
SEEDS = range(40)


def _world(seed: int) -> Problem:
    return Problem.parse(random_world(Random(seed)))


def _built(
    problem: Problem, scarce: frozenset[str] = frozenset()
) -> tuple[Rates, RouteBook, JobOptions, Services]:
    rates, book = build_rates(problem), RouteBook(problem, PathFinder(problem), scarce).prepare()
    return rates, book, build_job_options(problem, rates, book), build_services(problem, rates, book)


@pytest.mark.parametrize("seed", SEEDS)
def test_starts_of_many_options_are_those_of_each(seed: int) -> None:
    problem = _world(seed)
    rates, _, jobs, _ = _built(problem)
    calendar, table = Calendar(problem, rates), jobs.table
    starts = calendar.starts(table, np.flatnonzero(~table.pausable))
    run = calendar.hours_within(starts.start_hours, table.hours[starts.option])
    moving = calendar.hours_within(starts.start_hours, table.transfer_hours[starts.option]) > 0
    room = calendar.room_hours(table.job)
    for index, option in enumerate(jobs.options):
        expected = list(windows(problem.jobs[option.job], option, rates))
        assert expected
        mine = starts.option == index
        if option.pausable:
            assert not mine.any()
            assert room[index].tolist() == expected[0].run_hours.tolist()
        else:
            assert starts.start_hours[mine].tolist() == [window.start_hours for window in expected]
            assert run[mine].tolist() == [window.run_hours.tolist() for window in expected]
            assert moving[mine].tolist() == [window.transfers.tolist() for window in expected]


def _key(route: Candidate | None) -> tuple[float, float, int] | None:
    return (
        None if route is None else (pytest.approx(route.usd), pytest.approx(route.rtt_ms), len(route.links))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_routes_of_arcs_are_those_of_the_finder(seed: int) -> None:
    problem = _world(seed)
    _, _, _, services = _built(problem)
    finder, objective = PathFinder(problem), problem.objective
    demands = [(service, demand) for service in problem.services for demand in service.demand]
    assert len(services.arc_route) == len(services.arc_demand) == len(list(services.arc_route))
    for arc, route in enumerate(services.arc_route):
        service, demand = demands[services.arc_demand[arc]]
        pool = problem.pools[services.slot_pool[services.arc_slot[arc]]]
        serving = next(entry for entry in service.serving if entry.accelerator == pool.accelerator)
        request = service_request(problem, service, demand, serving, pool.data_center)
        assert _key(route) == _key(finder.routes([request])[0][0])
        out = route.out_link_usd_per_gb + route.out_egress_usd_per_gb
        back = route.back_link_usd_per_gb + route.back_egress_usd_per_gb
        money = (service.request_kb * out + service.response_kb * back) / KB_PER_GB
        weighted = objective.money_weight * money + objective.usd_per_ms_request * route.rtt_ms
        assert services.arc_money[arc] == pytest.approx(money)
        assert services.arc_usd[arc] == pytest.approx(weighted)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_admissible_arc_is_there(seed: int) -> None:
    problem = _world(seed)
    _, _, _, services = _built(problem)
    slots = zip(services.slot_service[services.arc_slot], services.slot_pool[services.arc_slot], strict=True)
    found = {(int(d), int(p)) for d, (_, p) in zip(services.arc_demand, slots, strict=True)}
    finder, number, expected = PathFinder(problem), 0, set()
    for service in problem.services:
        for demand in service.demand:
            for index, pool in enumerate(problem.pools):
                for serving in service.serving:
                    request = service_request(problem, service, demand, serving, pool.data_center)
                    code = problem.data_center[pool.data_center].jurisdiction
                    if (
                        np.any(demand.requests_per_second)
                        and serving.accelerator == pool.accelerator
                        and serving.accelerators_per_replica <= pool.count
                        and request.residency.may_process(code)
                        and finder.routes([request])[0]
                    ):
                        expected.add((number, index))
            number += 1
    assert found == expected


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_directions_of_trips_are_those_of_their_routes(seed: int) -> None:
    problem = _world(seed)
    _, _, jobs, services = _built(problem)
    directions = direction_index(problem)
    for trip, route in zip(services.arc_trip.tolist(), services.arc_route, strict=True):
        assert services.trips.out.run(trip).tolist() == [directions[hop] for hop in hops(route)]
        assert services.trips.back.run(trip).tolist() == [directions[hop] for hop in return_hops(route)]
    for trips, option in zip(jobs.table.routes.tolist(), jobs.options, strict=True):
        for trip, route in zip(trips, option.routes, strict=False):
            assert route is not None
            assert jobs.trips.out.run(trip).tolist() == [directions[hop] for hop in hops(route)]


@pytest.mark.parametrize("seed", SEEDS)
def test_datasets_come_from_the_cheapest_copy(seed: int) -> None:
    problem = _world(seed)
    _, _, jobs, _ = _built(problem)
    finder = PathFinder(problem)
    for option in jobs.options:
        job = problem.jobs[option.job]
        assert len(option.routes) == (len(option.pools) if job.dataset else 0)
        for pool, route in zip(option.pools, option.routes, strict=False):
            site, residency = problem.pools[pool].data_center, problem.residency(job.policy)
            asked = [
                dataset_request(residency, copy, site) for copy in (job.dataset.at if job.dataset else ())
            ]
            wide = [replace(each, min_bandwidth_gbps=option.rate_gbps) for each in asked]
            some = [[found[0] for found in finder.routes(each) if found] for each in (wide, asked)]
            candidates = some[0] or some[1]
            best = min(candidates, key=lambda one: (one.usd, one.latency_ms, len(one.links)))
            assert _key(route) == _key(best)


@pytest.mark.parametrize("solver", ["highs", "decomposition"])
@pytest.mark.parametrize(("gbps", "usd"), [(10.0, 11.6), (1.5, 16.0)])
def test_data_goes_round_links_that_are_too_narrow_for_it(solver: str, gbps: float, usd: float) -> None:
    """1800 GB within 2 h need 2 Gbit/s; six ways that cost less have 1, one 10 at 0.002 USD per GB.

    4 cards for 2 h at 1 USD and 3.60 for the way, or 4 for 2 h at 2 USD where the data is.
    """
    data = world(job("train", 4, 2, dataset={"at": ["far"], "gb": 1800}))
    for hub in range(6):
        width = {"bandwidth_gbps": gbps, "usd_per_gb": 0.001} if hub == 5 else {"bandwidth_gbps": 1}
        ends = [{"source": f"hub{hub}", "target": site, "latency_ms": 5} for site in ("near", "far")]
        data["links"] += [{**each, **width} for each in ends]
    data["locations"] = [{"id": f"hub{hub}", "jurisdiction": "DE"} for hub in range(6)]
    problem = Problem.parse(data)
    plan = solve(problem, solver=solver, time_limit=10)
    assert check(problem, plan) == []
    assert plan.objective == pytest.approx(usd)


def _spread_world(**job: Any) -> Problem:
    """Four sites in a line, 2 ms apart; s2 has another accelerator."""
    kinds = {"s0": "a", "s1": "a", "s2": "b", "s3": "a", "s4": "a"}
    names = list(kinds)
    shared: Data = {"count": 8, "usd_per_accelerator_hour": 1.0, "spot_usd_per_accelerator_hour": 0.5}
    pools = [{"id": f"p{n}", "data_center": n, "accelerator": kind, **shared} for n, kind in kinds.items()]
    work: Data = {
        "kind": "training",
        "id": "wide",
        "needs": [{"accelerator": "a", "count": count, "hours": 96 / count} for count in (24, 12)],
        "max_sites": 3,
        "multi_site": {"min_bandwidth_gbps": 1, "max_rtt_ms": 8, "efficiency": 0.5},
        "dataset": {"at": ["s0"], "gb": 10},
    }
    return Problem.parse(
        {
            "accelerators": [
                {"id": kind, "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1} for kind in ("a", "b")
            ],
            "data_centers": [{"id": name, "jurisdiction": "DE"} for name in names],
            "pools": pools,
            "links": [
                {"source": a, "target": b, "bandwidth_gbps": 10, "latency_ms": 2} for a, b in pairwise(names)
            ],
            "workloads": [{**work, **job}],
        }
    )


def _groups(options: JobOptions) -> list[tuple[tuple[int, ...], int]]:
    return [(option.pools, option.accelerators) for option in options.options]


def test_jobs_over_several_sites() -> None:
    problem = _spread_world()
    _, book, jobs, _ = _built(problem)
    near = {(0, 1), (1, 3), (3, 4)}
    # Twelve over two sites, twelve or 24 over three, of which each two are within 8 ms: none.
    assert _groups(jobs) == [(pair, 6) for pair in sorted(near)]
    option = jobs.options[0]
    assert option.hours == 16.0
    assert option.total_accelerators == 12
    request = inter_site_request(problem.residency(None), problem.jobs[0].multi_site, "s0", "s1")
    assert option.inter_site == (book.finder.routes([request])[0][0],)
    assert [route and route.links for route in option.routes] == [(), ("s0--s1",)]


def test_jobs_over_three_sites() -> None:
    multi = {"min_bandwidth_gbps": 1, "max_rtt_ms": 16, "efficiency": 0.5}
    problem = _spread_world(multi_site=multi, interruptible=True)
    _, _, jobs, _ = _built(problem)
    usable = [0, 1, 3, 4]
    pairs = [(pair, 6) for pair in combinations(usable, 2)]
    triples = [(triple, size) for triple in combinations(usable, 3) for size in (4, 8)]
    assert _groups(jobs) == pairs + triples
    assert all(option.spot for option in jobs.options), "no dearer and open to all"
    triple = jobs.options[-1]
    assert len(triple.inter_site) == 3
    assert [(one.nodes[0], one.nodes[-1]) for one in triple.inter_site] == [
        ("s1", "s3"),
        ("s1", "s4"),
        ("s3", "s4"),
    ]


def test_options_can_be_asked_for_like_those_of_a_list() -> None:
    _, _, jobs, _ = _built(_spread_world())
    every = list(jobs.options)
    assert all(isinstance(option, JobOption) for option in every)
    assert jobs.options[-1] == every[-1]
    assert jobs.options[1:] == tuple(every[1:])
    assert len(jobs.table) == len(every)
    with pytest.raises(IndexError):
        jobs.options[len(every)]


def test_routes_can_be_asked_for_like_those_of_a_list() -> None:
    services = next(built[3] for built in map(_built, map(_world, SEEDS)) if len(built[3].arc_route) > 1)
    every = list(services.arc_route)
    assert services.arc_route[-1] == every[-1]
    assert services.arc_route[:1] == (every[0],)


@pytest.mark.parametrize("seed", SEEDS)
def test_scarce_links_bring_alternatives(seed: int) -> None:
    problem = _world(seed)
    scarce = frozenset(link.id for link in problem.links[::2])
    _, book, jobs, services = _built(problem, scarce)
    _, _, plain_jobs, plain = _built(problem)
    assert len(services.arc_route) >= len(plain.arc_route)
    assert set(plain.arc_demand) == set(services.arc_demand)
    first = np.unique(np.stack([services.arc_demand, services.arc_slot]), axis=1, return_index=True)[1]
    assert services.arc_usd[first] == pytest.approx(plain.arc_usd)
    tight = book.is_tight(services.arc_trip)
    assert tight.tolist() == [
        bool(scarce & {*route.links, *route.return_links}) for route in services.arc_route
    ]
    assert len(jobs.options) >= len(plain_jobs.options)
    assert {option.pools for option in jobs.options} == {option.pools for option in plain_jobs.options}
