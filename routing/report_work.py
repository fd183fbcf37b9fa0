"""The workloads of a plan for people: training jobs and inference services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .plan import Flow, JobPlan, Plan, ServicePlan
from .problem import Problem
from .tables import Table, money_column, number_column, text_column
from .text import plural, span


def job_table(plan: Plan) -> Table:
    """Return the training jobs: one row each, and one more for every further site."""
    columns = (
        text_column("job"),
        text_column("data_center", "site"),
        text_column("pool"),
        number_column("accelerators", "cards"),
        number_column("start_hours", "start h", 2),
        number_column("end_hours", "end h", 2),
        text_column("note"),
        text_column("dataset_route", "dataset route"),
        number_column("transfer_hours", "transfer h", 2),
        money_column("cost_usd", "cost USD"),
    )
    rows = [row for job in plan.jobs for row in _job_rows(job, plan)]
    return Table("jobs", f"Training jobs ({len(plan.jobs)})", columns, rows)


def _job_rows(job: JobPlan, plan: Plan) -> Iterator[list[Any]]:
    no_dataset: list[str | None] = [None] * len(job.placements)
    ways = [_way(route, plan) for route in job.dataset_routes] or no_dataset
    transfer = job.transfer_hours if any(job.dataset_routes) else None
    for index, (place, way) in enumerate(zip(job.placements, ways, strict=True)):
        site = [place.data_center, place.pool, place.accelerators]
        if index:
            yield ["", *site, None, None, None, way, None, None]
        else:
            yield [
                job.job,
                *site,
                job.start_hours,
                job.end_hours,
                _note(job),
                way,
                transfer,
                job.cost.total_usd,
            ]


def _note(job: JobPlan) -> str:
    pauses = not job.continuing and job.hours < job.end_hours - job.start_hours - 1e-6
    marks = {"spot": job.spot, "continues": job.continuing, "pauses": pauses}
    return ", ".join(mark for mark, holds in marks.items() if holds)


def _way(route: str | None, plan: Plan) -> str:
    return " > ".join(plan.route[route].nodes) if route else "(copy at the site)"


def service_table(plan: Plan, problem: Problem) -> Table:
    """Return the services: one row each, followed by one per site where there are several."""
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
    rows = [row for service in plan.services for row in _service_rows(service, hours)]
    return Table("services", f"Inference services ({len(plan.services)})", columns, rows)


def _service_rows(service: ServicePlan, hours: dict[str, float]) -> Iterator[list[Any]]:
    sites = list(dict.fromkeys(replica.data_center for replica in service.replicas))
    served = [service.requests_per_second, service.mean_rtt_ms, service.worst_rtt_ms, service.cost.total_usd]
    site = sites[0] if len(sites) == 1 else plural(len(sites), "site")
    yield [service.service, site, *_held(service, sites, hours), *served]
    for name in sites if len(sites) > 1 else ():
        flows = [flow for flow in service.flows if flow.data_center == name]
        yield ["", "  " + name, *_held(service, [name], hours), *_served(flows, hours), None]


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
