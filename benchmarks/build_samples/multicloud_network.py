"""Metropolitan areas and links of the sample ``multicloud``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from common import Element, fibre_ms, kilometres, rows, significant

GATEWAYS = 8
"""Assumption: virtual machines that forward at once; the throughput was measured with one on each side."""
METRO_REGIONS = 8
"""Each metropolitan area reaches so many regions directly; the others through these."""
ROUTE_FACTOR = 1.5
ACCESS_MS = 2.0
METRO_GBPS = 400

# id, name, jurisdiction, latitude, longitude, hours ahead of UTC (winter)
METROS = [
    ("new-york", "New York", "US", 40.71, -74.01, -5), ("chicago", "Chicago", "US", 41.88, -87.63, -6),
    ("dallas", "Dallas", "US", 32.78, -96.80, -6), ("los-angeles", "Los Angeles", "US", 34.05, -118.24, -8),
    ("san-francisco", "San Francisco", "US", 37.77, -122.42, -8), ("toronto", "Toronto", "CA", 43.65, -79.38, -5),
    ("sao-paulo", "São Paulo", "BR", -23.55, -46.63, -3), ("rio", "Rio de Janeiro", "BR", -22.91, -43.17, -3),
    ("london", "London", "GB", 51.51, -0.13, 0), ("dublin", "Dublin", "IE", 53.35, -6.26, 0),
    ("paris", "Paris", "FR", 48.86, 2.35, 1), ("amsterdam", "Amsterdam", "NL", 52.37, 4.90, 1),
    ("berlin", "Berlin", "DE", 52.52, 13.41, 1), ("madrid", "Madrid", "ES", 40.42, -3.70, 1),
    ("milan", "Milan", "IT", 45.46, 9.19, 1), ("stockholm", "Stockholm", "SE", 59.33, 18.07, 1),
    ("warsaw", "Warsaw", "PL", 52.23, 21.01, 1), ("zurich", "Zurich", "CH", 47.38, 8.54, 1),
    ("johannesburg", "Johannesburg", "ZA", -26.20, 28.05, 2), ("dubai", "Dubai", "AE", 25.20, 55.27, 4),
    ("mumbai", "Mumbai", "IN", 19.08, 72.88, 5.5), ("delhi", "Delhi", "IN", 28.61, 77.21, 5.5),
    ("bengaluru", "Bengaluru", "IN", 12.97, 77.59, 5.5), ("singapore", "Singapore", "SG", 1.35, 103.82, 8),
    ("jakarta", "Jakarta", "ID", -6.21, 106.85, 7), ("tokyo", "Tokyo", "JP", 35.68, 139.69, 9),
    ("osaka", "Osaka", "JP", 34.69, 135.50, 9), ("seoul", "Seoul", "KR", 37.57, 126.98, 9),
    ("sydney", "Sydney", "AU", -33.87, 151.21, 11),
]  # fmt: skip

CONTINENT = {
    "US": "america", "CA": "america", "BR": "brazil", "ZA": "africa", "BH": "gulf", "AE": "gulf", "IN": "india",
    "SG": "east", "ID": "east", "HK": "east", "TW": "east", "JP": "japan", "KR": "japan", "AU": "australia",
}  # fmt: skip
"""Europe where a country is not named."""
# Assumption: what a link between two parts of the world passes on its usual cables.
PASSES = {
    frozenset(("europe", "india")): ["EG"], frozenset(("europe", "east")): ["EG"], frozenset(("europe", "australia")): ["EG", "SG"],
    frozenset(("europe", "gulf")): ["EG"], frozenset(("europe", "japan")): ["EG", "SG"], frozenset(("europe", "brazil")): ["US"],
    frozenset(("brazil", "japan")): ["US"], frozenset(("brazil", "east")): ["US"], frozenset(("brazil", "india")): ["US"],
    frozenset(("brazil", "gulf")): ["US"], frozenset(("brazil", "australia")): ["US"], frozenset(("america", "india")): ["FR", "EG"],
    frozenset(("america", "gulf")): ["FR", "EG"], frozenset(("india", "japan")): ["SG"], frozenset(("india", "australia")): ["SG"],
    frozenset(("america", "africa")): ["PT"], frozenset(("europe", "africa")): ["PT"], frozenset(("brazil", "africa")): ["AO"],
}  # fmt: skip
# Assumption: what a link within Europe passes besides its ends.
PASSES_IN_EUROPE = {
    frozenset(("IE", country)): ["GB"] for country in ("DE", "NL", "BE", "FR", "IT", "SE", "FI", "CH", "PL", "ES")
} | {frozenset(("IT", country)): ["CH"] for country in ("DE", "NL", "BE", "SE", "FI")}  # fmt: skip


def metros() -> list[Element]:
    """Return the metropolitan areas as locations."""
    keys = ("id", "name", "jurisdiction", "latitude", "longitude")
    return [dict(zip(keys, row[:5], strict=True)) for row in METROS]


def region_links(data: Path, sites: list[Element]) -> list[Element]:
    """Return a directed link for each ordered pair of regions, with its measured latency and its list price."""
    return [_region_link(data, a, b) for a in sites for b in sites if a is not b]


def _region_link(data: Path, a: Element, b: Element) -> Element:
    gbps = _throughput_gbps(data)[a["id"], b["id"]] * GATEWAYS
    link = {"source": a["id"], "target": b["id"], "directed": True, "bandwidth_gbps": significant(gbps)}
    link |= {"latency_ms": _one_way_ms(data, a["id"], b["id"]), "egress_usd_per_gb": _egress(data)[a["id"], b["id"]]}
    passes = passed(a["jurisdiction"], b["jurisdiction"])
    return link | ({"jurisdictions": passes} if passes else {})


def passed(a: str, b: str) -> list[str]:
    """Return the jurisdictions that a link between two countries passes besides these two."""
    parts = frozenset((CONTINENT.get(a, "europe"), CONTINENT.get(b, "europe")))
    codes = PASSES_IN_EUROPE.get(frozenset((a, b)), []) if parts == {"europe"} else PASSES.get(parts, [])
    return [code for code in codes if code not in (a, b)]


def _one_way_ms(data: Path, a: str, b: str) -> float:
    measured = _round_trips_ms(data)
    # One ping may meet a queue or a detour, none is too fast: the smaller of the two ways is the better figure.
    return round(min(measured[a, b], measured[b, a]) / 2, 2)


@cache
def _round_trips_ms(data: Path) -> dict[tuple[str, str], float]:
    table = rows(data / "latency" / "skyplane_rtt_2022-04.csv")
    premium = [row for row in table if row["src_tier"] == row["dst_tier"] == "PREMIUM"]
    return {(site_id(row["src"]), site_id(row["dst"])): float(row["rtt_avg_ms"]) for row in premium}


@cache
def _throughput_gbps(data: Path) -> dict[tuple[str, str], float]:
    table = rows(data / "latency" / "skyplane_throughput_2022-11.csv")
    return {(site_id(row["src"]), site_id(row["dst"])): float(row["throughput_received_bps"]) / 1e9 for row in table}


@cache
def _egress(data: Path) -> dict[tuple[str, str], float]:
    table = rows(data / "prices" / "egress_pairs_skyplane_2023-02.csv")
    return {(site_id(row["src"]), site_id(row["dst"])): float(row["egress_usd_per_gb"]) for row in table}


def site_id(name: str) -> str:
    """Return e.g. ``gcp-us-west1`` for ``gcp:us-west1-a``."""
    provider, region = name.split(":")
    return f"{provider}-{region[:-2] if provider == 'gcp' else region}"


def metro_links(data: Path, sites: list[Element], locations: list[Element]) -> list[Element]:
    """Return the links of each metropolitan area to the regions nearest to it."""
    return [link for metro in locations for link in _metro_links(metro, sites)]


def _metro_links(metro: Element, sites: list[Element]) -> list[Element]:
    nearest = sorted(sites, key=lambda site: (kilometres(metro, site), site["id"]))[:METRO_REGIONS]
    return [_metro_link(metro, site) for site in nearest]


def _metro_link(metro: Element, site: Element) -> Element:
    latency = fibre_ms(kilometres(metro, site), ROUTE_FACTOR, ACCESS_MS)
    link = {"source": metro["id"], "target": site["id"], "bandwidth_gbps": METRO_GBPS, "latency_ms": latency}
    passes = passed(metro["jurisdiction"], site["jurisdiction"])
    return link | ({"jurisdictions": passes} if passes else {})
