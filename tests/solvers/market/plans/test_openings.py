"""What fits into the room that is left: jobs among all their options, and units round full links."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from computeroute.routing.problem import Problem
from computeroute.solvers.market.answers.columns import JobChoice, ServiceChoice
from computeroute.solvers.market.answers.placing import Placement, Priced
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.plans.building import Builder
from computeroute.solvers.market.plans.detours import fitting_answer
from computeroute.solvers.market.plans.greedy import fill_units, fit_in, room_for_replicas
from computeroute.solvers.market.plans.keeping import kept_at_prices, kept_for_units
from computeroute.solvers.market.plans.openings import fitting_columns
from computeroute.solvers.market.pricing.appraisal import Appraisal, appraise
from computeroute.solvers.market.pricing.candidates import job_columns, service_columns
from computeroute.solvers.market.pricing.giants import Giants
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch

from ...model.test_constraints import job, service, town, world
from ...small_worlds import random_world

EVERYTHING = 1_000_000


def at_zero(market: Market) -> tuple[Appraisal, Placement]:
    penalty = penalty_of(market)
    modules = market.rules.widening_most[: len(market.rules.module_pool)].copy()
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty)
    return told, Placement(market, penalty, modules)


def begun(placement: Placement, priced: Priced, job: int) -> set[tuple[int, float]]:
    """Return the option and start of every column of a job that fits and does not pause."""
    found = set()
    for row in np.flatnonzero(priced.columns.block == job).tolist():
        choice, placed = priced.columns.choice[row], priced.placed(row)
        assert isinstance(choice, JobChoice)
        if placement.fits(placed.rows, placed.amounts):
            found.add((choice.option, choice.start_hours))
    return found


@pytest.mark.parametrize("seed", range(24))
def test_all_that_fits_is_found(seed: int) -> None:
    market, rng = market_of(Problem.parse(random_world(Random(seed)))), np.random.default_rng(seed)
    told, placement = at_zero(market)
    # Others take what they take: a random part of every row.
    placement.load[:] = np.where(np.isfinite(placement.room), rng.random(len(placement.load)), 0.0)
    for number in range(len(market.problem.jobs)):
        columns = job_columns(market, told, EVERYTHING, np.array([number]))
        every = Priced.of(market, columns, told.prices, placement.penalty)
        fitting = fitting_columns(placement, told, number, EVERYTHING)
        expected = begun(placement, every, number)
        found = set() if fitting is None else begun(placement, fitting, number)
        if number in market.pausing.job:  # other hours may fit where the cheapest ones do not
            assert {option for option, _ in expected} <= {option for option, _ in found}
        else:
            assert found == expected


def test_a_job_that_may_pause_runs_in_the_hours_that_are_left() -> None:
    # 2 of 4 h; in the first period only 2 accelerators are left, in the second all.
    market = market_of(Problem.parse(world(job("train", 4, 2, interruptible=True))))
    told, placement = at_zero(market)
    rows = market.rules.held_use[0][:, 0].ravel()
    placement.load[rows] = 6 / 8
    assert fit_in(placement, told, 0)
    choice = placement.placed[0].choice
    assert isinstance(choice, JobChoice)
    assert choice.run_hours.tolist() == [0.0, 2.0]


def test_nothing_is_placed_where_there_is_no_room() -> None:
    market = market_of(Problem.parse(world(job("train", 4, 2))))
    told, placement = at_zero(market)
    placement.load[:] = 5 / 8
    assert not fit_in(placement, told, 0)
    assert fitting_columns(placement, told, 0) is None


def joined_town(near_gbps: float, far_gbps: float) -> Market:
    """Return a town of 40 requests/s (0.32 Gbit/s), then 20, joined with both sites."""
    chat = service(40, request_kb=1000, response_kb=0)
    chat["demand"][0]["requests_per_second"] = [40, 20]
    data = town(chat)
    for link, gbps in zip(data["links"], (near_gbps, far_gbps), strict=True):
        link["bandwidth_gbps"] = gbps
    return market_of(Problem.parse(data))


def left_out(market: Market, placement: Placement) -> list[float]:
    """Serve the town; return the work of it that is left out, per period."""
    told = appraise(market, np.zeros(len(market.rules.capacity)), placement.penalty)
    fill_units(placement, told, [0])
    return [placement.placed[int(block)].work for block in market.unit_blocks[0]]


def link_rows(market: Market, period: int) -> np.ndarray:
    return np.asarray(market.rules.traffic_use[0][:, period].ravel())


def test_requests_go_round_a_link_that_is_full() -> None:
    market = joined_town(0.3, 1)
    _, placement = at_zero(market)
    assert left_out(market, placement) == pytest.approx([0.0, 0.0])
    used = []
    for placed in placement.placed:
        assert isinstance(placed.choice, ServiceChoice)
        used.append({int(market.services.slot_pool[slot]) for slot in placed.choice.slot.tolist()})
    assert used == [{1}, {0}], (
        "far in the first period, and near, which is cheaper, once the link carries all"
    )


def test_where_all_ways_are_short_as_many_are_served_as_there_is_room_for() -> None:
    # Of 0.32 Gbit/s in the first period, the links have room for 0.24 each; of 0.16 in the second, for all.
    market = joined_town(0.3, 0.3)
    _, placement = at_zero(market)
    rows = link_rows(market, 0)
    placement.load[rows] = 0.2 * market.rules.capacity[rows]
    whole = float(market.units[0].weight[0].sum())
    assert left_out(market, placement) == pytest.approx([whole * 0.08 / 0.32, 0.0])
    assert (placement.load <= placement.room + 1e-9).all()


@pytest.mark.parametrize("seed", range(18))
def test_answers_never_overload_links(seed: int) -> None:
    market, rng = market_of(Problem.parse(random_world(Random(seed)))), np.random.default_rng(seed)
    told, placement = at_zero(market)
    rows = market.rules.traffic_use[0].ravel()
    placement.load[rows] = rng.random(len(rows)) * market.rules.capacity[rows]
    for number, unit in enumerate(market.units):
        most = room_for_replicas(placement, unit)
        columns = fitting_answer(placement, number, market.offering(told.goods), most)
        taken = np.asarray((columns.goods @ market.rules.use).sum(axis=0))
        assert (placement.load + taken <= placement.room + 1e-6)[rows].all()


def test_jobs_leave_the_room_on_links_that_users_need() -> None:
    # 900 GB fill the link for 2 h; the users behind it have no other way, and the job may not go there.
    chat = service(4, request_kb=10_000, response_kb=0, policy="near")
    chat["demand"][0]["location"] = "far"
    train = job("train", 4, 2, dataset={"at": ["far"], "gb": 900}, policy="near", deadline_hours=2)
    near = {"id": "near", "allow": ["DE"]}
    market = market_of(Problem.parse(world(train, chat, policies=[near])))
    told, placement = at_zero(market)
    free = kept_for_units(market, service_columns(market, told))
    assert free[link_rows(market, 0)].max() == pytest.approx(4 * 0.08)
    np.testing.assert_allclose(kept_at_prices(market, told), free)
    builder = Builder(market, placement.penalty, np.zeros(len(free)), Giants.of(market, told), free)
    found = builder.build(told, 1, Watch(60.0))
    assert [placed.work for placed in found.placed[1:]] == pytest.approx([0.0, 0.0])
    assert found.placed[0].work > 0, "there is no room for both"


def test_what_rounding_leaves_of_a_link_is_nothing() -> None:
    """5 of 10 requests/s cross the link to the one replica near; that to the other site is full."""
    data = town(service(20, response_kb=100))
    data["links"][0]["bandwidth_gbps"], data["links"][1]["bandwidth_gbps"] = 0.004, 0.008
    data["pools"][0]["count"] = 1
    market = market_of(Problem.parse(data))
    told, placement = at_zero(market)
    rows = np.unique(market.rules.traffic_use[0][2:])
    rows = rows[rows < len(placement.room)]
    placement.load[rows] = np.nextafter(placement.room[rows], 0.0)
    room = room_for_replicas(placement, market.units[0])
    for choice in fitting_answer(placement, 0, market.offering(told.goods), room).choice:
        assert isinstance(choice, ServiceChoice)
        assert choice.requests.tolist() == [pytest.approx(5.0)]
