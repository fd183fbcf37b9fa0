"""What links options cross, kept by way, and what could be too much for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from computeroute.routing.paths import PathFinder
from computeroute.routing.problem import Problem
from computeroute.routing.runs import Runs
from computeroute.solvers.market.form import traffic as of_traffic
from computeroute.solvers.market.form.crossings import Crossings, JobWays
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.form.possible import possible_alone
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.rates import direction_gbps
from computeroute.topologies.generate import generate

DIRECTIONS = 6
RUNS = Runs(np.array([0, 2, 3, 3, 6, 7]), np.array([0, 2, 4, 1, 1, 3, 5]))
"""Five trips: over 0 and 2, over 4, over nothing, over 1 twice and 3, over 5."""
TRIPS = np.array([[0, -1, -1], [3, 1, -1], [-1, -1, -1], [0, -1, -1], [2, 4, 0], [1, 3, -1], [3, 1, -1]])


def counted() -> np.ndarray:
    """Return (N, D) how often each row of trips crosses each direction, counted one by one."""
    found = np.zeros((len(TRIPS), DIRECTIONS))
    for row, trips in enumerate(TRIPS):
        for trip in trips[trips >= 0]:
            np.add.at(found[row], RUNS.run(trip), 1.0)
    return found


def crossings() -> Crossings:
    return Crossings.of(TRIPS.astype(np.int32), (RUNS,), DIRECTIONS)


def test_options_that_make_the_same_trips_share_a_way() -> None:
    """Of seven rows two are there twice: five ways remain."""
    found = crossings()
    assert found.ways.shape == (5, DIRECTIONS)
    assert found.way[0] == found.way[3]
    assert found.way[1] == found.way[6]
    assert found.matrix(np.ones(7)).toarray().tolist() == counted().tolist()
    assert found.crosses.tolist() == counted().any(axis=1).tolist()


@pytest.mark.parametrize("rows", [np.arange(7), np.array([5]), np.array([6, 1])])
def test_sums_over_what_is_crossed(rows: np.ndarray) -> None:
    values = np.random.default_rng(1).random((DIRECTIONS, 3))
    found = crossings()[rows]
    assert found @ values == pytest.approx(counted()[rows] @ values)
    assert found @ values[:, 0] == pytest.approx(counted()[rows] @ values[:, 0])


def test_entries_tell_what_some_options_cross() -> None:
    rows = np.array([4, 0, 2])
    row, direction, times = crossings().entries(rows)
    found = np.zeros((len(rows), DIRECTIONS))
    np.add.at(found, (row, direction), times)
    assert found.tolist() == counted()[rows].tolist()


def test_directions_that_are_not_chosen_are_left_out() -> None:
    chosen, rates = np.array([True, False, False, True, False, True]), np.arange(1.0, 8.0)
    found = crossings().only(chosen).matrix(rates).toarray()
    assert found.tolist() == (counted() * rates[:, None] * chosen).tolist()


def test_both_ways_between_sites_count() -> None:
    back = Runs(np.array([0, 1, 2, 2, 3, 4]), np.array([1, 5, 2, 4]))
    found = Crossings.of(np.array([[0, -1, -1], [4, 3, -1]]), (RUNS, back), DIRECTIONS)
    assert found.matrix(np.ones(2)).toarray().tolist() == [[1, 1, 1, 0, 0, 0], [0, 2, 1, 1, 1, 1]]


def worlds() -> Iterator[tuple[Problem, Market]]:
    for seed in range(3):
        problem = generate(sites=8, services=6, jobs=12, periods=2, locations=10, seed=seed)
        narrow = [
            link.model_copy(update={"bandwidth_gbps": 0.01 * link.bandwidth_gbps}) for link in problem.links
        ]
        problem = problem.model_copy(update={"links": tuple(narrow)})
        yield problem, plain_market(problem, PathFinder(problem))


def most_gbps(market: Market) -> np.ndarray:
    """Return the most that all could put on each direction, workload by workload, option by option."""
    services, total = market.services, np.zeros(2 * len(market.problem.links))
    for group in (market.running, market.pausing):
        for crossed, rate in ((group.dataset, group.transfer_gbps), (group.linking, group.reserved_gbps)):
            each = crossed.matrix(rate).toarray()
            for job in np.unique(group.job):
                total += each[group.job == job].max(axis=0)
    for demand, rps in enumerate(services.demand.max(axis=1)):
        most = np.zeros(len(total))
        for arc in np.flatnonzero(services.arc_demand == demand):
            service = market.problem.services[services.arcs_service[arc]]
            gbps = np.zeros(len(total))
            for way, kb in (
                (services.trips.out, service.request_kb),
                (services.trips.back, service.response_kb),
            ):
                np.add.at(gbps, way.run(int(services.arc_trip[arc])), rps * kb * 8e-6)
            most = np.maximum(most, gbps)
        total += most
    return total


@pytest.mark.parametrize("together", [7, 1_000_000])
def test_crowded_directions_are_those_that_all_could_overload(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are looked at together; some are crowded and some not."""
    monkeypatch.setattr(of_traffic, "TOGETHER", together)
    seen = set[bool]()
    for problem, market in worlds():
        usable = direction_gbps(problem)
        crowded = most_gbps(market) > usable
        assert market.crowded.tolist() == crowded.tolist()
        seen |= set(crowded.tolist())
    assert seen == {True, False}


@pytest.mark.parametrize(("part", "is_borne"), [(0.49, True), (0.51, False)])
def test_a_link_bears_the_dataset_and_what_sites_reserve_together(part: float, is_borne: bool) -> None:
    """Each takes so much of one direction; the first option takes nothing, the last reserves nothing."""
    problem, market = next(worlds())
    usable = float(direction_gbps(problem)[1])
    runs = Runs(np.array([0, 1]), np.array([1]))
    over = Crossings.of(np.array([[-1, -1, -1], [0, -1, -1], [0, -1, -1]]), (runs,), 2 * len(problem.links))
    ways = JobWays(over, over[np.array([0, 1, 0])], part * usable * np.ones(3))
    table = replace(market.jobs.table.take(np.zeros(3, dtype=np.int64)), rate_gbps=part * usable * np.ones(3))
    at_sites = possible_alone(problem, market.rates, replace(table, rate_gbps=np.zeros(3)), ways)
    assert at_sites.all()
    found = possible_alone(problem, market.rates, table, ways)
    assert found.tolist() == [True, is_borne, True]


@pytest.mark.parametrize("times", [1, 20])
def test_options_that_their_links_cannot_bear_are_left_out(times: float) -> None:
    """No way is too narrow for its dataset alone; some are where each sends 20 times as much."""
    dropped = 0
    for problem, market in worlds():
        ways = JobWays.of(problem, market.jobs)
        table = replace(market.jobs.table, rate_gbps=times * market.jobs.table.rate_gbps)
        gbps = ways.dataset.matrix(table.rate_gbps) + ways.linking.matrix(ways.reserved_gbps)
        fits = (gbps.toarray() <= direction_gbps(problem) * (1 + 1e-9)).all(axis=1)
        kept = possible_alone(problem, market.rates, table, ways)
        assert not (kept & ~fits).any()
        if times == 1:
            stand = [*market.running.source, *market.pausing.source]
            assert sorted(stand) == np.flatnonzero(kept).tolist()
        dropped += np.count_nonzero(~fits)
    assert bool(dropped) is (times > 1)
