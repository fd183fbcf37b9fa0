"""The workloads of a plan for people: training jobs and inference services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .plan import Flow, JobPlan, Plan, ServicePlan
from .problem import Problem
from .tables import Column, Table, as_spare, money_column, number_column, text_column
from .text import number, plural, span


def job_table(plan: Plan) -> Table:
    """Return the training jobs: one row each, and one more for every further site."""
    places = [place for job in plan.jobs for place in job.placements]
    pools_name_sites = all(place.pool.startswith(place.data_center) for place in places)
    in_all = any(job.cost != job.cost_in_all for job in plan.jobs)
    columns: tuple[Column, ...] = (
        text_column("job"),
        Column("data_center", "site", spare=int(pools_name_sites)),
        text_column("pool"),
        number_column("accelerators", "cards"),
        number_column("start_hours", "start h", 2),
        number_column("end_hours", "end h", 2),
        text_column("note"),
        text_column("dataset_route", "dataset: hours, route"),
        money_column("cost_usd", "cost USD"),
        as_spare(money_column("in_all_usd", "in all USD")),
    )
    columns = columns if in_all else columns[:-1]
    rows = [row[: len(columns)] for job in plan.jobs for row in _job_rows(job, plan)]
    return Table("jobs", f"Training jobs ({len(plan.jobs)})", columns, rows)


def _job_rows(job: JobPlan, plan: Plan) -> Iterator[list[Any]]:
    no_dataset: list[str | None] = [None] * len(job.placements)
    ways = [_way(job, route, plan) for route in job.dataset_routes] or no_dataset
    for index, (place, way) in enumerate(zip(job.placements, ways, strict=True)):
        where = [place.data_center, place.pool, place.accelerators]
        if index:
            yield ["", *where, None, None, None, way, None, None]
        else:
            times, costs = (job.start_hours, job.end_hours), (job.cost.total_usd, job.cost_in_all.total_usd)
            yield [job.job, *where, *times, _note(job), way, *costs]


def _note(job: JobPlan) -> str:
    pauses = not job.continuing and job.hours < job.end_hours - job.start_hours - 1e-6
    marks = {"spot": job.spot, "continues": job.continuing, "pauses": pauses}
    return ", ".join(mark for mark, holds in marks.items() if holds)


def _way(job: JobPlan, route: str | None, plan: Plan) -> str:
    if route is None:
        return "copy at the site"
    return f"{number(job.transfer_hours, 1)}: {' > '.join(plan.route[route].nodes)}"


def service_table(plan: Plan, problem: Problem, most_rows: int) -> Table:
    """Return the services: one row each, and one more per site where there are several and room for them."""
    columns = (
        text_column("service"),
        text_column("data_center", "site"),
        number_column("replicas"),
        number_column("accelerators", "cards"),
        number_column("requests_per_second", "requests/s", 1),
        number_column("mean_rtt_ms", "mean rtt ms", 2),
        number_column("worst_rtt_ms", "worst rtt ms", 2),
        money_column("cost_usd", "cost USD"),
    )
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    sites = {service.service: _sites(service) for service in plan.services}
    has_room = sum(1 + len(names) * (len(names) > 1) for names in sites.values()) <= most_rows
    rows: list[list[Any]] = []
    for service in plan.services:
        names = sites[service.service]
        rows.append(_service_row(service, names, hours, list_sites=not has_room))
        rows += [_site_row(service, name, hours) for name in names if has_room and len(names) > 1]
    return Table("services", f"Inference services ({len(plan.services)})", columns, rows)


def _sites(service: ServicePlan) -> list[str]:
    return list(dict.fromkeys(replica.data_center for replica in service.replicas))


def _service_row(
    service: ServicePlan, sites: list[str], hours: dict[str, float], *, list_sites: bool
) -> list[Any]:
    where = plural(len(sites), "site") if len(sites) > 1 else "".join(sites)
    if list_sites and len(sites) > 1:
        where = ", ".join(f"{site} {_held(service, [site], hours)[0]}" for site in sites)
    trips = (service.mean_rtt_ms, service.worst_rtt_ms)
    held = _held(service, sites, hours)
    return [service.service, where, *held, service.requests_per_second, *trips, service.cost.total_usd]


def _site_row(service: ServicePlan, site: str, hours: dict[str, float]) -> list[Any]:
    flows = [flow for flow in service.flows if flow.data_center == site]
    return ["", "  " + site, *_held(service, [site], hours), *_served(flows, hours), None]


def _held(service: ServicePlan, sites: Sequence[str], hours: dict[str, float]) -> tuple[str, str]:
    """Return the least and the most replicas, and accelerators, over the periods."""
    replicas, accelerators = dict.fromkeys(hours, 0), dict.fromkeys(hours, 0)
    for entry in service.replicas:
        if entry.data_center in sites:
            replicas[entry.period] += entry.replicas
            accelerators[entry.period] += entry.accelerators
    return _range(replicas), _range(accelerators)


def _range(counts: dict[str, int]) -> str:
    return span(min(counts.values()), max(counts.values()))


def _served(flows: Sequence[Flow], hours: dict[str, float]) -> tuple[float, float | None, float | None]:
    """Return the mean rate over the horizon, and the mean and worst round trip."""
    requests = [flow.requests_per_second * hours[flow.period] for flow in flows]
    total = sum(requests)
    if not total:
        return 0.0, None, None
    mean = sum(flow.rtt_ms * share for flow, share in zip(flows, requests, strict=True)) / total
    return total / sum(hours.values()), mean, max(flow.rtt_ms for flow in flows)
