"""Build the sample ``east-data-west-compute``: the national clusters of China's plan of that name.

Run from the repository root: ``python benchmarks/build_samples/east_data_west_compute.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import workloads
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

NAME = "east-data-west-compute"
TABLES = "edwc"
ROUTE_FACTOR = 1.3
EQUIPMENT_MS = 0.05
EDGE_ACCESS_MS = 0.15
LEAST_KM = 40.0
"""Clusters lie outside the city that stands for them."""
LINK_USD_PER_GB = 0.001
LINK_USD_PER_GB_AND_1000_KM = 0.004
USD_PER_CNY = 0.14
TRAINERS = ["910b", "a800", "h800", "h100"]

SCALING = [{"accelerators": 1000, "efficiency": 0.92}, {"accelerators": 10000, "efficiency": 0.90}]
USD_PER_HOUR = {"910b": 1.00, "a800": 1.06, "h800": 2.60, "h100": 2.90, "h20": 1.30, "l20": 0.62}
"""Assumption: use of one accelerator and its share of the host and building, without energy, in the west."""
EAST = {
    "zhangjiakou": 1.05,
    "qingpu": 1.18,
    "wuhu": 1.10,
    "shaoguan": 1.12,
    "hong-kong-dc": 1.6,
    "singapore-dc": 1.2,
}
"""Assumption: building and land cost more near the eastern cities."""
EDGE_USD_PER_HOUR = 0.85
SPOT_SHARE = 0.55
# Assumption: price of power by local hour. Where solar power abounds, noon is cheap.
POWER_SHAPES = {
    "flat": (1.0,) * 24,
    "day-peak": (0.6,) * 8
    + (1.0, 1.0, 1.35, 1.35, 1.0, 1.0, 1.35, 1.35, 1.35, 1.0, 1.0, 1.35, 1.35, 1.0, 1.0, 0.6),
    "noon-valley": (0.9,) * 6
    + (1.0, 1.3, 1.3, 1.0, 0.7, 0.6, 0.6, 0.6, 0.6, 0.7, 1.0, 1.3, 1.4, 1.4, 1.3, 1.1, 0.9, 0.9),
}


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    cities = [place(row) for row in table(TABLES, "cities")]
    sites = _sites(data, {city["id"]: city for city in cities})
    return frame(TABLES) | {
        "periods": [{"id": f"{hour:02d}:00", "hours": 1} for hour in range(24)],
        "data_centers": sharing_areas(sites),
        "pools": _pools(data),
        "locations": cities,
        "links": _links({node["id"]: node for node in (*sites, *cities)}),
        "workloads": [*_training(), *workloads.inference(TABLES, _demand)],
    }


def _sites(data: Path, cities: dict[str, Element]) -> list[Element]:
    clusters = [_cluster(data, row) for row in table(TABLES, "clusters")]
    edges = [_edge(data, cities[row["city"]], row["owner"]) for row in table(TABLES, "edges")]
    return clusters + edges + [_abroad(data, row) for row in table(TABLES, "abroad")]


def _cluster(data: Path, row: Row) -> Element:
    source = next(
        r for r in rows(data / "sites" / "china_edwc_clusters.csv") if r["cluster"] == row["cluster"]
    )
    element: Element = {"id": row["id"], "name": row["cluster"], "jurisdiction": source["province_iso"]}
    element |= {
        "latitude": round(float(source["latitude"]), 2),
        "longitude": round(float(source["longitude"]), 2),
    }
    element |= {"kind": "cloud" if row["owner"] == "aws-china" else "colo", "provider": row["owner"]}
    element |= {"pue": number(source["pue_target_max"] or row["pue"])}
    return element | _grid(data, source["province_iso"]) | given(row, "max_power_kw")


def _edge(data: Path, city: Element, owner: str) -> Element:
    element = {**city, "id": f"edge-{city['id']}", "name": f"Edge site in {city['name']}", "kind": "edge"}
    return element | {"provider": owner, "pue": 1.4, "transit": False} | _grid(data, city["jurisdiction"])


def _abroad(data: Path, row: Row) -> Element:
    carbon = carbon_2024(data)[row["carbon_region"]]
    element = place(row) | {"kind": "colo", "provider": row["owner"], "pue": 1.4, "egress_usd_per_gb": 0.02}
    return element | {"usd_per_kwh": _usd_per_kwh(row["jurisdiction"]), "g_per_kwh": carbon}


def _grid(data: Path, province: str) -> Element:
    source = rows(data / "carbon" / "china_provincial_emissions_2023.csv")
    carbon = next(float(row["g_co2_per_kwh"]) for row in source if row["iso_3166_2"] == province)
    return {"usd_per_kwh": _usd_per_kwh(province), "g_per_kwh": carbon}


def _usd_per_kwh(jurisdiction: str) -> list[float] | float:
    row = next(row for row in table(TABLES, "power") if row["jurisdiction"] == jurisdiction)
    level = float(row["usd_per_kwh"])
    return (
        level
        if row["shape"] == "flat"
        else [round(level * factor, 4) for factor in POWER_SHAPES[row["shape"]]]
    )


def _pools(data: Path) -> list[Element]:
    pools = [_pool(data, row) for row in table(TABLES, "pools")]
    return pools + [_edge_pool(row["city"], int(row["count"])) for row in table(TABLES, "edges")]


def _pool(data: Path, row: Row) -> Element:
    site, accelerator, count = row["data_center"], row["accelerator"], int(row["count"])
    pool: Element = {
        "id": f"{site}-{accelerator}",
        "data_center": site,
        "accelerator": accelerator,
        "count": count,
    }
    if site == "aws-ningxia":
        pool |= {"usd_per_accelerator_hour": _aws_china_usd_per_hour(data)}
    else:
        pool |= _own_prices(USD_PER_HOUR[accelerator] * EAST.get(site, 1.0), count)
    return pool | given(row, "max_gang") | {"scaling": SCALING, "reserve_fraction": 0.02}


def _own_prices(usd: float, count: int) -> Element:
    spot = {"spot_usd_per_accelerator_hour": round(usd * SPOT_SHARE, 3), "spot_count": count // 4}
    return {"usd_per_accelerator_hour": round(usd, 3)} | spot | {"power_utilization": 1.4}


def _aws_china_usd_per_hour(data: Path) -> float:
    source = rows(data / "prices" / "aws_china_accelerators_2026-01.csv")
    row = next(r for r in source if (r["instance_type"], r["region"]) == ("p4d.24xlarge", "cn-northwest-1"))
    return round(float(row["on_demand_per_hour"]) / int(row["accelerator_count"]) * USD_PER_CNY, 3)


def _edge_pool(city: str, count: int) -> Element:
    pool = {"id": f"edge-{city}-l20", "data_center": f"edge-{city}", "accelerator": "l20", "count": count}
    return pool | {"usd_per_accelerator_hour": EDGE_USD_PER_HOUR, "power_utilization": 1.3}


def _links(nodes: dict[str, Element]) -> list[Element]:
    backbone = [_link(nodes, row) for row in table(TABLES, "links")]
    access = {"bandwidth_gbps": 200, "latency_ms": EDGE_ACCESS_MS}
    return backbone + [
        {"source": f"edge-{row['city']}", "target": row["city"], **access} for row in table(TABLES, "edges")
    ]


def _link(nodes: dict[str, Element], row: Row) -> Element:
    km = max(kilometres(nodes[row["source"]], nodes[row["target"]]), LEAST_KM)
    link: Element = {"source": row["source"], "target": row["target"]} | given(row, "bandwidth_gbps")
    link |= {"latency_ms": fibre_ms(km, ROUTE_FACTOR, EQUIPMENT_MS)}
    link |= {"usd_per_gb": round(LINK_USD_PER_GB + LINK_USD_PER_GB_AND_1000_KM * km / 1000, 4)}
    return link | passing(row["passes"].split())


def _training() -> list[Element]:
    jobs = [_chatgpt_class(), _mixture_of_experts(), _two_sites()]
    return jobs + workloads.pretraining(TABLES, TRAINERS) + workloads.day_jobs(TABLES)


def _job(name: str, title: str, owner: str, dataset_at: str, dataset_tb: float) -> Element:
    row = {
        "id": name,
        "owner": owner,
        "policy": "mainland",
        "dataset_at": dataset_at,
        "dataset_tb": str(dataset_tb),
    }
    return workloads.training(row, 24) | {"name": title}


def _chatgpt_class() -> Element:
    """3,640 PFLOP-days, the published amount for GPT-3 175B; ten days to do it in."""
    job = _job(
        "chatgpt-class", "ChatGPT-class training, 175 billion parameters", "frontier-labs", "shenzhen", 45
    )
    return job | workloads.compute(3640, "1024 2048 3200 4096 8192 10000", TRAINERS) | {"deadline_hours": 240}


def _mixture_of_experts() -> Element:
    """Return a job of the size of DeepSeek-V3: 2.788 million H800-hours."""
    title = "Mixture of experts, 671 billion parameters"
    job = _job("moe-671b", title, "frontier-labs", "hangzhou beijing", 60)
    return job | {"needs": workloads.needs("h800:2000x1394 h800:1000x2788"), "deadline_hours": 24 * 90}


def _two_sites() -> Element:
    job = _job(
        "llm-32b-two-sites", "32 billion parameters, over one site or two", "delta-cloud", "shanghai", 25
    )
    job |= workloads.compute(workloads.pflop_days(32, 4000), "2048 4096 6144", ["a800", "910b"])
    limits = {"min_bandwidth_gbps": 150, "max_rtt_ms": 15, "efficiency": 0.9}
    return job | {"deadline_hours": 24 * 40, "max_sites": 2, "multi_site": limits}


def _demand(service: Row, city: str) -> Element:
    users = next(row["users"] for row in table(TABLES, "cities") if row["id"] == city)
    return {"location": city, "requests_per_second": workloads.rates(service, users)}


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
