"""Sites, pools and links of the sample ``east-data-west-compute``."""

from __future__ import annotations

from pathlib import Path

from common import Element, fibre_ms, kilometres, rows

ROUTE_FACTOR = 1.3
EQUIPMENT_MS = 0.05
LEAST_KM = 40.0
"""Clusters lie outside the city that stands for them."""
LINK_USD_PER_GB = (0.001, 0.004)
"""A fixed part, and a part per 1,000 km of straight line."""
USD_PER_CNY = 0.14

ACCELERATORS: list[Element] = [
    {"id": "910b", "name": "Huawei Ascend 910B3", "peak_tflops": 313, "memory_gb": 64, "tdp_w": 400},
    {"id": "a800", "name": "NVIDIA A800 SXM 80 GB", "peak_tflops": 312, "memory_gb": 80, "tdp_w": 400},
    {"id": "a100-40", "name": "NVIDIA A100 SXM4 40 GB", "peak_tflops": 312, "memory_gb": 40, "tdp_w": 400},
    {"id": "h800", "name": "NVIDIA H800 SXM5", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700},
    {"id": "h100", "name": "NVIDIA H100 SXM5", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700},
    {"id": "h20", "name": "NVIDIA HGX H20", "peak_tflops": 148, "memory_gb": 96, "tdp_w": 400},
    {"id": "l20", "name": "NVIDIA L20", "peak_tflops": 119.5, "memory_gb": 48, "tdp_w": 275},
]
# Assumption: use of one accelerator and its share of host, network and building, without energy, USD/h in the west.
HARDWARE_USD_PER_HOUR = {"910b": 1.00, "a800": 1.06, "h800": 2.60, "h100": 2.90, "h20": 1.30, "l20": 0.62}
SPOT_SHARE = 0.55
SCALING = [{"accelerators": 1000, "efficiency": 0.92}, {"accelerators": 10000, "efficiency": 0.90}]

# Provinces whose grids have cheap solar power at noon, and the others (assumption: level in USD/kWh, see SOURCES).
USD_PER_KWH = {
    "CN-NM": 0.048, "CN-NX": 0.052, "CN-GS": 0.055, "CN-GZ": 0.053, "CN-SC": 0.062, "CN-CQ": 0.078, "CN-HE": 0.060,
    "CN-AH": 0.086, "CN-GD": 0.090, "CN-SH": 0.098, "CN-BJ": 0.105, "CN-TJ": 0.092, "CN-JS": 0.092, "CN-ZJ": 0.095,
    "CN-HB": 0.088, "CN-SN": 0.080, "CN-SD": 0.085, "HK": 0.150, "SG": 0.160,
}  # fmt: skip
NOON_SOLAR = {"CN-NM", "CN-NX", "CN-GS", "CN-SN", "CN-HE", "CN-SD"}
DAY_PEAK_SHAPE = (0.6,) * 8 + (1.0, 1.0, 1.35, 1.35, 1.0, 1.0, 1.35, 1.35, 1.35, 1.0, 1.0, 1.35, 1.35, 1.0, 1.0, 0.6)
NOON_VALLEY_SHAPE = (0.9,) * 6 + (1.0, 1.3, 1.3, 1.0, 0.7, 0.6, 0.6, 0.6, 0.6, 0.7, 1.0, 1.3, 1.4, 1.4, 1.3, 1.1, 0.9, 0.9)

