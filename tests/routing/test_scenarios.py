"""Scenarios: what each change does, how they are declared and composed, and what their faults say."""

from __future__ import annotations

import math
from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.changes import Add, Change, Degrade, Keep, Remove, Scale, risk_groups
from computeroute.routing.check_admission import usable
from computeroute.routing.commitments import Sunk, committed_usd
from computeroute.routing.errors import InputError
from computeroute.routing.owners import public_sites
from computeroute.routing.owning import SWEEPS
from computeroute.routing.scenario_book import scenario_book
from computeroute.routing.scenarios import BUILT_IN, Scenario, chosen, scenario, sweep, with_commitments
from computeroute.topologies import load


def _world() -> dict[str, Any]:
    return {
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 500}],
        "data_centers": [
            {"id": "own", "jurisdiction": "DE", "kind": "on_prem", "provider": "acme", "owner": "acme",
             "usd_per_kwh": [0.1, 0.2], "g_per_kwh": 300, "risk_groups": ["river"]},
            {"id": "rented", "jurisdiction": "US", "kind": "cloud", "provider": "big",
             "egress_usd_per_gb": 0.1},
        ],
        "periods": [{"id": "day", "hours": 12}, {"id": "night", "hours": 12}],
        "pools": [
            {"id": "own-a", "data_center": "own", "accelerator": "a", "count": 10,
             "usd_per_accelerator_hour": 1,
             "committed_count": 4, "committed_usd_per_accelerator_hour": 0.5, "reserve_fraction": 0.2,
             "expansion": {"module_accelerators": 4, "capital_usd_per_module": 1000, "lifetime_years": 4,
                           "max_modules": 3}},
            {"id": "rented-a", "data_center": "rented", "accelerator": "a", "count": 5,
             "usd_per_accelerator_hour": 4, "spot_usd_per_accelerator_hour": 2, "spot_count": 3},
        ],
        "locations": [{"id": "city", "jurisdiction": "DE"}],
        "links": [
            {"id": "l1", "source": "city", "target": "own", "bandwidth_gbps": 10, "latency_ms": 1},
            {"id": "l2", "source": "city", "target": "rented", "bandwidth_gbps": 10, "latency_ms": 9,
             "usd_per_gb": 0.02, "risk_groups": ["river"]},
        ],
        "workloads": [
            {"id": "chat", "kind": "inference", "owner": "acme",
             "demand": [{"location": "city", "requests_per_second": [10, 4]}],
             "serving": [{"accelerator": "a", "requests_per_second": 5}]},
            {"id": "train", "kind": "training", "needs": [{"accelerator": "a", "count": 2, "hours": 6}]},
            {"id": "big", "kind": "training", "owner": "else",
             "compute": {"pflop_days": 1, "utilization": 0.5, "counts": [2]}},
        ],
        "limits": {"budget_usd": 1000, "pinned": [{"workload": "train", "pool": "rented-a"}],
                   "forbidden": [{"workload": "big", "pool": "rented-a"}]},
    }  # fmt: skip


@pytest.fixture
def problem() -> Problem:
    return Problem.parse(_world())


def test_keeping_sites_takes_the_pools_of_others_away_and_leaves_their_nodes(problem: Problem) -> None:
    own = Keep(kinds=("on_prem",)).apply(problem)
    assert [pool.id for pool in own.pools if pool.reserve_fraction < 1] == ["own-a"]
    assert own.data_centers == problem.data_centers
    assert own.links == problem.links
    cloud = Keep(providers=("big",)).apply(problem)
    assert [pool.id for pool in cloud.pools if not pool.is_lost] == ["rented-a"]


def test_commitments_of_sites_that_are_not_kept_are_still_paid(problem: Problem) -> None:
    """4 accelerators at 0.5 USD for 24 hours are 48 USD; what has no commitment goes without a trace."""
    cloud = scenario("cloud-only").apply(problem)
    assert usable(cloud.pool["own-a"], 3) == 0
    assert committed_usd(cloud) == 48
    assert scenario("cloud-only").sunk(problem) == Sunk(paid_usd=48)
    assert scenario("cloud-only + prices*2").sunk(problem) == Sunk(paid_usd=96)
    free = problem.replace(limits=problem.limits.replace(pinned=()))
    assert [pool.id for pool in scenario("kind=on_prem").apply(free).pools] == ["own-a"]


