"""Giants: what they do together is the cheapest that fits, and what they prove holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing.problem import Problem
from computeroute.solvers import Options, solve
from computeroute.solvers.market.answers.columns import kept
from computeroute.solvers.market.pricing import giants
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.climbing import price_core
from computeroute.solvers.market.pricing.giants import Giants
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of, penalty_of
from computeroute.topologies.generate import generate

from ...small_worlds import random_world
from ..large_jobs import large_jobs

PRICE_USD = {"cheap": 1.0, "dear": 3.0}


def two_large_jobs() -> Problem:
    """Return two jobs of 8 cards for 10 hours, and two pools of 10 cards."""
    return large_jobs({name: (10, usd) for name, usd in PRICE_USD.items()}, (8, 8))


def test_jobs_that_share_no_pool_are_not_split_between_pools() -> None:
    # One job fits each pool: 8 * 10 * 1 + 8 * 10 * 3 = 320. Prices alone allow 10 / 8 of a job in the cheap
    # pool: 1.25 * 80 + 0.75 * 240 = 280.
    market = market_of(two_large_jobs())
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e4)
    together, combinations = Giants.of(market, told).together(told)
    assert told.complete == pytest.approx(160.0)
    assert together.complete == together.partial == pytest.approx(320.0)
    assert combinations[0].cost == pytest.approx(320.0)


@pytest.mark.parametrize("penalty", [1e4, 1e9, 1e10, 1e11, 1e12])
def test_what_giants_prove_does_not_depend_on_what_it_costs_to_leave_them_out(penalty: float) -> None:
    """Each has four places, 80.0005 USD at the least; beside 1e10 hundreds of USD are nothing to solvers."""
    usd = {"a": 1.003, "b": 1.002, "c": 1.00025, "d": 1.0}
    market = market_of(large_jobs({name: (16, each + 6.25e-6) for name, each in usd.items()}, (8, 8)))
    told = appraise(market, np.zeros(len(market.rules.capacity)), penalty)
    together, _ = Giants.of(market, told).together(told)
    assert together.complete == pytest.approx(160.001, rel=1e-9)


def test_who_has_no_place_beside_giants_answers_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # The small job fits the cheap pool only, where its 3 cards leave no 8 of 10: both large jobs have to take
    # the dear one, of 16 cards. 2 * 8 * 10 * 3 + 3 * 0.01 * 1 = 480.03; apart, at prices of 0, 320.03.
    data = two_large_jobs().model_dump(mode="json", exclude_unset=True)
    data["data_centers"] = [{"id": "cheap", "jurisdiction": "DE"}, {"id": "dear", "jurisdiction": "FR"}]
    data["pools"][1]["count"] = 16
    data["policies"] = [{"id": "de", "allow": ["DE"]}]
    needs = [{"accelerator": "h100", "count": 3, "hours": 0.01}]
    data["workloads"].append({"kind": "training", "id": "small", "policy": "de", "needs": needs})
    problem = Problem.parse(data)
    assert Seeker.begin(market_of(problem), 1e4).told.complete == pytest.approx(480.03), "it is captive"
    market = replace(market_of(problem), closes=False)
    assert Seeker.begin(market, 1e4).told.complete == pytest.approx(480.03), "it has one pool only"
    monkeypatch.setattr(giants, "NARROW", 0)
    seeker = Seeker.begin(market, 1e4)
    assert seeker.giants.jobs.tolist() == [0, 1]
    assert seeker.told.complete == pytest.approx(320.03)
    assert seeker.join([2])
    assert seeker.told.complete == pytest.approx(480.03)
    assert not seeker.join([2])
    assert solve(problem, solver="highs").objective == pytest.approx(480.03)


def test_users_of_one_pool_take_their_part_of_it_first() -> None:
    # Users in Berlin may be served in Germany only, by 4 replicas of one card. That leaves 6 of the 10 cards
    # of the cheap pool, for one job of 5: 5 * 10 * 1 + 5 * 10 * 3 = 200. Where users may be left out, both
    # jobs fit there: 100.
    problem = two_large_jobs()
    dear = max(PRICE_USD, key=lambda name: PRICE_USD[name])
    needs = [{"accelerator": "h100", "count": 5, "hours": 10}]
    serving = {"accelerator": "h100", "requests_per_second": 1, "service_ms": 5}
    data = problem.model_dump(mode="json", exclude_unset=True)
    data["data_centers"] = [
        {"id": name, "jurisdiction": "FR" if name == dear else "DE"} for name in PRICE_USD
    ]
    data["policies"] = [{"id": "de", "allow": ["DE"]}]
    data["locations"] = [{"id": "berlin", "jurisdiction": "DE"}]
    data["links"] = [
        {"source": "berlin", "target": name, "bandwidth_gbps": 100, "latency_ms": 1} for name in PRICE_USD
    ]
    data["workloads"] = [
        *({"kind": "training", "id": f"job-{number}", "needs": needs} for number in (1, 2)),
        {
            "kind": "inference",
            "id": "chat",
            "policy": "de",
            "target_utilization": 1.0,
            "demand": [{"location": "berlin", "requests_per_second": 3.5}],
            "serving": [serving],
        },
    ]
    market = market_of(Problem.parse(data))
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e4)
    large = Giants.of(market, told)
    together, combinations = large.together(told)
    assert together.complete - told.complete == pytest.approx(100.0)
    assert together.partial == pytest.approx(told.partial)
    assert combinations[0].cost == pytest.approx(200.0)


@pytest.mark.parametrize("seed", range(12))
def test_the_best_combination_is_the_cheapest_of_all_that_fit(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giants, "LEAST_SHARE", -1.0)
    market = market_of(Problem.parse(random_world(Random(seed))))
    rng = np.random.default_rng(seed)
    prices = rng.exponential(5.0, len(market.rules.capacity))
    told = appraise(market, prices, 30.0)
    large = Giants.of(market, told)
    _, found = large.together(told)
    if len(large.jobs) < 2:
        return
    reduced = np.append(large.cost + large.uses @ prices, 0.0)
    load = np.vstack([large.load, np.zeros(len(large.room))])
    choices = [[*range(large.first[k], large.first[k + 1]), -1] for k in range(len(large.jobs))]
    cheapest = min(
        reduced[list(every)].sum() + 30.0 * large.work[np.array(every) < 0].sum()
        for every in product(*choices)
        if (load[list(every)].sum(axis=0) <= large.left).all()
    )
    assert found[0].cost == pytest.approx(cheapest)
    for combination in found:
        assert (load[list(combination.columns)].sum(axis=0) <= large.left).all()


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(8))
def test_what_giants_prove_is_below_the_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giants, "LEAST_SHARE", -1.0)
    problem = Problem.parse(random_world(Random(seed)))
    exact = solve(problem, solver="highs", gap_limit=1e-6)
    market = market_of(problem)
    penalty = penalty_of(market)
    seeker = Seeker.begin(market, penalty)
    for _ in range(6):
        seeker.step()
    committed = market.rates.committed_count * market.rates.committed_usd * market.rates.horizon
    offset = float(committed.sum()) * problem.objective.money_weight
    extra = exact.unserved - market.barred_work
    assert exact.objective is not None
    room = 3e-6 * max(1.0, abs(exact.objective), penalty * extra)
    assert seeker.told.partial + offset <= exact.objective + penalty * extra + room
    if extra < 1e-6:
        assert seeker.told.complete + offset <= exact.objective + room


def test_rows_keep_their_prices_when_no_column_at_hand_overloads_them() -> None:
    # A job in each pool overloads nothing, yet without the prices both would go to the cheap pool again.
    market = market_of(two_large_jobs())
    prices = np.full(len(market.rules.capacity), 0.5)
    told = appraise(market, prices, 1e4)
    columns = Seeker.begin(market, 1e4).columns
    uses = (columns.goods @ market.rules.use).toarray()
    one, two = np.flatnonzero(columns.block == 0), np.flatnonzero(columns.block == 1)
    apart = next([a, b] for a in one for b in two if not (uses[a] * uses[b]).any())
    priced = price_core(market, kept(columns, np.array(apart)), told, np.zeros(0, dtype=np.int64))
    assert set(np.flatnonzero(prices)) <= set(priced.rows)


@pytest.mark.no_cover
def test_who_becomes_dear_joins_the_giants_and_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two are giants at first; others are among the two dearest at better prices only.
    monkeypatch.setattr(giants, "MOST_JOBS", 2)
    monkeypatch.setattr(giants, "LEAST_SHARE", -1.0)
    joined = 0
    for seed in range(6):
        problem = generate(sites=3, services=2, jobs=12, periods=4, locations=3, seed=seed, tightness=0.8)
        market = market_of(problem)
        seeker = Seeker.begin(market, penalty_of(market))
        before = set(seeker.giants.jobs.tolist())
        for _ in range(8):
            seeker.step()
        assert before <= set(seeker.giants.jobs.tolist())
        if len(seeker.giants.jobs) > len(before):
            joined += 1
            exact = solve(problem, solver="highs", gap_limit=1e-6)
            assert exact.objective is not None
            committed = market.rates.committed_count * market.rates.committed_usd * market.rates.horizon
            if exact.unserved - market.barred_work < 1e-6:
                assert seeker.told.complete + float(committed.sum()) <= exact.objective * (1 + 3e-6)
    assert joined > 1


def test_giants_pay_at_least_what_they_do_in_their_cheapest_combination() -> None:
    # Both jobs would cost 80 each in the cheap pool, but one has to pay 240.
    market = market_of(two_large_jobs())
    seeker = Seeker.begin(market, 1e4)
    assert seeker.told.job_least == pytest.approx([80.0, 80.0])
    assert sorted(seeker.fair().job_least.tolist()) == pytest.approx([80.0, 240.0])


def paused(large: int) -> Problem:
    """Return a job that needs all of one pool for two hours of four, and one that may pause there."""
    return Problem.parse(
        {
            "periods": [{"id": f"p{hour}", "hours": 1} for hour in range(4)],
            "accelerators": [{"id": "h100", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 700}],
            "data_centers": [
                {"id": "a", "jurisdiction": "DE", "usd_per_kwh": [0.0, 0.0, 0.1, 0.1]},
                {"id": "b", "jurisdiction": "FR"},
            ],
            "pools": [
                {
                    "id": name, "data_center": name, "accelerator": "h100", "count": 8,
                    "usd_per_accelerator_hour": usd,
                }
                for name, usd in (("a", 1.0), ("b", 10.0))
            ],
            "policies": [{"id": "de", "allow": ["DE"]}],
            "workloads": [
                {
                    "kind": "training", "id": "early", "deadline_hours": 2,
                    "needs": [{"accelerator": "h100", "count": large, "hours": 2}],
                },
                {
                    "kind": "training", "id": "pausing", "policy": "de", "interruptible": True,
                    "needs": [{"accelerator": "h100", "count": 8, "hours": 2}],
                },
            ],
        }
    )  # fmt: skip


def test_who_may_pause_does_not_answer_with_giants() -> None:
    # "early" takes all of a in the first two hours for 16 USD, "pausing" the other two for 16 and power. At
    # prices of 0 it would rather have the first two hours, the only of its many choices that is looked at.
    problem = paused(8)
    best = solve(problem, solver="highs", gap_limit=1e-9)
    assert best.objective is not None and best.unserved == 0.0
    seeker = Seeker.begin(replace(market_of(problem), closes=False), 1e5)
    assert not seeker.join([1])
    assert seeker.told.complete <= best.objective * (1 + 1e-9)


@pytest.mark.no_cover
def test_bounds_hold_whoever_is_to_answer_with_giants() -> None:
    tried = 0
    for seed in range(6):
        problem = Problem.parse(pausing_world(Random(seed)))
        market = replace(market_of(problem), closes=False)
        best = solve(problem, solver="highs", gap_limit=1e-9, time_limit=20.0)
        if best.objective is None or best.unserved > 0.0:
            continue
        for job in range(len(problem.jobs)):
            seeker = Seeker.begin(market, 1e5)
            seeker.join([job])
            tried += 1
            assert seeker.told.complete <= best.objective * (1 + 1e-6)
    assert tried >= 10


def pausing_world(rng: Random) -> dict[str, Any]:
    """Return jobs for nearly all of two or three pools, half of which may pause."""
    hours, names = rng.choice([4, 6, 8]), "abc"[: rng.choice([2, 3])]
    lands = dict(zip(names, ("DE", "FR", "ES"), strict=False))
    sites = [
        {
            "id": name, "jurisdiction": land,
            "usd_per_kwh": [round(rng.choice([0, 0.05, 0.3, 0.6]), 2) for _ in range(hours)],
        }
        for name, land in lands.items()
    ]  # fmt: skip
    pools = [
        {
            "id": name, "data_center": name, "accelerator": "h100", "count": 8,
            "usd_per_accelerator_hour": rng.choice([1.0, 2.0, 4.0, 8.0]),
        }
        for name in names
    ]  # fmt: skip
    room, jobs = len(names) * hours * 8 * rng.uniform(0.85, 1.0), list[dict[str, Any]]()
    while room > 0 and len(jobs) < 16:
        count, each = rng.choice([2, 3, 4, 5, 6, 8]), rng.choice([1, 2, 2, 3])
        room -= count * each
        if room < 0:
            break
        needs = [{"accelerator": "h100", "count": count, "hours": each}]
        found = {"kind": "training", "id": f"j{len(jobs)}", "needs": needs}
        if rng.random() < 0.5:
            found["interruptible"] = True
        elif rng.random() < 0.4:
            found["deadline_hours"] = min(hours, each + rng.choice([0, 1, 2]))
        if rng.random() < 0.6:
            found["policy"] = "p" + rng.choice(names)
        jobs.append(found)
    return {
        "periods": [{"id": f"p{k}", "hours": 1} for k in range(hours)],
        "accelerators": [{"id": "h100", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700}],
        "data_centers": sites,
        "pools": pools,
        "policies": [{"id": f"p{name}", "allow": [land]} for name, land in lands.items()],
        "workloads": jobs,
    }


def test_small_programs_take_a_part_of_the_time_only() -> None:
    market = market_of(two_large_jobs(), Options(time_limit=1.0))
    assert market.program_seconds == pytest.approx(0.03)
    told = appraise(market, np.zeros(len(market.rules.capacity)), 1e4)
    assert Giants.of(market, told).seconds == market.program_seconds
    assert market_of(two_large_jobs(), Options(time_limit=600.0)).program_seconds == 3.0
