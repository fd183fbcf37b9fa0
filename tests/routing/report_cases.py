"""A problem and a plan, made by hand, in which every kind of entry of a report occurs."""

from __future__ import annotations

from typing import Any

from computeroute.routing.plan import Cost, Plan
from computeroute.routing.problem import Problem

PROBLEM: dict[str, Any] = {
    "name": "hand-made",
    "groups": {"EU": ["DE", "FR"]},
    "policies": [
        {"id": "eu", "allow": ["EU"], "transit_allow": ["EU"]},
        {"id": "not-de", "transit_deny": ["DE"]},
    ],
    "periods": [{"id": "day", "hours": 6}, {"id": "night", "hours": 9, "weight": 2}],
    "accelerators": [{"id": "h100", "peak_tflops": 989, "memory_gb": 80, "tdp_w": 700}],
    "data_centers": [
        {"id": "上海-1", "name": "Shanghai", "jurisdiction": "CN-SH", "kind": "cloud", "provider": "云",
         "usd_per_kwh": [0.2, 0.1]},
        {"id": "fra", "jurisdiction": "DE", "kind": "on_prem", "owner": "acme", "max_power_kw": 500},
        {"id": "par", "jurisdiction": "FR", "kind": "colo"},
    ],
    "pools": [
        {"id": "上海-h100", "data_center": "上海-1", "accelerator": "h100", "count": 64,
         "usd_per_accelerator_hour": 2.0},
        {
            "id": "fra-h100", "data_center": "fra", "accelerator": "h100", "count": 16,
            "expansion": {
                "module_accelerators": 8, "capital_usd_per_module": 3e5, "lifetime_years": 5,
                "max_modules": 4,
            },
        },
        {"id": "par-h100", "data_center": "par", "accelerator": "h100", "count": 8},
    ],
    "locations": [{"id": "berlin", "jurisdiction": "DE"}, {"id": "lyon", "jurisdiction": "FR"}],
    "links": [
        {"source": "berlin", "target": "fra", "bandwidth_gbps": 100, "latency_ms": 4},
        {"source": "lyon", "target": "par", "bandwidth_gbps": 100, "latency_ms": 3},
        {"source": "fra", "target": "par", "bandwidth_gbps": 100, "latency_ms": 5, "usd_per_gb": 0.00004},
        {"source": "fra", "target": "上海-1", "bandwidth_gbps": 10, "latency_ms": 90,
         "jurisdictions": ["KZ"]},
        {"source": "上海-1", "target": "fra", "bandwidth_gbps": 10, "latency_ms": 95, "directed": True},
    ],
    "workloads": [
        {"kind": "training", "id": "模型-train",
         "needs": [{"accelerator": "h100", "count": 32, "hours": 100}],
         "dataset": {"at": ["berlin"], "gb": 500}},
        {"kind": "training", "id": "split", "needs": [{"accelerator": "h100", "count": 8, "hours": 4}],
         "max_sites": 2,
         "multi_site": {"min_bandwidth_gbps": 1, "max_rtt_ms": 20, "efficiency": 0.9}},
        {"kind": "training", "id": "pausing", "needs": [{"accelerator": "h100", "count": 2, "hours": 5}],
         "interruptible": True, "dataset": {"at": ["fra"], "gb": 10}},
        {"kind": "training", "id": "too-big", "needs": [{"accelerator": "h100", "count": 4096, "hours": 1}]},
        {"kind": "inference", "id": "chat", "policy": "eu", "max_rtt_ms": 50,
         "demand": [{"location": "berlin", "requests_per_second": [40, 10]},
                    {"location": "lyon", "requests_per_second": [4, 8]}],
         "serving": [{"accelerator": "h100", "requests_per_second": 10}]},
        {"kind": "inference", "id": "search", "demand": [{"location": "lyon", "requests_per_second": 1}],
         "serving": [{"accelerator": "h100", "requests_per_second": 10}]},
    ],
}  # fmt: skip

_BIG = {"compute_usd": 1536.0, "egress_usd": 0.0012, "link_usd": 25.0, "carbon_usd": 3.5}
_SMALL = {"compute_usd": 8.0}


def problem() -> Problem:
    """Return the problem."""
    return Problem.parse(PROBLEM)


def _flow(period: str, location: str, site: str, rate: float, route: str, rtt: float) -> dict[str, Any]:
    return {
        "period": period, "location": location, "pool": f"{site}-h100", "data_center": site,
        "requests_per_second": rate, "route": route, "rtt_ms": rtt, "latency_ms": rtt,
    }  # fmt: skip


def _route(name: str, *nodes: str, rtt: float = 8.0) -> dict[str, Any]:
    return {"id": name, "origin": nodes[0], "destination": nodes[-1], "nodes": nodes, "rtt_ms": rtt}


def _replicas(period: str, site: str, replicas: int) -> dict[str, Any]:
    return {
        "period": period,
        "pool": f"{site}-h100",
        "data_center": site,
        "replicas": replicas,
        "accelerators": replicas,
    }


def _pool(pool: str, day: int, night: int, available: int) -> list[dict[str, Any]]:
    return [
        {
            "pool": pool,
            "period": period,
            "used": used,
            "available": available,
            "utilization": used / available,
        }
        for period, used in (("day", day), ("night", night))
    ]


