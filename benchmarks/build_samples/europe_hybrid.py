"""Build the sample ``europe-hybrid``: computing centers on a German research backbone beside cloud regions.

Run from the repository root: ``python benchmarks/build_samples/europe_hybrid.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import workloads
from cloud_prices import offer
from common import (
    Element,
    Row,
    arguments,
    carbon_2024,
    fibre_ms,
    frame,
    given,
    kilometres,
    number,
    passing,
    place,
    rows,
    sharing_areas,
    table,
    write,
)

NAME = "europe-hybrid"
TABLES = "europe"
ROUTE_FACTOR = 1.4
EQUIPMENT_MS = 0.05
CAMPUS_MS = 0.1
USD_PER_EUR = 1.08
POWER_UTILIZATION = 1.3
SCALING = [{"accelerators": 64, "efficiency": 0.96}, {"accelerators": 512, "efficiency": 0.91}]

# Assumption: what a day looks like, by local hour; the level of each country is that of its source.
PRICE_SHAPE = (
    0.85, 0.80, 0.78, 0.77, 0.80, 0.90, 1.10, 1.30, 1.30, 1.10, 0.90, 0.78,
    0.70, 0.66, 0.70, 0.82, 1.00, 1.25, 1.50, 1.55, 1.35, 1.15, 1.05, 0.89,
)  # fmt: skip
CARBON_SHAPE = (
    1.08, 1.08, 1.08, 1.08, 1.07, 1.06, 1.04, 1.00, 0.94, 0.87, 0.82, 0.78,
    0.76, 0.76, 0.79, 0.84, 0.92, 1.02, 1.12, 1.17, 1.18, 1.16, 1.12, 1.10,
)  # fmt: skip
WHOLESALE_ZONE = {"DE": "DE-LU_EUR_per_MWh", "NL": "NL_EUR_per_MWh", "CH": "CH_EUR_per_MWh"}
GRID_FEES_USD_PER_KWH = {"DE": 0.095, "NL": 0.075, "CH": 0.080}
"""Assumption: network fees, levies and taxes of a large user, on top of the wholesale price."""
CARBON_REGION = {
    "DE": "europe-west3", "NL": "europe-west4", "CH": "europe-west6", "FR": "europe-west9",
    "BE": "europe-west1", "FI": "europe-north1", "SE": "europe-north2", "GB": "europe-west2",
}  # fmt: skip
STEADY_GRIDS = ("FR", "CH", "SE", "FI")
"""Mostly nuclear and hydro power: no shape of the day."""

OPERATION_USD_PER_HOUR = {"h100": 0.40, "a100-40": 0.28, "l40s": 0.18}
"""Assumption: staff, space and repair per hour of use, without capital (spent) and energy."""
CAPITAL_USD = {"h100": 42_000, "l40s": 14_000}
"""Assumption: one more accelerator with its share of server, network and installation."""
LIFETIME_YEARS = 5
DISCOUNT_RATE = 0.06
QUOTA = {"h100": 960, "a100-40": 640, "l40s": 320, "l4": 960}
"""Assumption: accelerators that the quota holds at each cloud region."""
SPOT_SHARE = 0.5
CLOUD_PUE = {"aws": 1.15, "gcp": 1.10}
INTERCONNECT_USD_PER_GB = 0.02
"""Assumption: data that leaves a cloud over a dedicated interconnect at the exchange."""
LINK_USD_PER_GB = {"at home": 0.0005, "abroad": 0.002}
TRAINERS = ["h100", "a100-40"]


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    cities = [place(row) for row in table(TABLES, "cities")]
    own = [_own_site(data, row) for row in table(TABLES, "own_sites")]
    clouds = [_cloud(data, row) for row in table(TABLES, "cloud_sites")]
    return frame(TABLES) | {
        "periods": [{"id": f"{hour:02d}:00", "hours": 1} for hour in range(24)],
        "data_centers": sharing_areas(own + clouds),
        "pools": _pools(data),
        "locations": cities,
        "links": _links({node["id"]: node for node in (*own, *cities)}),
        "workloads": [*_training(), *workloads.inference(TABLES, _demand)],
    }


def _own_site(data: Path, row: Row) -> Element:
    country = row["jurisdiction"][:2]
    element = place(row) | {"kind": row["kind"], "owner": row["owner"], "provider": row["owner"]}
    element |= given(row, "pue", "max_power_kw") | {"usd_per_kwh": _usd_per_kwh(data, country)}
    return element | {"g_per_kwh": _g_per_kwh(data, country)}


def _usd_per_kwh(data: Path, country: str) -> list[float]:
    """Return the mean wholesale price of 2024 in the assumed shape of a day, with fees and levies."""
    source = rows(data / "prices" / "electricity_hourly_2024_native_currency.csv")
    prices = [float(row[WHOLESALE_ZONE[country]]) for row in source if row[WHOLESALE_ZONE[country]]]
    level = round(sum(prices) / len(prices) / 1000 * USD_PER_EUR, 3)
    return [round(level * factor + GRID_FEES_USD_PER_KWH[country], 4) for factor in PRICE_SHAPE]


def _g_per_kwh(data: Path, country: str) -> list[float] | float:
    level = carbon_2024(data)[CARBON_REGION[country]]
    return (
        round(level, 1) if country in STEADY_GRIDS else [round(level * factor, 1) for factor in CARBON_SHAPE]
    )


def _cloud(data: Path, row: Row) -> Element:
    city = next(place(city) for city in table(TABLES, "cities") if city["id"] == row["city"])
    element = city | {
        "id": row["id"],
        "name": row["name"],
        "jurisdiction": row["jurisdiction"],
        "kind": "cloud",
    }
    element |= {"provider": row["provider"], "transit": False, "pue": CLOUD_PUE[row["provider"]]}
    carbon = _g_per_kwh(data, row["jurisdiction"][:2])
    return element | {"g_per_kwh": carbon, "egress_usd_per_gb": INTERCONNECT_USD_PER_GB}


def _pools(data: Path) -> list[Element]:
    own = [_own_pool(row) for row in table(TABLES, "own_pools")]
    clouds = [_cloud_pool(data, row, kind) for row in table(TABLES, "cloud_sites") for kind in QUOTA]
    return own + [pool for pool in clouds if pool]


def _pool(site: str, kind: str, count: int) -> Element:
    pool: Element = {"id": f"{site}-{kind}", "data_center": site, "accelerator": kind, "count": count}
    return pool | {"power_utilization": POWER_UTILIZATION, "scaling": SCALING}


def _own_pool(row: Row) -> Element:
    kind = row["accelerator"]
    pool = _pool(row["data_center"], kind, int(row["count"]))
    pool |= {"usd_per_accelerator_hour": OPERATION_USD_PER_HOUR[kind]}
    return pool | ({"expansion": _expansion(row)} if row["max_modules"] else {})


def _expansion(row: Row) -> Element:
    size = int(row["module_accelerators"])
    capital = {"module_accelerators": size, "capital_usd_per_module": CAPITAL_USD[row["accelerator"]] * size}
    terms = {"lifetime_years": LIFETIME_YEARS, "discount_rate": DISCOUNT_RATE}
    return capital | terms | given(row, "max_modules")


def _cloud_pool(data: Path, row: Row, kind: str) -> Element | None:
    prices = offer(data, row["provider"], row["region"], kind)
    if prices is None:
        return None
    pool = _pool(row["id"], kind, QUOTA[kind])
    return pool | prices.pool(QUOTA[kind], float(row["committed_share"] or 0), SPOT_SHARE)


def _links(nodes: dict[str, Element]) -> list[Element]:
    backbone = [_backbone(nodes, row) for row in table(TABLES, "backbone")]
    campus = [_access(row["data_center"], row["city"], 3200, CAMPUS_MS) for row in table(TABLES, "campus")]
    exchanges = [
        _access(row["id"], row["city"], 6400, number(row["latency_ms"]))
        for row in table(TABLES, "cloud_sites")
    ]
    return backbone + campus + exchanges


def _backbone(nodes: dict[str, Element], row: Row) -> Element:
    ends = nodes[row["source"]], nodes[row["target"]]
    price = "at home" if {end["jurisdiction"][:2] for end in ends} == {"DE"} else "abroad"
    link = _access(row["source"], row["target"], number(row["bandwidth_gbps"]), 0)
    link |= {"latency_ms": fibre_ms(kilometres(*ends), ROUTE_FACTOR, EQUIPMENT_MS)}
    link |= {"usd_per_gb": LINK_USD_PER_GB[price], "reserve_fraction": 0.2}
    return link | passing(row["passes"].split())


def _access(site: str, city: str, gbps: float, latency_ms: float) -> Element:
    return {"source": site, "target": city, "bandwidth_gbps": gbps, "latency_ms": latency_ms}


def _training() -> list[Element]:
    return [*workloads.pretraining(TABLES, TRAINERS), *workloads.day_jobs(TABLES), _two_sites()]


def _two_sites() -> Element:
    row = {"id": "llm-science-13b", "owner": "south-alliance", "policy": "germany"}
    job = workloads.training(row | {"dataset_at": "munich karlsruhe", "dataset_tb": "16"}, 24)
    job |= workloads.compute(workloads.pflop_days(13, 800), "128 192", ["h100"]) | {"deadline_hours": 24 * 45}
    limits = {"min_bandwidth_gbps": 80, "max_rtt_ms": 8, "efficiency": 0.9}
    return job | {"max_sites": 2, "multi_site": limits}


def _demand(service: Row, city: str) -> Element:
    users = next(row["users"] for row in table(TABLES, "cities") if row["id"] == city)
    return {"location": city, "requests_per_second": workloads.rates(service, users)}


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
