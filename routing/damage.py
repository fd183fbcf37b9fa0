"""What a loss takes from a plan at once, from the plan and its problem alone: no solver, no re-plan.

A training job is lost where a data center that it runs at, or any node or link of its dataset's routes or of
the routes between its sites, is lost. Of a service the requests are lost whose pool or route is hit; of one
that survives the loss, only those of users at a lost data center, as its reserve answers the others. Replicas
that answer nobody are lost with their data center, and where ``min_sites`` asks for it that no user reaches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from .errors import InputError
from .losses import Failure
from .plan import Flow, JobPlan, Plan, Route, ServicePlan
from .problem import Problem
from .standby import Standby
from .weights import weight_per_unit
from .workloads import InferenceService, TrainingJob

Element = tuple[str, str]
"""``("node", id)`` or ``("link", id)``."""


@dataclass(frozen=True, slots=True)
class WorkloadDamage:
    """What one workload loses.

    Attributes
    ----------
    requests_per_second
        Lost requests, mean over the horizon; None for a training job.
    unserved
        Weight of the lost work, as in ``Plan.unserved``.
    accelerators
        Accelerators that stop or have nothing left to do, mean over the horizon.
    """

    workload: str
    requests_per_second: float | None
    unserved: float
    accelerators: float


@dataclass(frozen=True)
class Damage:
    """What a plan loses at once, the heaviest loss first. It is true where the plan is hit at all."""

    workloads: tuple[WorkloadDamage, ...] = ()
    cut_off: frozenset[tuple[str, str]] = frozenset()
    """Services, and sites of theirs that answer nobody, which stand but which no user reaches any more."""

    def __bool__(self) -> bool:
        return bool(self.workloads)

    @cached_property
    def jobs(self) -> int:
        """Training jobs that stop."""
        return sum(each.requests_per_second is None for each in self.workloads)

    @cached_property
    def services(self) -> int:
        """Services that lose requests or replicas."""
        return len(self.workloads) - self.jobs

    @cached_property
    def requests_per_second(self) -> float:
        """Lost requests, mean over the horizon."""
        return sum(each.requests_per_second or 0.0 for each in self.workloads)

    @cached_property
    def unserved(self) -> float:
        """Weight of the lost work."""
        return sum(each.unserved for each in self.workloads)

    @cached_property
    def accelerators(self) -> float:
        """Accelerators that stop or have nothing left to do, mean over the horizon."""
        return sum(each.accelerators for each in self.workloads)


@dataclass(frozen=True, slots=True)
class _Stake:
    """Work that is lost as one: its units (see :mod:`.weights`), the hours of its accelerators.

    ``origin`` is where its requests come from.
    """

    workload: str
    units: float
    accelerator_hours: float
    needs: frozenset[Element]
    origin: str = ""


class Exposure:
    """What every part of a plan depends on, read once to be asked for many failures.

    Parameters
    ----------
    problem, plan
        A plan and the problem that it was made for.

    Raises
    ------
    InputError
        When the plan is of another problem.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        require_own(problem, plan)
        self._problem, self._standby = problem, Standby(problem, plan)
        self._stakes = [*_job_stakes(plan), *_service_stakes(problem, plan)]
        self._needing: defaultdict[Element, list[int]] = defaultdict(list)
        for index, stake in enumerate(self._stakes):
            for element in stake.needs:
                self._needing[element].append(index)

    def damage(self, failure: Failure) -> Damage:
        """Return what the plan loses at once with ``failure``."""
        groups: defaultdict[str, list[_Stake]] = defaultdict(list)
        cut_off = self._standby.cut_off(failure)
        for index in sorted(self._hit(failure, cut_off)):
            groups[self._stakes[index].workload].append(self._stakes[index])
        parts = [self._part(name, stakes, failure) for name, stakes in groups.items()]
        parts.sort(key=lambda part: (-part.unserved, -part.accelerators))
        return Damage(tuple(parts), frozenset(cut_off))

    def _hit(self, failure: Failure, cut_off: set[tuple[str, str]]) -> set[int]:
        """Return the numbers of the stakes that are lost, those of standby sites ``cut_off`` with them."""
        lost = [("node", name) for name in failure.data_centers] + [("link", name) for name in failure.links]
        hit = {index for element in lost for index in self._needing.get(element, ())}
        for service, site in cut_off:
            here = self._needing.get(("node", site), ())
            stakes = ((index, self._stakes[index]) for index in here)
            hit |= {index for index, stake in stakes if stake.workload == service and not stake.units}
        return hit

    def _part(self, name: str, stakes: list[_Stake], failure: Failure) -> WorkloadDamage:
        workload, hours = self._problem.workload[name], self._problem.horizon_hours
        survives = isinstance(workload, InferenceService) and self._survives(workload, failure)
        units = sum(stake.units for stake in stakes if not survives or stake.origin in failure.data_centers)
        return WorkloadDamage(
            name,
            None if isinstance(workload, TrainingJob) else units / hours,
            units * weight_per_unit(self._problem, workload),
            sum(stake.accelerator_hours for stake in stakes) / hours,
        )

    def _survives(self, service: InferenceService, failure: Failure) -> bool:
        """Return whether no more is lost than one thing that the service is planned to survive."""
        if service.survive == "link":
            return not failure.data_centers and len(failure.links) == 1
        if service.survive is None:
            return False
        return any(
            failure.data_centers <= {name} and failure.links <= self._links_at[name]
            for name in failure.data_centers or self._links_at
        )

    @cached_property
    def _links_at(self) -> dict[str, set[str]]:
        """Return the links that end at each data center."""
        links = self._problem.links
        return {
            site.id: {link.id for link in links if site.id in (link.source, link.target)}
            for site in self._problem.data_centers
        }


