"""Build the sample ``east-data-west-compute``: the national clusters of China's plan of that name.

Run from the repository root: ``python benchmarks/build_samples/east_data_west_compute.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import edwc_network as network
import edwc_workloads as work
from common import Element, arguments, write

NAME = "east-data-west-compute"
DESCRIPTION = (
    "One day of AI computing on the ten national data-center clusters of China's East-Data-West-Compute plan, with "
    "edge sites in the cities, Hong Kong and Singapore: training goes to cheap power in the west, answers must come "
    "from within 1, 5 or 20 ms, and some data may not leave its province or the country. "
    "Sources and assumptions: topologies/SOURCES.md."
)


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    nodes = network.Nodes(data)
    return {
        "schema_version": "1",
        "name": NAME,
        "description": DESCRIPTION,
        "groups": work.GROUPS,
        "policies": work.POLICIES,
        "periods": [{"id": f"{hour:02d}:00", "hours": 1} for hour in range(24)],
        "accelerators": network.ACCELERATORS,
        "data_centers": nodes.data_centers,
        "pools": network.pools(data),
        "locations": nodes.locations,
        "links": network.links(nodes),
        "workloads": [*work.training(), *work.inference()],
        "objective": {"usd_per_tco2e": 12.5, "usd_per_ms_request": 2e-8},
    }


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
