"""Random problems so small that every plan of theirs can be listed, see ``enumeration``.

Requests come in whole requests per second and replicas serve whole ones, so that some best way of sharing
them between pools is whole too. Sites pass nothing on, so that every route is one link.
"""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]
PEOPLE = ("ann", "bob")


def random_world(rng: Random) -> Data:
    """Return the plain data of a random problem."""
    sites = [f"s{index}" for index in range(rng.randint(2, 3))]
    counts = rng.choice([[2, 4, 6], [8, 12, 16]])
    pools = [
        _pool(rng, f"p{index}", rng.choice(sites), rng.choice(counts)) for index in range(rng.randint(1, 3))
    ]
    even = any("committed_count" in pool for pool in pools)
    periods = _periods(rng, even)
    jobs = [_job(rng, f"j{index}", sites, periods, even) for index in range(rng.randint(1, 3))]
    services = [_service(rng, f"v{index}", len(periods)) for index in range(rng.randint(0, 2))]
    return {
        "periods": periods,
        "policies": [{"id": "not-in-us", "deny": ["US"]}],
        "accelerators": [{"id": name, "peak_tflops": 1000, "memory_gb": 80, "tdp_w": tdp_w}
                         for name, tdp_w in (("a", 1000), ("b", 400))],
        "data_centers": [_site(rng, name, len(periods)) for name in sites],
        "pools": pools,
        "locations": [{"id": name, "jurisdiction": "DE", "transit": False} for name in PEOPLE],
        "links": [*_backbone(rng, sites), *_access(rng, sites)],
        "workloads": [*jobs, *services],
        "objective": {
            "money_weight": rng.choice([1, 1, 2]),
            "usd_per_tco2e": rng.choice([0, 100]),
            "usd_per_ms_request": rng.choice([0, 1e-6]),
        },
    }  # fmt: skip


def _periods(rng: Random, even: bool) -> list[Data]:
    count, hours = rng.randint(1, 3), rng.choice([2, 4])
    if even:
        return [{"id": f"t{index}", "hours": hours} for index in range(count)]
    return [
        {"id": f"t{index}", "hours": rng.choice([1, 2, 5]), "weight": rng.choice([1, 1, 2])}
        for index in range(count)
    ]


def _site(rng: Random, name: str, periods: int) -> Data:
    def rates(low: float, high: float) -> Any:
        series = [round(rng.uniform(low, high), 3) for _ in range(periods)]
        return rng.choice([series, series[0]])

    site: Data = {
        "id": name,
        "jurisdiction": rng.choice(["DE", "US"]),
        "kind": rng.choice(["cloud", "on_prem"]),
        "transit": False,
        "pue": rng.choice([1, 1.25]),
        "usd_per_kwh": rates(0, 0.3),
        "g_per_kwh": rates(0, 500),
        "egress_usd_per_gb": rng.choice([0, 0.08]),
    }
    if rng.random() < 0.2:
        site["max_power_kw"] = rng.choice([2, 5])
    return site


def _pool(rng: Random, name: str, site: str, count: int) -> Data:
    pool: Data = {
        "id": name,
        "data_center": site,
        "accelerator": rng.choice("aab"),
        "count": count,
        "usd_per_accelerator_hour": rng.choice([0.5, 1, 3]),
        "power_utilization": rng.choice([1, 0.8]),
        "reserve_fraction": rng.choice([0, 0, 0.3]),
    }
    if rng.random() < 0.3:
        pool |= {"committed_count": rng.randint(1, count), "committed_usd_per_accelerator_hour": 0.4}
    if rng.random() < 0.4:
        pool["spot_usd_per_accelerator_hour"] = rng.choice([0.2, 2])
        if rng.random() < 0.5:
            pool["spot_count"] = rng.choice([1, 2])
    if rng.random() < 0.2:
        pool["expansion"] = {"module_accelerators": 2, "capital_usd_per_module": 20_000, "lifetime_years": 4,
                             "max_modules": rng.choice([1, 2]),
                             "space_usd_per_kw_year": rng.choice([0, 2000]),
                             "staff_usd_per_kw_year": rng.choice([0, 1000])}  # fmt: skip
    return pool


