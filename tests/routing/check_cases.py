"""Tiny problems with plans written by hand, each figure derived beside it, for the tests of the verifier."""

from __future__ import annotations

from typing import Any

from computeroute.routing.plan import Cost, Plan
from computeroute.routing.problem import Problem

# Two periods of 10 h each (the night is 5 h, twice), so a horizon of 20 h.
# One accelerator draws 1000 W x 0.8 x 1.25 = 1.0 kW at home; 1.2 kW (big) and 0.6 kW (small) in the cloud.
# One module costs 43,800 / 10 years = 4,380 USD a year, so 4,380 x 20 / 8,760 = 10 USD over the horizon.
WORLD: dict[str, Any] = {
    "name": "by hand",
    "groups": {"EU": ["BE", "DE", "FR", "LU", "NL"]},
    "policies": [
        {"id": "eu", "allow": ["EU"], "transit_allow": ["EU"]},
        {"id": "home-only", "allow": ["DE"]},
        {"id": "us", "allow": ["US"]},
        {"id": "not-by-lux", "transit_deny": ["LU"]},
        {"id": "not-by-germany", "transit_deny": ["DE"]},
    ],
    "periods": [{"id": "day", "hours": 10}, {"id": "night", "hours": 5, "weight": 2}],
    "accelerators": [
        {"id": "big", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000},
        {"id": "small", "peak_tflops": 500, "memory_gb": 40, "tdp_w": 500},
    ],
    "data_centers": [
        {"id": "home", "jurisdiction": "DE", "kind": "on_prem", "owner": "acme", "pue": 1.25,
         "max_power_kw": 20, "usd_per_kwh": [0.10, 0.06], "g_per_kwh": [400, 200], "egress_usd_per_gb": 0.01},
        {"id": "cloud", "jurisdiction": "FR", "kind": "cloud", "provider": "nimbus", "pue": 1.2,
         "usd_per_kwh": 0.5, "g_per_kwh": [100, 300], "egress_usd_per_gb": 0.08},
    ],
    "pools": [
        {"id": "home-big", "data_center": "home", "accelerator": "big", "count": 12, "power_utilization": 0.8,
         "usd_per_accelerator_hour": 0.5, "committed_count": 4, "committed_usd_per_accelerator_hour": 0.3,
         "expansion": {"module_accelerators": 4, "capital_usd_per_module": 43_800, "lifetime_years": 10,
                       "max_modules": 2, "space_usd_per_kw_year": 200, "staff_usd_per_kw_year": 73.75}},
        {"id": "cloud-big", "data_center": "cloud", "accelerator": "big", "count": 16,
         "usd_per_accelerator_hour": 3, "committed_count": 2, "committed_usd_per_accelerator_hour": 2,
         "spot_usd_per_accelerator_hour": 1, "spot_count": 8},
        {"id": "cloud-small", "data_center": "cloud", "accelerator": "small", "count": 8,
         "usd_per_accelerator_hour": 1, "scaling": [{"accelerators": 8, "efficiency": 0.7}]},
    ],
    "locations": [{"id": "town", "jurisdiction": "NL"}, {"id": "relay", "jurisdiction": "BE"}],
    "links": [
        {"source": "town", "target": "relay", "bandwidth_gbps": 10, "latency_ms": 2, "usd_per_gb": 0.02},
        {"source": "relay", "target": "home", "bandwidth_gbps": 10, "latency_ms": 3, "usd_per_gb": 0.01,
         "jurisdictions": ["LU"]},
        {"source": "home", "target": "cloud", "bandwidth_gbps": 10, "latency_ms": 5, "usd_per_gb": 0.05,
         "reserve_fraction": 0.2},
        {"id": "up", "source": "town", "target": "cloud", "bandwidth_gbps": 10, "latency_ms": 4,
         "usd_per_gb": 0.03, "directed": True},
        {"id": "down", "source": "cloud", "target": "town", "bandwidth_gbps": 10, "latency_ms": 6,
         "egress_usd_per_gb": 0.04, "directed": True},
    ],
    "objective": {"money_weight": 2, "usd_per_tco2e": 100, "usd_per_ms_request": 1e-6},
}  # fmt: skip

