"""Build the sample ``europe-hybrid``: computing centers on a German research backbone beside cloud regions around.

Run from the repository root: ``python benchmarks/build_samples/europe_hybrid.py --data FOLDER``.
What is measured or published and what is assumed stands in topologies/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import europe_network as network
import europe_workloads as work
from common import Element, arguments, write

NAME = "europe-hybrid"
DESCRIPTION = (
    "One working day of nine German computing centers on a national research backbone, two colocation sites and "
    "twelve cloud regions around them: own accelerators with hourly power price and carbon, a power limit and room to "
    "grow, beside on-demand, committed and spot capacity, under German, EU, EEA and Swiss rules for data at rest and in "
    "transit. Sources and assumptions: topologies/SOURCES.md."
)


def build(data: Path) -> Element:
    """Return the sample as plain data."""
    sites = network.data_centers(data)
    cities = network.cities()
    return {
        "schema_version": "1",
        "name": NAME,
        "description": DESCRIPTION,
        "groups": work.GROUPS,
        "policies": work.POLICIES,
        "periods": [{"id": f"{hour:02d}:00", "hours": 1} for hour in range(24)],
        "accelerators": network.ACCELERATORS,
        "data_centers": sites,
        "pools": network.pools(data),
        "locations": cities,
        "links": network.links(sites, cities),
        "workloads": [*work.training(), *work.inference()],
        "objective": {"usd_per_tco2e": 70, "usd_per_ms_request": 1e-8},
        "limits": {"max_provider_share": {"aws": 0.3, "gcp": 0.3}, "forbidden": work.FORBIDDEN},
    }


if __name__ == "__main__":
    options = arguments(__doc__ or NAME, NAME)
    write(build(options.data), options.output)
