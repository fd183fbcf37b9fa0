"""Where owning starts to pay: against closed forms, against listing all plans, and the bisection alone."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from computeroute.routing import InputError, Plan, Problem, check
from computeroute.routing.owning import SWEEPS, at_load, range_of, used_for_years
from computeroute.routing.scenarios import BUILT_IN
from computeroute.solvers.bisection import Breakeven, Case, Point, StoppedError, find_breakeven
from computeroute.solvers.breakeven import breakeven
from computeroute.solvers.breakeven_report import render_breakeven, verdict

from .enumeration import Enumeration

HYBRID, CLOUD = BUILT_IN["hybrid"], BUILT_IN["cloud-only"]

WORLD: dict[str, Any] = {
    "periods": [{"id": "year", "hours": 8760}],
    "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 1000}],
    "data_centers": [
        {"id": "hall", "kind": "colo", "jurisdiction": "DE", "pue": 1.25, "usd_per_kwh": 0.1},
        {"id": "region", "jurisdiction": "DE"},
    ],
    "pools": [
        {"id": "own", "data_center": "hall", "accelerator": "a", "count": 0,
         "expansion": {"module_accelerators": 8, "capital_usd_per_module": 300_000, "lifetime_years": 5,
                       "max_modules": 4, "space_usd_per_kw_year": 1000, "staff_usd_per_kw_year": 500}},
        {"id": "rent", "data_center": "region", "accelerator": "a", "count": 64,
         "usd_per_accelerator_hour": 3},
    ],
    "locations": [{"id": "town", "jurisdiction": "DE"}],
    "links": [{"source": "town", "target": site, "bandwidth_gbps": 10, "latency_ms": 1}
              for site in ("hall", "region")],
    "workloads": [{"kind": "inference", "id": "chat",
                   "demand": [{"location": "town", "requests_per_second": 8}],
                   "serving": [{"accelerator": "a", "requests_per_second": 1}]}],
}  # fmt: skip

# A year with all 8 accelerators of a module in use: capital 300,000 / 5 = 60,000; space and staff
# 8 kW x 1,500 = 12,000; energy 8 x 1.25 kW x 8,760 h x 0.1 = 8,760. In the cloud: 8 x 8,760 x 3 = 210,240.
OWN_USD, CLOUD_USD = 80_760.0, 210_240.0
# By price: 80,760 / 210,240. By years of use: 300,000 / y + 20,760 = 210,240.
# By load: k accelerators cost 72,000 + 1,095 k or 26,280 k, so that owning pays from k = 3 on, which is
# from where more than 2 of the 8 requests/s are asked for.
CLOSED_FORMS = {
    "price": OWN_USD / CLOUD_USD,
    "horizon": 300_000 / (CLOUD_USD - 20_760),
    "utilization": 2 / 8,
}


@pytest.fixture
def problem() -> Problem:
    return Problem.parse(WORLD)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_agrees_with_the_closed_form(name: str, problem: Problem) -> None:
    found = breakeven(problem, SWEEPS[name], HYBRID, CLOUD, tolerance=1e-4, points=4)
    low, high = found.band
    assert found.answer == "from"
    assert low is not None
    assert high is not None
    assert low <= CLOSED_FORMS[name] <= high
    assert high - low <= 1e-4
    assert [bought.modules for bought in found.owned.own.plan.purchases] == [1]
    for point in found.points:
        assert check(point.own.problem, point.own.plan) == check(point.cloud.problem, point.cloud.plan) == []
        expected = "own" if point.value > CLOSED_FORMS[name] else "cloud"
        assert point.proven == point.best == expected


def test_the_cost_of_owning_is_that_of_the_closed_form(problem: Problem) -> None:
    found = breakeven(problem, SWEEPS["price"], HYBRID, CLOUD, low=1.0, high=2.0, points=2)
    cost = found.points[0].own.plan.cost
    assert found.answer == "always"
    assert (cost.capital_usd, cost.facility_usd, cost.energy_usd) == pytest.approx((60_000, 12_000, 8_760))
    assert found.points[0].cloud.plan.cost.money_usd == pytest.approx(CLOUD_USD)


def random_family(rng: Random) -> dict[str, Any]:
    """Return a small problem in which modules may be bought, with jobs and a service."""
    pools = [
        {**WORLD["pools"][0], "count": rng.choice([0, 1]), "usd_per_accelerator_hour": 0.2,
         "expansion": {"module_accelerators": 2, "capital_usd_per_module": rng.choice([5e4, 1e5, 2e5]),
                       "lifetime_years": 4, "discount_rate": 0.05, "max_modules": 2,
                       "space_usd_per_kw_year": rng.choice([0, 800])}},
        {**WORLD["pools"][1], "count": 8, "usd_per_accelerator_hour": rng.choice([2, 4])},
    ]  # fmt: skip
    jobs = [
        {"kind": "training", "id": f"j{index}", "needs": [{"accelerator": "a", "count": rng.choice([1, 2]),
                                                           "hours": rng.choice([3, 5, 9])}]}
        for index in range(2)
    ]  # fmt: skip
    service = {**WORLD["workloads"][0], "demand": [{"location": "town", "requests_per_second": [1, 3]}]}
    periods = [{"id": "day", "hours": 12}, {"id": "night", "hours": 12}]
    links = [{**link, "bandwidth_gbps": 1000} for link in WORLD["links"]]
    return {**WORLD, "periods": periods, "pools": pools, "links": links, "workloads": [*jobs, service]}


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_listing_every_plan(seed: int) -> None:
    problem = Problem.parse(random_family(Random(seed)))
    sweep = SWEEPS["price"]
    found = breakeven(problem, sweep, HYBRID, CLOUD, low=0.2, high=8.0, tolerance=0.05, points=5)

    def best(value: float, scenario: Any) -> tuple[float, float]:
        unserved, usd = Enumeration(scenario.apply(sweep.apply(problem, value))).best()
        return float(unserved), usd

    for point in found.points:
        for case, scenario in ((point.own, HYBRID), (point.cloud, CLOUD)):
            assert (case.plan.unserved, case.usd) == pytest.approx(best(point.value, scenario), rel=1e-6)
    pays = [best(point.value, HYBRID) < best(point.value, CLOUD) for point in found.points]
    assert pays == [point.best == "own" for point in found.points]
    assert found.bracket is None or found.bracket[1].value - found.bracket[0].value <= 0.05


def point_of(value: float, own: float, cloud: float, slack: float = 0.0, left_out: float = 0.0) -> Point:
    """Return a point of made-up costs, both bounds lower by ``slack``."""

    def case(usd: float, unserved: float) -> Case:
        plan = Plan(
            status="feasible", objective=usd, bound=usd - slack, gap=slack / usd, runtime_seconds=0, seed=0,
            solver="s", solver_version="1", problem_name="p", problem_digest=f"{usd}", unserved=unserved,
            unserved_bound=unserved,
        )  # fmt: skip
        return Case(Problem.parse(WORLD), plan)

    return Point(value, case(own, left_out), case(cloud, 0.0))


def sought(own: Callable[[float], float], slack: float = 0.0, **options: Any) -> Breakeven:
    return find_breakeven(lambda value: point_of(value, own(value), 100.0, slack), 0.0, 10.0, 0.01, **options)


def test_bounds_make_the_band() -> None:
    """Owning costs 150 - 10 v, the cloud 100, bounds are 5 lower: equal at 5, proven beyond 4.5 and 5.5.

    It pays from where that is proven, and so what it costs there is shown.
    """
    found = sought(lambda value: 150 - 10 * value, slack=5)
    assert found.value == found.owned.value == found.band[1]
    assert found.owned.proven == "own"
    told = verdict(found, SWEEPS["price"], ("own", "cloud"))
    assert told.startswith(
        f"own pays from {found.band[1]:.5g} (cloud prices, times those of the file), where"
    )
    assert f"at {found.band[0]:.5g} it is proven not to, and in between nothing is proven" in told
    assert found.band == pytest.approx((4.5, 5.5), abs=0.02)
    assert found.band[0] <= 4.5  # type: ignore[operator]
    assert found.band[1] >= 5.5  # type: ignore[operator]
    assert all(point.proven is None for point in found.points if 4.51 < point.value < 5.49)


def test_what_cannot_be_proven_is_said() -> None:
    found = sought(lambda value: 150 - 10 * value, slack=60)
    assert found.band == (None, None)
    assert found.value is None
    told = verdict(found, SWEEPS["price"], ("own", "cloud"))
    assert re.match(r"own seems to pay from 5\.0\d* \(.*\), which is not proven; nothing is proven on", told)


def test_what_is_proven_on_one_side_is_said() -> None:
    """The bound of owning is far lower, at 0.5: where it costs more it may still pay."""

    def evaluate(value: float) -> Point:
        point = point_of(value, 150 - 10 * value, 100.0)
        return replace(point, own=replace(point.own, plan=point.own.plan.model_copy(update={"bound": 0.5})))

    found = find_breakeven(evaluate, 0.0, 10.0, 0.01)
    told = verdict(found, SWEEPS["price"], ("own", "cloud"))
    assert found.band == (None, found.value)
    assert f"own pays from {found.value:.5g} (" in told
    assert f"nothing is proven below {found.value:.5g}" in told


@pytest.mark.parametrize(
    ("own", "answer", "changes"),
    [
        (lambda _: 90.0, "always", 0),
        (lambda _: 100.0, "never", 0),
        (lambda value: 50 + 10 * value, "until", 1),
        (lambda value: 100 + 10 * (value - 3) * (value - 8), "from", 2),
    ],
)
def test_every_shape_has_its_answer(own: Callable[[float], float], answer: str, changes: int) -> None:
    found = sought(own)
    assert (found.answer, found.changes) == (answer, changes)
    assert verdict(found, SWEEPS["price"], ("own", "cloud"))
    if answer == "from":
        assert found.value == pytest.approx(3, abs=0.01)
    if answer == "until":
        assert found.value == pytest.approx(5, abs=0.01)
        assert found.owned.best == "own"


def test_work_left_out_counts_before_cost() -> None:
    point = point_of(1.0, own=1.0, cloud=100.0, left_out=0.5)
    assert point.best == point.proven == "cloud"
    found = find_breakeven(lambda value: point_of(value, 1.0, 100.0, left_out=0.5), 0.0, 1.0, 0.1, points=2)
    assert "leaves more work out" in verdict(found, SWEEPS["price"], ("own", "cloud"))


def test_a_stop_keeps_what_is_there() -> None:
    found = sought(lambda value: 150 - 10 * value, stop=lambda: True)
    assert [point.value for point in found.points] == [0.0]


@pytest.mark.parametrize("after", [1, 9, 12])
def test_a_stop_amid_a_plan_keeps_what_is_there(after: int) -> None:
    """Nine points show the curve, then bisection begins; the plan at which it stops is missing."""
    tried: list[float] = []

    def evaluate(value: float) -> Point:
        if len(tried) == after:
            raise StoppedError("stopped")
        tried.append(value)
        return point_of(value, 150 - 10 * value, 100.0)

    found = find_breakeven(evaluate, 0.0, 10.0, 0.01)
    assert sorted(tried) == [point.value for point in found.points]


def test_a_stop_before_there_is_anything_is_an_error(problem: Problem) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(StoppedError, match="stopped before there was a plan"):
        breakeven(problem, SWEEPS["price"], HYBRID, CLOUD, cancel=stopped)


def test_faults_are_told_together(problem: Problem) -> None:
    with pytest.raises(InputError) as error:
        breakeven(problem, SWEEPS["price"], HYBRID, CLOUD, low=-1, high=-2, tolerance=0, points=1)
    assert {fault.place for fault in error.value.faults} == {"from", "to", "points"}


def test_equal_cases_are_an_error(problem: Problem) -> None:
    with pytest.raises(InputError, match="nothing to own"):
        breakeven(problem, SWEEPS["price"], CLOUD, CLOUD)


def test_sweeps_need_what_they_vary(problem: Problem) -> None:
    cloud = CLOUD.apply(problem)
    own = problem.replace(pools=problem.pools[:1])
    with pytest.raises(InputError, match="nothing to repay"):
        used_for_years(cloud, 1)
    with pytest.raises(InputError, match="no price to vary"):
        SWEEPS["price"].apply(own, 1)
    assert used_for_years(problem, 9) == problem
    assert range_of(SWEEPS["horizon"], problem) == (0.5, 5)
    short = WORLD | {"pools": [_lasting(pool, 0.005) for pool in WORLD["pools"]]}
    assert range_of(SWEEPS["horizon"], Problem.parse(short)) == (0.001, 0.005)
    [chat] = at_load(problem, 0.5).services
    assert chat.demand[0].requests_per_second == 4


def _lasting(pool: dict[str, Any], years: float) -> dict[str, Any]:
    return (
        {**pool, "expansion": {**pool["expansion"], "lifetime_years": years}} if "expansion" in pool else pool
    )


def test_jobs_that_outlast_the_horizon_are_said_to_flatter_owning() -> None:
    """Bought for a day of a job of two years, a module costs 60,000 / 365 and not 120,000."""
    world = {**WORLD, "periods": [{"id": "day", "hours": 24}]}
    world["workloads"] = [{"kind": "training", "id": "long",
                           "needs": [{"accelerator": "a", "count": 8, "hours": 17_520}]}]  # fmt: skip
    found = breakeven(Problem.parse(world), SWEEPS["price"], HYBRID, CLOUD, points=2, low=0.5, high=1.0)
    [bought] = found.owned.own.plan.purchases
    assert bought.capital_usd == pytest.approx(60_000 / 365)
    assert "owning looks too cheap" in verdict(found, SWEEPS["price"], ("own", "cloud"))


@pytest.fixture(scope="module")
def by_load() -> Breakeven:
    """Return from which load on owning pays."""
    return breakeven(Problem.parse(WORLD), SWEEPS["utilization"], HYBRID, CLOUD, points=3, tolerance=0.05)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_every_form_names_the_modules(form: str, by_load: Breakeven) -> None:
    text = render_breakeven(by_load, SWEEPS["utilization"], ("hybrid", "cloud-only"), form, 110)
    assert "own" in text
    assert "0.1" in text


def test_it_says_where_nothing_is_bought(problem: Problem) -> None:
    sweep = SWEEPS["utilization"]
    found = breakeven(problem, sweep, HYBRID, CLOUD, low=0.1, high=0.2, points=2)
    assert verdict(found, sweep, ("hybrid", "cloud-only")).endswith(". Nothing is bought at any value tried")
    found = breakeven(problem, sweep, HYBRID, CLOUD, low=0.1, high=0.5, points=3, tolerance=0.1)
    assert "bought" not in verdict(found, sweep, ("hybrid", "cloud-only"))
    rows = render_breakeven(found, sweep, ("hybrid", "cloud-only"), "csv", 110).splitlines()[1:]
    assert {row.split(",")[9] for row in rows} == {"none", "own: 1"}
    # One accelerator stands there already: it pays at 2.625 / 3, modules only at a higher price.
    standing = {**WORLD["pools"][0], "count": 1, "usd_per_accelerator_hour": 2.5}
    owned = Problem.parse({**WORLD, "pools": [standing, WORLD["pools"][1]]})
    found = breakeven(owned, SWEEPS["price"], HYBRID, CLOUD, low=0.5, high=2.0, points=2, tolerance=0.2)
    assert found.points[-1].own.plan.purchases
    assert re.search(
        r"Nothing is bought at [01]\.", verdict(found, SWEEPS["price"], ("hybrid", "cloud-only"))
    )


def test_the_curve_has_the_names_of_the_cases(problem: Problem) -> None:
    owner = BUILT_IN["on-prem-only"]
    found = breakeven(problem, SWEEPS["price"], owner, HYBRID, low=0.1, high=1.0, points=2, tolerance=0.5)
    names = ("on-prem-only", "hybrid")
    text = render_breakeven(found, SWEEPS["price"], names, "table", 160)
    assert re.search(r"^ *[\d.]+ +on-prem-only +[\d,.]+", text, re.MULTILINE)
    assert re.search(r"^ +hybrid +[\d,.]+", text, re.MULTILINE)
    assert "cloud" not in text.partition("Cost of both cases")[2].replace("cloud_prices", "")


def test_what_is_committed_at_home_is_paid_beside_the_cloud_unless_it_is_dropped(problem: Problem) -> None:
    """8 own accelerators that are paid for at 2 USD an hour, with energy of 0.125, beat any cloud above that.

    The cloud alone costs 210,240 USD a year at today's prices and the commitment of 140,160 beside it, so
    that the own ones save at every price down to 8,760 / 210,240; without it only from 0.7083 on.
    """
    owned = problem.pools[0].replace(
        count=8, committed_count=8, committed_usd_per_accelerator_hour=2.0, expansion=None
    )
    here = problem.replace(pools=(owned, problem.pools[1]))
    found = {
        how: breakeven(
            here, SWEEPS["price"], HYBRID, CLOUD, low=0.5, high=1, points=2, tolerance=0.01, commitments=how
        )
        for how in ("keep", "drop")
    }
    assert (found["keep"].answer, found["drop"].answer) == ("always", "from")
    assert found["drop"].value == pytest.approx((140_160 + 8_760) / CLOUD_USD, abs=0.01)
    assert found["keep"].points[-1].cloud.usd == pytest.approx(CLOUD_USD + 140_160)
    for how, told in (("keep", "still pays"), ("drop", "drops")):
        for point in found[how].points:
            assert check(point.cloud.problem, point.cloud.plan) == []
        text = render_breakeven(found[how], SWEEPS["price"], ("hybrid", "cloud-only"), "table", 200)
        line = f"commitments: cloud-only {told} 140,160.00 USD that is committed where it takes capacity out"
        assert line in text.splitlines()
        data = json.loads(render_breakeven(found[how], SWEEPS["price"], ("a", "b"), "json", 99))
        assert set(data["points"][0]["cloud"]["sunk"].values()) == {0, 140_160}


def test_commitments_that_follow_the_sweep_are_told_at_both_ends(problem: Problem) -> None:
    """8 committed accelerators x 1 USD x 8,760 hours in the cloud, at half the price and at the full one."""
    rented = problem.pools[1].replace(committed_count=8, committed_usd_per_accelerator_hour=1.0)
    here = problem.replace(pools=(problem.pools[0], rented))
    home = BUILT_IN["on-prem-only"]
    found = breakeven(here, SWEEPS["price"], HYBRID, home, low=0.5, high=1.0, points=2, tolerance=1)
    text = render_breakeven(found, SWEEPS["price"], ("hybrid", "home"), "table", 200)
    told = "commitments: home still pays 35,040.00 USD at 0.5 and still pays 70,080.00 USD at 1 that is"
    assert told in text


def test_bounds_and_gaps_stand_beside_values_at_every_width() -> None:
    """Costs of a billion: 1,490,000,000 or 1,000,000,000 USD, with bounds that are 50,000,000 lower."""
    found = find_breakeven(
        lambda value: point_of(value, (150 - 10 * value) * 1e7, 1e9, slack=5e7), 0.1, 10.0, 1.0, points=2
    )
    names = ("on-prem-only", "cloud-only")
    shown = render_breakeven(found, SWEEPS["utilization"], names, "table", 80)
    assert re.search(r"^ +0\.1000  on-\S+  1,490,000,000\.00  1,440,000,000\.00 +3\.356 %", shown, re.M)
    assert re.search(r"^ +cloud-\S+  1,000,000,000\.00 +950,000,000\.00 +5\.000 %", shown, re.M)
    assert max(map(len, shown.splitlines())) <= 80