def require_own(problem: Problem, plan: Plan) -> None:
    """Raise InputError unless ``plan`` is one of ``problem`` that places something."""
    plan.require_of(problem)
    if not plan:
        raise InputError([f"the plan holds nothing that could be lost: its status is {plan.status}"])


def _passed(routes: Iterable[Route]) -> Iterator[Element]:
    for route in routes:
        yield from (("node", name) for name in (*route.nodes, *route.return_nodes))
        yield from (("link", name) for name in (*route.links, *route.return_links))


def _job_stakes(plan: Plan) -> Iterator[_Stake]:
    for job in plan.jobs:
        held = sum(place.accelerators for place in job.placements)
        hours = held * sum(run.hours for run in job.runs)
        yield _Stake(job.job, 1.0, hours, frozenset(_needs_of_job(job, plan)))


def _needs_of_job(job: JobPlan, plan: Plan) -> Iterator[Element]:
    yield from (("node", place.data_center) for place in job.placements)
    names = [name for name in (*job.dataset_routes, *job.inter_site_routes) if name is not None]
    yield from _passed(plan.route[name] for name in names)


def _service_stakes(problem: Problem, plan: Plan) -> Iterator[_Stake]:
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    for service in plan.services:
        yield from _flow_stakes(service, plan, hours)


def _flow_stakes(service: ServicePlan, plan: Plan, hours: dict[str, float]) -> Iterator[_Stake]:
    """Yield one stake for each pool and route, and one for replicas that no request goes to."""
    rates: defaultdict[tuple[str, str], float] = defaultdict(float)
    held = {(each.pool, each.period): each.accelerators for each in service.replicas}
    for flow in service.flows:
        rates[flow.pool, flow.period] += flow.requests_per_second
    groups: defaultdict[tuple[str, str], list[Flow]] = defaultdict(list)
    for flow in service.flows:
        if flow.requests_per_second > 0:
            groups[flow.pool, flow.route].append(flow)
    for flows in groups.values():
        units = sum(flow.requests_per_second * hours[flow.period] for flow in flows)
        shares = (
            held.get((flow.pool, flow.period), 0)
            * (flow.requests_per_second / rates[flow.pool, flow.period])
            * hours[flow.period]
            for flow in flows
        )
        needs = frozenset([("node", flows[0].data_center), *_passed([plan.route[flows[0].route]])])
        yield _Stake(service.service, units, sum(shares), needs, plan.route[flows[0].route].origin)
    for each in service.replicas:
        if each.accelerators and not rates[each.pool, each.period]:
            needs = frozenset([("node", each.data_center)])
            yield _Stake(service.service, 0.0, each.accelerators * hours[each.period], needs)
