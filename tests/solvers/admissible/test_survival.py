"""Services that survive losses: worked plans, every way to solve them, and all replicas listed."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.errors import InputError, SolverError
from computeroute.solvers import Options, automatic, exact, solve
from computeroute.solvers.admissible import serving_arcs
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model import size
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.programs.program import partial_program
from computeroute.solvers.searching import search
from computeroute.solvers.searching.reserve import with_reserve

from ..survival_worlds import Listing, random_world

Data = dict[str, Any]


def link(source: str, target: str, ms: float = 1, **more: Any) -> Data:
    return {"source": source, "target": target, "bandwidth_gbps": 1, "latency_ms": ms, **more}


def world(*sites: tuple[int, float], links: list[Data] | None = None, **service: Any) -> Problem:
    """Sites s0, s1 ... of that many accelerators at that price, one hour, one user town joined with all."""
    joined = [link("town", f"s{index}") for index in range(len(sites))]
    chat = {
        "kind": "inference",
        "id": "chat",
        "demand": [{"location": "town", "requests_per_second": 40}],
        "serving": [{"accelerator": "a", "requests_per_second": 10}],
        "survive": "site",
        **service,
    }
    return Problem.parse({
        "periods": [{"id": "t0", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": [{"id": f"s{index}", "jurisdiction": "DE"} for index in range(len(sites))],
        "pools": [
            {"id": f"p{index}", "data_center": f"s{index}", "accelerator": "a", "count": count,
             "usd_per_accelerator_hour": usd}
            for index, (count, usd) in enumerate(sites)
        ],
        "locations": [{"id": "town", "jurisdiction": "DE"}],
        "links": joined if links is None else links,
        "workloads": [chat],
    })  # fmt: skip


def planned(problem: Problem, **options: Any) -> Plan:
    plan = solve(problem, **{"time_limit": 20, "gap_limit": 0, **options})
    assert check(problem, plan) == []
    return plan


def replicas(plan: Plan, period: str = "t0") -> list[int]:
    held = [each for service in plan.services for each in service.replicas if each.period == period]
    return [each.replicas for each in sorted(held, key=lambda each: each.pool)]


def reasons(plan: Plan) -> dict[str | None, tuple[str, float | None]]:
    return {each.location: (each.reason, each.requests_per_second) for each in plan.left_out}


ROUND = [link("town", "s0"), link("town", "s1"), link("s0", "s1")]
CASES: dict[str, tuple[Problem, list[int], float]] = {
    # 40 requests/s need 4 replicas, 4 USD where it is cheap.
    "nothing": (world((8, 1), (8, 3), survive=None), [4], 4),
    # Either site may be lost, so each holds all: 4 x 1 + 4 x 3.
    "two sites": (world((8, 1), (8, 3)), [4, 4], 16),
    # Any two of three hold all: 2 each, a reserve of half instead of the whole.
    "three sites share": (world((2, 1), (2, 1), (2, 1)), [2, 2, 2], 6),
    # Any two must hold 4, and of the cheap ones 3 fit: (2, 2, 2) costs 7.8, (3, 3, 1) 7.9, (3, 2, 2) 8.8.
    "a dear third": (world((3, 1), (3, 1), (8, 1.9)), [2, 2, 2], 7.8),
    # One site behind two parallel links: nothing to hold in reserve.
    "parallel links": (world((8, 1), links=[link("town", "s0"), link("town", "s0")], survive="link"), [4], 4),
    # Two sites, one link each: all at both again.
    "two links": (world((8, 1), (8, 3), survive="link"), [4, 4], 16),
    # The far site is a way round to the near one, so that no link is the only one.
    "a way round": (
        world((8, 1), (8, 3), links=ROUND, survive="link"),
        [4],
        4,
    ),
    # The way round takes 2 x 2 ms; within 3 ms only the site of the link that is left may serve.
    "a way round that is too long": (
        world((8, 1), (8, 3), links=ROUND, survive="link", max_rtt_ms=3),
        [4, 4],
        16,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("solver", ["highs", "cp-sat", "scip", "decomposition"])
def test_replicas_worked_by_hand(name: str, solver: str) -> None:
    problem, held, cost = CASES[name]
    plan = planned(problem, solver=solver)
    assert plan.left_out == ()
    assert plan.objective == pytest.approx(cost)
    assert plan.bound == pytest.approx(cost)
    assert sum(replicas(plan)) == sum(held)


@pytest.mark.parametrize("name", CASES)
def test_replicas_by_flows_after_losses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_arcs, "MOST_GUARDS", 0)
    assert planned(CASES[name][0]).objective == pytest.approx(CASES[name][2])


@pytest.mark.parametrize("by_flows", [False, True])
@pytest.mark.parametrize("solver", ["highs", "scip", "decomposition", "auto"])
def test_who_takes_next_to_nothing_of_a_replica_needs_a_whole_one_after_a_loss(
    solver: str, by_flows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One could serve a thousand million times as much; it is needed at both sites: 1 USD and 3."""
    if by_flows:
        monkeypatch.setattr(serving_arcs, "MOST_GUARDS", 0)
    problem = world((8, 1), (8, 3), serving=[{"accelerator": "a", "requests_per_second": 4e10}])
    plan = planned(problem, solver=solver)
    assert replicas(plan) == [1, 1]
    assert plan.objective == pytest.approx(4)


