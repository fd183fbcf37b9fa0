"""Remarks on a sound problem: what is likely to be a mistake, and work that no plan can place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .check_admission import Pins, counts, largest_gang, remembers, serving, site_of
from .errors import Fault, quoted
from .faults import place
from .problem import Problem, per_period
from .sites import Pool
from .workloads import InferenceService, TrainingJob

Test = tuple[str, Callable[[Pool], bool]]


def remarks(problem: Problem) -> Iterator[Fault]:
    """Yield what a reader of the file should look at, by place; nothing of it is a fault."""
    yield from _twins(problem)
    pins = Pins(problem)
    for index, workload in enumerate(problem.workloads):
        reason = _barring(problem.pools, list(_tests(problem, workload, pins)))
        if reason:
            yield Fault(place(("workloads", index), problem), f"no plan can place it: {reason}")


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


def _barring(pools: Sequence[Pool], tests: Sequence[Test]) -> str:
    """Return which test first leaves none of the pools; empty where some pool passes all."""
    if any(all(test(pool) for _, test in tests) for pool in pools):
        return ""
    left = list(pools)
    for reason, test in tests:
        left = [pool for pool in left if test(pool)]
        if not left:
            return reason
    return ""


def _tests(problem: Problem, workload: TrainingJob | InferenceService, pins: Pins) -> Iterator[Test]:
    """Yield what pools are tested for, in the order of the reasons of left-out work."""
    residencies = [problem.residency(policy) for policy in _policies(workload, len(problem.periods))]
    if not residencies:
        return
    yield (
        "its data policy permits none of the data centers",
        lambda pool: any(each.may_process(site_of(problem, pool).jurisdiction) for each in residencies),
    )
    yield (
        "no permitted data center has an accelerator type that it can use",
        lambda pool: bool(_sizes(workload, pool)),
    )
    yield "no accelerator that it can use has enough memory", lambda pool: remembers(problem, workload, pool)
    yield "no pool is large enough for it", lambda pool: min(_sizes(workload, pool)) <= largest_gang(pool)
    yield (
        "its pins leave no place that it could use",
        lambda pool: pins.permit(workload.id, pool),
    )


def _policies(workload: TrainingJob | InferenceService, periods: int) -> list[str | None]:
    """Return the policies that its data may be under: none for a service without any requests."""
    if isinstance(workload, TrainingJob):
        return [workload.policy]
    asking = (each for each in workload.demand if any(per_period(each.requests_per_second, periods)))
    return list(dict.fromkeys(each.policy or workload.policy for each in asking))


def _sizes(workload: TrainingJob | InferenceService, pool: Pool) -> list[int]:
    """Return the accelerators that it can hold in the pool, were that large enough."""
    if isinstance(workload, InferenceService):
        way = serving(workload, pool)
        return [way.accelerators_per_replica] if way else []
    sites = range(1, workload.max_sites + 1)
    return [
        count // each for count in counts(workload, pool.accelerator) for each in sites if count % each == 0
    ]
