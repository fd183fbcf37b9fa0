"""Sites, pools and links of the sample ``europe-hybrid``."""

from __future__ import annotations

from pathlib import Path

from common import Element, fibre_ms, kilometres, rows

ROUTE_FACTOR = 1.4
EQUIPMENT_MS = 0.05
CAMPUS_MS = 0.1
USD_PER_EUR = 1.08
POWER_UTILIZATION = 1.3

ACCELERATORS: list[Element] = [
    {"id": "h100", "name": "NVIDIA H100 SXM5", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700},
    {"id": "a100-40", "name": "NVIDIA A100 SXM4 40 GB", "peak_tflops": 312, "memory_gb": 40, "tdp_w": 400},
    {"id": "l40s", "name": "NVIDIA L40S", "peak_tflops": 362, "memory_gb": 48, "tdp_w": 350},
    {"id": "l4", "name": "NVIDIA L4", "peak_tflops": 121, "memory_gb": 24, "tdp_w": 72},
]
SCALING = [{"accelerators": 64, "efficiency": 0.96}, {"accelerators": 512, "efficiency": 0.91}]

# Assumption: what a day looks like, by local hour; the level of each country is that of SOURCES.
PRICE_SHAPE = (
    0.85, 0.80, 0.78, 0.77, 0.80, 0.90, 1.10, 1.30, 1.30, 1.10, 0.90, 0.78,
    0.70, 0.66, 0.70, 0.82, 1.00, 1.25, 1.50, 1.55, 1.35, 1.15, 1.05, 0.89,
)  # fmt: skip
CARBON_SHAPE = (
    1.08, 1.08, 1.08, 1.08, 1.07, 1.06, 1.04, 1.00, 0.94, 0.87, 0.82, 0.78,
    0.76, 0.76, 0.79, 0.84, 0.92, 1.02, 1.12, 1.17, 1.18, 1.16, 1.12, 1.10,
)  # fmt: skip
FLAT = (1.0,) * 24
WHOLESALE_ZONE = {"DE": "DE-LU_EUR_per_MWh", "NL": "NL_EUR_per_MWh", "CH": "CH_EUR_per_MWh"}
GRID_FEES_USD_PER_KWH = {"DE": 0.095, "NL": 0.075, "CH": 0.080}
"""Assumption: network fees, levies and taxes of a large user, on top of the wholesale price."""
CARBON_REGION = {
    "DE": "europe-west3", "NL": "europe-west4", "CH": "europe-west6", "FR": "europe-west9", "BE": "europe-west1",
    "FI": "europe-north1", "SE": "europe-north2", "GB": "europe-west2", "PL": "europe-central2",
}  # fmt: skip
STEADY_GRIDS = ("FR", "CH", "SE", "FI")

