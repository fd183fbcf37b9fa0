"""Links of the sample ``multicloud``: between regions as measured, from metropolitan areas by distance."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from common import KM_PER_MS, Element, Row, fibre_ms, kilometres, passing, place, rows, table
from workloads import significant

TABLES = "multicloud"
GATEWAYS = 32
"""Assumption: virtual machines that forward at once; the throughput was measured with one on each side."""
METRO_REGIONS = 8
"""Each metropolitan area reaches so many regions directly; the others through these."""
ROUTE_FACTOR = 1.5
ACCESS_MS = 2.0
METRO_GBPS = 1600
POSITION_TOLERANCE = 0.95
"""Positions are those of cities, so distances may be a little too long."""
CONTINENT = {
    "US": "america", "CA": "america", "BR": "brazil", "ZA": "africa", "BH": "gulf", "AE": "gulf",
    "IN": "india",
    "SG": "east", "ID": "east", "HK": "east", "TW": "east", "JP": "japan", "KR": "japan", "AU": "australia",
}  # fmt: skip
"""Europe where a country is not named."""

Pair = tuple[str, str]


def region_links(data: Path, sites: list[Element]) -> list[Element]:
    """Return a directed link for each ordered pair of regions, with measured latency and list price."""
    return [_region_link(data, a, b) for a in sites for b in sites if a is not b]


def _region_link(data: Path, a: Element, b: Element) -> Element:
    pair = a["id"], b["id"]
    gbps = significant(_throughput_bps(data)[pair] / 1e9 * GATEWAYS)
    link = {"source": a["id"], "target": b["id"], "directed": True, "bandwidth_gbps": gbps}
    link |= {"latency_ms": _one_way_ms(data, a, b), "egress_usd_per_gb": _egress_usd_per_gb(data)[pair]}
    return link | passing(_between(a["jurisdiction"], b["jurisdiction"]))


def _one_way_ms(data: Path, a: Element, b: Element) -> float:
    """Return the smaller of the pings from both ends, save where it outruns light in fibre."""
    measured = _round_trip_ms(data)
    pings = [measured[pair] / 2 for pair in ((a["id"], b["id"]), (b["id"], a["id"]))]
    least = kilometres(a, b) / KM_PER_MS * POSITION_TOLERANCE
    return round(min((ping for ping in pings if ping >= least), default=max(pings)), 2)


@cache
def _round_trip_ms(data: Path) -> dict[Pair, float]:
    source = rows(data / "latency" / "skyplane_rtt_2022-04.csv")
    premium = [row for row in source if row["src_tier"] == row["dst_tier"] == "PREMIUM"]
    return {_pair(row): float(row["rtt_avg_ms"]) for row in premium}


@cache
def _throughput_bps(data: Path) -> dict[Pair, float]:
    source = rows(data / "latency" / "skyplane_throughput_2022-11.csv")
    return {_pair(row): float(row["throughput_received_bps"]) for row in source}


@cache
def _egress_usd_per_gb(data: Path) -> dict[Pair, float]:
    source = rows(data / "prices" / "egress_pairs_skyplane_2023-02.csv")
    return {_pair(row): float(row["egress_usd_per_gb"]) for row in source}


def _pair(row: Row) -> Pair:
    return _site_id(row["src"]), _site_id(row["dst"])


def _site_id(name: str) -> str:
    """Return e.g. ``gcp-us-west1`` for ``gcp:us-west1-a``."""
    provider, region = name.split(":")
    return f"{provider}-{region[:-2] if provider == 'gcp' else region}"


def _between(a: str, b: str) -> list[str]:
    """Return the jurisdictions that a link between two countries passes besides these two."""
    parts = frozenset((CONTINENT.get(a, "europe"), CONTINENT.get(b, "europe")))
    pair = frozenset((a, b)) if parts == {"europe"} else parts
    return [code for code in _passes().get(pair, []) if code not in (a, b)]


@cache
def _passes() -> dict[frozenset[str], list[str]]:
    return {frozenset((row["one"], row["other"])): row["passes"].split() for row in table(TABLES, "passes")}


def metros() -> list[Element]:
    """Return the metropolitan areas as locations."""
    return [place(row) for row in table(TABLES, "metros")]


def metro_links(sites: list[Element]) -> list[Element]:
    """Return the links of each metropolitan area to the regions nearest to it."""
    return [_metro_link(metro, site) for metro in metros() for site in _nearest(metro, sites)]


def _nearest(metro: Element, sites: list[Element]) -> list[Element]:
    return sorted(sites, key=lambda site: (kilometres(metro, site), site["id"]))[:METRO_REGIONS]


def _metro_link(metro: Element, site: Element) -> Element:
    latency = fibre_ms(kilometres(metro, site), ROUTE_FACTOR, ACCESS_MS)
    link = {"source": metro["id"], "target": site["id"], "bandwidth_gbps": METRO_GBPS, "latency_ms": latency}
    return link | passing(_between(metro["jurisdiction"], site["jurisdiction"]))