def test_commitments_are_dropped_where_that_is_asked_for(problem: Problem) -> None:
    line = "cloud-only + commitments=drop"
    for dropping in (scenario(line), *with_commitments(problem, [scenario("cloud-only")], "drop")):
        assert committed_usd(dropping.apply(problem)) == 0
        assert dropping.sunk(problem) == Sunk(dropped_usd=48)
        assert dropping.line == line
    lines = [scenario(name) for name in ("hybrid", "demand*2", "without=nothing", "kind=on_prem")]
    assert with_commitments(problem, lines, "drop") == lines  # nothing to drop, or told when it is applied
    assert with_commitments(problem, [scenario("cloud-only")], "keep") == [scenario("cloud-only")]
    with pytest.raises(InputError, match="commitments: must be 'keep' or 'drop'"):
        with_commitments(problem, [], "dropp")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="commitments can only be 'drop'"):
        scenario("cloud-only + commitments=keep")


def test_a_loss_pays_on_and_an_owner_alone_pays_for_its_own_only(problem: Problem) -> None:
    assert scenario("without=own").sunk(problem) == Sunk(paid_usd=48)
    assert scenario("without=own + commitments=drop").sunk(problem) == Sunk(dropped_usd=48)
    assert scenario("alone=else").sunk(problem) == Sunk()
    assert committed_usd(scenario("alone=else").apply(problem)) == 0


def test_a_pool_that_a_pin_names_stays_without_capacity(problem: Problem) -> None:
    own = Keep(owners=("acme",)).apply(problem)
    left = own.pool["rented-a"]
    assert (left.reserve_fraction, left.committed_count) == (1.0, 0)
    assert own.limits.pinned == problem.limits.pinned


def test_keep_needs_all_that_it_names(problem: Problem) -> None:
    with pytest.raises(InputError, match="no pool is left"):
        Keep(kinds=("cloud",), jurisdictions=("DE",)).apply(problem)


def test_alone_has_its_own_sites_and_workloads(problem: Problem) -> None:
    acme = scenario("alone=acme").apply(problem)
    assert [work.id for work in acme.workloads] == ["chat"]
    assert [pool.id for pool in acme.pools] == ["own-a", "rented-a"]
    assert acme.limits.pinned == ()
    assert [pool.id for pool in scenario("alone=else").apply(problem).pools] == ["rented-a"]


def test_clouds_sell_to_everybody_but_for_those_of_an_owner_with_work(problem: Problem) -> None:
    assert public_sites(problem) == {"rented"}
    own, rented = problem.data_centers
    for owner, public in (("big", {"rented"}), ("else", set())):
        assert public_sites(problem.replace(data_centers=(own, rented.replace(owner=owner)))) == public
    assert public_sites(problem.replace(data_centers=(own, rented.replace(kind="colo")))) == set()


def test_owners_alone_share_what_is_committed_at_a_cloud(problem: Problem) -> None:
    """Of 5 accelerators acme, the first of two owners with work, pays for 3; its own are its own."""
    own, rented = problem.pools
    terms = {"committed_count": 5, "committed_usd_per_accelerator_hour": 1.0}
    here = problem.replace(pools=(own, rented.replace(**terms)))
    shares = {
        name: [pool.committed_count for pool in scenario(f"alone={name}").apply(here).pools]
        for name in ("acme", "else")
    }
    assert shares == {"acme": [4, 3], "else": [2]}


def test_a_lost_site_has_no_capacity_and_no_links_but_its_commitment_is_paid(problem: Problem) -> None:
    lost = Remove(data_centers=("own",)).apply(problem)
    assert [link.id for link in lost.links] == ["l2"]
    assert lost.pool["own-a"].reserve_fraction == 1.0
    assert lost.pool["own-a"].committed_count == 4
    assert "own" in lost.nodes


def test_a_risk_group_takes_sites_and_links_together(problem: Problem) -> None:
    assert list(risk_groups(problem)) == ["river"]
    assert scenario("without=river").apply(problem).links == ()
    assert Remove(risk_groups=("river",)).apply(problem).pool["own-a"].reserve_fraction == 1.0


def test_degrading_leaves_a_part_of_what_is_usable_in_whole_accelerators(problem: Problem) -> None:
    half = Degrade(to=0.5, data_centers=("own",), pools=("rented-a",), links=("l1",)).apply(problem)
    # 8 of 10 are usable, 4 are left: 6 of 10 are reserved. 5 are usable, 2 are left; of 3 spot ones 1.
    assert half.pool["own-a"].reserve_fraction == pytest.approx(0.6)
    assert half.pool["rented-a"].reserve_fraction == pytest.approx(0.6)
    assert half.pool["rented-a"].spot_count == 1
    assert half.link["l1"].bandwidth_gbps == 5
    assert half.link["l2"].bandwidth_gbps == 10


