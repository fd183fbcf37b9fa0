"""Small random problems most of whose work is barred by something, each of the documented reasons in turn."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]
LAWS = ("DE", "DE", "US", "CN")
POLICIES = (
    {"id": "not-us", "deny": ["US"]},
    {"id": "de-only", "allow": ["DE"]},
    {"id": "not-by-us", "transit_deny": ["US"]},
    {"id": "by-de", "transit_allow": ["DE"]},
)


def barred_world(rng: Random) -> Data:
    """Return the plain data of a random problem."""
    sites, places = [f"s{k}" for k in range(rng.randint(1, 3))], [f"l{k}" for k in range(rng.randint(1, 4))]
    periods = [{"id": f"t{k}", "hours": rng.choice([1, 2, 5])} for k in range(rng.randint(1, 3))]
    pools = [_pool(rng, f"p{k}", rng.choice(sites)) for k in range(rng.randint(1, 4))]
    jobs = [_job(rng, f"j{k}", [*sites, *places]) for k in range(rng.randint(0, 3))]
    services = [_service(rng, f"v{k}", places, len(periods), len(sites)) for k in range(rng.randint(0, 2))]
    work = [*jobs, *services] or [_job(rng, "j", [*sites, *places])]
    return {
        "policies": list(POLICIES),
        "periods": periods,
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000},
                         {"id": "b", "peak_tflops": 500, "memory_gb": 40, "tdp_w": 500}],
        "data_centers": [_site(rng, name) for name in sites],
        "pools": pools,
        "locations": [{"id": name, "jurisdiction": rng.choice(LAWS), "transit": rng.random() < 0.7}
                      for name in places],
        "links": list(_links(rng, [*sites, *places])),
        "workloads": work,
        "limits": _limits(rng, sites, pools, work),
    }  # fmt: skip


def _site(rng: Random, name: str) -> Data:
    site = {"id": name, "jurisdiction": rng.choice(LAWS), "transit": rng.random() < 0.7,
            "usd_per_kwh": rng.choice([0, 0.1]), "g_per_kwh": rng.choice([0, 400])}  # fmt: skip
    return site | ({"max_power_kw": rng.choice([1, 3, 6])} if rng.random() < 0.3 else {})


def _pool(rng: Random, name: str, site: str) -> Data:
    pool: Data = {"id": name, "data_center": site, "accelerator": rng.choice("aab"),
                  "count": rng.choice([2, 4, 8]), "usd_per_accelerator_hour": rng.choice([1, 3])}  # fmt: skip
    if rng.random() < 0.3:
        pool["scaling"] = [{"accelerators": 8, "efficiency": rng.choice([0.5, 0.9])}]
    if rng.random() < 0.3:
        pool["spot_usd_per_accelerator_hour"] = 0.5
    if rng.random() < 0.2:
        pool["reserve_fraction"] = 0.5
    return pool


def _links(rng: Random, nodes: list[str]) -> Any:
    pairs = [(one, other) for one in nodes for other in nodes if one < other]
    for number, ends in enumerate(rng.sample(pairs, rng.randint(len(pairs) // 3, len(pairs)))):
        source, target = rng.sample(ends, 2)
        yield {"id": f"e{number}", "source": source, "target": target, "directed": rng.random() < 0.3,
               "latency_ms": rng.choice([0, 1, 5, 20]), "bandwidth_gbps": rng.choice([0.02, 0.2, 10]),
               "jurisdictions": rng.choice([[], [], ["US"], ["DE"]])}  # fmt: skip


def _job(rng: Random, name: str, nodes: list[str]) -> Data:
    counts = sorted(rng.sample([1, 2, 4, 6, 12], rng.randint(1, 2)))
    job: Data = {"kind": "training", "id": name, "interruptible": rng.random() < 0.3}
    if rng.random() < 0.5:
        job["needs"] = [{"accelerator": rng.choice("ab"), "count": count, "hours": rng.choice([0.5, 1, 3, 9])}
                        for count in counts]  # fmt: skip
    else:
        job["compute"] = {"pflop_days": rng.choice([0.1, 0.5]), "utilization": 0.5, "counts": counts}
    if rng.random() < 0.5:
        job["max_sites"] = rng.choice([2, 3])
        job["multi_site"] = {"min_bandwidth_gbps": rng.choice([0.01, 0.1, 5]), "efficiency": 0.9,
                             "max_rtt_ms": rng.choice([0, 2, 10, 60])}  # fmt: skip
    if rng.random() < 0.6:
        job["dataset"] = {"at": rng.sample(nodes, rng.randint(1, 2)), "gb": rng.choice([9, 90, 900])}
        if rng.random() < 0.3:
            job["dataset"]["transfer_hours"] = 0.5
    if rng.random() < 0.4:
        job["deadline_hours"] = rng.choice([0.5, 1, 3])
    return job | _demands(rng)


def _service(rng: Random, name: str, places: list[str], periods: int, sites: int) -> Data:
    users = rng.sample(places, rng.randint(1, len(places)))
    rates = [[rng.choice([0, 0, 1, 30]) for _ in range(periods)] for _ in users]
    service: Data = {
        "kind": "inference", "id": name,
        "demand": [{"location": user, "requests_per_second": rps}
                   for user, rps in zip(users, rates, strict=True)],
        "serving": [{"accelerator": kind, "accelerators_per_replica": rng.choice([1, 2, 6]),
                     "requests_per_second": 2, "service_ms": 5} for kind in rng.choice(["a", "b", "ab"])],
    }  # fmt: skip
    for demand in service["demand"]:
        if rng.random() < 0.2:
            demand["policy"] = rng.choice(POLICIES)["id"]
    if rng.random() < 0.5:
        service["max_rtt_ms"] = rng.choice([1, 2, 6, 12, 25])
    if rng.random() < 0.3:
        service["max_latency_ms"] = rng.choice([4, 7, 20])
    if rng.random() < 0.3:
        service["min_sites"] = rng.randint(1, sites)
    if rng.random() < 0.3:
        service["survive"] = rng.choice(["site", "link"])
    return service | _demands(rng)


def _demands(rng: Random) -> Data:
    """Return what any work may ask for: a policy, and memory."""
    found: Data = {}
    if rng.random() < 0.4:
        found["policy"] = rng.choice(POLICIES)["id"]
    if rng.random() < 0.2:
        found["memory_gb_per_accelerator"] = rng.choice([50, 90])
    return found


def _limits(rng: Random, sites: list[str], pools: list[Data], work: list[Data]) -> Data:
    limits: Data = {}
    for key in ("pinned", "forbidden"):
        if rng.random() < 0.2:
            place = rng.choice([{"data_center": rng.choice(sites)}, {"pool": rng.choice(pools)["id"]}])
            limits[key] = [{"workload": rng.choice(work)["id"], **place}]
    if rng.random() < 0.2:
        limits["budget_usd"] = rng.choice([1, 5, 20])
    if rng.random() < 0.2:
        limits["carbon_cap_tco2e"] = rng.choice([0, 0.0004, 0.002])
    return limits
