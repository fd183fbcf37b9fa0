"""What bars work from every plan, in words and figures: what it asks for, and the nearest there is to that.

It is text for people, told alike of problems and of plans: nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from itertools import repeat, takewhile

from .barred_alone import AloneFigures
from .barred_ways import WayFigures
from .check_admission import counts, largest_gang, remembers, serving
from .check_barring import LIMITS, Barring, PoolTest
from .errors import quoted
from .problem import Problem
from .reasons import DETAILS, job_details, listed
from .sites import Pool
from .text import number
from .workloads import Dataset, Demand, InferenceService, TrainingJob

Work = TrainingJob | InferenceService
EMPTY = "no pool that it can use has any accelerators, as after a loss"
SLOW = "the service time alone exceeds its latency limit on every accelerator type that it can use"
_ALIKE = sorted(TrainingJob.model_fields.keys() - {"id", "name", "owner", "priority"})
"""Fields in which jobs that are barred alike are the same."""


class Barred:
    """Tells by how much the work of one problem misses what bars it; found when it is asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._told: dict[object, str] = {}
        # By name: to hash a service of many locations takes long.
        self._left = cache(
            lambda name, policy, reason: self._pools_left(problem.workload[name], policy, reason)
        )
        self._few = cache(lambda name: self._few_sites(problem.workload[name]))

    @cached_property
    def _barring(self) -> Barring:
        return Barring(self.problem)

    @cached_property
    def _ways(self) -> WayFigures:
        return WayFigures(self._barring)

    @cached_property
    def _alone(self) -> AloneFigures:
        return AloneFigures(self._barring)

    def of_job(self, job: TrainingJob, reason: str) -> str:
        """Return why nothing can place a job, barred for ``reason``."""
        own = job.id if self._barring.pins.bind(job.id) else None
        key = (reason, own, *(getattr(job, name) for name in _ALIKE))
        if key not in self._told:
            self._told[key] = self._of_job(job, reason)
        return self._told[key]

    def _of_job(self, job: TrainingJob, reason: str) -> str:
        pools = self._pools_left(job, job.policy, reason)
        if reason == "gang" and not any(map(largest_gang, pools)):
            return EMPTY
        return job_details(job)[reason] + self._figures_of_job(job, reason, pools)

    def _figures_of_job(self, job: TrainingJob, reason: str, pools: list[Pool]) -> str:
        if reason == "gang":
            return self._cluster(job, pools)
        if reason == "deadline":
            return self._time(job, self._ways.fed(job, pools))
        if reason in LIMITS:
            return self._alone.of_job(job, reason, self._ways.fed(job, pools))
        rates = [_gbps(job.dataset, *form) for pool in pools for form in self._alone.forms(job, pool)]
        return self._of_pools(job, job.policy, reason, pools) or self._ways.of_job(job, reason, pools, rates)

    def of_service(self, service: InferenceService, demand: Demand, reason: str, lost: str) -> str:
        """Return why nothing can serve a location; ``lost`` is what it would have to survive."""
        pools = self._left(service.id, demand.policy or service.policy, reason)
        if reason == "gang" and not any(map(largest_gang, pools)):
            return EMPTY
        base = SLOW if reason == "latency" and self._ways.is_slow(service, pools) else DETAILS[reason]
        return base.format(lost) + self._figures_of_service(service, demand, reason, pools)

    def _figures_of_service(
        self, service: InferenceService, demand: Demand, reason: str, pools: list[Pool]
    ) -> str:
        if reason == "gang":
            return self._replica(service, pools)
        if reason == "sites":
            return self._few(service.id)
        if reason in LIMITS:
            return self._alone.of_service(service, reason, self._ways.near(service, demand, pools))
        policy = demand.policy or service.policy
        figures = self._of_pools(service, policy, reason, pools)
        return figures or self._ways.of_service(service, demand, reason, pools)

    def _few_sites(self, service: Work) -> str:
        """Tell which sites are in the reach of users, before limits that bar single replicas."""
        assert isinstance(service, InferenceService)
        asking = [demand for demand in service.demand if not demand.is_empty]
        pools = [self._left(service.id, demand.policy or service.policy, "") for demand in asking]
        near = map(self._ways.near, repeat(service), asking, pools)
        sites = {pool.data_center for each in near for pool in each}
        if len(sites) >= service.min_sites:
            return ""
        return f": it asks for {service.min_sites}, and {listed(sites)} can"

    def _pools_left(self, work: Work, policy: str | None, reason: str) -> list[Pool]:
        """Return the pools that pass all tests of single pools before that of a reason."""
        pools = list(self.problem.pools)
        for _, test in takewhile(lambda each: each[0] != reason, self._tests(work, policy)):
            pools = [pool for pool in pools if test(pool)]
        return pools

    def _tests(self, work: Work, policy: str | None) -> Iterator[tuple[str, PoolTest]]:
        law, laws = self.problem.residency(policy), self.problem.data_center
        yield "residency", lambda pool: law.may_process(laws[pool.data_center].jurisdiction)
        yield "accelerator", lambda pool: any(True for _ in _needed(work, pool))
        yield "memory", lambda pool: remembers(self.problem, work, pool)
        yield "gang", lambda pool: any(needed <= largest_gang(pool) for needed in _needed(work, pool))
        yield "pinned", lambda pool: self._barring.pins.permit(work.id, pool)

    def _of_pools(self, work: Work, policy: str | None, reason: str, pools: list[Pool]) -> str:
        """Tell of the reasons that are the same for jobs and services."""
        if reason == "residency":
            laws = {site.jurisdiction for site in self.problem.data_centers}
            return f": {quoted(policy)} bars processing in {listed(laws, quote=False)}, where all of them are"
        if reason == "accelerator":
            offered = listed({pool.accelerator for pool in pools})
            return f": it can use {listed(_types(work))}, and they have {offered}"
        if reason == "memory":
            most_gb = max(self.problem.accelerator[pool.accelerator].memory_gb for pool in pools)
            return f": it needs {work.memory_gb_per_accelerator:g} GB, and the largest has {most_gb:g}"
        return self._places(work) if reason == "pinned" else ""

    def _places(self, work: Work) -> str:
        limits = self.problem.limits
        told = [
            f"{how} {listed(names)}"
            for how, entries in (("pinned to", limits.pinned), ("forbidden in", limits.forbidden))
            if (names := {e.data_center or e.pool or "" for e in entries if e.workload == work.id})
        ]
        return f": it is {' and '.join(told)}"

    def _cluster(self, job: TrainingJob, pools: list[Pool]) -> str:
        """Tell of the pool that holds the largest part of a cluster."""
        needed = [(count, pool) for pool in pools for count in counts(job, pool.accelerator)]
        over = f" over up to {job.max_sites} sites" if job.max_sites > 1 else ""
        return _held(needed, f"{{:,}} are needed{over}")

    def _replica(self, service: InferenceService, pools: list[Pool]) -> str:
        needed = [(count, pool) for pool in pools for count in _needed(service, pool)]
        return _held(needed, "a replica needs {:,}")

    def _time(self, job: TrainingJob, pools: list[Pool]) -> str:
        forms = (form for pool in pools for form in self._alone.forms(job, pool))
        fastest = min((form.hours for form in forms), default=0.0)
        begin, end = job.earliest_start_hours, job.deadline_hours
        latest = self.problem.horizon_hours if end is None else end
        if fastest <= latest - begin:  # no way leads to the fastest pool
            return ""
        first, last, least = (number(each, 2) for each in (begin, latest, fastest))
        until = "the horizon" if end is None else "its deadline"
        return f": at its fastest it takes {least} h, and it may run from {first} h to {until} at {last} h"