def test_scaling_multiplies_what_it_names_and_nothing_else(problem: Problem) -> None:
    scaled = Scale(demand=2, training=3, prices=0.5, energy=2, network=10, carbon=0.1, bandwidth=4).apply(
        problem
    )
    assert scaled.services[0].demand[0].requests_per_second == (20, 8)
    assert scaled.jobs[0].needs is not None
    assert scaled.jobs[0].needs[0].hours == 18
    assert scaled.jobs[1].compute is not None
    assert scaled.jobs[1].compute.pflop_days == 3
    own, rented = scaled.pools
    assert (own.usd_per_accelerator_hour, own.committed_usd_per_accelerator_hour) == (0.5, 0.25)
    assert own.expansion is not None
    assert own.expansion.capital_usd_per_module == 500
    assert (rented.usd_per_accelerator_hour, rented.spot_usd_per_accelerator_hour) == (2, 1)
    assert scaled.data_centers[0].usd_per_kwh == (0.2, 0.4)
    assert scaled.data_centers[0].g_per_kwh == 30
    assert scaled.data_centers[1].egress_usd_per_gb == 1
    assert (scaled.link["l2"].bandwidth_gbps, scaled.link["l2"].usd_per_gb) == (40, 0.2)
    assert scaled.limits == problem.limits


def test_cloud_prices_are_hourly_prices_at_cloud_sites_and_prices_are_all(problem: Problem) -> None:
    (own, rented), (_, dear) = (
        scenario(line).apply(problem).pools for line in ("cloud_prices*2", "cloud-prices*2 + prices*3")
    )
    assert own == problem.pools[0]
    assert (rented.usd_per_accelerator_hour, rented.spot_usd_per_accelerator_hour) == (8, 4)
    assert dear.usd_per_accelerator_hour == 24
    assert SWEEPS["cloud_prices"].apply(problem, 2) == scenario("cloud_prices*2").apply(problem)
    assert SWEEPS["price"] is SWEEPS["cloud_prices"]
    some = Scale(cloud_prices=2, providers=("acme",)).apply(problem)
    assert some.pools == problem.pools


def test_scaling_may_concern_some_workloads_or_providers_only(problem: Problem) -> None:
    some = Scale(demand=2, training=2, prices=2, workloads=("train",), providers=("big",)).apply(problem)
    assert some.services == problem.services
    assert some.pools[0] == problem.pools[0]
    assert some.pools[1].usd_per_accelerator_hour == 8


def test_limits_change_and_go_away(problem: Problem) -> None:
    assert scenario("budget_usd=5").apply(problem).limits.budget_usd == 5
    free = Change.model_validate({"limit": {"budget_usd": None, "max_provider_share": {"*": 0.5}}})
    limits = free.apply(problem).limits
    assert (limits.budget_usd, limits.max_provider_share) == (None, {"*": 0.5})
    assert limits.pinned == problem.limits.pinned
    assert scenario("max_rtt_ms=7").apply(problem).services[0].max_rtt_ms == 7


def test_the_objective_and_the_pools_can_change(problem: Problem) -> None:
    dear = Change.model_validate({"objective": {"usd_per_tco2e": 90}}).apply(problem)
    assert (dear.objective.usd_per_tco2e, dear.objective.money_weight) == (90, 1)
    more = problem.pools[0].replace(id="own-b")
    assert [pool.id for pool in Add(pools=(more,)).apply(problem).pools] == ["own-a", "rented-a", "own-b"]
    with pytest.raises(InputError, match="is taken by"):
        Add(pools=(problem.pools[0],)).apply(problem)


def test_the_problem_itself_stays_as_it_is(problem: Problem) -> None:
    before = problem.digest
    for text in ("cloud-only", "without=l1", "demand*2+prices*3", "alone=acme"):
        assert scenario(text).apply(problem).digest != before
    assert problem.digest == before
    assert BUILT_IN["hybrid"].apply(problem) is problem


def test_plus_applies_from_left_to_right(problem: Problem) -> None:
    both = scenario("demand*2") + scenario("demand*3")
    assert both.name == "demand*2+demand*3"
    assert both.apply(problem).services[0].demand[0].requests_per_second == (60, 24)
    assert scenario("demand*2 + demand*3").apply(problem) == both.apply(problem)


