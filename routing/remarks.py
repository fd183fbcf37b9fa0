"""Remarks on a sound problem: what is likely to be a mistake, and work that no plan can place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from .barred import Barred
from .check_barring import Barring
from .check_left_out_jobs import JobReasons
from .check_left_out_services import ServiceReasons
from .crowded import Crowd, Crowds
from .errors import Fault, quoted
from .faults import place
from .plausible import implausible
from .problem import Problem
from .reasons import barred_by_shares, listed
from .text import number
from .workloads import Demand, InferenceService, TrainingJob


def remarks(problem: Problem) -> Iterator[Fault]:
    """Yield what a reader of the file should look at, by place; nothing of it is a fault."""
    yield from _twins(problem)
    yield from _one_way(problem)
    yield from _shares(problem)
    yield from implausible(problem)
    barring, barred = Barring(problem), Barred(problem)
    crowds = Crowds(barring)
    for index, workload in enumerate(problem.workloads):
        if isinstance(workload, TrainingJob):
            told = _job(barring, barred, workload)
        else:
            told = chain(_service(barring, barred, workload), _crowd(crowds, workload))
        for message in told:
            yield Fault(place(("workloads", index), problem), message)
    if crowd := crowds.of_all():
        period, needed, there = _figures(problem, crowd)
        yield Fault(
            "workloads",
            f"no plan can serve all users: some need {needed} accelerators in period {period},"
            f" and all pools in their reach have {there}",
        )


def _crowd(crowds: Crowds, service: InferenceService) -> Iterator[str]:
    if crowd := crowds.of(service):
        period, needed, there = _figures(crowds.problem, crowd)
        yield (
            f"no plan can serve all of it: users ask for {needed} requests/s in period {period},"
            f" and all pools in their reach, were they empty, serve {there}"
        )


def _figures(problem: Problem, crowd: Crowd) -> tuple[str, str, str]:
    return quoted(problem.periods[crowd.period].id), number(crowd.needed, 1), number(crowd.there, 1)


def _twins(problem: Problem) -> Iterator[Fault]:
    first: dict[tuple[tuple[str, ...], str], int] = {}
    for index, link in enumerate(problem.links):
        ends = (link.source, link.target)
        figures = link.model_dump_json(exclude={"id", "source", "target"})
        twin = first.setdefault((ends if link.directed else tuple(sorted(ends)), figures), index)
        if twin != index:
            other = f"links[{twin}] {quoted(problem.links[twin].id)}"
            yield Fault(
                place(("links", index), problem), f"has the ends and all figures of {other}: is it meant?"
            )


def _one_way(problem: Problem) -> Iterator[Fault]:
    """Tell of links that data takes, and nothing takes back."""
    if not any(link.directed for link in problem.links):
        return
    apart = _apart(problem)
    for index, link in enumerate(problem.links):
        if link.directed and apart[link.source] != apart[link.target]:
            ends = f"from {quoted(link.target)} to {quoted(link.source)}"
            message = f"is directed and no way leads back {ends}: requests that take it get no response"
            yield Fault(place(("links", index), problem), message)


def _apart(problem: Problem) -> dict[str, int]:
    """Return a number for each node, the same for nodes that reach each other."""
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    ends = [(link.source, link.target) for link in problem.links]
    ends += [(link.target, link.source) for link in problem.links if not link.directed]
    index = {name: number for number, name in enumerate(sorted({name for pair in ends for name in pair}))}
    tails, heads = zip(*((index[tail], index[head]) for tail, head in ends), strict=True)
    hops = coo_array(([1] * len(ends), (tails, heads)), shape=(len(index), len(index)))
    labels = connected_components(hops.tocsr(), connection="strong")[1]
    return {name: int(labels[number]) for name, number in index.items()}


def _shares(problem: Problem) -> Iterator[Fault]:
    told = barred_by_shares(problem)
    if told is not None:
        yield Fault(place(("limits", "max_provider_share"), problem), told)


def _job(barring: Barring, barred: Barred, job: TrainingJob) -> Iterator[str]:
    reason = _barring(JobReasons(barring, job).find())
    if reason:
        yield f"no plan can place it: {barred.of_job(job, reason)}"


def _service(barring: Barring, barred: Barred, service: InferenceService) -> Iterator[str]:
    """Tell of the locations with users at which nothing can serve them, those of one reason together."""
    reasons = ServiceReasons(barring, service)
    asking = [each for each in service.demand if not each.is_empty]
    found: dict[str, list[Demand]] = {}
    for demand in asking:
        found.setdefault(_barring(reasons.find(demand.location)), []).append(demand)
    for reason, demands in found.items():
        if reason:
            locations = [each.location for each in demands]
            where = "place it" if len(demands) == len(asking) else f"serve it at {listed(locations)}"
            lost = "one data center or link"
            yield f"no plan can {where}: {barred.of_service(service, demands[0], reason, lost)}"


def _barring(found: tuple[str, ...]) -> str:
    """Return the reason that bars work for certain, else nothing."""
    return "" if "capacity" in found else found[0]
