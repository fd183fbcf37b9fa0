"""Inference services of a generated problem: users of a metropolis, a country, a region or the world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .generate_jobs import powers_within, type_speeds
from .generate_reach import TYPES, Reach
from .generate_shapes import DEMAND_SHAPES, Bools, Element, Floats, Ints, Periods, plain, significant
from .generate_world import OWNERS

SCOPES = ("metro", "country", "region", "world")
SCOPE_SHARE = (0.10, 0.35, 0.35, 0.20)
LIMITS_MS = {
    "metro": (10.0, 20.0),
    "country": (30.0, 60.0, 100.0),
    "region": (60.0, 100.0, 150.0, 0.0),
    "world": (150.0, 250.0, 0.0),
}
"""Limits of the round trip that are drawn; 0 for none."""
TARGET_UTILIZATION = 0.8
FEW_SITES = 2


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes
    ----------
    element
        Its fields in the file that are not below.
    types
        Accelerator types that serve it (types).
    gang
        Accelerators per replica.
    requests
        Requests/s that a reference accelerator serves.
    kinds
        Throughput of each type relative to its peak (types).
    locations, sites
        Locations with users, and the sites that may answer each of them (n), (n, S).
    level
        Reference accelerators that the users of each location take in each period (n, P).
    """

    element: Element
    types: Bools
    gang: int
    requests: float
    kinds: Floats
    locations: Ints
    sites: Bools
    level: Floats


@dataclass(frozen=True)
class Services:
    """All services, and what they were drawn for."""

    items: list[Service]
    reach: Reach
    periods: Periods

    def load(self) -> Floats:
        """Return the reference accelerators that all take at least in each period (P)."""
        return sum((service.level.sum(axis=0) for service in self.items), np.zeros(self.periods.number))

    def traffic_gbps(self) -> float:
        """Return the mean traffic of all requests and responses."""
        return sum(_gbps(service) for service in self.items)

    def scaled(self, factor: float) -> Services:
        """Return the services with so many times the users."""
        return replace(self, items=[replace(item, level=item.level * factor) for item in self.items])

    def fitted(self, largest: Ints) -> Services:
        """Return the services with replicas that fit the largest pool of each site and type (S, types)."""
        return replace(self, items=[_fitted(item, largest) for item in self.items])

    def elements(self) -> list[Element]:
        """Return the services of the file."""
        names = [location["id"] for location in self.reach.world.locations]
        return [_element(index, item, names) for index, item in enumerate(self.items, 1)]


def _gbps(service: Service) -> float:
    kilobytes = service.element["request_kb"] + service.element["response_kb"]
    rate = service.level.mean(axis=1).sum() * service.requests * TARGET_UTILIZATION
    return float(rate * kilobytes * 8e-6)


def _fitted(service: Service, largest: Ints) -> Service:
    room = np.where(service.types, largest, 0).max(axis=1)
    least = np.where(service.sites, room, 0).max(axis=1).min()
    together = np.sort(np.where(service.sites.any(axis=0), room, 0))
    least = min(least, together[-service.element.get("min_sites", 1)])
    return replace(service, gang=min(service.gang, int(powers_within(np.array([least]))[0])))


def _element(index: int, service: Service, names: list[str]) -> Element:
    rates = service.level * (service.requests * TARGET_UTILIZATION)
    demand = [
        {
            "location": names[at],
            "requests_per_second": significant(row) if len(row) > 1 else significant(row[0]),
        }
        for at, row in zip(service.locations.tolist(), rates, strict=True)
    ]
    return {
        "kind": "inference",
        "id": f"service-{index}",
        **service.element,
        "demand": demand,
        "serving": _serving(service),
    }


def _serving(service: Service) -> list[Element]:
    speed = type_speeds() * service.kinds * service.requests * service.gang
    gang = {"accelerators_per_replica": service.gang} if service.gang > 1 else {}
    delay = significant(np.minimum(1000 * service.gang / speed, 30_000.0), 2)
    return [
        {
            "accelerator": TYPES[k],
            **gang,
            "requests_per_second": significant(speed[k]),
            "service_ms": delay[k],
        }
        for k in np.flatnonzero(service.types)
    ]


def draw_services(rng: np.random.Generator, number: int, reach: Reach, periods: Periods) -> Services:
    """Draw services for classes under which somebody has users within reach."""
    can: Bools = np.isfinite(reach.rtt_ms) & reach.at_rest[:, None, :]
    share = reach.share * can.any(axis=(1, 2))
    rules = rng.choice(len(share), number, p=share / share.sum()) if number else np.zeros(0, np.int64)
    return Services([_service(rng, int(rule), reach, can[rule], periods) for rule in rules], reach, periods)


