"""Accelerators, sites, pools and links: defaults, derived figures and what must hold within one of them."""

from __future__ import annotations

import pytest
from computeroute.routing.sites import DataCenter, Expansion, Link, Location, Pool, ScalingPoint
from pydantic import ValidationError


def test_provider_and_owner_default_to_the_site_and_the_provider() -> None:
    bare = DataCenter(id="fra", jurisdiction="DE")
    assert (bare.provider_id, bare.owner_id) == ("fra", "fra")
    rented = DataCenter(id="fra", jurisdiction="DE", provider="nimbus")
    assert (rented.provider_id, rented.owner_id) == ("nimbus", "nimbus")
    owned = DataCenter(id="fra", jurisdiction="DE", provider="nimbus", owner="acme")
    assert (owned.provider_id, owned.owner_id) == ("nimbus", "acme")


def test_a_location_passes_traffic_on_unless_it_says_so() -> None:
    assert Location(id="x", jurisdiction="CN-SH").transit
    assert not Location(id="x", jurisdiction="CN-SH", transit=False).transit


def test_annuity_against_the_formula_by_hand() -> None:
    """1,000 USD over 2 years at 10 %: 1000 * 0.1 / (1 - 1.1**-2) = 576.19 USD a year."""
    module = Expansion(
        module_accelerators=8, capital_usd_per_module=1000, lifetime_years=2, discount_rate=0.1, max_modules=3
    )
    assert module.annuity_usd_per_module_year == pytest.approx(576.190476, abs=1e-6)
    assert sum(module.annuity_usd_per_module_year / 1.1**year for year in (1, 2)) == pytest.approx(1000)
    assert module.replace(discount_rate=0).annuity_usd_per_module_year == 500


def test_scaling_must_rise_in_size_and_not_in_efficiency() -> None:
    points = (
        ScalingPoint(accelerators=1000, efficiency=0.92),
        ScalingPoint(accelerators=10_000, efficiency=0.9),
    )
    pool = Pool(id="p", data_center="d", accelerator="a", count=1, scaling=points)
    assert pool.scaling == points
    with pytest.raises(ValidationError, match="sizes must rise"):
        Pool(id="p", data_center="d", accelerator="a", count=1, scaling=points[::-1])
    with pytest.raises(ValidationError, match="sizes must rise"):
        Pool(id="p", data_center="d", accelerator="a", count=1, scaling=(points[0], points[0]))


def test_a_pool_of_nothing_may_be_expanded() -> None:
    module = Expansion(module_accelerators=8, capital_usd_per_module=1, lifetime_years=2, max_modules=3)
    assert Pool(id="p", data_center="d", accelerator="a", count=0, expansion=module).expansion == module


def test_committed_and_spot_come_with_prices() -> None:
    pool = Pool(
        id="p",
        data_center="d",
        accelerator="a",
        count=4,
        committed_count=4,
        committed_usd_per_accelerator_hour=1,
        spot_count=2,
        spot_usd_per_accelerator_hour=0.5,
    )
    assert (pool.committed_count, pool.spot_count) == (4, 2)


def test_a_link_joins_two_nodes() -> None:
    with pytest.raises(ValidationError, match="joins 'a' to itself"):
        Link(id="l", source="a", target="a", bandwidth_gbps=1, latency_ms=0)
    assert Link(id="l", source="a", target="b", bandwidth_gbps=1, latency_ms=0).latency_ms == 0


@pytest.mark.parametrize("code", ["DE", "CN-SH", "US-CA", "FR-75", "GB-ENG", "XA"])
def test_jurisdictions_are_iso_codes(code: str) -> None:
    assert Location(id="x", jurisdiction=code).jurisdiction == code


@pytest.mark.parametrize("code", ["D", "DEU", "de", "DE-", "DE-ABCD", "DE BE", "DE\n", ""])
def test_nothing_else_is_a_jurisdiction(code: str) -> None:
    with pytest.raises(ValidationError):
        Location(id="x", jurisdiction=code)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    """More committed than there are, and neither price."""
    with pytest.raises(ValidationError) as caught:
        Pool(id="p", data_center="d", accelerator="a", count=8, committed_count=10, spot_count=9)
    told = str(caught.value)
    assert "committed_count 10 exceeds count 8" in told
    assert (
        "needs committed_usd_per_accelerator_hour" in told and "needs spot_usd_per_accelerator_hour" in told
    )