def _held(needed: list[tuple[int, Pool]], asked: str) -> str:
    """Tell of the pool that holds the largest part of what is needed there."""
    count, best = max(needed, key=lambda each: largest_gang(each[1]) / each[0])
    return f": {asked.format(count)} where {quoted(best.id)} holds {largest_gang(best):,}"


def _types(work: Work) -> set[str]:
    if isinstance(work, InferenceService):
        return {way.accelerator for way in work.serving}
    return set(work.compute.accelerators or ()) if work.compute else {n.accelerator for n in work.needs or ()}


def _needed(work: Work, pool: Pool) -> Iterator[int]:
    """Yield the accelerators that work may ask of one pool: of a replica, or at one of the sites of a job."""
    if isinstance(work, InferenceService):
        way = serving(work, pool)
        yield from [way.accelerators_per_replica] if way else []
        return
    for count in counts(work, pool.accelerator):
        yield from (count // sites for sites in range(1, work.max_sites + 1) if count % sites == 0)


def _gbps(dataset: Dataset | None, _accelerators: int, sites: int, hours: float) -> float:
    """Return the rate at which data comes to each site, Gbit/s."""
    if dataset is None:
        return 0.0
    return dataset.gb / sites * 8 / (3600 * min(dataset.transfer_hours or hours, hours))
