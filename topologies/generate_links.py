"""Links of a generated problem: a backbone between metropolitan areas, and the access of each site to it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree

from .generate_shapes import Element, Floats, Ints, kilometres, plain, significant
from .generate_world import World

KM_PER_MS = 200.0
"""Light in fibre: 5 microseconds per km."""
NEIGHBOURS = 3
LONG_HAULS = 2
NEAR_KM = 250.0
"""A link passes the country of an area that is so near to its straight line."""
STEP_KM = 100.0
RATES_GBPS = np.array([10, 25, 40, 100, 200, 400, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600, 12800])
MEAN_HOPS = 4
HEADROOM = 3.0
LEAST_GBPS = 100.0

Pair = tuple[int, int]


@dataclass(frozen=True)
class Network:
    """Nodes (sites, then locations) and undirected links (E) between them.

    Attributes
    ----------
    nodes, jurisdiction
        Id and jurisdiction of each node.
    source, target
        Ends of each link, as indices of nodes (E).
    latency_ms, usd_per_gb, size
        One way; of each GB; bandwidth relative to the usual one (E).
    passes, risks
        Countries that each link passes besides those of its ends; groups of links that share a risk.
    """

    nodes: list[str]
    jurisdiction: list[str]
    source: Ints
    target: Ints
    latency_ms: Floats
    usd_per_gb: Floats
    size: Floats
    passes: list[list[str]]
    risks: list[list[str]]

    def elements(self, traffic_gbps: float, tightness: float) -> list[Element]:
        """Return the links of the file, wide enough for so much traffic over several hops."""
        links = max(len(self.source), 1)
        base = traffic_gbps * MEAN_HOPS / (2 * links) * HEADROOM / tightness
        gbps = self.size * max(base, LEAST_GBPS)
        return [self._element(at, rate) for at, rate in enumerate(_rates(gbps))]

    def _element(self, at: int, gbps: int) -> Element:
        link = {"source": self.nodes[self.source[at]], "target": self.nodes[self.target[at]]}
        link |= {"bandwidth_gbps": gbps, "latency_ms": plain(self.latency_ms[at])}
        link |= {"usd_per_gb": significant(self.usd_per_gb[at], 2)}
        more = {"jurisdictions": self.passes[at], "risk_groups": self.risks[at]}
        return link | {key: value for key, value in more.items() if value}


def _rates(gbps: Floats) -> list[int]:
    """Round up to rates that are sold; above the greatest to multiples of it."""
    most = RATES_GBPS[-1]
    sold = RATES_GBPS[np.minimum(np.searchsorted(RATES_GBPS, gbps), len(RATES_GBPS) - 1)]
    found: list[int] = np.where(gbps > most, np.ceil(gbps / most) * most, sold).astype(int).tolist()
    return found


def connect(rng: np.random.Generator, world: World) -> Network:
    """Join near areas, far ones by long hauls, and every site and suburb to the hub of its area."""
    sites, metro = len(world.sites), np.concatenate([world.site_metro, world.location_metro])
    order = np.concatenate(
        [np.arange(sites, len(metro)), np.arange(sites)]
    )  # locations are hubs before sites
    used, first = np.unique(metro[order], return_index=True)
    hub = order[first]
    pairs = _backbone(world, used)
    rest = np.setdiff1d(np.arange(len(metro)), hub)
    source = np.concatenate([hub[pairs[:, 0]], rest]).astype(np.int64)
    target = np.concatenate([hub[pairs[:, 1]], hub[np.searchsorted(used, metro[rest])]]).astype(np.int64)
    ends = np.stack([used[pairs[:, 0]], used[pairs[:, 1]]], axis=1)
    km = _lengths(world, ends)
    factor = np.minimum(1.25 + rng.exponential(0.2, len(km)), 2.2)
    latency = np.concatenate([km * factor / KM_PER_MS + 0.2, rng.uniform(0.1, 0.8, len(rest))])
    price = np.concatenate([0.0005 + km * 4e-6 * rng.uniform(0.7, 1.5, len(km)), np.full(len(rest), 0.0003)])
    return Network(
        nodes=[node["id"] for node in (*world.sites, *world.locations)],
        jurisdiction=[node["jurisdiction"] for node in (*world.sites, *world.locations)],
        source=source,
        target=target,
        latency_ms=np.round(latency, 2),
        usd_per_gb=price,
        size=np.concatenate([_sizes(rng, world, ends), np.full(len(rest), 4.0)]),
        passes=[*_passes(world, ends, km), *([] for _ in rest)],
        risks=[*_risks(world, ends), *([] for _ in rest)],
    )


def _backbone(world: World, used: Ints) -> Ints:
    """Return pairs of areas: each with its nearest, a spanning tree, and the great hubs of other regions."""
    km = kilometres(world.latitude[used], world.longitude[used])
    near = np.argsort(km, axis=1, kind="stable")[:, 1 : 1 + NEIGHBOURS]
    found = {_pair(a, int(b)) for a in range(len(used)) for b in near[a]}
    tree = minimum_spanning_tree(km).tocoo()
    found |= {_pair(int(a), int(b)) for a, b in zip(tree.row, tree.col, strict=True)}
    great = np.argsort(-world.hub[used], kind="stable")[: math.ceil(1.5 * math.sqrt(len(used)))]
    for a in great.tolist():
        abroad = [b for b in great.tolist() if world.region[used[a]] != world.region[used[b]]]
        found |= {_pair(a, b) for b in sorted(abroad, key=lambda b: (km[a, b], b))[:LONG_HAULS]}
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def _lengths(world: World, ends: Ints) -> Floats:
    """Return the lengths of links between areas, km."""
    km = kilometres(world.latitude, world.longitude)
    return np.asarray(km[ends[:, 0], ends[:, 1]])


def _sizes(rng: np.random.Generator, world: World, ends: Ints) -> Floats:
    """Return relative bandwidths: wide between great hubs, narrow elsewhere, with some spread."""
    importance = np.minimum(world.hub[ends[:, 0]], world.hub[ends[:, 1]])
    return np.asarray(np.sqrt(np.maximum(importance, 0.5)) * 2.0 ** rng.integers(-1, 2, len(ends)))


def _passes(world: World, ends: Ints, km: Floats) -> list[list[str]]:
    """Return the countries near each great circle, those of its ends left out."""
    lat, lon = np.radians(world.latitude), np.radians(world.longitude)
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    return [_passed(world, unit, int(a), int(b), float(d)) for (a, b), d in zip(ends, km, strict=True)]


def _passed(world: World, unit: Floats, a: int, b: int, km: float) -> list[str]:
    part = np.linspace(0, 1, max(2, int(km / STEP_KM)) + 1)[1:-1, None]
    angle = max(km / 6371.0, 1e-9)
    points = (np.sin((1 - part) * angle) * unit[a] + np.sin(part * angle) * unit[b]) / np.sin(angle)
    cosine = np.round(points @ unit.T, 9)
    nearest = cosine.argmax(axis=1)
    close = cosine.max(axis=1) > np.cos(NEAR_KM / 6371.0)
    codes = dict.fromkeys(world.country[at] for at in nearest[close].tolist())
    return [code for code in codes if code not in (world.country[a], world.country[b])]


def _risks(world: World, ends: Ints) -> list[list[str]]:
    """Let long hauls from one area to the same region abroad share the risk of landing and sea."""
    names = [_cables(world, int(a), int(b)) for a, b in ends]
    links = Counter(name for pair in names for name in pair)
    return [[name for name in pair if links[name] > 1] for pair in names]


def _cables(world: World, a: int, b: int) -> list[str]:
    if world.region[a] == world.region[b]:
        return []
    return [f"cables-{world.metro[one]}-{world.region[other]}" for one, other in ((a, b), (b, a))]