def test_the_reserve_follows_the_demand_of_each_period() -> None:
    demand = [{"location": "town", "requests_per_second": [40, 10]}]
    data = world((8, 1), (8, 3)).model_dump(mode="json")
    data["workloads"][0]["demand"] = demand
    plan = planned(Problem.parse({**data, "periods": [{"id": "t0", "hours": 1}, {"id": "t1", "hours": 1}]}))
    assert (replicas(plan), replicas(plan, "t1")) == ([4, 4], [1, 1])


def test_what_one_site_alone_can_hold_is_left_out() -> None:
    """Two sites of 3 accelerators: after a loss 30 requests/s are served, so the other 10 are left out."""
    plan = planned(world((3, 1), (3, 1)))
    assert replicas(plan) == [3, 3]
    assert reasons(plan) == {"town": ("capacity", pytest.approx(10))}


@pytest.mark.parametrize(
    "problem",
    [
        world((8, 1)),
        world((8, 1), survive="link"),
        # The second site is behind the first and lost with it.
        world((8, 1), (8, 1), links=[link("town", "s0"), link("s0", "s1")]),
        # The second link is too slow.
        world((8, 1), links=[link("town", "s0"), link("town", "s0", 9)], survive="link", max_rtt_ms=10),
    ],
)
@pytest.mark.parametrize("solver", ["auto", "decomposition"])
def test_who_cannot_be_protected_is_left_out_for_survival(problem: Problem, solver: str) -> None:
    plan = planned(problem, solver=solver)
    assert reasons(plan) == {"town": ("survival", 40)}
    assert "survive" in plan.left_out[0].detail


def test_only_the_location_that_cannot_be_protected_is_left_out() -> None:
    data = world((8, 1), (8, 3)).model_dump(mode="json")
    data["locations"].append({"id": "isle", "jurisdiction": "DE"})
    data["links"].append({**link("isle", "s0"), "id": "ferry"})
    data["workloads"][0]["demand"].append({"location": "isle", "requests_per_second": 10})
    plan = planned(Problem.parse(data))
    assert reasons(plan) == {"isle": ("survival", 10)}
    assert plan.left_out[0].detail.startswith("the loss of 's0', which it is to survive, leaves no pool")
    assert replicas(plan) == [4, 4]


def test_users_at_a_site_are_lost_with_it() -> None:
    """After the loss of s0 only the 10 of the town are to be served, after that of s1 all 40."""
    demand = [{"location": "town", "requests_per_second": 10}, {"location": "s0", "requests_per_second": 30}]
    plan = planned(world((8, 1), (8, 3), demand=demand, links=ROUND))
    assert (plan.left_out, replicas(plan)) == ((), [4, 1])


def test_what_is_left_over_at_the_target_utilization_is_no_reserve() -> None:
    """Half of 10 requests/s per replica may be used: 8 replicas at each site."""
    assert replicas(planned(world((8, 1), (8, 3), target_utilization=0.5))) == [8, 8]


@pytest.mark.parametrize(("policy", "left"), [(None, {}), ("home", {"town": ("survival", 40)})])
def test_policies_hold_after_a_loss(policy: str | None, left: Data) -> None:
    """The way round passes France, where data under the policy must not pass."""
    data = world((8, 1), (8, 3), links=ROUND, survive="link").model_dump(mode="json")
    data["data_centers"][1]["jurisdiction"] = "FR"
    data["policies"] = [{"id": "home", "transit_deny": ["FR"]}]
    data["workloads"][0]["policy"] = policy
    assert reasons(planned(Problem.parse(data))) == left


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("seeds", "guards", "large"),
    [(range(4), 512, 12_000), (range(30, 34), 0, 12_000), (range(60, 63), 512, 0), (range(75, 78), 0, 0)],
)
def test_the_best_of_all_replicas_is_found(
    seeds: range, guards: int, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_arcs, "MOST_GUARDS", guards)
    monkeypatch.setattr(search, "LARGE_COLUMNS", large)
    for seed in seeds:
        listing = Listing(random_world(Random(seed)))
        plan, barred = planned(Problem.parse(listing.data)), listing.barred()
        best = listing.best(set(listing.demand) - set(barred))
        left_out = reasons(plan)
        assert {user for user, (reason, _) in left_out.items() if reason == "survival"} == {
            user for user, reason in barred.items() if reason == "survival"
        }
        if best is None:
            assert "capacity" in {reason for reason, _ in left_out.values()}
        else:
            assert left_out.keys() == barred.keys()
            assert plan.objective == pytest.approx(best)