# id, name, kind, owner, jurisdiction, latitude, longitude, PUE, power limit in kW (None: none)
OWN_SITES = [
    ("juelich", "Computing center Jülich", "on_prem", "rhine-alliance", "DE-NW", 50.91, 6.41, 1.12, 680),
    ("karlsruhe", "Computing center Karlsruhe", "on_prem", "south-alliance", "DE-BW", 49.10, 8.43, 1.15, 260),
    ("stuttgart", "Computing center Stuttgart", "on_prem", "south-alliance", "DE-BW", 48.74, 9.10, 1.20, 265),
    ("munich", "Computing center Munich", "on_prem", "south-alliance", "DE-BY", 48.26, 11.67, 1.10, 330),
    ("erlangen", "Computing center Erlangen", "on_prem", "south-alliance", "DE-BY", 49.57, 11.03, 1.25, 175),
    ("dresden", "Computing center Dresden", "on_prem", "north-alliance", "DE-SN", 51.03, 13.72, 1.12, 260),
    ("berlin", "Computing center Berlin", "on_prem", "north-alliance", "DE-BE", 52.46, 13.30, 1.25, 150),
    ("goettingen", "Computing center Göttingen", "on_prem", "north-alliance", "DE-NI", 51.56, 9.95, 1.15, 215),
    ("hamburg", "Computing center Hamburg", "on_prem", "north-alliance", "DE-HH", 53.57, 9.97, 1.20, 150),
    ("colo-amsterdam", "Colocation Amsterdam", "colo", "rhine-alliance", "NL", 52.30, 4.94, 1.20, 175),
    ("colo-zurich", "Colocation Zurich", "colo", "south-alliance", "CH", 47.43, 8.56, 1.20, 125),
]
# id, name, provider, region, jurisdiction, city it joins
CLOUD_SITES = [
    ("aws-frankfurt", "AWS eu-central-1, Frankfurt", "aws", "eu-central-1", "DE-HE", "frankfurt"),
    ("aws-zurich", "AWS eu-central-2, Zurich", "aws", "eu-central-2", "CH", "zurich"),
    ("aws-paris", "AWS eu-west-3, Paris", "aws", "eu-west-3", "FR", "paris"),
    ("aws-stockholm", "AWS eu-north-1, Stockholm", "aws", "eu-north-1", "SE", "stockholm"),
    ("aws-london", "AWS eu-west-2, London", "aws", "eu-west-2", "GB", "london"),
    ("gcp-frankfurt", "GCP europe-west3, Frankfurt", "gcp", "europe-west3", "DE-HE", "frankfurt"),
    ("gcp-netherlands", "GCP europe-west4, Netherlands", "gcp", "europe-west4", "NL", "amsterdam"),
    ("gcp-belgium", "GCP europe-west1, Belgium", "gcp", "europe-west1", "BE", "brussels"),
    ("gcp-paris", "GCP europe-west9, Paris", "gcp", "europe-west9", "FR", "paris"),
    ("gcp-zurich", "GCP europe-west6, Zurich", "gcp", "europe-west6", "CH", "zurich"),
    ("gcp-finland", "GCP europe-north1, Hamina", "gcp", "europe-north1", "FI", "helsinki"),
    ("gcp-london", "GCP europe-west2, London", "gcp", "europe-west2", "GB", "london"),
]
CLOUD_PUE = {"aws": 1.15, "gcp": 1.10}
INTERCONNECT_USD_PER_GB = 0.02
"""Assumption: data that leaves a cloud over a dedicated interconnect at the exchange."""

# id, name, jurisdiction, latitude, longitude
CITIES = [
    ("kiel", "Kiel", "DE-SH", 54.32, 10.14), ("rostock", "Rostock", "DE-MV", 54.09, 12.10),
    ("hamburg-city", "Hamburg", "DE-HH", 53.55, 9.99), ("bremen", "Bremen", "DE-HB", 53.08, 8.80),
    ("hannover", "Hannover", "DE-NI", 52.37, 9.73), ("berlin-city", "Berlin", "DE-BE", 52.52, 13.41),
    ("magdeburg", "Magdeburg", "DE-ST", 52.13, 11.62), ("leipzig", "Leipzig", "DE-SN", 51.34, 12.37),
    ("dresden-city", "Dresden", "DE-SN", 51.05, 13.74), ("erfurt", "Erfurt", "DE-TH", 50.98, 11.03),
    ("dortmund", "Dortmund", "DE-NW", 51.51, 7.47), ("duesseldorf", "Düsseldorf", "DE-NW", 51.23, 6.78),
    ("cologne", "Cologne", "DE-NW", 50.94, 6.96), ("aachen", "Aachen", "DE-NW", 50.78, 6.08),
    ("frankfurt", "Frankfurt", "DE-HE", 50.11, 8.68), ("saarbruecken", "Saarbrücken", "DE-SL", 49.23, 7.00),
    ("karlsruhe-city", "Karlsruhe", "DE-BW", 49.01, 8.40), ("stuttgart-city", "Stuttgart", "DE-BW", 48.78, 9.18),
    ("freiburg", "Freiburg", "DE-BW", 48.00, 7.85), ("nuremberg", "Nuremberg", "DE-BY", 49.45, 11.08),
    ("munich-city", "Munich", "DE-BY", 48.14, 11.58), ("amsterdam", "Amsterdam", "NL", 52.37, 4.90),
    ("brussels", "Brussels", "BE", 50.85, 4.35), ("paris", "Paris", "FR", 48.86, 2.35), ("strasbourg", "Strasbourg", "FR", 48.58, 7.75),
    ("basel", "Basel", "CH", 47.56, 7.59), ("zurich", "Zurich", "CH", 47.38, 8.54), ("vienna", "Vienna", "AT", 48.21, 16.37),
    ("prague", "Prague", "CZ", 50.08, 14.44), ("copenhagen", "Copenhagen", "DK", 55.68, 12.57),
    ("stockholm", "Stockholm", "SE", 59.33, 18.07), ("helsinki", "Helsinki", "FI", 60.17, 24.94), ("london", "London", "GB", 51.51, -0.13),
    ("milan", "Milan", "IT", 45.46, 9.19),
]  # fmt: skip