# id, cluster name in the table, owner, power limit in MW (none where absent), target PUE where no page gave one
CLUSTERS = [
    ("zhangjiakou", "Zhangjiakou cluster", "north-cloud", None, 1.25),
    ("horinger", "Horinger cluster", "north-cloud", None, 1.2),
    ("horinger-south", "Horinger cluster", "south-cloud", None, 1.2),
    ("qingpu", "Yangtze Delta eco-green demonstration zone cluster", "delta-cloud", 0.65, 1.25),
    ("wuhu", "Wuhu cluster", "delta-cloud", None, 1.25),
    ("zhongwei", "Zhongwei cluster", "delta-cloud", None, 1.2),
    ("aws-ningxia", "Zhongwei cluster", "aws-china", None, 1.2),
    ("shaoguan", "Shaoguan cluster", "south-cloud", 1.8, 1.25),
    ("guian", "Gui'an cluster", "south-cloud", None, 1.2),
    ("guian-delta", "Gui'an cluster", "delta-cloud", None, 1.2),
    ("tianfu", "Tianfu cluster", "west-cloud", None, 1.25),
    ("chongqing-cluster", "Chongqing cluster", "west-cloud", None, 1.25),
    ("qingyang", "Qingyang cluster", "west-cloud", None, 1.2),
]
# city, owner of its edge site, L20 cards
EDGES = [
    ("beijing", "north-cloud", 320), ("tianjin", "north-cloud", 96), ("jinan", "north-cloud", 96),
    ("shanghai", "delta-cloud", 384), ("nanjing", "delta-cloud", 128), ("hangzhou", "delta-cloud", 192),
    ("guangzhou", "south-cloud", 288), ("shenzhen", "south-cloud", 320), ("wuhan", "south-cloud", 128),
    ("chengdu", "west-cloud", 160), ("chongqing", "west-cloud", 128), ("xian", "west-cloud", 128),
]  # fmt: skip
# id, name, jurisdiction, latitude, longitude
CITIES = [
    ("beijing", "Beijing", "CN-BJ", 39.90, 116.41), ("tianjin", "Tianjin", "CN-TJ", 39.13, 117.20),
    ("shijiazhuang", "Shijiazhuang", "CN-HE", 38.04, 114.51), ("jinan", "Jinan", "CN-SD", 36.65, 117.12),
    ("shenyang", "Shenyang", "CN-LN", 41.80, 123.43), ("hohhot", "Hohhot", "CN-NM", 40.81, 111.65),
    ("yinchuan", "Yinchuan", "CN-NX", 38.49, 106.23), ("lanzhou", "Lanzhou", "CN-GS", 36.06, 103.83),
    ("xian", "Xi'an", "CN-SN", 34.34, 108.94), ("zhengzhou", "Zhengzhou", "CN-HA", 34.75, 113.63),
    ("shanghai", "Shanghai", "CN-SH", 31.23, 121.47), ("suzhou", "Suzhou", "CN-JS", 31.30, 120.59),
    ("nanjing", "Nanjing", "CN-JS", 32.06, 118.80), ("hangzhou", "Hangzhou", "CN-ZJ", 30.27, 120.16),
    ("hefei", "Hefei", "CN-AH", 31.82, 117.23), ("wuhan", "Wuhan", "CN-HB", 30.59, 114.31),
    ("changsha", "Changsha", "CN-HN", 28.23, 112.94), ("fuzhou", "Fuzhou", "CN-FJ", 26.07, 119.30),
    ("guangzhou", "Guangzhou", "CN-GD", 23.13, 113.26), ("shenzhen", "Shenzhen", "CN-GD", 22.54, 114.06),
    ("chengdu", "Chengdu", "CN-SC", 30.57, 104.07), ("chongqing", "Chongqing", "CN-CQ", 29.56, 106.55),
    ("guiyang", "Guiyang", "CN-GZ", 26.65, 106.63), ("kunming", "Kunming", "CN-YN", 25.04, 102.71),
    ("hong-kong", "Hong Kong", "HK", 22.32, 114.17), ("singapore", "Singapore", "SG", 1.35, 103.82),
]  # fmt: skip
FOREIGN = [
    ("hong-kong-dc", "Hong Kong data center", "HK", 22.36, 114.13, "south-cloud", "asia-east2"),
    ("singapore-dc", "Singapore data center", "SG", 1.33, 103.70, "south-cloud", "asia-southeast1"),
]

# data center, accelerator, count, largest gang (the pool where absent)
POOLS = [
    ("zhangjiakou", "910b", 3072, 2048), ("zhangjiakou", "h20", 1024, None),
    ("horinger", "910b", 10240, None), ("horinger", "h800", 2048, None),
    ("horinger-south", "a800", 2048, None), ("horinger-south", "h20", 1024, None),
    ("qingpu", "a800", 512, None), ("qingpu", "h20", 1024, None),
    ("wuhu", "910b", 2048, None), ("wuhu", "h20", 1280, None),
    ("zhongwei", "a800", 2048, None), ("zhongwei", "h800", 1280, None), ("aws-ningxia", "a100-40", 512, 256),
    ("shaoguan", "910b", 2048, 1024), ("shaoguan", "h20", 1536, None),
    ("guian", "910b", 6144, None), ("guian", "h20", 1024, None), ("guian-delta", "a800", 2048, None),
    ("tianfu", "910b", 1536, None), ("tianfu", "h20", 768, None),
    ("chongqing-cluster", "910b", 1536, None), ("chongqing-cluster", "h20", 640, None),
    ("qingyang", "910b", 4096, None),
    ("hong-kong-dc", "h20", 256, None), ("singapore-dc", "h100", 512, None),
]  # fmt: skip
EAST = {"zhangjiakou": 1.05, "qingpu": 1.18, "wuhu": 1.10, "shaoguan": 1.12, "hong-kong-dc": 1.6, "singapore-dc": 1.2}
"""Assumption: building and land cost more near the eastern cities."""

