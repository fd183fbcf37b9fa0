"""Counts of accelerators, so that the work takes the wanted share of them, and the prices of pools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .generate_jobs import POOLS_TO_CHOOSE_FROM, Jobs, type_speeds
from .generate_reach import TYPES
from .generate_services import Service, Services
from .generate_shapes import Element, Floats, Ints, significant
from .generate_world import USD_PER_HOUR, World

LEAST_MEAN_ACCELERATORS = 24.0
"""Where pools would be smaller on average, services get more users."""
LOCAL_TIGHTNESS = 0.8
ROUNDS = 6
EVENNESS = 0.1
"""Spread of the ratio of capacity to work between pools."""
CAPITAL_PER_USD_PER_HOUR = 12_000.0
"""Capital of an accelerator with its share of the server, per USD of its price for an hour in a cloud."""
OWN_COST = 0.22
"""Operation of an own accelerator for an hour, as a share of that price."""
MODULE = 8
SCALING = [
    {"accelerators": 64, "efficiency": 0.98},
    {"accelerators": 1024, "efficiency": 0.92},
    {"accelerators": 8192, "efficiency": 0.88},
]


@dataclass(frozen=True)
class Fitted:
    """Pools of the file, with jobs and services whose clusters and replicas fit into them.

    ``least_share`` is the least share of all accelerators that the work takes in the fullest hour, and
    ``tightness`` what has come of the one wanted.
    """

    pools: list[Element]
    jobs: Jobs
    services: Services
    least_share: float
    tightness: float


def fit(rng: np.random.Generator, world: World, jobs: Jobs, services: Services, tightness: float) -> Fitted:
    """Return pools so large that the work takes ``tightness`` of them.

    Up to ``LOCAL_TIGHTNESS`` that means each pool in its fullest hour, all work being spread over the pools
    that admit it. From 1 on it means all pools together, wherever work can go, so that no plan can place
    everything.
    """
    kind = np.array([TYPES.index(name) for name in world.pool_type])
    services = _grown(services, jobs, len(kind))
    unevenness = rng.lognormal(0.0, EVENNESS, len(kind))
    for _ in range(ROUNDS):  # smaller pools, smaller clusters, less work within the horizon
        natural = _natural(world, kind, jobs, services)
        counts = _counts(natural * unevenness, kind, _wanted(natural, jobs, services, tightness))
        jobs, services = _fitted(world, jobs, services, kind, counts)
    capacity = float(counts @ type_speeds()[kind])
    wanted = _wanted(_natural(world, kind, jobs, services), jobs, services, tightness)
    least_share, reached = _least(jobs, services) / capacity, tightness * wanted / capacity
    return Fitted(_pools(rng, world, kind, counts), jobs, services, least_share, reached)


def _pools(rng: np.random.Generator, world: World, kind: Ints, counts: Ints) -> list[Element]:
    places = zip(world.pool_site.tolist(), kind.tolist(), counts.tolist(), strict=True)
    return [_pool(rng, world.sites[site], TYPES[k], count) for site, k, count in places]


def _wanted(natural: Floats, jobs: Jobs, services: Services, tightness: float) -> float:
    """Return the reference accelerators of all pools together."""
    part = min(max((tightness - LOCAL_TIGHTNESS) / (1 - LOCAL_TIGHTNESS), 0.0), 1.0)
    return float(natural.sum() * (1 - part) + _least(jobs, services) * part) / tightness


def _least(jobs: Jobs, services: Services) -> float:
    """Return the reference accelerators without which some work is left out in any case.

    Jobs may wait for the hours in which services need little, so it is the larger of the mean of all and the
    peak of the services.
    """
    by_period = services.load()
    return float(max(jobs.load().sum() / jobs.periods.horizon_hours + by_period.mean(), by_period.max()))


def _grown(services: Services, jobs: Jobs, pools: int) -> Services:
    """Return services with so many users that pools are not tiny; a few jobs alone cannot fill many."""
    missing = LEAST_MEAN_ACCELERATORS * pools - _least(jobs, services)
    have = float(services.load().mean())
    return services.scaled(1 + missing / have) if missing > 0 and have > 0 else services


def _natural(world: World, kind: Ints, jobs: Jobs, services: Services) -> Floats:
    """Return the reference accelerators that each pool needs if all work spreads over what admits it (P)."""
    by_period = _spread_services(world, kind, services)
    return np.asarray(_spread_jobs(world, kind, jobs) + by_period.max(axis=0) + 1e-9)


def _spread_jobs(world: World, kind: Ints, jobs: Jobs) -> Floats:
    key = jobs.rule * 2 ** len(TYPES) + jobs.types @ 2 ** np.arange(len(TYPES))
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    load = np.bincount(group, jobs.rate(), len(first))
    total = np.zeros(len(kind))
    for at, amount in zip(first.tolist(), load.tolist(), strict=True):
        weight = world.pool_share * jobs.reach.at_rest[jobs.rule[at]][world.pool_site] * jobs.types[at][kind]
        total += amount * weight / weight.sum()
    return total


def _spread_services(world: World, kind: Ints, services: Services) -> Floats:
    total = np.zeros((services.periods.number, len(kind)))
    for service in services.items:
        total += _spread(world, kind, service)
    return total


def _spread(world: World, kind: Ints, service: Service) -> Floats:
    """Return what one service takes of each pool in each period (P, pools), with replicas to round up.

    That is a whole one where users have one site only.
    """
    weight = world.pool_share * service.types[kind]
    at_site = np.bincount(world.pool_site, weight, len(world.sites))
    share = service.sites * at_site
    share = share / share.sum(axis=1, keepdims=True)
    part = weight / np.maximum(at_site, 1e-12)[world.pool_site]
    replica = service.gang * share.max(axis=0)[world.pool_site] * part * type_speeds()[kind]
    return np.asarray((service.level.T @ share)[:, world.pool_site] * part + replica)


def _counts(shape: Floats, kind: Ints, total: float) -> Ints:
    """Return accelerators of each pool, ``total`` reference ones in all; whole servers where many."""
    speed = type_speeds()[kind]
    exact = shape / speed
    for _ in range(ROUNDS):  # one accelerator at the least, so the others get a little less
        exact = exact * total / (_whole(exact) @ speed)
    return _whole(exact).astype(np.int64)


def _whole(exact: Floats) -> Floats:
    servers = np.round(exact / MODULE) * MODULE
    return np.asarray(np.maximum(np.where(exact >= 8 * MODULE, servers, np.round(exact)), 1))


def _fitted(world: World, jobs: Jobs, services: Services, kind: Ints, counts: Ints) -> tuple[Jobs, Services]:
    largest = np.zeros((len(world.sites), len(TYPES)), dtype=np.int64)
    np.maximum.at(largest, (world.pool_site, kind), counts)
    by_rule = np.stack([_large(largest[sites]) for sites in jobs.reach.at_rest])
    return jobs.fitted(by_rule), services.fitted(largest)


def _large(counts: Ints) -> Ints:
    """Return what the few largest pools of each type hold all of, of ``counts`` (sites, types)."""
    falling = -np.sort(-counts, axis=0)[:POOLS_TO_CHOOSE_FROM]
    least = np.where(falling > 0, falling, np.iinfo(np.int64).max).min(axis=0)
    return np.asarray(np.where(falling[0] > 0, least, 0))


def _pool(rng: np.random.Generator, site: Element, name: str, count: int) -> Element:
    pool: Element = {"id": f"{site['id']}-{name}", "data_center": site["id"], "accelerator": name}
    draw = rng.random(6)
    price = USD_PER_HOUR[name] * (0.85 + 0.5 * draw[0])
    terms = _rented(price, count, draw) if site["kind"] == "cloud" else _own(price, name, count, draw)
    pool |= {"count": count, **terms}
    if count >= 128:
        pool |= {"scaling": SCALING}
    return pool


def _rented(price: float, count: int, draw: Floats) -> Element:
    pool: Element = {"usd_per_accelerator_hour": significant(price)}
    if draw[1] < 0.4 and count >= 4:
        pool |= {"committed_count": int(count * (0.2 + 0.4 * draw[2]))}
        pool |= {"committed_usd_per_accelerator_hour": significant(0.62 * price)}
    if draw[3] < 0.6 and count >= 4:
        pool |= {"spot_usd_per_accelerator_hour": significant(price * (0.3 + 0.3 * draw[4]))}
        pool |= {"spot_count": max(1, int(count * 0.4))}
    return pool


def _own(price: float, name: str, count: int, draw: Floats) -> Element:
    """Return the terms of own capacity; part of it may be only a plan: modules to be bought."""
    pool: Element = {"usd_per_accelerator_hour": significant(OWN_COST * price), "power_utilization": 1.3}
    modules = int(count * 0.3 * draw[1]) // MODULE
    if draw[2] < 0.5 and modules:
        pool |= {"count": count - modules * MODULE}
        expansion = {"module_accelerators": MODULE, "max_modules": modules, "lifetime_years": 5}
        capital = significant(MODULE * CAPITAL_PER_USD_PER_HOUR * USD_PER_HOUR[name], 2)
        pool |= {"expansion": expansion | {"capital_usd_per_module": capital, "discount_rate": 0.07}}
    return pool