def test_a_book_declares_scenarios_and_their_cross_products(problem: Problem) -> None:
    book = scenario_book(
        {
            "scenarios": {"dear": [{"scale": {"prices": 2}}], "dear-cloud": "dear + cloud-only"},
            "sweeps": {"grid": [["hybrid", "dear"], ["demand*1", "demand*2", "demand*3"]]},
        }
    )
    names = [name for name in book if name not in BUILT_IN]
    assert names[:3] == ["dear", "dear-cloud", "hybrid+demand*1"]
    assert len(names) == 2 + 6
    assert [pool.id for pool in book["dear-cloud"].apply(problem).pools if not pool.is_lost] == ["rented-a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cloud-onl", "did you mean 'cloud-only'"),
        ("demand*lots", "demand needs a number, got 'lots'"),
        ("demand*1_5", "demand needs a number, got '1_5'"),
        ("demand*\u0661", "demand needs a number"),
        ("demand*-1", "must be at least 0"),
        ("demand*nan", "scenario 'demand*nan'"),
        ("bandwidth*0", "must be above 0"),
        ("kind=clod", "did you mean 'cloud'"),
        ("wthout=x", "unknown change"),
        ("a++b", "empty part"),
        ("", "empty part"),
    ],
)
def test_lines_that_declare_nothing_say_why(text: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected.replace("*", r"\*")):
        scenario(text)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"keep": {"owners": ["acne"]}}, "unknown owner 'acne'; did you mean 'acme'?"),
        ({"keep": {"data_centers": ["x", "y"]}}, "unknown data center 'y'"),
        ({"remove": {"links": ["l3"]}}, "unknown link 'l3'"),
        ({"remove": {"risk_groups": ["rivr"]}}, "did you mean 'river'"),
        ({"remove": {"workloads": ["chta"]}}, "did you mean 'chat'"),
        ({"degrade": {"to": 0.5, "pools": ["own"]}}, "unknown pool 'own'"),
        ({"scale": {"providers": ["acm"]}}, "unknown provider"),
        ({"alone": {"owner": "nobody"}}, "no workload belongs to 'nobody'"),
        ({"limit": {"max_provider_share": {"bigg": 0.5}}}, "did you mean 'big'"),
    ],
)
def test_references_that_lead_nowhere_name_the_scenario(
    problem: Problem, change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(InputError) as error:
        Scenario("tomorrow", (Change.model_validate(change),)).apply(problem)
    assert "scenario 'tomorrow'" in str(error.value)
    assert expected in str(error.value)


def test_a_name_that_is_nowhere_is_told_with_what_there_is(problem: Problem) -> None:
    with pytest.raises(InputError, match="did you mean 'own'"):
        scenario("without=owm").apply(problem)


def test_every_fault_of_a_book_is_told_by_place() -> None:
    with pytest.raises(InputError) as error:
        scenario_book(
            {
                "scenarios": {
                    "a": [{"keep": {"kindz": []}}, {"scale": {"demand": -1}}, {}],
                    "b": 3,
                    "hybrid": [],
                },
                "sweeps": {"s": [["zzz"]], "t": [], "u": [["hybrid"] * 200] * 2},
            },
            "futures.yaml",
        )
    text = str(error.value)
    for part in ("scenarios.a[0].keep.kindz", "scenarios.a[1].scale.demand", "scenarios.a[2]",
                 "scenarios.b", "'hybrid' cannot be a name here", "sweeps.s", "sweeps.t",
                 "40,000 combinations"):  # fmt: skip
        assert part in text
    for data in ([], {"scenario": {}}, {"scenarios": []}):
        with pytest.raises(InputError):
            scenario_book(data)


def test_what_refers_to_a_wrong_scenario_is_not_at_fault_itself() -> None:
    with pytest.raises(InputError) as error:
        scenario_book(
            {
                "scenarios": {"s1": [{"scale": {"demand": -1}}], "s2": "s1 + demand*2", "s3": "s1 + nope"},
                "sweeps": {"all": [["s1", "s2"]], "s2": [["hybrid"]]},
            }
        )
    places = [fault.place for fault in error.value.faults]
    assert places == ["scenarios.s1[0].scale.demand", "scenarios.s3", "sweeps.s2"]
    assert "'nope'" in error.value.faults[1].message


def test_a_sweep_is_not_joined_with_other_changes() -> None:
    book = scenario_book({"sweeps": {"load": [["demand*1", "demand*2"]]}})
    with pytest.raises(InputError, match="'load' is a sweep, which stands alone"):
        scenario("load + prices*2", book)
    with pytest.raises(InputError, match="did you mean 'load'"):
        scenario("laod", book)


def test_countries_cover_their_subdivisions_and_groups_their_members(problem: Problem) -> None:
    sites = tuple(
        site.replace(jurisdiction=code)
        for site, code in zip(problem.data_centers, ("DE-HE", "FR"), strict=True)
    )
    placed = problem.replace(data_centers=sites, groups={"EU": ("DE", "FR")})
    whole = {pool.id for pool in placed.pools}
    assert {pool.id for pool in scenario("jurisdiction=EU").apply(placed).pools} == whole
    pools = scenario("jurisdiction=DE").apply(placed).pools
    assert [(pool.id, pool.reserve_fraction < 1) for pool in pools] == [("own-a", True), ("rented-a", False)]
    with pytest.raises(InputError, match=r"no data center is in 'DE-BY'.*they are in DE-HE, FR"):
        scenario("jurisdiction=DE-BY|FR").apply(placed)


def test_the_name_of_a_sweep_stands_for_all_of_it() -> None:
    book = scenario_book({"sweeps": {"load": [["hybrid", "cloud-only"], ["demand*1", "demand*2"]]}})
    names = [each.name for each in chosen(["cloud-only+demand*2", "load"], book)]
    assert names == ["cloud-only+demand*2", "hybrid+demand*1", "hybrid+demand*2", "cloud-only+demand*1"]


def test_all_wrong_lines_are_told_at_once_and_each_name_counts_once() -> None:
    with pytest.raises(InputError) as error:
        chosen(["hybrid", "x1", "x2"], BUILT_IN)
    assert len(error.value.faults) == 2
    assert [each.name for each in chosen(["hybrid", "hybrid"], BUILT_IN)] == ["hybrid"]


def test_a_sweep_has_the_last_axis_changing_fastest() -> None:
    names = [each.name for each in sweep([["hybrid", "cloud-only"], ["demand*1", "demand*2"]])]
    assert names == ["hybrid+demand*1", "hybrid+demand*2", "cloud-only+demand*1", "cloud-only+demand*2"]


def test_services_ask_for_no_more_sites_than_told(problem: Problem) -> None:
    (chat,) = problem.services
    services = [chat.replace(id=f"s{asked}", min_sites=asked) for asked in (1, 2, 3)]
    third = problem.data_centers[1].replace(id="third")
    asking = problem.replace(
        data_centers=(*problem.data_centers, third), workloads=(*services, *problem.jobs)
    )

    def asked(line: str) -> list[int]:
        return [service.min_sites for service in scenario(line).apply(asking).services]

    assert asked("min_sites=2") == [1, 2, 2]
    assert asked("min_sites=1") == [1, 1, 1]
    assert asked("min_sites=1 of s3|s1") == [1, 2, 1]
    book = scenario_book({"scenarios": {"x": [{"spread": {"min_sites": 1, "workloads": ["s2"]}}]}})
    assert [service.min_sites for service in book["x"].apply(asking).services] == [1, 1, 3]
    with pytest.raises(InputError, match="did you mean 's3'"):
        scenario("min_sites=1 of s33").apply(asking)
    for wrong in ("min_sites=few", "min_sites=1 of ", "min_sites=0"):
        with pytest.raises(InputError, match="min_sites"):
            scenario(wrong)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("prices*2", "hybrid", True),
        ("cloud_prices*2", "prices*2", True),
        ("demand*1.5 + energy*2", "demand*1.5 + prices*0.5 + carbon*3 + network*2", True),
        ("demand*1 + prices*2", "prices*3", True),
        ("demand*1.5", "demand*1.6", False),
        ("without=frankfurt + prices*2", "without=frankfurt", True),
        ("without=frankfurt", "hybrid", False),
        ("training*2", "hybrid", False),
        ("bandwidth*2", "hybrid", False),
        ("budget_usd=5", "budget_usd=6", False),
    ],
)
def test_families_differ_in_prices_only(one: str, other: str, alike: bool) -> None:
    assert (scenario(one).family() == scenario(other).family()) is alike


