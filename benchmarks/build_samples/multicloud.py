"""Build the sample ``multicloud``: 38 AWS and GCP regions with measured round trips and list prices.

Run from the repository root: ``python benchmarks/build_samples/multicloud.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import workloads
from common import Element, Row, arguments, frame, number, sharing_areas, table, write
from multicloud_links import metro_links, metros, region_links
from multicloud_sites import TABLES, TRAINERS, data_centers, pools

NAME = "multicloud"
PERIOD_HOURS = 3


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    sites = data_centers(data)
    return frame(TABLES) | {
        "periods": [
            {"id": f"{hour:02d}:00 UTC", "hours": PERIOD_HOURS} for hour in range(0, 24, PERIOD_HOURS)
        ],
        "data_centers": sharing_areas(sites),
        "pools": pools(data),
        "locations": metros(),
        "links": [*region_links(data, sites), *metro_links(sites)],
        "workloads": [*_training(), *workloads.inference(TABLES, _demand)],
    }


def _training() -> list[Element]:
    tuning = [_tuning(row) for row in table(TABLES, "tuning")]
    pretraining = workloads.pretraining(TABLES, TRAINERS)
    return [*pretraining, *tuning, *workloads.day_jobs(TABLES), _across_regions()]


def _tuning(row: Row) -> Element:
    amount = workloads.compute(number(row["pflop_days"]), row["counts"], row["accelerators"].split())
    return workloads.training(row, number(row["transfer_hours"])) | amount | workloads.timing(row)


def _across_regions() -> Element:
    """Return a job too large for one region: two may share it where the link between them suffices."""
    row = {"id": "moe-us-two-regions", "policy": "us", "dataset_at": "aws-us-east-2", "dataset_tb": "15"}
    job = workloads.training(row, 12) | {"needs": workloads.needs("h100:2400x400"), "max_sites": 2}
    return job | {"multi_site": {"min_bandwidth_gbps": 20, "max_rtt_ms": 80, "efficiency": 0.85}}


def _demand(service: Row, metro: str) -> Element:
    row = next(row for row in table(TABLES, "metros") if row["id"] == metro)
    rates = workloads.rates(service, row["users"], float(row["hours_ahead_of_utc"]), PERIOD_HOURS)
    demand: Element = {"location": metro, "requests_per_second": rates}
    return demand | ({"policy": row["home_policy"]} if service["by_home"] and row["home_policy"] else {})


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