# ends, Gbit/s that the plan may use (assumption), jurisdictions passed between the ends
LINKS = [
    ("beijing", "tianjin", 800, ["CN-HE"]), ("beijing", "shijiazhuang", 600, []), ("beijing", "jinan", 600, ["CN-HE", "CN-TJ"]),
    ("beijing", "shenyang", 400, ["CN-HE"]), ("tianjin", "jinan", 400, ["CN-HE"]), ("beijing", "hohhot", 600, ["CN-HE"]),
    ("shijiazhuang", "zhengzhou", 600, []), ("jinan", "nanjing", 600, ["CN-AH"]), ("hohhot", "yinchuan", 400, []),
    ("yinchuan", "lanzhou", 400, ["CN-GS"]), ("yinchuan", "xian", 400, ["CN-GS"]), ("lanzhou", "xian", 400, []),
    ("xian", "zhengzhou", 600, []), ("xian", "chengdu", 600, []), ("xian", "wuhan", 400, []),
    ("zhengzhou", "wuhan", 600, []), ("zhengzhou", "hefei", 400, []), ("zhengzhou", "nanjing", 400, ["CN-AH"]),
    ("nanjing", "suzhou", 800, []), ("suzhou", "shanghai", 800, []), ("nanjing", "hefei", 600, []),
    ("shanghai", "hangzhou", 800, []), ("hangzhou", "fuzhou", 400, []), ("hefei", "wuhan", 600, []),
    ("nanjing", "hangzhou", 400, []), ("hangzhou", "changsha", 300, ["CN-JX"]), ("fuzhou", "guangzhou", 300, []),
    ("wuhan", "changsha", 600, []), ("wuhan", "chongqing", 400, []), ("changsha", "guangzhou", 600, []),
    ("changsha", "guiyang", 400, []), ("guangzhou", "shenzhen", 800, []), ("chengdu", "chongqing", 600, []),
    ("chongqing", "guiyang", 400, []), ("guiyang", "kunming", 300, []), ("chengdu", "kunming", 300, []),
    ("kunming", "guangzhou", 300, ["CN-GX"]), ("guiyang", "guangzhou", 400, ["CN-GX"]),
    ("shenzhen", "hong-kong", 400, []), ("shanghai", "hong-kong", 400, []), ("hong-kong", "singapore", 200, []),
    ("kunming", "singapore", 60, ["LA", "TH", "MY"]),
    # clusters to the cities around them, and the direct trunks between hubs and demand
    ("zhangjiakou", "beijing", 800, []), ("zhangjiakou", "hohhot", 400, []),
    ("horinger", "hohhot", 800, []), ("horinger", "beijing", 600, ["CN-HE"]), ("horinger-south", "hohhot", 400, []),
    ("qingpu", "shanghai", 800, []), ("qingpu", "suzhou", 800, []), ("wuhu", "nanjing", 800, []), ("wuhu", "hefei", 600, []),
    ("zhongwei", "yinchuan", 600, []), ("zhongwei", "lanzhou", 400, []), ("zhongwei", "beijing", 400, ["CN-NM", "CN-HE"]),
    ("aws-ningxia", "yinchuan", 200, []),
    ("shaoguan", "guangzhou", 800, []), ("shaoguan", "changsha", 400, []),
    ("guian", "guiyang", 800, []), ("guian", "guangzhou", 400, ["CN-GX"]), ("guian-delta", "guiyang", 400, []),
    ("guian-delta", "shanghai", 300, ["CN-HN", "CN-JX", "CN-ZJ"]),
    ("tianfu", "chengdu", 800, []), ("chongqing-cluster", "chongqing", 800, []), ("tianfu", "chongqing", 400, []),
    ("qingyang", "xian", 600, []), ("qingyang", "lanzhou", 400, []), ("qingyang", "zhengzhou", 300, ["CN-SN"]),
    ("hong-kong-dc", "hong-kong", 400, []), ("singapore-dc", "singapore", 400, []),
]  # fmt: skip


class Nodes:
    """Cities, clusters, edge sites and the two sites abroad, as elements of a problem."""

    def __init__(self, data: Path) -> None:
        carbon = {row["iso_3166_2"]: float(row["g_co2_per_kwh"]) for row in rows(data / "carbon" / "china_provincial_emissions_2023.csv")}
        clusters = {row["cluster"]: row for row in rows(data / "sites" / "china_edwc_clusters.csv")}
        self.locations = [_place(*city) for city in CITIES]
        cities = {city["id"]: city for city in self.locations}
        self.data_centers = [_cluster(clusters[name], site, owner, limit, pue, carbon) for site, name, owner, limit, pue in CLUSTERS]
        self.data_centers += [_edge(cities[city], owner, carbon) for city, owner, _ in EDGES]
        self.data_centers += [_foreign(*site, data) for site in FOREIGN]
        self.by_id = {node["id"]: node for node in (*self.data_centers, *self.locations)}