# ends and Gbit/s that the plan may use (assumption)
BACKBONE = [
    ("kiel", "hamburg-city", 100), ("kiel", "rostock", 100), ("rostock", "berlin-city", 100), ("hamburg-city", "bremen", 200),
    ("hamburg-city", "hannover", 400), ("hamburg-city", "berlin-city", 400), ("bremen", "hannover", 200), ("bremen", "dortmund", 200),
    ("hannover", "goettingen", 200), ("hannover", "magdeburg", 200), ("hannover", "dortmund", 400), ("hannover", "frankfurt", 400),
    ("magdeburg", "berlin-city", 200), ("magdeburg", "leipzig", 200), ("berlin-city", "leipzig", 400), ("berlin-city", "dresden-city", 200),
    ("leipzig", "dresden-city", 200), ("leipzig", "erfurt", 200), ("leipzig", "nuremberg", 400), ("erfurt", "goettingen", 100),
    ("erfurt", "frankfurt", 200), ("dortmund", "duesseldorf", 400), ("duesseldorf", "cologne", 400), ("cologne", "aachen", 200),
    ("cologne", "frankfurt", 400), ("juelich", "cologne", 400), ("juelich", "aachen", 400), ("frankfurt", "karlsruhe-city", 400),
    ("frankfurt", "nuremberg", 400), ("frankfurt", "saarbruecken", 100), ("saarbruecken", "karlsruhe-city", 100),
    ("karlsruhe-city", "stuttgart-city", 400), ("karlsruhe-city", "freiburg", 200), ("stuttgart-city", "munich-city", 400),
    ("stuttgart-city", "nuremberg", 200), ("nuremberg", "munich-city", 400), ("goettingen", "frankfurt", 200),
    ("freiburg", "basel", 100), ("freiburg", "strasbourg", 100), ("karlsruhe-city", "strasbourg", 200), ("saarbruecken", "paris", 100),
    ("strasbourg", "paris", 200), ("basel", "zurich", 200), ("stuttgart-city", "zurich", 200), ("zurich", "milan", 200),
    ("zurich", "paris", 200), ("munich-city", "vienna", 200), ("munich-city", "milan", 100), ("vienna", "prague", 200),
    ("prague", "dresden-city", 100), ("amsterdam", "duesseldorf", 400), ("amsterdam", "hamburg-city", 200), ("amsterdam", "frankfurt", 400),
    ("amsterdam", "brussels", 400), ("brussels", "paris", 400), ("brussels", "aachen", 200), ("amsterdam", "london", 400),
    ("brussels", "london", 200), ("paris", "london", 400), ("frankfurt", "paris", 400), ("hamburg-city", "copenhagen", 200),
    ("copenhagen", "stockholm", 200), ("stockholm", "helsinki", 200), ("rostock", "helsinki", 100),
]  # fmt: skip
CAMPUS = [
    ("karlsruhe", "karlsruhe-city"), ("stuttgart", "stuttgart-city"), ("munich", "munich-city"), ("erlangen", "nuremberg"),
    ("dresden", "dresden-city"), ("berlin", "berlin-city"), ("hamburg", "hamburg-city"), ("colo-amsterdam", "amsterdam"),
    ("colo-zurich", "zurich"),
]  # fmt: skip
PASSES = {("munich-city", "milan"): ["AT"], ("frankfurt", "paris"): ["LU"]}
"""Assumption: countries between the ends of a link that are neither end's."""