def _job(rng: Random, name: str, sites: list[str], periods: list[Data], even: bool) -> Data:
    # With commitments hours in part of a period may be best, of which there is no list.
    interruptible = rng.random() < 0.5 and not even
    horizon = sum(period["hours"] * period.get("weight", 1) for period in periods)
    job: Data = {
        "kind": "training",
        "id": name,
        "priority": rng.choice([1, 2, 3.5]),
        "interruptible": interruptible,
        "needs": [
            {"accelerator": accelerator, "count": rng.choice([1, 2, 4]),
             "hours": rng.choice([1, 1, 2, 3] if even else [0.5, 1, 1, 2.5, 9])}
            for accelerator in rng.choice(["a", "b", "ab"])
        ],
    }  # fmt: skip
    if rng.random() < 0.3:
        later = 1 if horizon > 1 else 0
        job["earliest_start_hours"] = (
            rng.choice([0, later]) if even else min(rng.choice([0, 0.5, 1.5]), horizon / 2)
        )
    if rng.random() < 0.3:
        job["deadline_hours"] = job.get("earliest_start_hours", 0) + rng.randint(1, 1 + round(horizon))
    if rng.random() < 0.4:
        job["dataset"] = {"at": rng.sample(sites, rng.randint(1, 2)), "gb": rng.choice([90, 900])}
        if rng.random() < 0.4:
            job["dataset"]["transfer_hours"] = rng.choice([1, 3])
    if rng.random() < 0.2:
        job["policy"] = "not-in-us"
    return job


def _service(rng: Random, name: str, periods: int) -> Data:
    service: Data = {
        "kind": "inference",
        "id": name,
        "priority": rng.choice([1, 2, 3.5]),
        "demand": [
            {"location": person, "requests_per_second": [rng.randint(0, 3) for _ in range(periods)]}
            for person in rng.sample(PEOPLE, rng.randint(1, 2))
        ],
        "serving": [
            {"accelerator": accelerator, "accelerators_per_replica": rng.choice([1, 2]),
             "requests_per_second": rng.choice([1, 2]), "service_ms": rng.choice([0, 10])}
            for accelerator in rng.choice(["a", "b", "ab"])
        ],
        "response_kb": rng.choice([0, 50]),
    }  # fmt: skip
    if rng.random() < 0.3:
        service["max_rtt_ms"] = rng.choice([4, 20])
    if rng.random() < 0.3:
        service["max_latency_ms"] = rng.choice([15, 25])
    if rng.random() < 0.2:
        service["policy"] = "not-in-us"
    return service


def _backbone(rng: Random, sites: list[str]) -> list[Data]:
    """Return up to two links between each two sites, some too narrow for two datasets at once."""
    pairs = [(one, other) for one in sites for other in sites if one < other]
    return [
        {"source": one, "target": other, "latency_ms": 5, "bandwidth_gbps": rng.choice([0.05, 0.2, 10]),
         "usd_per_gb": rng.choice([0, 0.02, 0.05]), "directed": rng.random() < 0.2}
        for one, other in pairs
        for _ in range(rng.randint(0, 2))
    ]  # fmt: skip


def _access(rng: Random, sites: list[str]) -> list[Data]:
    """Return wide links from people to most sites."""
    return [
        {"source": person, "target": site, "latency_ms": rng.choice([1, 5, 20]), "bandwidth_gbps": 1000,
         "usd_per_gb": rng.choice([0, 0.01])}
        for person in PEOPLE
        for site in sites
        if rng.random() < 0.85
    ]  # fmt: skip


def one_service(rps: float, pools: dict[str, tuple[int, float]]) -> Data:
    """Return users of one service, and pools (accelerators, USD/h) of 10 requests/s each, a link away."""
    link = {"bandwidth_gbps": 1000, "latency_ms": 1}
    return {
        "periods": [{"id": "hour", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 100, "memory_gb": 80, "tdp_w": 0.001}],
        "locations": [{"id": "users", "jurisdiction": "DE"}],
        "data_centers": [{"id": name, "jurisdiction": "DE"} for name in pools],
        "pools": [
            {"id": name, "data_center": name, "accelerator": "a", "count": n, "usd_per_accelerator_hour": usd}
            for name, (n, usd) in pools.items()
        ],
        "links": [{**link, "id": f"to-{name}", "source": "users", "target": name} for name in pools],
        "workloads": [
            {
                "kind": "inference",
                "id": "chat",
                "demand": [{"location": "users", "requests_per_second": rps}],
                "serving": [{"accelerator": "a", "requests_per_second": 10, "service_ms": 1}],
                "max_rtt_ms": 100,
                "target_utilization": 1,
            }
        ],
    }
