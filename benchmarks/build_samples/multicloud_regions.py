"""Regions and pools of the sample ``multicloud``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from common import Element, rows

ACCELERATORS: list[Element] = [
    {"id": "h200", "name": "NVIDIA H200 SXM", "peak_tflops": 989, "memory_gb": 141, "tdp_w": 700},
    {"id": "h100", "name": "NVIDIA H100 SXM5", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700},
    {"id": "a100-80", "name": "NVIDIA A100 SXM4 80 GB", "peak_tflops": 312, "memory_gb": 80, "tdp_w": 400},
    {"id": "a100-40", "name": "NVIDIA A100 SXM4 40 GB", "peak_tflops": 312, "memory_gb": 40, "tdp_w": 400},
    {"id": "l40s", "name": "NVIDIA L40S", "peak_tflops": 362, "memory_gb": 48, "tdp_w": 350},
    {"id": "l4", "name": "NVIDIA L4", "peak_tflops": 121, "memory_gb": 24, "tdp_w": 72},
    {"id": "a10g", "name": "NVIDIA A10G", "peak_tflops": 70, "memory_gb": 24, "tdp_w": 150},
    {"id": "t4", "name": "NVIDIA T4", "peak_tflops": 65, "memory_gb": 16, "tdp_w": 70},
]
# instance type whose list price stands for the accelerator: the largest of its family
AWS_TYPES = {
    "h200": "p5en.48xlarge", "h100": "p5.48xlarge", "a100-80": "p4de.24xlarge", "a100-40": "p4d.24xlarge",
    "l40s": "g6e.48xlarge", "l4": "g6.48xlarge", "a10g": "g5.48xlarge", "t4": "g4dn.12xlarge",
}  # fmt: skip
GCP_TYPES = {"h100": "a3-highgpu-8g", "a100-80": "a2-ultragpu-8g", "a100-40": "a2-highgpu-8g", "l4": "g2-standard-96"}
HOURS_PER_MONTH = 730
# Assumption: accelerators that the planner's quota holds in a region of middle size.
QUOTA = {"h200": 96, "h100": 256, "a100-80": 96, "a100-40": 128, "l40s": 64, "l4": 144, "a10g": 80, "t4": 80}
# Assumption: size of the quota relative to that; 0.5 where a region is not named.
SIZE = {
    "aws-us-east-1": 2.0, "aws-us-east-2": 1.5, "aws-us-west-2": 2.0, "aws-eu-central-1": 1.0, "aws-eu-west-1": 1.0,
    "aws-ap-northeast-1": 1.0, "aws-ap-south-1": 2.0, "gcp-asia-south1": 1.5, "aws-eu-south-1": 1.0, "aws-eu-north-1": 1.0, "gcp-us-central1": 2.0, "gcp-us-east4": 1.0,
    "gcp-us-west1": 1.0, "gcp-europe-west4": 1.5, "gcp-asia-southeast1": 1.0, "gcp-europe-west1": 1.0, "aws-sa-east-1": 1.5,
}  # fmt: skip
# Assumption: share of these quotas that is committed for a year or more.
COMMITTED = {"aws-us-east-1": 0.5, "aws-us-west-2": 0.25, "aws-eu-central-1": 0.5, "gcp-us-central1": 0.25, "gcp-europe-west4": 0.25}
POWER_UTILIZATION = 1.3
SCALING = [{"accelerators": 64, "efficiency": 0.97}, {"accelerators": 512, "efficiency": 0.93}]
AWS_PUE = 1.15
GCP_PUE = 1.10

# region: jurisdiction, and for AWS the GCP region on the same grid whose carbon figure serves
AWS_REGIONS = {
    "us-east-1": ("US", "us-east4"), "us-east-2": ("US", "us-east5"), "us-west-1": ("US", "us-west2"),
    "us-west-2": ("US", "us-west1"), "ca-central-1": ("CA", "northamerica-northeast1"), "sa-east-1": ("BR", "southamerica-east1"),
    "eu-central-1": ("DE", "europe-west3"), "eu-north-1": ("SE", "europe-north2"), "eu-south-1": ("IT", "europe-west8"),
    "eu-west-1": ("IE", None), "eu-west-2": ("GB", "europe-west2"), "me-south-1": ("BH", None),
    "af-south-1": ("ZA", "africa-south1"), "ap-south-1": ("IN", "asia-south1"), "ap-southeast-1": ("SG", "asia-southeast1"),
    "ap-southeast-2": ("AU", "australia-southeast1"), "ap-southeast-3": ("ID", "asia-southeast2"), "ap-east-1": ("HK", "asia-east2"),
    "ap-northeast-1": ("JP", "asia-northeast1"), "ap-northeast-2": ("KR", "asia-northeast3"), "ap-northeast-3": ("JP", "asia-northeast2"),
}  # fmt: skip
GCP_REGIONS = {
    "us-central1": "US", "us-east1": "US", "us-east4": "US", "us-west1": "US", "us-west4": "US", "europe-north1": "FI",
    "europe-west1": "BE", "europe-west2": "GB", "europe-west3": "DE", "europe-west4": "NL", "europe-west6": "CH",
    "asia-east1": "TW", "asia-northeast3": "KR", "asia-south1": "IN", "asia-south2": "IN", "asia-southeast1": "SG",
    "australia-southeast1": "AU",
}  # fmt: skip
# The table puts this region at Toronto; its round trips to Montreal are 1 ms, and AWS names the Montreal area.
MOVED = {"aws-ca-central-1": (45.50, -73.57)}


def data_centers(data: Path) -> list[Element]:
    """Return the regions as data centers, AWS first."""
    aws = [_region(data, "aws", name, country, AWS_PUE) for name, (country, _) in AWS_REGIONS.items()]
    return aws + [_region(data, "gcp", name, country, _gcp_pue(data, name)) for name, country in GCP_REGIONS.items()]


def _region(data: Path, provider: str, name: str, country: str, pue: float) -> Element:
    row = next(r for r in rows(data / "sites" / "cloud_regions.csv") if (r["provider"], r["region"]) == (provider, name))
    site = f"{provider}-{name}"
    latitude, longitude = MOVED.get(site, (round(float(row["latitude"]), 2), round(float(row["longitude"]), 2)))
    element: Element = {"id": site, "name": row["location"], "kind": "cloud", "provider": provider, "jurisdiction": country}
    element |= {"latitude": latitude, "longitude": longitude, "pue": pue, "g_per_kwh": _carbon(data, provider, name)}
    return element | {"egress_usd_per_gb": _internet_usd_per_gb(data, provider, name)}


def _carbon(data: Path, provider: str, name: str) -> float:
    twin = AWS_REGIONS[name][1] if provider == "aws" else name
    if twin is None:
        table = {r["Region"]: r["CO2e (metric ton/kWh)"] for r in rows(data / "carbon" / "ccf_grid_factors_aws.csv")}
        return round(float(table[name]) * 1e6, 1)
    return round(_gcp_carbon(data)[twin], 1)


@cache
def _gcp_carbon(data: Path) -> dict[str, float]:
    table = rows(data / "carbon" / "gcp_region_carbon_2019-2024.csv")
    return {r["region"]: float(r["grid_carbon_g_per_kwh"]) for r in table if r["year"] == "2024"}


def _gcp_pue(data: Path, name: str) -> float:
    table = rows(data / "carbon" / "mlco2_region_impact.csv")
    return next((float(r["PUE"]) for r in table if (r["provider"], r["region"]) == ("gcp", name) and r["PUE"]), GCP_PUE)


def _internet_usd_per_gb(data: Path, provider: str, name: str) -> float:
    if provider == "aws":
        table = rows(data / "prices" / "egress_aws_regions_2023-04.csv")
        return next(float(r["egress_usd_per_gb"]) for r in table if (r["src"], r["dst"]) == (name, "internet"))
    group, tier = "worldwide_except_australia_china", "1-10"
    table = rows(data / "prices" / "gcp_internet_egress_2026-06.csv")
    key = (name, group, tier)
    per_gib = next(float(r["usd_per_gib"]) for r in table if (r["region"], r["destination_group"], r["monthly_tier_tib"]) == key)
    return round(per_gib / 1.073741824, 4)


def pools(data: Path) -> list[Element]:
    """Return one pool per region and accelerator that has a list price there."""
    aws = [_aws_pool(data, region, kind) for region in AWS_REGIONS for kind in AWS_TYPES]
    gcp = [_gcp_pool(data, region, kind) for region in GCP_REGIONS for kind in GCP_TYPES]
    return [pool for pool in aws + gcp if pool]


@cache
def _prices(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    return {(row["region"], row["instance_type"]): row for row in rows(path)}


def _aws_pool(data: Path, region: str, kind: str) -> Element | None:
    row = _prices(data / "prices" / "aws_accelerators_2026-01.csv").get((region, AWS_TYPES[kind]))
    if row is None:
        return None
    cards = int(float(row["accelerator_count"]))
    pool = _pool(f"aws-{region}", kind, float(row["on_demand_per_hour"]) / cards)
    return pool | (_committed(pool, float(row["reserved_per_hour"]) / cards) if row["reserved_per_hour"] else {})


def _gcp_pool(data: Path, region: str, kind: str) -> Element | None:
    row = _prices(data / "prices" / "gcp_accelerators_2026-06.csv").get((region, GCP_TYPES[kind]))
    if row is None:
        return None
    cards = int(row["accelerator_count"])
    pool = _pool(f"gcp-{region}", kind, float(row["on_demand_usd_per_hour"]) / cards)
    if row["spot_usd_per_hour"]:
        spot = round(float(row["spot_usd_per_hour"]) / cards, 4)
        pool |= {"spot_usd_per_accelerator_hour": spot, "spot_count": pool["count"] // 4}
    monthly = row["commit_1y_usd_per_month"]
    return pool | (_committed(pool, float(monthly) / HOURS_PER_MONTH / cards) if monthly else {})


def _pool(site: str, kind: str, usd: float) -> Element:
    count = int(QUOTA[kind] * SIZE.get(site, 0.5)) // 8 * 8
    pool: Element = {"id": f"{site}-{kind}", "data_center": site, "accelerator": kind, "count": count}
    pool |= {"usd_per_accelerator_hour": round(usd, 4), "power_utilization": POWER_UTILIZATION}
    return pool | ({"scaling": SCALING} if kind in ("h200", "h100", "a100-80", "a100-40") else {})


def _committed(pool: Element, usd: float) -> Element:
    count = int(pool["count"] * COMMITTED.get(pool["data_center"], 0)) // 8 * 8
    return {"committed_count": count, "committed_usd_per_accelerator_hour": round(usd, 4)} if count else {}
