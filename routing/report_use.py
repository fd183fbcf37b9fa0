"""How full the pools, sites and links of a plan are, for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .check_resources import kilowatts
from .plan import LinkUse, Plan, PoolUse
from .problem import Problem
from .sites import DataCenter
from .tables import Table, number_column, text_column


def pool_table(plan: Plan, problem: Problem) -> Table:
    """Return the pools, the busiest first."""
    columns = (
        text_column("pool"),
        text_column("data_center", "site"),
        text_column("accelerator"),
        number_column("available"),
        number_column("mean_used", "mean used", 1),
        number_column("peak_used", "peak used"),
        number_column("mean_percent", "mean %", 1),
        number_column("peak_percent", "peak %", 1),
    )
    groups: dict[str, list[PoolUse]] = {}
    for use in plan.pool_use:
        groups.setdefault(use.pool, []).append(use)
    rows = [_pool_row(name, uses, problem) for name, uses in groups.items()]
    return Table("pool_use", f"Use of pools ({len(rows)}), fullest first", columns, _ranked(rows, -2))


def _pool_row(name: str, uses: list[PoolUse], problem: Problem) -> list[Any]:
    pool = problem.pool[name]
    used = _mean(((use.period, use.used) for use in uses), problem)
    shares = (
        _mean(((use.period, use.utilization) for use in uses), problem),
        max(use.utilization for use in uses),
    )
    place = [name, pool.data_center, pool.accelerator, max(use.available for use in uses)]
    return [*place, used, max(use.used for use in uses), *(100 * share for share in shares)]


def power_table(plan: Plan, problem: Problem) -> Table:
    """Return the sites that have a power limit, those nearest to it first."""
    columns = (
        text_column("data_center", "site"),
        number_column("max_power_kw", "limit kW", 1),
        number_column("mean_kw", "mean kW", 1),
        number_column("peak_kw", "peak kW", 1),
        number_column("peak_percent", "peak %", 1),
    )
    drawn = _drawn_kw(plan, problem)
    rows = [
        _power_row(site, site.max_power_kw, drawn.get(site.id, {}), problem)
        for site in problem.data_centers
        if site.max_power_kw is not None and plan
    ]
    return Table("power_use", f"Power of sites with a limit ({len(rows)})", columns, _ranked(rows, -1))


def _drawn_kw(plan: Plan, problem: Problem) -> dict[str, dict[str, float]]:
    """Return what every site draws in every period, kW."""
    drawn: dict[str, dict[str, float]] = {}
    for use in plan.pool_use:
        pool = problem.pool[use.pool]
        of_site = drawn.setdefault(pool.data_center, {})
        of_site[use.period] = of_site.get(use.period, 0.0) + use.used * kilowatts(problem, pool)
    return drawn


def _power_row(site: DataCenter, most_kw: float, drawn: dict[str, float], problem: Problem) -> list[Any]:
    peak = max(drawn.values(), default=0.0)
    return [site.id, most_kw, _mean(drawn.items(), problem), peak, 100 * peak / most_kw]


def link_table(plan: Plan, problem: Problem) -> Table:
    """Return the directions of links that carry traffic, the busiest first."""
    columns = (
        text_column("link"),
        text_column("source", "from"),
        text_column("target", "to"),
        number_column("bandwidth_gbps", "bandwidth Gbit/s", 1),
        number_column("mean_gbps", "mean Gbit/s", 2),
        number_column("peak_gbps", "peak Gbit/s", 2),
        number_column("peak_percent", "peak %", 1),
    )
    groups: dict[tuple[str, str, str], list[LinkUse]] = {}
    for use in plan.link_use:
        groups.setdefault((use.link, use.source, use.target), []).append(use)
    rows = [_link_row(key, uses, problem) for key, uses in groups.items()]
    return Table("link_use", f"Busiest of {len(rows)} link directions in use", columns, _ranked(rows, -1))


def _link_row(key: tuple[str, str, str], uses: list[LinkUse], problem: Problem) -> list[Any]:
    mean = _mean(((use.period, use.gbps) for use in uses), problem)
    peak = max(use.gbps for use in uses)
    return [*key, uses[0].bandwidth_gbps, mean, peak, 100 * max(use.utilization for use in uses)]


def _mean(values: Iterable[tuple[str, float]], problem: Problem) -> float:
    """Return the mean over the horizon of a value per period; periods that are not named count as zero."""
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    return sum(value * hours[period] for period, value in values) / problem.horizon_hours


def _ranked(rows: list[list[Any]], column: int) -> list[list[Any]]:
    return sorted(rows, key=lambda row: -row[column])