def _service(rng: np.random.Generator, rule: int, reach: Reach, can: Bools, periods: Periods) -> Service:
    types = _types(rng, can, reach)
    scope = SCOPES[rng.choice(len(SCOPES), p=SCOPE_SHARE)]
    limit = float(rng.choice(LIMITS_MS[scope]))
    holds = reach.holds[:, types].sum(axis=1) > 0
    usable: Bools = can & holds[None, :]
    locations = _locations(rng, reach, np.asarray(usable.any(axis=1)), scope)
    rtt = np.where(usable, reach.rtt_ms[rule], np.inf)[locations]
    limit = limit and max(limit, float(np.ceil(1.25 * rtt.min())))
    within = np.isfinite(rtt) & (rtt <= limit if limit else True)
    served = within.any(axis=1)
    locations, sites = locations[served], within[served]
    level = _level(rng, reach, locations, periods)
    element: Element = {"owner": OWNERS[rng.integers(len(OWNERS))]} | reach.policy(rule)
    element |= {"max_rtt_ms": plain(limit)} if limit else {}
    element |= _terms(rng) | _spread(rng, sites, level)
    return Service(
        element=element,
        types=types,
        gang=int(rng.choice([1, 1, 1, 2, 4, 8])),
        requests=float(significant(np.clip(rng.lognormal(np.log(3.0), 1.0), 0.3, 50.0), 2)),
        kinds=rng.uniform(0.75, 1.0, len(TYPES)),
        locations=locations,
        sites=sites,
        level=level,
    )


def _types(rng: np.random.Generator, can: Bools, reach: Reach) -> Bools:
    """Draw one to four accelerator types that the sites within reach have."""
    share = reach.holds[can.any(axis=0)].sum(axis=0)
    key = rng.exponential(1.0, len(TYPES)) / np.maximum(share, 1e-12)
    return np.asarray((np.argsort(np.argsort(key)) < rng.integers(1, 5)) & (share > 0))


def _locations(rng: np.random.Generator, reach: Reach, open_to: Bools, scope: str) -> Ints:
    """Return the locations of a scope around a home that is drawn by users."""
    world = reach.world
    metro = world.location_metro
    users = world.users[metro] * open_to
    home = int(rng.choice(len(metro), p=users / users.sum()))
    of = {"country": world.country, "region": world.region}.get(scope)
    same = (
        np.array([of[at] == of[metro[home]] for at in metro]) if of else np.full(len(metro), scope == "world")
    )
    same[home] = True
    return np.flatnonzero(open_to & same)


def _level(rng: np.random.Generator, reach: Reach, locations: Ints, periods: Periods) -> Floats:
    """Return reference accelerators taken by location and period: users by their local hour."""
    metro = reach.world.location_metro[locations]
    size = np.minimum(rng.lognormal(np.log(4.0), 1.5), 2_000.0)
    share = reach.world.users[metro] * rng.lognormal(0.0, 0.5, len(locations))
    shape = DEMAND_SHAPES[rng.integers(len(DEMAND_SHAPES))]
    hours_ahead = np.round(reach.world.longitude[metro] / 15)
    curve = periods.means(np.tile(shape, (len(locations), 1)), hours_ahead)
    return np.asarray(size * (share / share.sum())[:, None] * curve / shape.mean())


def _terms(rng: np.random.Generator) -> Element:
    priority = int(rng.choice([1, 1, 2, 5]))
    element: Element = {"priority": priority} if priority > 1 else {}
    element |= {"request_kb": significant(rng.lognormal(np.log(4), 1.0), 2)}
    element |= {"response_kb": significant(rng.lognormal(np.log(12), 1.2), 2)}
    return element | {"target_utilization": TARGET_UTILIZATION}


def _spread(rng: np.random.Generator, sites: Bools, level: Floats) -> Element:
    """Ask some services to be at two sites at least, and small ones that a site can serve alone at most."""
    spread, few = rng.random(2)
    if spread < 0.1 and sites.any(axis=0).sum() >= FEW_SITES:
        return {"min_sites": FEW_SITES}
    if few < 0.12 and sites.all(axis=0).any() and level.sum(axis=0).max() < 20:
        return {"max_sites": FEW_SITES}
    return {}
