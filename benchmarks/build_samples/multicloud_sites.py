"""Regions and pools of the sample ``multicloud``."""

from __future__ import annotations

from pathlib import Path

from cloud_prices import AWS_TYPES, GCP_TYPES, offer
from common import Element, Row, carbon_2024, rows, table

TABLES = "multicloud"
QUOTA = {
    "h200": 360,
    "h100": 960,
    "a100-80": 360,
    "a100-40": 480,
    "l40s": 240,
    "l4": 520,
    "a10g": 300,
    "t4": 300,
}
"""Assumption: accelerators that the planner's quota holds in a region of size 1."""
USUAL_SIZE = 0.5
SPOT_SHARE = 0.25
POWER_UTILIZATION = 1.3
SCALING = [{"accelerators": 64, "efficiency": 0.97}, {"accelerators": 512, "efficiency": 0.93}]
TRAINERS = ["h100", "h200", "a100-80", "a100-40"]
AWS_PUE = 1.15
GCP_PUE = 1.10
GB_PER_GIB = 1.073741824
MOVED = {"aws-ca-central-1": (45.50, -73.57)}
"""The table puts this region at Toronto; its round trip to GCP in Montreal is 2 ms, to Toronto 8 ms."""


def data_centers(data: Path) -> list[Element]:
    """Return the regions as data centers, AWS first."""
    return [_region(data, row) for row in table(TABLES, "regions")]


def site_id(row: Row) -> str:
    """Return e.g. ``gcp-us-west1``."""
    return f"{row['provider']}-{row['region']}"


def _region(data: Path, row: Row) -> Element:
    key = (row["provider"], row["region"])
    source = next(
        r for r in rows(data / "sites" / "cloud_regions.csv") if (r["provider"], r["region"]) == key
    )
    latitude, longitude = MOVED.get(site_id(row), (float(source["latitude"]), float(source["longitude"])))
    element: Element = {"id": site_id(row), "name": source["location"], "jurisdiction": row["jurisdiction"]}
    element |= {"latitude": round(latitude, 2), "longitude": round(longitude, 2), "kind": "cloud"}
    element |= {"provider": row["provider"], "pue": _pue(data, row), "g_per_kwh": _carbon(data, row)}
    return element | {"egress_usd_per_gb": _internet_usd_per_gb(data, *key)}


def _pue(data: Path, row: Row) -> float:
    source = rows(data / "carbon" / "mlco2_region_impact.csv")
    key = (row["provider"], row["region"])
    usual = AWS_PUE if row["provider"] == "aws" else GCP_PUE
    return next((float(r["PUE"]) for r in source if (r["provider"], r["region"]) == key and r["PUE"]), usual)


def _carbon(data: Path, row: Row) -> float:
    """Return the figure of GCP's region on the same grid, or else that of the older AWS table."""
    if row["carbon_region"]:
        return round(carbon_2024(data)[row["carbon_region"]], 1)
    source = rows(data / "carbon" / "ccf_grid_factors_aws.csv")
    tonnes_per_kwh = next(float(r["CO2e (metric ton/kWh)"]) for r in source if r["Region"] == row["region"])
    return round(tonnes_per_kwh * 1e6, 1)


def _internet_usd_per_gb(data: Path, provider: str, region: str) -> float:
    if provider == "aws":
        source = rows(data / "prices" / "egress_aws_regions_2023-04.csv")
        return next(
            float(r["egress_usd_per_gb"]) for r in source if (r["src"], r["dst"]) == (region, "internet")
        )
    key = (region, "worldwide_except_australia_china", "1-10")
    source = rows(data / "prices" / "gcp_internet_egress_2026-06.csv")
    fields = ("region", "destination_group", "monthly_tier_tib")
    per_gib = next(float(r["usd_per_gib"]) for r in source if tuple(r[field] for field in fields) == key)
    return round(per_gib / GB_PER_GIB, 4)


def pools(data: Path) -> list[Element]:
    """Return one pool per region and accelerator that has a list price there."""
    kinds = {"aws": AWS_TYPES, "gcp": GCP_TYPES}
    found = [_pool(data, row, kind) for row in table(TABLES, "regions") for kind in kinds[row["provider"]]]
    return [pool for pool in found if pool]


def _pool(data: Path, row: Row, kind: str) -> Element | None:
    prices = offer(data, row["provider"], row["region"], kind)
    if prices is None:
        return None
    site, count = site_id(row), int(QUOTA[kind] * float(row["quota_size"] or USUAL_SIZE)) // 8 * 8
    pool: Element = {"id": f"{site}-{kind}", "data_center": site, "accelerator": kind, "count": count}
    pool |= prices.pool(count, float(row["committed_share"] or 0), SPOT_SHARE)
    return (
        pool | {"power_utilization": POWER_UTILIZATION} | ({"scaling": SCALING} if kind in TRAINERS else {})
    )