TOWN_HOME = {
    "origin": "town", "destination": "home",
    "nodes": ["town", "relay", "home"], "links": ["town--relay", "relay--home"],
    "return_nodes": ["home", "relay", "town"], "return_links": ["relay--home", "town--relay"],
    "latency_ms": 5, "rtt_ms": 10, "jurisdictions": ["BE", "DE", "LU", "NL"],
}  # fmt: skip
TOWN_CLOUD = {
    "origin": "town", "destination": "cloud", "nodes": ["town", "cloud"], "links": ["up"],
    "return_nodes": ["cloud", "town"], "return_links": ["down"],
    "latency_ms": 4, "rtt_ms": 10, "jurisdictions": ["FR", "NL"],
}  # fmt: skip
HOME_CLOUD = {
    "origin": "home", "destination": "cloud", "nodes": ["home", "cloud"], "links": ["home--cloud"],
    "return_nodes": ["cloud", "home"], "return_links": ["home--cloud"],
    "latency_ms": 5, "rtt_ms": 10, "jurisdictions": ["DE", "FR"],
}  # fmt: skip


SITE = {"home-big": "home", "cloud-big": "cloud", "cloud-small": "cloud"}


def problem_of(*workloads: dict[str, Any], **limits: Any) -> Problem:
    return Problem.parse({**WORLD, "workloads": list(workloads), "limits": limits})


def usd(**kinds: float) -> Cost:
    return Cost(**{f"{kind}_usd": amount for kind, amount in kinds.items()})


def one_way(route: dict[str, Any]) -> dict[str, Any]:
    return {**route, "return_nodes": [], "return_links": [], "rtt_ms": 0}


def pool_use(problem: Problem, used: dict[str, tuple[int, int]], **bought: int) -> list[Any]:
    counts = {pool.id: pool.count + bought.get(pool.data_center, 0) for pool in problem.pools}
    return [
        {
            "pool": pool,
            "period": period,
            "used": n,
            "available": counts[pool],
            "utilization": n / counts[pool],
        }
        for pool, by_period in used.items()
        for period, n in zip(("day", "night"), by_period, strict=True)
    ]


def link_use(link: str, source: str, target: str, period: str, gbps: float) -> dict[str, Any]:
    return {"link": link, "source": source, "target": target, "period": period, "gbps": gbps,
            "bandwidth_gbps": 10, "utilization": gbps / 10}  # fmt: skip


def replicas(pool: str, period: str, count: int, each: int) -> dict[str, Any]:
    return {"pool": pool, "data_center": SITE[pool], "period": period, "replicas": count,
            "accelerators": count * each}  # fmt: skip


def flow(period: str, pool: str, rate: float, route: str, service_ms: float) -> dict[str, Any]:
    return {"period": period, "location": "town", "pool": pool, "data_center": SITE[pool],
            "requests_per_second": rate, "route": route, "rtt_ms": 10,
            "latency_ms": 10 + service_ms}  # fmt: skip


def both_ways(period: str, out_gbps: float, back_gbps: float) -> list[dict[str, Any]]:
    """Return the use of the links between the town and home."""
    hops = (("town--relay", "town", "relay"), ("relay--home", "relay", "home"))
    out = [link_use(link, source, target, period, out_gbps) for link, source, target in hops]
    return out + [link_use(link, target, source, period, back_gbps) for link, source, target in hops]


def plan_of(problem: Problem, **parts: Any) -> Plan:
    """Return a plan with what is the same for all; its costs are the sums of its breakdown by workload."""
    by_workload = parts["breakdown"]["by_workload"]
    total = sum(by_workload.values(), Cost())
    in_all = total + parts.pop("beyond", Cost())
    objective = 2 * in_all.money_usd + in_all.carbon_usd + in_all.latency_usd
    head = {"status": "optimal", "objective": objective, "bound": objective, "gap": 0.0,
            "runtime_seconds": 1.5, "solver": "hand", "solver_version": "1", "seed": 0,
            "problem_name": problem.name,
            "problem_digest": problem.digest, "cost": total, "cost_in_all": in_all}  # fmt: skip
    return Plan.parse({**head, **parts})
