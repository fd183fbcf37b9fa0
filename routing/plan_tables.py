"""A plan as flat tables of plain values, complete and unrounded: the source of CSV files and data frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from .errors import UnknownNameError
from .plan import (
    Cost,
    Emission,
    Flow,
    JobPlan,
    JobRun,
    LeftOut,
    LinkUse,
    Placement,
    Plan,
    PoolUse,
    Purchase,
    ReplicaPlan,
    Route,
    ServicePlan,
)
from .tables import Table, plain_table

Rows = Iterable[Sequence[Any]]
COST_COLUMNS = (*Cost.model_fields, "money_usd", "total_usd")
EMISSION_COLUMNS = tuple(Emission.model_fields)
ASSIGNMENT_COLUMNS = (
    "kind",
    "workload",
    "data_center",
    "pool",
    "location",
    "accelerators",
    "spot",
    "start_hours",
    "end_hours",
    "peak_requests_per_second",
    "worst_rtt_ms",
    "routes",
)
JOB_COLUMNS = (
    "spot",
    "start_hours",
    "end_hours",
    "hours",
    "continuing",
    "transfer_gbps",
    "transfer_hours",
    "inter_site_routes",
)
SERVICE_COLUMNS = ("service", "requests_per_second", "mean_rtt_ms", "worst_rtt_ms")
SUMMARY_COLUMNS = (
    "status",
    "stopped_by",
    "objective",
    "bound",
    "gap",
    "unserved",
    "unserved_bound",
    "runtime_seconds",
    "solver",
    "solver_version",
    "seed",
    "problem_name",
    "problem_digest",
    "scenario",
)


def require_table(name: str | None) -> None:
    """Raise :class:`UnknownNameError` unless there is a table of that name, or none is asked for."""
    if name is not None and name not in _TABLES:
        raise UnknownNameError("table", name, TABLE_NAMES)


def plan_table(plan: Plan, name: str) -> Table:
    """Return one table of a plan.

    Raises
    ------
    UnknownNameError
        When there is no table of that name.
    """
    require_table(name)
    columns, rows = _TABLES[name]
    return plain_table(name, columns, rows(plan))


def assignments(plan: Plan) -> Rows:
    """One row per job and pool, and per service, pool and location (peak over the periods)."""
    for job in plan.jobs:
        for placement, route in zip(job.placements, _dataset_routes(job), strict=True):
            times = (job.spot, job.start_hours, job.end_hours)
            place = (placement.data_center, placement.pool, None, placement.accelerators)
            yield ("training", job.job, *place, *times, None, None, (route,) if route else ())
    for service in plan.services:
        yield from _served(service)


def _dataset_routes(job: JobPlan) -> tuple[str | None, ...]:
    return job.dataset_routes or (None,) * len(job.placements)


def _served(service: ServicePlan) -> Rows:
    groups: dict[tuple[str, str, str], list[Flow]] = {}
    for flow in service.flows:
        groups.setdefault((flow.data_center, flow.pool, flow.location), []).append(flow)
    for place, flows in groups.items():
        routes = tuple(dict.fromkeys(flow.route for flow in flows))
        worst = max(flow.rtt_ms for flow in flows)
        yield ("inference", service.service, *place, None, None, None, None, _peak(flows), worst, routes)


def _peak(flows: Iterable[Flow]) -> float:
    rates: dict[str, float] = {}
    for flow in flows:
        rates[flow.period] = rates.get(flow.period, 0.0) + flow.requests_per_second
    return max(rates.values())


def _summary(plan: Plan) -> Rows:
    yield (*_values(plan, SUMMARY_COLUMNS), *_values(plan.emission, EMISSION_COLUMNS))


def _jobs(plan: Plan) -> Rows:
    for job in plan.jobs:
        yield (
            job.job,
            tuple(placement.pool for placement in job.placements),
            sum(placement.accelerators for placement in job.placements),
            *_values(job, JOB_COLUMNS),
            *_values(job.cost, COST_COLUMNS),
            *_values(job.emission, EMISSION_COLUMNS),
            job.cost_in_all.total_usd,
        )


def _services(plan: Plan) -> Rows:
    for service in plan.services:
        money, emission = _values(service.cost, COST_COLUMNS), _values(service.emission, EMISSION_COLUMNS)
        yield (*_values(service, SERVICE_COLUMNS), *money, *emission)


def _placements(plan: Plan) -> Rows:
    for job in plan.jobs:
        for placement, route in zip(job.placements, _dataset_routes(job), strict=True):
            yield (job.job, *_values(placement, Placement.model_fields), route)


def _routes(plan: Plan) -> Rows:
    for route in plan.routes:
        # A dataset goes one way: it has no round trip, which 0 would claim.
        one_way = bool(route.links) and not route.return_links
        shown = route.model_copy(update={"rtt_ms": None}) if one_way else route
        yield tuple(_values(shown, Route.model_fields))


def _costs(plan: Plan) -> Rows:
    yield ("horizon", "", *_values(plan.cost, COST_COLUMNS))
    yield ("in_all", "", *_values(plan.cost_in_all, COST_COLUMNS))
    for cut in type(plan.breakdown).model_fields:
        for name, cost in getattr(plan.breakdown, cut).items():
            yield (cut, name, *_values(cost, COST_COLUMNS))


def _values(record: BaseModel, names: Iterable[str]) -> Iterator[Any]:
    return (getattr(record, name) for name in names)


def _fields(model: type[BaseModel], attribute: str) -> tuple[Sequence[str], Callable[[Plan], Rows]]:
    """Return columns and rows of a list of records that the plan holds."""
    names = tuple(model.model_fields)
    return names, lambda plan: (tuple(_values(record, names)) for record in getattr(plan, attribute))


def _nested(
    owner: str, model: type[BaseModel], of: Callable[[Plan], Iterable[tuple[str, Iterable[BaseModel]]]]
) -> tuple[Sequence[str], Callable[[Plan], Rows]]:
    """Return columns and rows of records that jobs or services hold, each led by its owner's id."""
    names = tuple(model.model_fields)
    return (owner, *names), lambda plan: (
        (owner_id, *_values(record, names)) for owner_id, records in of(plan) for record in records
    )


_TABLES: dict[str, tuple[Sequence[str], Callable[[Plan], Rows]]] = {
    "assignments": (ASSIGNMENT_COLUMNS, assignments),
    "summary": ((*SUMMARY_COLUMNS, *EMISSION_COLUMNS), _summary),
    "jobs": (
        ("job", "pools", "accelerators", *JOB_COLUMNS, *COST_COLUMNS, *EMISSION_COLUMNS, "in_all_usd"),
        _jobs,
    ),
    "placements": (("job", *Placement.model_fields, "dataset_route"), _placements),
    "runs": _nested("job", JobRun, lambda plan: ((job.job, job.runs) for job in plan.jobs)),
    "services": ((*SERVICE_COLUMNS, *COST_COLUMNS, *EMISSION_COLUMNS), _services),
    "replicas": _nested(
        "service", ReplicaPlan, lambda plan: ((s.service, s.replicas) for s in plan.services)
    ),
    "flows": _nested("service", Flow, lambda plan: ((s.service, s.flows) for s in plan.services)),
    "routes": (tuple(Route.model_fields), _routes),
    "cost": (("cut", "name", *COST_COLUMNS), _costs),
    "left_out": _fields(LeftOut, "left_out"),
    "purchases": _fields(Purchase, "purchases"),
    "pool_use": _fields(PoolUse, "pool_use"),
    "link_use": _fields(LinkUse, "link_use"),
}
TABLE_NAMES = tuple(_TABLES)
"""Names of the tables of a plan."""