def test_a_model_that_grows_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_arcs, "MOST_GUARDS", 0)
    monkeypatch.setattr(size, "MOST_COLUMNS", 3)
    with pytest.raises(SolverError, match="let fewer services survive"):
        planned(world((8, 1), (8, 3), (8, 3), (8, 3), (8, 3)))


def test_one_site_cannot_survive_its_loss() -> None:
    with pytest.raises(InputError, match="max_sites"):
        world((8, 1), (8, 3), max_sites=1)
    assert world((8, 1), max_sites=1, survive="link")


def test_a_first_plan_without_reserve_gets_one() -> None:
    variables = build_variables(CASES["two sites"][0])
    arrays = build_arrays(variables)
    nothing, options = np.zeros(arrays.columns), Options(time_limit=20)
    found = with_reserve(variables, arrays, nothing, options, solver="highs", stop=lambda: False)
    assert found is not None
    assert partial_program(arrays, arrays.cost).violation(found) <= 1e-6
    assert arrays.cost @ found == pytest.approx(16)


@pytest.mark.no_cover
@pytest.mark.parametrize("seeds", [range(90, 92), range(100, 102)])
def test_the_plan_of_the_decomposition_helps(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bounds hold for the problem with losses, and its plan, with a reserve, breaks no rule."""
    monkeypatch.setattr(exact, "FALLBACK_COLUMNS", 0)
    monkeypatch.setattr(exact, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    for seed in seeds:
        listing = Listing(random_world(Random(seed)))
        plan = planned(Problem.parse(listing.data))
        best = listing.best(set(listing.demand) - set(listing.barred()))
        if best is not None:
            assert plan.objective == pytest.approx(best)
            assert plan.bound is not None
            assert plan.bound <= best + 1e-6


@pytest.mark.no_cover
@pytest.mark.parametrize("guards", [512, 1])
@pytest.mark.parametrize("seeds", [range(110, 112), range(125, 127)])
def test_the_decomposition_keeps_plans_safe_and_its_bounds_hold(
    guards: int, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one guard for each loss others stand in for flows: they ask for more, and are in no bound."""
    for seed in seeds:
        problem = Problem.parse(random_world(Random(seed)))
        best = planned(problem, solver="highs")
        with monkeypatch.context() as patch:
            patch.setattr(serving_arcs, "MOST_GUARDS", guards)
            plan = planned(problem, solver="decomposition", time_limit=1.0)
        assert plan.unserved_bound <= best.unserved + 1e-6
        assert plan.unserved >= best.unserved - 1e-6
        assert plan.objective is not None
        assert plan.bound is not None
        assert best.objective is not None
        assert plan.bound <= best.objective + 1e-6
        if guards > 1 and best.unserved <= 1e-6:
            assert plan.unserved <= 1e-6


@pytest.mark.no_cover
def test_most_of_what_the_decomposition_plans_is_the_best_of_all_replicas() -> None:
    found = []
    for seed in range(140, 150):
        listing = Listing(random_world(Random(seed)))
        best = listing.best(set(listing.demand) - set(listing.barred()))
        if best is not None:
            plan = planned(Problem.parse(listing.data), solver="decomposition", time_limit=1.0)
            assert plan.objective is not None
            found.append(plan.objective <= best * (1 + 1e-9))
    assert len(found) > 4
    assert np.mean(found) >= 0.8


def test_losses_that_ask_for_too_much_to_be_listed_are_left_to_the_exact_solver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving_arcs, "MOST_GUARDS", 0)
    problem = CASES["three sites share"][0]
    plan = planned(problem, solver="decomposition")
    assert (plan.solver, plan.objective) == ("highs", pytest.approx(6))


def test_auto_takes_the_decomposition_where_flows_after_losses_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the loss of s0 the town has two sites and the isle one: two guards, of which one is permitted."""
    monkeypatch.setattr(serving_arcs, "MOST_GUARDS", 1)
    data = world((8, 1), (8, 1), (8, 1), max_rtt_ms=3).model_dump(mode="json")
    data["locations"].append({"id": "isle", "jurisdiction": "DE"})
    data["links"] += [{**link("isle", site), "id": f"ferry-{site}"} for site in ("s0", "s1")]
    data["workloads"][0]["demand"].append({"location": "isle", "requests_per_second": 10})
    problem = Problem.parse(data)
    assert planned(problem).solver.startswith("auto: highs (services survive losses")
    monkeypatch.setattr(automatic, "FLOWS_COLUMNS", 0)
    plan = planned(problem)
    assert plan.solver.startswith("auto: decomposition (services survive losses")
    assert plan.left_out == ()
