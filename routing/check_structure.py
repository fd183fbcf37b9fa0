"""Names and counts of entries: everything that a plan refers to exists, once, and is in one place.

What is sound goes on to the other checks; what is not is reported here and left out of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .check_findings import NOTHING_ELSE, Findings, named
from .check_routes import Routes
from .errors import InputError, quoted
from .plan import Flow, JobPlan, LeftOut, Placement, Plan, ReplicaPlan, ServicePlan
from .problem import Problem, per_period
from .text import plural
from .workloads import InferenceService, TrainingJob

LARGEST_COUNT = 10**18
MOST_NAMED = 3
"""Unknown names of one kind that are told."""
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class SoundService:
    """The entries of one service that refer to things that exist."""

    service: InferenceService
    entry: ServicePlan
    flows: tuple[Flow, ...]
    replicas: tuple[ReplicaPlan, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """The parts of a plan that can be judged."""

    problem: Problem
    plan: Plan
    routes: Routes
    period: dict[str, int]
    jobs: tuple[tuple[TrainingJob, JobPlan], ...]
    services: tuple[SoundService, ...]
    left_out: tuple[LeftOut, ...]
    modules: dict[str, int]
    """Modules bought, by pool."""

    def demand(self, service: InferenceService) -> dict[str, tuple[float, ...]]:
        """Return requests per second by location, one per period."""
        count = len(self.problem.periods)
        return {d.location: per_period(d.requests_per_second, count) for d in service.demand}


def shape_is_sound(plan: Plan, findings: Findings) -> bool:
    """Return whether every value has its type and a size to reckon with; else nothing can be checked."""
    try:
        Plan.parse(plan.model_dump(warnings=False))
    except InputError as error:
        for fault in error.faults:
            findings.add("structure", fault.place or "plan", fault.message)
        return False
    sound = True
    for element, count in _counts(plan):
        if not 0 <= count <= LARGEST_COUNT:
            findings.add("structure", element, f"holds a count below 0 or above {LARGEST_COUNT:.0e}")
            sound = False
    return sound


def _counts(plan: Plan) -> Iterator[tuple[str, int]]:
    for job in plan.jobs:
        yield from ((named(job=job.job, pool=p.pool), p.accelerators) for p in job.placements)
    for service in plan.services:
        for replica in service.replicas:
            yield from ((named(service=service.service), n) for n in (replica.replicas, replica.accelerators))
    for purchase in plan.purchases:
        yield from ((named(pool=purchase.pool), n) for n in (purchase.modules, purchase.accelerators))
    for use in plan.pool_use:
        yield from ((named(pool=use.pool, period=use.period), n) for n in (use.used, use.available))


def is_of_another(problem: Problem, plan: Plan, findings: Findings) -> bool:
    """Return whether ``plan`` is for another problem and names what this one lacks, so that no rule applies.

    A plan for one that differs in figures only can be checked against this one as well.
    """
    stray = plan.stray(problem)
    if not stray:
        return False
    known: dict[str, Collection[str]] = {
        "workload": problem.workload,
        "pool": problem.pool,
        "period": {period.id for period in problem.periods},
    }
    lacking = {kind: sorted(names - set(known[kind])) for kind, names in _names(plan).items()}
    told = ", and ".join(_told(kind, names) for kind, names in lacking.items() if names)
    more = f"; that lacks {told}, so {NOTHING_ELSE}" if told else ""
    findings.add("digest", "plan", stray + more)
    return bool(told)


def _names(plan: Plan) -> dict[str, set[str]]:
    """Return the workloads, pools and periods that a plan names."""
    replicas = [replica for service in plan.services for replica in service.replicas]
    return {
        "workload": {
            *(job.job for job in plan.jobs),
            *(service.service for service in plan.services),
            *(entry.workload for entry in plan.left_out),
        },
        "pool": {
            *(place.pool for job in plan.jobs for place in job.placements),
            *(replica.pool for replica in replicas),
            *(purchase.pool for purchase in plan.purchases),
        },
        "period": {
            *(run.period for job in plan.jobs for run in job.runs),
            *(replica.period for replica in replicas),
        },
    }


def _told(kind: str, names: Sequence[str]) -> str:
    first = ", ".join(map(quoted, names[:MOST_NAMED]))
    return f"{plural(len(names), kind)} of the plan: {first}{', ...' if len(names) > MOST_NAMED else ''}"


def sound_parts(problem: Problem, plan: Plan, findings: Findings) -> Sound:
    """Report every unknown, repeated or misplaced entry of ``plan`` and return the rest."""
    checker = _Structure(problem, plan, findings)
    return Sound(
        problem=problem,
        plan=plan,
        routes=checker.routes,
        period=checker.period,
        jobs=tuple(checker.jobs()),
        services=tuple(checker.services()),
        left_out=tuple(checker.left_out()),
        modules=dict(checker.purchases()),
    )


def check_place_once(sound: Sound, findings: Findings) -> None:
    """Check that every workload is placed or left out, and no job both."""
    placed = {entry.job for entry in sound.plan.jobs}
    served = {entry.service for entry in sound.plan.services}
    left_out = {entry.workload for entry in sound.plan.left_out}
    told = placed | served | left_out
    for workload in sound.problem.workloads:
        element = named(workload=workload.id)
        if workload.id in placed and workload.id in left_out:
            findings.add("place_once", element, "is placed and left out")
        elif workload.id not in told:
            findings.add("place_once", element, "is neither placed nor left out")


class _Structure:
    def __init__(self, problem: Problem, plan: Plan, findings: Findings) -> None:
        self.problem = problem
        self.plan = plan
        self.findings = findings
        self.routes = Routes(problem, plan, findings)
        self.period = {period.id: index for index, period in enumerate(problem.periods)}

    def jobs(self) -> Iterator[tuple[TrainingJob, JobPlan]]:
        seen: set[str] = set()
        for entry in self.plan.jobs:
            job, element = self.problem.workload.get(entry.job), named(job=entry.job)
            if not isinstance(job, TrainingJob):
                self.findings.add("structure", element, "is not a training job of the problem")
            elif self._new(entry.job, seen, "place_once", element) and self._job_is_sound(element, entry):
                yield job, entry

    def _new(self, key: Key, seen: set[Key], constraint: str, element: str) -> bool:
        if key in seen:
            self.findings.add(constraint, element, "is listed more than once")
            return False
        seen.add(key)
        return True

    def _job_is_sound(self, element: str, entry: JobPlan) -> bool:
        faults = [*self._placement_faults(entry.placements), *self._run_faults(entry)]
        routes = {*entry.dataset_routes, *entry.inter_site_routes, *entry.checkpoint_routes} - {None}
        faults.extend(
            f"takes unknown route {name!r}" for name in sorted(map(str, routes - self.routes.known))
        )
        for fault in faults:
            self.findings.add("structure", element, fault)
        return not faults

    def _placement_faults(self, placements: Sequence[Placement]) -> Iterator[str]:
        if not placements:
            yield "has no placement"
        for placement in placements:
            if fault := self._place_fault(placement):
                yield fault
            if placement.accelerators < 1:
                yield f"holds no accelerator in pool {placement.pool!r}"

    def _place_fault(self, place: Placement | ReplicaPlan | Flow) -> str | None:
        pool = self.problem.pool.get(place.pool)
        if pool is None:
            return f"is in unknown pool {place.pool!r}"
        if pool.data_center != place.data_center:
            return f"pool {pool.id!r} is at data center {pool.data_center!r}, not {place.data_center!r}"
        return None

    def _run_faults(self, entry: JobPlan) -> Iterator[str]:
        seen: set[str] = set()
        for run in entry.runs:
            if run.period not in self.period:
                yield f"runs in unknown period {run.period!r}"
            elif run.period in seen:
                yield f"lists period {run.period!r} more than once"
            seen.add(run.period)

    def services(self) -> Iterator[SoundService]:
        seen: set[str] = set()
        for entry in self.plan.services:
            service, element = self.problem.workload.get(entry.service), named(service=entry.service)
            if not isinstance(service, InferenceService):
                self.findings.add("structure", element, "is not an inference service of the problem")
            elif self._new(entry.service, seen, "structure", element):
                flows, replicas = tuple(self._flows(service, entry)), tuple(self._replicas(entry))
                yield SoundService(service, entry, flows, replicas)

    def _flows(self, service: InferenceService, entry: ServicePlan) -> Iterator[Flow]:
        seen: set[tuple[str, ...]] = set()
        locations = {demand.location for demand in service.demand}
        for flow in entry.flows:
            key = (flow.period, flow.location, flow.pool, flow.route)
            if fault := self._flow_fault(flow, locations) or (
                "is listed more than once" if key in seen else None
            ):
                element = named(
                    service=service.id, location=flow.location, period=flow.period, pool=flow.pool
                )
                self.findings.add("structure", element, fault)
            else:
                yield flow
            seen.add(key)

    def _flow_fault(self, flow: Flow, locations: set[str]) -> str | None:
        if flow.period not in self.period:
            return "is in an unknown period"
        if flow.location not in locations:
            return "has no demand at this location"
        if flow.route not in self.routes.known:
            return f"takes unknown route {flow.route!r}"
        if flow.requests_per_second < 0:
            return f"serves {flow.requests_per_second:.10g} requests/s, below 0"
        return self._place_fault(flow)

    def _replicas(self, entry: ServicePlan) -> Iterator[ReplicaPlan]:
        seen: set[tuple[str, str]] = set()
        for replica in entry.replicas:
            element = named(service=entry.service, pool=replica.pool, period=replica.period)
            fault = self._place_fault(replica) if replica.period in self.period else "is in an unknown period"
            if fault:
                self.findings.add("structure", element, fault)
            elif self._new((replica.period, replica.pool), seen, "structure", element):
                yield replica

    def left_out(self) -> Iterator[LeftOut]:
        seen: set[tuple[str | None, ...]] = set()
        for entry in self.plan.left_out:
            element = left_out_element(entry)
            if fault := self._left_out_fault(entry):
                self.findings.add("left_out", element, fault)
            elif self._new((entry.workload, entry.location, entry.period), seen, "left_out", element):
                yield entry

    def _left_out_fault(self, entry: LeftOut) -> str | None:
        workload = self.problem.workload.get(entry.workload)
        if workload is None:
            return "is not a workload of the problem"
        if isinstance(workload, TrainingJob):
            given = (entry.location, entry.period, entry.requests_per_second)
            return None if given == (None, None, None) else "a job has no location, period or requests"
        if entry.period not in self.period or entry.location not in {d.location for d in workload.demand}:
            return "names no location and period that the service has demand for"
        if entry.requests_per_second is None or entry.requests_per_second < 0:
            return "must state its requests per second"
        return None

    def purchases(self) -> Iterator[tuple[str, int]]:
        seen: set[str] = set()
        for purchase in self.plan.purchases:
            element = named(pool=purchase.pool)
            pool = self.problem.pool.get(purchase.pool)
            if pool is None or pool.expansion is None:
                self.findings.add("purchase", element, "is not an expandable pool of the problem")
            elif self._new(pool.id, seen, "purchase", element):
                yield pool.id, purchase.modules


def left_out_element(entry: LeftOut) -> str:
    """Return the name of an entry of the left-out work."""
    names = {"workload": entry.workload, "location": entry.location, "period": entry.period}
    return named(**{kind: name for kind, name in names.items() if name is not None})