def test_changes_of_files_belong_to_families_too() -> None:
    book = scenario_book(
        {
            "scenarios": {
                "green": [{"objective": {"usd_per_tco2e": 90}}, {"scale": {"demand": 2}}],
                "dear": [{"scale": {"demand": 2, "energy": 3}}],
            }
        }
    )
    assert book["green"].family() == book["dear"].family() == scenario("demand*2").family()


def test_what_members_of_a_family_differ_in() -> None:
    """Factors multiply, so that their logarithms add up; what is not a price counts for nothing here."""
    levels = scenario("prices*2 + carbon*0.5 + prices*3 + demand*4").price_levels()
    named = {key[0]: level for key, level in levels.items() if level}
    assert named == pytest.approx({"prices": math.log(6), "carbon": math.log(0.5)})
    book = scenario_book({"scenarios": {"green": [{"objective": {"usd_per_tco2e": 90}}]}})
    assert list(book["green"].price_levels().values()) == [1.0]
    assert scenario("prices*0").price_levels()["prices", "None"] == pytest.approx(math.log(1e-6))


def test_what_is_declared_too_late_is_told_so() -> None:
    with pytest.raises(InputError) as error:
        scenario_book({"scenarios": {"a": "a + demand*2", "b": "c + demand*2", "c": "demand*3"}})
    own, later = error.value.faults
    assert (own.place, own.message) == ("scenarios.a", "refers to itself")
    assert (later.place, later.message[:34]) == ("scenarios.b", "refers to 'c', which is declared b")


