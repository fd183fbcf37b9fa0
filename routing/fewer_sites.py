"""Services that ask for more sites than a loss leaves to them: after it they are served by what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .changes import Spread
from .damage import Damage
from .losses import Failure
from .plan import Flow, Plan, ServicePlan
from .problem import Problem
from .workloads import InferenceService


@dataclass(frozen=True, slots=True)
class FewerSites:
    """A service that is hit where it has its sites.

    Attributes
    ----------
    asked
        Its ``min_sites``.
    left
        Sites of the present plan that still answer requests at once.
    after
        Sites in the re-plan; None where there is none.
    """

    service: str
    asked: int
    left: int
    after: int | None = None

    @property
    def needed(self) -> int:
        """Sites that the re-plan has to have: those that are left, but one at least."""
        return max(1, self.left)

    def in_plan(self, replan: Plan | None) -> FewerSites:
        """Return it with the sites of the re-plan."""
        if not replan:
            return self
        entry = next((each for each in replan.services if each.service == self.service), None)
        return replace(self, after=len(_sites(entry)) if entry else 0)


def fewer_sites(problem: Problem, plan: Plan, failure: Failure, damage: Damage) -> tuple[FewerSites, ...]:
    """Return the services of ``plan`` to which ``failure`` leaves fewer sites than they ask for."""
    cut_off = {service for service, _ in damage.cut_off}
    return tuple(_fewer(problem, plan, failure, cut_off))


def _fewer(problem: Problem, plan: Plan, failure: Failure, cut_off: set[str]) -> Iterator[FewerSites]:
    for entry in plan.services:
        service = problem.workload[entry.service]
        if not isinstance(service, InferenceService) or service.min_sites < 2 or not _sites(entry):
            continue
        answering = {flow.data_center for flow in entry.flows if flow.requests_per_second > 0}
        still = {flow.data_center for flow in entry.flows if not _is_hit(plan, flow, failure)}
        is_hit = bool(_sites(entry) & failure.data_centers or answering - still or service.id in cut_off)
        if is_hit and len(still) < service.min_sites:
            yield FewerSites(entry.service, service.min_sites, len(still))


def _sites(entry: ServicePlan) -> set[str]:
    return {each.data_center for each in entry.replicas if each.replicas > 0}


def _is_hit(plan: Plan, flow: Flow, failure: Failure) -> bool:
    route = plan.route[flow.route]
    nodes = {flow.data_center, *route.nodes, *route.return_nodes}
    return bool(nodes & failure.data_centers or {*route.links, *route.return_links} & failure.links)


def served_by_what_is_left(failure: Failure, fewer: Sequence[FewerSites]) -> Failure:
    """Return the loss in whose scenario these services ask for no more sites than are left to them."""
    by_count: defaultdict[int, list[str]] = defaultdict(list)
    for each in fewer:
        by_count[each.needed].append(each.service)
    scenario = failure.scenario
    for count, names in sorted(by_count.items()):
        name = f"{scenario.name} + min_sites={count} of {'|'.join(names)}"
        change = Spread(min_sites=count, workloads=tuple(names))
        scenario = replace(scenario, name=name, changes=(*scenario.changes, change))
    return replace(failure, scenario=scenario)
