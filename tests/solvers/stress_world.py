"""Two sites, users at a third place, one job and one service: small enough to lose by hand.

``a`` costs 1 USD per accelerator-hour, ``b`` 2 USD; the sites are joined with each other and with the users
at ``u``, who pass nothing on. The service (priority 2) has 4 requests/s for 12 hours and 2 for 12 more, one
per accelerator; the way over the other site is too slow for it. The job holds 3 accelerators for 8 hours and
its data lies at ``b``. All of it runs at ``a``: 12 x (4 + 2) + 3 x 8 = 96 USD.
"""

from __future__ import annotations

from typing import Any

from computeroute.routing import Problem

COST_USD = 96.0


def world(**changes: Any) -> Problem:
    return Problem.parse(
        {
            "schema_version": "1",
            "name": "two sites and users",
            "periods": [{"id": "day", "hours": 12}, {"id": "night", "hours": 12}],
            "accelerators": [{"id": "x", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 0}],
            "data_centers": [
                {"id": "a", "jurisdiction": "DE", "owner": "ann"},
                {"id": "b", "jurisdiction": "DE", "owner": "bob"},
            ],
            "pools": [
                {
                    "id": f"{site}-x",
                    "data_center": site,
                    "accelerator": "x",
                    "count": 10,
                    "usd_per_accelerator_hour": usd,
                }
                for site, usd in (("a", 1), ("b", 2))
            ],
            "locations": [{"id": "u", "jurisdiction": "DE", "transit": False}],
            "links": [
                _link("a", "u", "conduit"),
                _link("b", "u", "conduit"),
                _link("a", "b"),
            ],
            "workloads": [
                {
                    "kind": "training",
                    "id": "job",
                    "owner": "ann",
                    "needs": [{"accelerator": "x", "count": 3, "hours": 8}],
                    "dataset": {"at": ["b"], "gb": 10, "transfer_hours": 1},
                },
                {
                    "kind": "inference",
                    "id": "service",
                    "owner": "bob",
                    "priority": 2,
                    "demand": [{"location": "u", "requests_per_second": [4, 2]}],
                    "serving": [{"accelerator": "x", "requests_per_second": 1}],
                    "max_rtt_ms": 3,
                },
            ],
            **changes,
        }
    )


def _link(source: str, target: str, *groups: str) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "bandwidth_gbps": 100,
        "latency_ms": 1,
        "risk_groups": list(groups),
    }