def test_files_say_none_for_no_protection_as_lines_do() -> None:
    book = scenario_book({"scenarios": {"bare": [{"protect": {"survive": "none"}}]}})
    assert book["bare"].family() == scenario("survive=none").family()


@pytest.mark.parametrize("name", ["\x1b[0m=1+1", "ok\u202ered", "", "a+b", "hybrid"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be a name here"):
        scenario_book({"scenarios": {name: "cloud-only"}})


@pytest.mark.parametrize("count", ["9" * 5000, "\u0663", "-1", "1.5"])
def test_counts_are_plain_whole_numbers(count: str) -> None:
    with pytest.raises(InputError, match="min_sites needs a whole number"):
        scenario(f"min_sites={count}")


def test_a_name_of_two_things_is_not_taken_for_one_of_them(problem: Problem) -> None:
    data = problem.model_dump(mode="json", exclude_unset=True)
    data["pools"][0]["id"] = data["data_centers"][-1]["id"]
    name = data["pools"][0]["id"]
    with pytest.raises(InputError, match="data centers and pools"):
        scenario(f"without={name}").apply(Problem.parse(data))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_degraded_pool_that_may_be_expanded_keeps_its_part(problem: Problem, count: int) -> None:
    # 0.9 of count + 100 modules of 8, in whole accelerators.
    expansion = {
        "module_accelerators": 8, "capital_usd_per_module": 1000, "lifetime_years": 4, "max_modules": 100,
    }  # fmt: skip
    data = problem.model_dump(mode="json", exclude_unset=True)
    pool = data["pools"][0]
    data["pools"][0] = {
        "id": pool["id"], "data_center": pool["data_center"], "accelerator": pool["accelerator"],
        "count": count, "usd_per_accelerator_hour": 1, "expansion": expansion,
    }  # fmt: skip
    changed = Degrade(pools=(pool["id"],), to=0.9).apply(Problem.parse(data))
    assert usable(changed.pools[0], 100) == math.floor(0.9 * (count + 800))
    gone = Degrade(pools=(pool["id"],), to=0.0).apply(Problem.parse(data))
    assert usable(gone.pools[0], 100) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"limit": {"max_rtt_ms": 10, "workloads": ["finetune"]}},
        {"protect": {"survive": "site", "workloads": ["finetune"]}},
        {"spread": {"min_sites": 1, "workloads": ["finetune"]}},
    ],
)
def test_what_is_for_services_names_services(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="unknown service 'finetune'"):
        Change.model_validate(change).apply(load("two-sites"))


def test_the_network_costs_more_whoever_provides_it() -> None:
    problem = load("two-sites")
    changed = Scale(network=10.0, energy=2.0, providers=("acme",)).apply(problem)
    for before, after in zip(problem.data_centers, changed.data_centers, strict=True):
        assert after.egress_usd_per_gb == pytest.approx(10 * before.egress_usd_per_gb)
        assert (after.usd_per_kwh != before.usd_per_kwh) == (before.provider_id == "acme")
