"""Figures whose unit is likely to be another one: told by place, each kind once, and nothing usual."""

from __future__ import annotations

import json
from typing import Any

import pytest
from computeroute.routing import Problem
from computeroute.routing.plausible import USUAL, implausible
from computeroute.topologies import load, sample_text, samples
from computeroute.topologies.catalog import accelerators, fill_in


def two_sites_data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(sample_text("two-sites"))
    return data


def told(data: dict[str, Any]) -> list[str]:
    return [str(remark) for remark in implausible(Problem.parse(fill_in(data)))]


@pytest.mark.parametrize(
    ("list_name", "field", "value", "meant"),
    [
        ("data_centers", "usd_per_kwh", 8.5, "a price per MWh, or in cents"),
        ("data_centers", "g_per_kwh", 0.38, "in kg"),
        ("data_centers", "egress_usd_per_gb", 90, "a price per TB, or in cents"),
        ("pools", "usd_per_accelerator_hour", 1460, "a price per month, or of a machine"),
        ("links", "latency_ms", 4000, "in microseconds"),
        ("links", "latency_ms", 0.0001, "in s"),
        ("links", "bandwidth_gbps", 0.0001, "in Tbit/s"),
    ],
)
def test_units_that_are_likely_to_be_others_are_told(
    list_name: str, field: str, value: float, meant: str
) -> None:
    data = two_sites_data()
    data[list_name][0][field] = value
    remarks = [remark for remark in told(data) if field in remark]
    assert len(remarks) == 1
    assert remarks[0].startswith(f"{list_name}[0]")
    assert remarks[0].endswith(f"is it meant, or is it {meant}?")


def test_one_of_a_kind_is_told_with_how_many_there_are() -> None:
    data = two_sites_data()
    for pool in data["pools"]:
        pool["usd_per_accelerator_hour"] = 1460
    assert [remark for remark in told(data) if remark.endswith("(1 more like it)")]
    assert len(told(data)) == 1


def test_prices_by_period_are_looked_at_one_by_one() -> None:
    data = two_sites_data()
    data["data_centers"][0]["usd_per_kwh"] = [0.1, 85.0]
    assert [remark for remark in told(data) if "85 USD/kWh" in remark]


def test_power_that_runs_a_small_part_of_a_site_is_told() -> None:
    """A limit in MW, typed where kW are asked for, bars nearly all of a site without any other sign."""
    data = two_sites_data()
    data["data_centers"][0]["max_power_kw"] = 0.02
    (remark,) = told(data)
    assert "0.02 kW run" in remark
    assert remark.endswith("is it meant, or is it in MW?")
    data["data_centers"][0]["max_power_kw"] = 20_000
    assert told(data) == []


@pytest.mark.parametrize(
    ("usd", "is_told"),
    [
        (24.0, True),  # 8 times the 3.00 of a cheap seller
        (98.32, True),  # a p5.48xlarge with its 8
        (14.28, False),  # the dearest list price of one
        (0.0, False),
    ],
)
def test_the_price_of_a_machine_is_told(usd: float, is_told: bool) -> None:
    """An accelerator of 80 GB costs 0.2 x 80 = 16 USD/h at most."""
    data = two_sites_data()
    data["pools"][1] |= {"usd_per_accelerator_hour": usd, "committed_usd_per_accelerator_hour": 0}
    data["pools"][1]["spot_usd_per_accelerator_hour"] = 0
    remarks = told(data)
    assert [
        remark.startswith("pools[1] 'virginia-h100'.usd_per_accelerator_hour: ") for remark in remarks
    ] == [True] * is_told
    assert all(remark.endswith("is it the price of a machine with several?") for remark in remarks)


def test_a_price_that_is_several_times_that_of_the_same_seller_is_told() -> None:
    data = two_sites_data()
    data["pools"].append({**data["pools"][1], "id": "other", "usd_per_accelerator_hour": 12.0})
    (remark,) = told(data)
    assert remark.startswith(
        "pools[2] 'other'.usd_per_accelerator_hour: 12 USD/h, its provider asks for 3 else"
    )
    data["pools"][2]["usd_per_accelerator_hour"] = 6.0
    assert told(data) == []


@pytest.mark.parametrize("what", ["committed", "spot"])
def test_prices_above_that_on_demand_are_told(what: str) -> None:
    data = two_sites_data()
    data["pools"][1][f"{what}_usd_per_accelerator_hour"] = 3.5
    assert told(data) == [
        f"pools[1] 'virginia-h100'.{what}_usd_per_accelerator_hour: "
        "3.5 USD/h is above the price on demand, 3: are the two exchanged?"
    ]


def test_what_own_capacity_costs_used_or_not_may_be_more_than_use_costs_besides() -> None:
    data = two_sites_data()
    data["pools"][0] |= {"committed_count": 12, "committed_usd_per_accelerator_hour": 2.5}
    assert told(data) == []
    data["pools"][0]["committed_count"] = 11
    assert len(told(data)) == 1


@pytest.mark.parametrize(("ms", "is_told"), [(20.0, True), (22.0, False)])
def test_links_faster_than_light_are_told(ms: float, is_told: bool) -> None:
    """Frankfurt and Northern Virginia are 6,549 km apart: 21.85 ms at 299.8 km/ms."""
    data = two_sites_data()
    data["data_centers"][0] |= {"latitude": 50.11, "longitude": 8.68}
    data["data_centers"][1] |= {"latitude": 39.04, "longitude": -77.49}
    (index,) = [i for i, link in enumerate(data["links"]) if link["latency_ms"] == 42]
    data["links"][index]["latency_ms"] = ms
    place = f"links[{index}] 'frankfurt--virginia'.latency_ms"
    message = "20 ms one way for 6,549 km: light takes 21.85 ms, and half as much again in fibre"
    assert told(data) == [f"{place}: {message}"] * is_told


def test_links_without_coordinates_and_short_ones_are_not_told() -> None:
    data = two_sites_data()
    for place in (*data["data_centers"], *data["locations"]):
        place.pop("latitude", None)
    for link in data["links"]:
        link["latency_ms"] = 0.01
    assert told(data) == []


@pytest.mark.parametrize("name", [sample.name for sample in samples()])
def test_samples_are_far_from_the_ends(name: str) -> None:
    """A factor of two in any figure is told of none of them."""
    problem = load(name)
    for usual in USUAL:
        for entry in getattr(problem, usual.list_name):
            value = getattr(entry, usual.field)
            for each in value if isinstance(value, tuple) else (value,):
                assert usual.remark(2 * each) == ""
                assert usual.remark(each / 2) == ""


def test_accelerators_of_the_catalog_are_usual() -> None:
    ranges = [usual for usual in USUAL if usual.list_name == "accelerators"]
    for entry in accelerators().values():
        assert not any(usual.remark(entry[usual.field]) for usual in ranges)