def _place(node: str, name: str, jurisdiction: str, latitude: float, longitude: float) -> Element:
    return {"id": node, "name": name, "jurisdiction": jurisdiction, "latitude": latitude, "longitude": longitude}


def _energy(jurisdiction: str) -> list[float]:
    shape = NOON_VALLEY_SHAPE if jurisdiction in NOON_SOLAR else DAY_PEAK_SHAPE
    return [round(USD_PER_KWH[jurisdiction] * factor, 4) for factor in shape]


def _cluster(row: dict[str, str], site: str, owner: str, limit_mw: float | None, pue: float, carbon: dict[str, float]) -> Element:
    province = row["province_iso"]
    element = _place(site, row["cluster"], province, round(float(row["latitude"]), 2), round(float(row["longitude"]), 2))
    element |= {"kind": "cloud" if owner == "aws-china" else "colo", "provider": owner, "pue": float(row["pue_target_max"] or pue)}
    element |= {"usd_per_kwh": _energy(province), "g_per_kwh": carbon[province]}
    return element | ({"max_power_kw": limit_mw * 1000} if limit_mw else {})


def _edge(city: Element, owner: str, carbon: dict[str, float]) -> Element:
    element = {**city, "id": f"edge-{city['id']}", "name": f"Edge site in {city['name']}", "kind": "edge", "provider": owner, "pue": 1.4}
    return element | {"transit": False, "usd_per_kwh": _energy(city["jurisdiction"]), "g_per_kwh": carbon[city["jurisdiction"]]}


def _foreign(
    site: str, name: str, jurisdiction: str, latitude: float, longitude: float, owner: str, region: str, data: Path
) -> Element:
    table = rows(data / "carbon" / "gcp_region_carbon_2019-2024.csv")
    carbon = next(float(r["grid_carbon_g_per_kwh"]) for r in table if r["region"] == region and r["year"] == "2024")
    element = _place(site, name, jurisdiction, latitude, longitude) | {"kind": "colo", "provider": owner, "pue": 1.4}
    return element | {"usd_per_kwh": USD_PER_KWH[jurisdiction], "g_per_kwh": carbon, "egress_usd_per_gb": 0.02}


def pools(data: Path) -> list[Element]:
    """Return the pools of the clusters, then those of the edge sites."""
    return [_pool(data, *row) for row in POOLS] + [_edge_pool(city, count) for city, _, count in EDGES]


def _pool(data: Path, site: str, accelerator: str, count: int, max_gang: int | None) -> Element:
    element: Element = {"id": f"{site}-{accelerator}", "data_center": site, "accelerator": accelerator, "count": count}
    if site == "aws-ningxia":
        element["usd_per_accelerator_hour"] = _aws_china_usd_per_hour(data)
    else:
        price = HARDWARE_USD_PER_HOUR[accelerator] * EAST.get(site, 1.0)
        element |= {"usd_per_accelerator_hour": round(price, 3), "spot_usd_per_accelerator_hour": round(price * SPOT_SHARE, 3)}
        element |= {"spot_count": count // 4, "power_utilization": 1.4}
    element |= {"max_gang": max_gang} if max_gang else {}
    return element | {"scaling": SCALING, "reserve_fraction": 0.02}


def _aws_china_usd_per_hour(data: Path) -> float:
    table = rows(data / "prices" / "aws_china_accelerators_2026-01.csv")
    row = next(r for r in table if r["instance_type"] == "p4d.24xlarge" and r["region"] == "cn-northwest-1")
    return round(float(row["on_demand_per_hour"]) / int(row["accelerator_count"]) * USD_PER_CNY, 3)


def _edge_pool(city: str, count: int) -> Element:
    element = {"id": f"edge-{city}-l20", "data_center": f"edge-{city}", "accelerator": "l20", "count": count}
    return element | {"usd_per_accelerator_hour": 0.85, "power_utilization": 1.3}


def links(nodes: Nodes) -> list[Element]:
    """Return the backbone, then the access links of the edge sites."""
    backbone = [_link(nodes, *row) for row in LINKS]
    edges = [{"source": f"edge-{city}", "target": city, "bandwidth_gbps": 200, "latency_ms": 0.15} for city, _, _ in EDGES]
    return backbone + edges


def _link(nodes: Nodes, source: str, target: str, gbps: float, passes: list[str]) -> Element:
    km = max(kilometres(nodes.by_id[source], nodes.by_id[target]), LEAST_KM)
    usd = LINK_USD_PER_GB[0] + LINK_USD_PER_GB[1] * km / 1000
    link = {"source": source, "target": target, "bandwidth_gbps": gbps, "latency_ms": fibre_ms(km, ROUTE_FACTOR, EQUIPMENT_MS)}
    return link | {"usd_per_gb": round(usd, 4)} | ({"jurisdictions": passes} if passes else {})