# site, accelerator, count, (modules that may be bought, accelerators in each) where there is room
OWN_POOLS = [
    ("juelich", "h100", 320, (4, 32)), ("juelich", "a100-40", 384, None), ("juelich", "l40s", 48, None),
    ("karlsruhe", "h100", 96, (3, 32)), ("karlsruhe", "a100-40", 128, None), ("karlsruhe", "l40s", 32, (2, 16)),
    ("stuttgart", "h100", 160, (3, 32)), ("stuttgart", "l40s", 48, (2, 16)), ("munich", "h100", 160, (4, 32)), ("munich", "a100-40", 96, None),
    ("munich", "l40s", 64, (3, 16)), ("erlangen", "h100", 64, (2, 32)), ("erlangen", "a100-40", 96, None),
    ("dresden", "h100", 96, (3, 32)), ("dresden", "a100-40", 160, None), ("dresden", "l40s", 32, None),
    ("berlin", "h100", 64, (2, 32)), ("berlin", "l40s", 64, (3, 16)), ("goettingen", "h100", 96, (3, 32)), ("goettingen", "a100-40", 96, None),
    ("hamburg", "h100", 64, (2, 32)), ("hamburg", "l40s", 64, (2, 16)), ("colo-amsterdam", "h100", 64, (3, 32)),
    ("colo-amsterdam", "l40s", 48, (2, 16)), ("colo-zurich", "h100", 32, (2, 32)), ("colo-zurich", "l40s", 32, (2, 16)),
]  # fmt: skip
# Assumption: staff, space and repair of own accelerators, without capital (spent) and energy, USD per hour of use.
OPERATION_USD_PER_HOUR = {"h100": 0.40, "a100-40": 0.28, "l40s": 0.18}
# Assumption: an accelerator with its share of server, network and installation, USD.
CAPITAL_USD = {"h100": 42000, "l40s": 14000}
LIFETIME_YEARS = 5
DISCOUNT_RATE = 0.06
# Assumption: quota of each cloud pool, by accelerator.
QUOTA = {"h100": 192, "a100-40": 128, "l40s": 64, "l4": 192}
AWS_TYPES = {"h100": "p5.48xlarge", "a100-40": "p4d.24xlarge", "l40s": "g6e.48xlarge", "l4": "g6.48xlarge"}
GCP_TYPES = {"h100": "a3-highgpu-8g", "a100-40": "a2-highgpu-8g", "l4": "g2-standard-96"}
COMMITTED = {"aws-frankfurt": 0.25, "gcp-frankfurt": 0.25, "gcp-netherlands": 0.25}
HOURS_PER_MONTH = 730


def cities() -> list[Element]:
    """Return the cities, where users and datasets are and where the backbone has nodes."""
    keys = ("id", "name", "jurisdiction", "latitude", "longitude")
    return [dict(zip(keys, row, strict=True)) for row in CITIES]


def data_centers(data: Path) -> list[Element]:
    """Return the own sites, then the cloud regions."""
    return [_own(data, *row) for row in OWN_SITES] + [_cloud(data, *row) for row in CLOUD_SITES]


def _own(
    data: Path, site: str, name: str, kind: str, owner: str, jurisdiction: str, latitude: float, longitude: float, pue: float, kw: float
) -> Element:
    element: Element = {"id": site, "name": name, "kind": kind, "owner": owner, "provider": owner, "jurisdiction": jurisdiction}
    element |= {"latitude": latitude, "longitude": longitude, "pue": pue, "max_power_kw": kw}
    return element | {"usd_per_kwh": _usd_per_kwh(data, jurisdiction[:2]), "g_per_kwh": _g_per_kwh(data, jurisdiction[:2])}


def _usd_per_kwh(data: Path, country: str) -> list[float]:
    """Return the mean wholesale price of 2024 in the assumed shape of a day, with fees and levies."""
    column = WHOLESALE_ZONE[country]
    table = rows(data / "prices" / "electricity_hourly_2024_native_currency.csv")
    prices = [float(row[column]) for row in table if row[column]]
    level = round(sum(prices) / len(prices) / 1000 * USD_PER_EUR, 3)
    return [round(level * factor + GRID_FEES_USD_PER_KWH[country], 4) for factor in PRICE_SHAPE]


def _g_per_kwh(data: Path, country: str) -> list[float]:
    table = rows(data / "carbon" / "gcp_region_carbon_2019-2024.csv")
    level = next(float(r["grid_carbon_g_per_kwh"]) for r in table if (r["year"], r["region"]) == ("2024", CARBON_REGION[country]))
    return [round(level * factor, 1) for factor in (FLAT if country in STEADY_GRIDS else CARBON_SHAPE)]


def _cloud(data: Path, site: str, name: str, provider: str, region: str, jurisdiction: str, city: str) -> Element:
    place = next(row for row in cities() if row["id"] == city)
    element: Element = {"id": site, "name": name, "kind": "cloud", "provider": provider, "jurisdiction": jurisdiction}
    element |= {"latitude": place["latitude"], "longitude": place["longitude"], "transit": False, "pue": CLOUD_PUE[provider]}
    return element | {"g_per_kwh": _g_per_kwh(data, jurisdiction[:2]), "egress_usd_per_gb": INTERCONNECT_USD_PER_GB}


def pools(data: Path) -> list[Element]:
    """Return own pools, then cloud pools wherever there is a list price."""
    clouds = [_cloud_pool(data, site, provider, region, kind) for site, _, provider, region, *_ in CLOUD_SITES for kind in QUOTA]
    return [_own_pool(*row) for row in OWN_POOLS] + [pool for pool in clouds if pool]