def data(**changes: Any) -> dict[str, Any]:
    """Return the plan as plain data, with some of its fields changed."""
    return {
        "status": "feasible", "stopped_by": "time", "objective": 4321.5, "bound": 4300.25, "gap": 0.00491727,
        "unserved": 1.25, "unserved_bound": 1.0, "runtime_seconds": 12.345,
        "solver": "highs", "solver_version": "9.15",
        "seed": 7, "problem_name": "hand-made", "problem_digest": "sha256:0123456789abcdef0123",
        "cost": {**_BIG, "compute_usd": 1544.0}, "cost_in_all": {**_BIG, "compute_usd": 6400.0},
        "emission": {"energy_kwh": 1234.5, "tco2e": 0.4321},
        "breakdown": {
            "by_workload": {"模型-train": _BIG, "split": _SMALL},
            "by_data_center": {"fra": _SMALL, "上海-1": _BIG},
            "by_provider": {"fra": _SMALL, "云": _BIG},
            "by_owner": {"acme": _SMALL, "云": _BIG},
        },
        "jobs": [
            {
                "job": "模型-train", "start_hours": 0, "end_hours": 100, "hours": 100, "continuing": True,
                "placements": [{"pool": "上海-h100", "data_center": "上海-1", "accelerators": 32}],
                "runs": [{"period": "day", "hours": 6}, {"period": "night", "hours": 18}],
                "dataset_routes": ["r1"], "transfer_gbps": 0.011, "transfer_hours": 100,
                "cost": _BIG, "cost_in_all": _BIG,
            },
            {
                "job": "split", "start_hours": 0, "end_hours": 4, "hours": 4, "inter_site_routes": ["r2"],
                "placements": [
                    {"pool": "fra-h100", "data_center": "fra", "accelerators": 4},
                    {"pool": "par-h100", "data_center": "par", "accelerators": 4},
                ],
                "runs": [{"period": "day", "hours": 4}], "cost": _SMALL, "cost_in_all": _SMALL,
            },
            {
                "job": "pausing", "spot": True, "start_hours": 4, "end_hours": 10, "hours": 5,
                "placements": [{"pool": "fra-h100", "data_center": "fra", "accelerators": 2}],
                "runs": [{"period": "day", "hours": 1}, {"period": "night", "hours": 4}],
                "dataset_routes": [None], "cost": {}, "cost_in_all": {},
            },
        ],
        "services": [
            {
                "service": "chat", "requests_per_second": 22.0, "mean_rtt_ms": 8.5, "worst_rtt_ms": 16.0,
                "replicas": [
                    _replicas("day", "fra", 4), _replicas("night", "fra", 1), _replicas("night", "par", 1),
                ],
                "flows": [
                    _flow("day", "berlin", "fra", 40, "r3", 8.0),
                    _flow("night", "berlin", "fra", 5, "r3", 8.0),
                    _flow("night", "berlin", "fra", 5, "r4", 9.0),
                    _flow("night", "lyon", "par", 8, "r5", 6.0),
                ],
                "cost": _SMALL,
            },
            {
                "service": "search", "requests_per_second": 0, "replicas": [_replicas("day", "par", 1)],
                "flows": [], "cost": {},
            },
        ],
        "left_out": [
            {"workload": "too-big", "reason": "gang",
             "detail": "needs 4,096 accelerators; the largest gang is 64"},
            *(
                {"workload": "search", "location": "lyon", "period": period, "requests_per_second": 1.0,
                 "reason": "capacity", "detail": "no accelerators left within reach"}
                for period in ("day", "night")
            ),
        ],
        "purchases": [{"pool": "fra-h100", "modules": 1, "accelerators": 8, "capital_usd": 164.38}],
        "routes": [
            _route("r1", "berlin", "fra", "上海-1"), _route("r2", "fra", "par"),
            _route("r3", "berlin", "fra"),
            _route("r4", "berlin", "fra", rtt=9.0), _route("r5", "lyon", "par", rtt=6.0),
        ],
        "pool_use": [
            *_pool("上海-h100", 32, 32, 64), *_pool("fra-h100", 10, 3, 24), *_pool("par-h100", 4, 1, 8),
        ],
        "link_use": [
            {"link": "berlin--fra", "source": "berlin", "target": "fra", "period": "day", "gbps": 5.0,
             "bandwidth_gbps": 100, "utilization": 0.05},
            {"link": "fra--上海-1", "source": "fra", "target": "上海-1", "period": "day", "gbps": 9.0,
             "bandwidth_gbps": 10, "utilization": 0.9},
        ],
        **changes,
    }  # fmt: skip


def plan(**changes: Any) -> Plan:
    """Return the plan, with some of its fields changed."""
    return Plan.parse(data(**changes))


def empty(status: str, stopped_by: str = "gap") -> Plan:
    """Return a plan without any work."""
    lists = dict.fromkeys(("jobs", "services", "purchases", "routes", "pool_use", "link_use", "left_out"), ())
    nothing: dict[str, Any] = {"cost": {}, "cost_in_all": {}, "emission": {}, "breakdown": {}, **lists}
    return plan(status=status, stopped_by=stopped_by, objective=None, bound=None, gap=None, **nothing)


def cost(**kinds: float) -> Cost:
    """Return a cost."""
    return Cost(**kinds)
