"""A problem for people: how much is in it, its sites, pools and links, and what each policy can reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .graph import egress_usd_per_gb
from .problem import Problem, per_period
from .sites import DataCenter, Link
from .tables import Column, Table, as_spare, money_column, number_column, text_column
from .text import number
from .workloads import InferenceService


def contents(problem: Problem) -> Table:
    """Return what a problem holds: counts of its elements, with a remark where one helps."""
    columns = (text_column("element"), number_column("count"), text_column("detail"))
    return Table("contents", f"{problem.name} is valid", columns, list(_contents(problem)))


def _contents(problem: Problem) -> Iterator[tuple[str, int, str]]:
    horizon = f"{number(problem.horizon_hours, 1)} hours in all"
    yield "data centers", len(problem.data_centers), _counted(site.kind for site in problem.data_centers)
    yield "pools", len(problem.pools), _accelerators(problem)
    yield "locations", len(problem.locations), ""
    yield "links", len(problem.links), _counted(_way(link.directed) for link in problem.links)
    yield "policies", len(problem.policies), ""
    yield "periods", len(problem.periods), horizon
    yield "training jobs", len(problem.jobs), ""
    yield "inference services", len(problem.services), f"{number(_peak(problem), 1)} requests/s at the peak"


def _accelerators(problem: Problem) -> str:
    """Return how many there are, and how many of these a scenario took away: their pools are all reserve."""
    total = sum(pool.count for pool in problem.pools)
    lost = sum(pool.count for pool in problem.pools if pool.is_lost)
    return f"{number(total)} accelerators" + (f", {number(lost)} of them out of use" if lost else "")


def _counted(kinds: Iterator[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in Counter(kinds).most_common())


def _way(directed: bool) -> str:
    return "one way" if directed else "both ways"


def _peak(problem: Problem) -> float:
    """Return the largest demand of all services together in any period, requests/s."""
    totals = [0.0] * len(problem.periods)
    for service in problem.services:
        for demand in service.demand:
            rates = per_period(demand.requests_per_second, len(totals))
            totals = [total + rate for total, rate in zip(totals, rates, strict=True)]
    return max(totals)


def site_table(problem: Problem) -> Table:
    """Return the data centers."""
    columns = (
        text_column("id", "data center"),
        text_column("name"),
        text_column("kind"),
        text_column("jurisdiction", "law"),
        text_column("provider"),
        text_column("owner"),
        number_column("pue", "PUE", 2),
        number_column("max_power_kw", "max kW"),
        number_column("usd_per_kwh", "USD/kWh", 3),
        number_column("g_per_kwh", "gCO2e/kWh"),
        number_column("egress_usd_per_gb", "egress USD/GB", 3),
    )
    rows = [_site_row(site, problem) for site in problem.data_centers]
    return Table("sites", f"Data centers ({len(rows)}), energy price and carbon as means", columns, rows)


def _site_row(site: DataCenter, problem: Problem) -> list[Any]:
    power = [_mean(value, problem) for value in (site.usd_per_kwh, site.g_per_kwh)]
    who = [site.id, site.name, site.kind, site.jurisdiction, site.provider_id, site.owner_id]
    return [*who, site.pue, site.max_power_kw, *power, site.egress_usd_per_gb]


def _mean(value: float | Sequence[float], problem: Problem) -> float:
    hours = problem.durations_hours
    values = per_period(value, len(hours))
    return sum(v * h for v, h in zip(values, hours, strict=True)) / problem.horizon_hours


def pool_table(problem: Problem) -> Table:
    """Return the pools with their prices."""
    columns = (
        text_column("id", "pool"),
        text_column("data_center", "site"),
        text_column("accelerator"),
        number_column("count"),
        number_column("max_gang", "max gang"),
        number_column("expandable_to", "expandable to"),
        money_column("usd_per_accelerator_hour", "USD/h"),
        number_column("committed_count", "committed"),
        money_column("committed_usd_per_accelerator_hour", "committed USD/h"),
        money_column("spot_usd_per_accelerator_hour", "spot USD/h"),
    )
    rows = [
        [*_values(pool, columns[:5]), _expanded(pool.count, pool.expansion), *_values(pool, columns[6:])]
        for pool in problem.pools
    ]
    return Table("pools", f"Pools ({len(rows)})", columns, rows)


def _expanded(count: int, expansion: Any) -> int | None:
    return count + expansion.module_accelerators * expansion.max_modules if expansion else None


def _values(element: object, columns: Sequence[Column]) -> list[Any]:
    return [getattr(element, column.name) for column in columns]


def link_table(problem: Problem) -> Table:
    """Return the links, and what a GB costs each way: transport, and egress of a data center it leaves."""
    columns = (
        text_column("id", "link"),
        text_column("source", "from"),
        text_column("target", "to"),
        text_column("directed", "one way"),
        number_column("bandwidth_gbps", "Gbit/s", 1),
        number_column("latency_ms", "ms one way", 2),
        as_spare(number_column("usd_per_gb", "transport USD/GB", 4)),
        number_column("usd_per_gb_there", "USD/GB there", 4),
        number_column("usd_per_gb_back", "USD/GB back", 4),
        text_column("jurisdictions", "also passes"),
    )
    rows = [
        [*_values(link, columns[:7]), *_prices(problem, link), link.jurisdictions] for link in problem.links
    ]
    return Table("links", f"Links ({len(rows)}), USD/GB there and back with egress", columns, rows)


def _prices(problem: Problem, link: Link) -> tuple[float, float | None]:
    """Return what a GB costs from source to target, and back where the link leads back."""
    there, back = (
        link.usd_per_gb + egress_usd_per_gb(problem, link, tail) for tail in (link.source, link.target)
    )
    return there, None if link.directed else back


def origins(problem: Problem) -> list[str]:
    """Return the nodes that data comes from: those of demand and of datasets, else every location."""
    named = {
        node
        for workload in problem.workloads
        for node in (
            [demand.location for demand in workload.demand]
            if isinstance(workload, InferenceService)
            else (workload.dataset.at if workload.dataset else ())
        )
    }
    return [node for node in problem.nodes if node in named] or [node.id for node in problem.locations]
