"""Build the sample ``multicloud``: 38 AWS and GCP regions with measured round trips and list prices.

Run from the repository root: ``python benchmarks/build_samples/multicloud.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import multicloud_network as network
import multicloud_regions as regions
import multicloud_workloads as work
from common import Element, arguments, write

NAME = "multicloud"
DESCRIPTION = (
    "One day of training and inference on 38 AWS and GCP regions for users in 29 metropolitan areas, with measured "
    "round trips, list prices of accelerators and of data transfer, and the residency and transit rules of the EU, "
    "the US, Japan, India and Brazil. Sources and assumptions: topologies/SOURCES.md."
)


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    sites = regions.data_centers(data)
    locations = network.metros()
    return {
        "schema_version": "1",
        "name": NAME,
        "description": DESCRIPTION,
        "groups": work.GROUPS,
        "policies": work.POLICIES,
        "periods": [{"id": f"{hour:02d}:00 UTC", "hours": work.PERIOD_HOURS} for hour in range(0, 24, work.PERIOD_HOURS)],
        "accelerators": regions.ACCELERATORS,
        "data_centers": sites,
        "pools": regions.pools(data),
        "locations": locations,
        "links": [*network.region_links(data, sites), *network.metro_links(data, sites, locations)],
        "workloads": [*work.training(), *work.inference()],
        "objective": {"usd_per_tco2e": 80, "usd_per_ms_request": 2e-9},
        "limits": {"max_provider_share": {"aws": 0.75, "gcp": 0.75}},
    }


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
