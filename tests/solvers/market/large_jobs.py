"""Jobs that fill large parts of a few pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from computeroute.routing.problem import Problem

HOURS = 10


def large_jobs(pools: Mapping[str, tuple[int, float]], cards: Iterable[int]) -> Problem:
    """Return a job of so many ``cards`` each for 10 hours, and pools: their cards, USD per card and hour."""
    return Problem.parse(
        {
            "periods": [{"id": "day", "hours": HOURS}],
            "accelerators": [{"id": "h100", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 0}],
            "data_centers": [{"id": name, "jurisdiction": "DE"} for name in pools],
            "pools": [
                {
                    "id": name,
                    "data_center": name,
                    "accelerator": "h100",
                    "count": count,
                    "usd_per_accelerator_hour": usd,
                }
                for name, (count, usd) in pools.items()
            ],
            "workloads": [
                {
                    "kind": "training",
                    "id": f"job-{number}",
                    "needs": [{"accelerator": "h100", "count": count, "hours": HOURS}],
                }
                for number, count in enumerate(cards, start=1)
            ],
        }
    )
