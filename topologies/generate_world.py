"""Sites, pools without their counts, and locations of a generated problem."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .catalog import accelerators, metros
from .generate_shapes import SUN, Element, Floats, Ints, Periods, plain, significant

KINDS = ("cloud", "colo", "on_prem", "edge")
KIND_SHARE = (0.55, 0.18, 0.20, 0.07)
KIND_SIZE = {"cloud": 2.5, "colo": 1.0, "on_prem": 1.2, "edge": 0.15}
KIND_PUE = {"cloud": 1.12, "colo": 1.35, "on_prem": 1.28, "edge": 1.5}
CLOUDS = ("nimbus", "stratus", "cirrus")
CLOUDS_OF_CHINA = ("dongfang", "xibu")
EXCHANGES = ("interhouse", "meetme")
OWNERS = tuple(f"org-{index}" for index in range(1, 13))
NEW_METROS = 0.6
"""So many of the metropolitan areas get a first site before any gets a second."""

USD_PER_HOUR = {
    "gb200": 6.2, "b200": 5.2, "h200": 3.7, "h100": 3.0, "mi300x": 2.7, "trainium2": 1.9, "tpu-v5p": 2.1,
    "a100-80": 1.5, "l40s": 1.0, "l4": 0.42, "910c": 2.4, "910b": 1.3, "h20": 1.6,
}  # fmt: skip
"""On demand in a cloud, energy included."""
GENERATIONS = {
    "gb200": 0.4, "b200": 0.8, "h200": 1.2, "h100": 2.4, "mi300x": 0.6, "trainium2": 0.4, "tpu-v5p": 0.4,
    "a100-80": 1.6, "l40s": 1.2, "l4": 0.8,
}  # fmt: skip
"""How often a site holds each type, relative to the others."""
GENERATIONS_OF_CHINA = {"910c": 1.0, "910b": 1.6, "h20": 1.4, "a100-80": 0.8, "l40s": 0.4}
AT_THE_EDGE = {"l40s": 1.0, "l4": 1.0}
REFERENCE = "h100"


@dataclass(frozen=True)
class World:
    """Where things can be; sites S, pools P, locations L, metropolitan areas M.

    Attributes
    ----------
    sites, locations
        Elements of the file.
    site_metro, location_metro
        Index of the metropolitan area of each (S), (L).
    site_size
        Relative size of each site (S).
    pool_site, pool_type, pool_share
        Site, accelerator and relative size of each pool (P).
    metro, latitude, longitude, country, region, users, hub
        Of each metropolitan area (M).
    """

    sites: list[Element]
    locations: list[Element]
    site_metro: Ints
    location_metro: Ints
    site_size: Floats
    pool_site: Ints
    pool_type: list[str]
    pool_share: Floats
    metro: list[str]
    latitude: Floats
    longitude: Floats
    country: list[str]
    region: list[str]
    users: Floats
    hub: Floats


def speeds() -> dict[str, float]:
    """Return the peak of each accelerator relative to the reference."""
    known = accelerators()
    return {name: known[name]["peak_tflops"] / known[REFERENCE]["peak_tflops"] for name in USD_PER_HOUR}


def draw_world(rng: np.random.Generator, sites: int, locations: int, periods: Periods) -> World:
    """Draw sites where data centers gather, locations where users are."""
    countries, rows = metros()
    latitude, longitude, people, hub = (
        np.array([row[field] for row in rows], dtype=float)
        for field in ("latitude", "longitude", "population_millions", "hub")
    )
    country = [row["country"] for row in rows]
    users = np.sqrt(people) * np.array([countries[code]["users"] for code in country])
    site_metro = _site_metros(rng, sites, hub)
    elements = _sites(rng, site_metro, rows, countries, periods)
    size = rng.lognormal(0.0, 0.7, sites) * [KIND_SIZE[site["kind"]] for site in elements]
    pool_site, pool_type, pool_share = _pools(rng, elements, size)
    location_metro = np.argsort(-users, kind="stable")[np.arange(locations) % len(rows)]
    return World(
        sites=elements,
        locations=_locations(location_metro, rows),
        site_metro=site_metro,
        location_metro=location_metro,
        site_size=size,
        pool_site=pool_site,
        pool_type=pool_type,
        pool_share=pool_share,
        metro=[row["id"] for row in rows],
        latitude=latitude,
        longitude=longitude,
        country=country,
        region=[countries[code]["region"] for code in country],
        users=users,
        hub=hub,
    )


def _site_metros(rng: np.random.Generator, sites: int, hub: Floats) -> Ints:
    """Draw distinct areas first, then with repeats; ordered by draw, so more sites extend fewer."""
    first = min(sites, round(NEW_METROS * len(hub)))
    share = hub / hub.sum()
    order = np.argsort(rng.exponential(1.0, len(hub)) / share, kind="stable")
    return np.concatenate([order[:first], rng.choice(len(hub), sites - first, p=share)])


def _sites(
    rng: np.random.Generator, metro: Ints, rows: list[Element], countries: Element, periods: Periods
) -> list[Element]:
    drawn = [KINDS[kind] for kind in rng.choice(len(KINDS), len(metro), p=KIND_SHARE)]
    found = [
        _site(rng, rows[at], countries[rows[at]["country"]], kind, periods)
        for at, kind in zip(metro.tolist(), drawn, strict=True)
    ]
    return _sharing_risks(_told_apart(found), metro, rows)


def _sharing_risks(sites: list[Element], metro: Ints, rows: list[Element]) -> list[Element]:
    """Let the sites of one area share the risks of its grid, its waters and its ground."""
    several = np.bincount(metro, minlength=len(rows)) > 1
    return [
        {**site, "risk_groups": [f"area-{rows[at]['id']}"]} if several[at] else site
        for site, at in zip(sites, metro.tolist(), strict=True)
    ]


def _told_apart(sites: list[Element]) -> list[Element]:
    """Give the second and further sites of one provider in one area a number."""
    taken: Counter[str] = Counter()
    found = []
    for site in sites:
        taken[site["id"]] += 1
        number = taken[site["id"]]
        found.append(site if number == 1 else {**site, "id": f"{site['id']}-{number}"})
    return found


def _site(rng: np.random.Generator, row: Element, country: Element, kind: str, periods: Periods) -> Element:
    provider, owner = _provider(rng, kind, row["country"])
    site = {"id": f"{row['id']}-{provider}", "jurisdiction": row["country"]}
    site |= {"latitude": row["latitude"], "longitude": row["longitude"], "kind": kind}
    site |= {"provider": provider, "owner": owner, "pue": round(KIND_PUE[kind] + rng.uniform(-0.04, 0.08), 2)}
    fees = rng.uniform(0.9, 1.25) * {"cloud": 0.9, "edge": 1.4}.get(kind, 1.0)
    site |= _power(country, row["longitude"], fees, periods)
    return site | ({"egress_usd_per_gb": round(rng.uniform(0.02, 0.09), 3)} if kind == "cloud" else {})


def _provider(rng: np.random.Generator, kind: str, country: str) -> tuple[str, str]:
    owner = OWNERS[int(rng.integers(len(OWNERS)))]
    clouds = CLOUDS_OF_CHINA if country == "CN" else CLOUDS
    seller = int(rng.integers(1000))
    if kind == "cloud":
        return (clouds[seller % len(clouds)],) * 2
    return (EXCHANGES[seller % len(EXCHANGES)], owner) if kind == "colo" else (owner, owner)


def _power(country: Element, longitude: float, fees: float, periods: Periods) -> Element:
    """Return price and carbon per period: the yearly level, cut at noon by solar power."""
    sun = periods.means(np.array([SUN]), np.array([round(longitude / 15)]))[0]
    curve = 1 - country["solar"] * (sun - np.mean(SUN))
    if periods.number == 1 or country["solar"] == 0:
        curve = np.ones(1)
    power = {"usd_per_kwh": country["usd_per_kwh"] * fees * curve, "g_per_kwh": country["g_per_kwh"] * curve}
    return {key: significant(v) if len(v) > 1 else significant(v[0]) for key, v in power.items()}


def _pools(rng: np.random.Generator, sites: list[Element], size: Floats) -> tuple[Ints, list[str], Floats]:
    held = [(index, name) for index, site in enumerate(sites) for name in _types(rng, site)]
    site_of = np.array([index for index, _ in held], dtype=np.int64)
    shares = size[site_of] * rng.lognormal(0.0, 0.6, len(held))
    return site_of, [name for _, name in held], np.asarray(shares)


def _types(rng: np.random.Generator, site: Element) -> list[str]:
    """Draw what a site holds: clouds several generations, others one to three."""
    known = GENERATIONS_OF_CHINA if site["jurisdiction"] == "CN" else GENERATIONS
    known = AT_THE_EDGE if site["kind"] == "edge" else known
    number = 1 + int(rng.integers(1, 4) if site["kind"] == "cloud" else rng.integers(0, 2))
    share = np.array(list(known.values()))
    chosen = rng.choice(len(known), min(number, len(known)), replace=False, p=share / share.sum())
    return [list(known)[at] for at in sorted(chosen.tolist())]


def _locations(metro: Ints, rows: list[Element]) -> list[Element]:
    """Return the areas with most users; after the last, suburbs of the first."""
    found = []
    for index, at in enumerate(metro.tolist()):
        row, suburb = rows[at], index // len(rows)
        element = {"id": row["id"] if not suburb else f"{row['id']}-{suburb + 1}", "name": row["name"]}
        element |= {"jurisdiction": row["country"]}
        place = {"latitude": round(row["latitude"] + 0.2 * suburb, 1), "longitude": row["longitude"]}
        found.append(element | {key: plain(value) for key, value in place.items()})
    return found