def _own_pool(site: str, kind: str, count: int, room: tuple[int, int] | None) -> Element:
    pool: Element = {"id": f"{site}-{kind}", "data_center": site, "accelerator": kind, "count": count}
    pool |= {"usd_per_accelerator_hour": OPERATION_USD_PER_HOUR[kind], "power_utilization": POWER_UTILIZATION, "scaling": SCALING}
    if room:
        modules, size = room
        pool["expansion"] = {"module_accelerators": size, "capital_usd_per_module": CAPITAL_USD[kind] * size}
        pool["expansion"] |= {"lifetime_years": LIFETIME_YEARS, "discount_rate": DISCOUNT_RATE, "max_modules": modules}
    return pool


def _cloud_pool(data: Path, site: str, provider: str, region: str, kind: str) -> Element | None:
    prices = (_aws_prices if provider == "aws" else _gcp_prices)(data, region, kind)
    if prices is None:
        return None
    pool: Element = {"id": f"{site}-{kind}", "data_center": site, "accelerator": kind, "count": QUOTA[kind], "scaling": SCALING}
    pool |= {"usd_per_accelerator_hour": prices[0], "power_utilization": POWER_UTILIZATION}
    if prices[1] and site in COMMITTED:
        count = int(QUOTA[kind] * COMMITTED[site])
        pool |= {"committed_count": count, "committed_usd_per_accelerator_hour": prices[1]}
    return pool | ({"spot_usd_per_accelerator_hour": prices[2], "spot_count": QUOTA[kind] // 2} if prices[2] else {})


Prices = tuple[float, float | None, float | None]
"""On demand, committed and spot, USD per accelerator and hour."""


def _aws_prices(data: Path, region: str, kind: str) -> Prices | None:
    table = rows(data / "prices" / "aws_accelerators_2026-01.csv")
    for row in table:
        if (row["region"], row["instance_type"]) == (region, AWS_TYPES[kind]):
            cards = float(row["accelerator_count"])
            reserved = row["reserved_per_hour"]
            return round(float(row["on_demand_per_hour"]) / cards, 4), round(float(reserved) / cards, 4) if reserved else None, None
    return None


def _gcp_prices(data: Path, region: str, kind: str) -> Prices | None:
    table = rows(data / "prices" / "gcp_accelerators_2026-06.csv")
    for row in table:
        if (row["region"], row["instance_type"]) == (region, GCP_TYPES.get(kind)):
            cards = float(row["accelerator_count"])
            month, spot = row["commit_1y_usd_per_month"], row["spot_usd_per_hour"]
            committed = round(float(month) / HOURS_PER_MONTH / cards, 4) if month else None
            return round(float(row["on_demand_usd_per_hour"]) / cards, 4), committed, round(float(spot) / cards, 4) if spot else None
    return None


def links(sites: list[Element], places: list[Element]) -> list[Element]:
    """Return the backbone, the campus links and the links to the cloud regions."""
    nodes = {node["id"]: node for node in (*sites, *places)}
    backbone = [_backbone(nodes, *row) for row in BACKBONE]
    campus = [{"source": site, "target": city, "bandwidth_gbps": 400, "latency_ms": CAMPUS_MS} for site, city in CAMPUS]
    cloud = [_exchange(site, city) for site, *_, city in CLOUD_SITES]
    return backbone + campus + cloud


def _backbone(nodes: dict[str, Element], source: str, target: str, gbps: float) -> Element:
    latency = fibre_ms(kilometres(nodes[source], nodes[target]), ROUTE_FACTOR, EQUIPMENT_MS)
    abroad = {nodes[source]["jurisdiction"][:2], nodes[target]["jurisdiction"][:2]} != {"DE"}
    link: Element = {"source": source, "target": target, "bandwidth_gbps": gbps, "latency_ms": latency}
    link |= {"usd_per_gb": 0.002 if abroad else 0.0005, "reserve_fraction": 0.2}
    passes = PASSES.get((source, target))
    return link | ({"jurisdictions": passes} if passes else {})


def _exchange(site: str, city: str) -> Element:
    latency = {"gcp-netherlands": 1.3, "gcp-belgium": 0.5, "gcp-finland": 1.1}.get(site, 0.3)
    return {"source": site, "target": city, "bandwidth_gbps": 100, "latency_ms": latency}
