"""The options of every training job: where, on how many accelerators, from when, by which routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..routing.paths import Candidate
from ..routing.plan import Reason
from ..routing.problem import Problem
from ..routing.workloads import TrainingJob
from .admission import admissible_pools, fitting_shapes, job_shapes, job_tests
from .rates import Floats, Rates
from .routebook import RouteBook

TOLERANCE_HOURS = 1e-9
PAUSE_SLIVER_HOURS = 1e-6


@dataclass(frozen=True, slots=True)
class JobOption:
    """One way to run a job, but for its start.

    ``pools`` has one pool per site, each with ``accelerators``; ``routes`` has the dataset's route to each
    and is empty without a dataset.
    """

    job: int
    pools: tuple[int, ...]
    accelerators: int
    hours: float
    spot: bool
    pausable: bool
    continuing: bool
    routes: tuple[Candidate | None, ...]
    inter_site: tuple[Candidate, ...]
    rate_gbps: float
    transfer_hours: float

    @property
    def total_accelerators(self) -> int:
        """Accelerators at all sites together."""
        return self.accelerators * len(self.pools)


class Window(NamedTuple):
    """A start and what follows from it: hours run and the share of the transfer in each period."""

    start_hours: float
    run_hours: Floats
    transfers: np.ndarray


@dataclass(frozen=True)
class JobOptions:
    """All options of all jobs, and why a job has none."""

    options: tuple[JobOption, ...]
    barred: dict[int, Reason]


def build_job_options(problem: Problem, rates: Rates, book: RouteBook) -> JobOptions:
    """Return the admissible options of every job of ``problem``."""
    options: list[JobOption] = []
    barred: dict[int, Reason] = {}
    for index, job in enumerate(problem.jobs):
        found, reason = _options_of(_Context(problem, rates, book, index, job))
        options.extend(found)
        if reason:
            barred[index] = reason
    return JobOptions(tuple(options), barred)


@dataclass(frozen=True)
class _Context:
    problem: Problem
    rates: Rates
    book: RouteBook
    index: int
    job: TrainingJob

    @property
    def continuing_from_hours(self) -> float:
        """Hours above which the job does not fit what is left of the horizon."""
        return self.rates.horizon - self.job.earliest_start_hours + TOLERANCE_HOURS

    def site(self, pool: int) -> str:
        return self.problem.pools[pool].data_center


def _options_of(context: _Context) -> tuple[list[JobOption], Reason | None]:
    pools, reason = admissible_pools(context.problem, job_tests(context.problem, context.job))
    if reason:
        return [], reason
    placed = list(_placements(context, pools))
    reached = [option for option in placed if all(route is not None for route in option.routes)]
    if not reached:
        return [], _route_reason(context, pools)
    timely = [option for option in reached if any(True for _ in windows(context.job, option, context.rates))]
    return timely, (None if timely else "deadline")


def _route_reason(context: _Context, pools: list[int]) -> Reason:
    """Return the most favourable of the reasons why the dataset reaches no pool."""
    reasons = {context.book.why_no_dataset(context.job, context.site(pool)) for pool in pools}
    return next(
        reason for reason in ("latency", "transit", "route") if reason in reasons or reason == "route"
    )


def _placements(context: _Context, pools: list[int]) -> Iterator[JobOption]:
    for pool in pools:
        for sites, accelerators, hours in fitting_shapes(
            context.problem, context.job, context.problem.pools[pool]
        ):
            if sites == 1:
                yield from _at(context, (pool,), accelerators, hours, ())
    if context.job.multi_site:
        yield from _over_several_sites(context, pools)


def _over_several_sites(context: _Context, pools: list[int]) -> Iterator[JobOption]:
    shapes = {pool: set(_several(context, pool)) for pool in pools}
    for sites in range(2, context.job.max_sites + 1):
        for group in combinations(pools, sites):
            if not _compatible(context, group):
                continue
            links = context.book.inter_site(context.job, [context.site(pool) for pool in group])
            if links is None:
                continue
            for accelerators in sorted(set.intersection(*(shapes[pool] for pool in group))):
                if accelerators[0] == sites:
                    hours = _slowest_hours(context, group, sites * accelerators[1])
                    for hour in hours:
                        yield from _at(context, group, accelerators[1], hour, links)


def _several(context: _Context, pool: int) -> Iterator[tuple[int, int]]:
    for sites, accelerators, _ in fitting_shapes(context.problem, context.job, context.problem.pools[pool]):
        yield sites, accelerators


def _compatible(context: _Context, group: tuple[int, ...]) -> bool:
    pools = [context.problem.pools[pool] for pool in group]
    return len({pool.accelerator for pool in pools}) == 1 and len(
        {pool.data_center for pool in pools}
    ) == len(pools)


def _slowest_hours(context: _Context, group: tuple[int, ...], count: int) -> list[float]:
    """Return the hours of the job on ``count`` accelerators at the least efficiency of the group."""
    multi = context.job.multi_site
    slower = multi.efficiency if multi else 1.0
    shapes = [dict(job_shapes(context.problem, context.job, context.problem.pools[pool])) for pool in group]
    return [max(hours[count] for hours in shapes) / slower]


def _at(
    context: _Context,
    pools: tuple[int, ...],
    accelerators: int,
    hours: float,
    inter_site: tuple[Candidate, ...],
) -> Iterator[JobOption]:
    job = context.job
    continuing = hours > context.continuing_from_hours
    transfer_hours, rate = _transfer(job, hours, len(pools))
    for routes in context.book.dataset(job, [context.site(pool) for pool in pools]):
        for spot in _prices(context, pools):
            yield JobOption(
                job=context.index,
                pools=pools,
                accelerators=accelerators,
                hours=hours,
                spot=spot,
                pausable=job.interruptible and not continuing,
                continuing=continuing,
                routes=routes,
                inter_site=inter_site,
                rate_gbps=rate,
                transfer_hours=transfer_hours,
            )


def _transfer(job: TrainingJob, hours: float, sites: int) -> tuple[float, float]:
    if job.dataset is None:
        return 0.0, 0.0
    within = min(job.dataset.transfer_hours or hours, hours)
    return within, job.dataset.gb / sites * 8 / (3600 * within)


def _prices(context: _Context, pools: tuple[int, ...]) -> list[bool]:
    """Return the choices of paying the spot price: none without one, the only one where it is best."""
    offered = [context.problem.pools[pool] for pool in pools]
    if not context.job.interruptible or any(pool.spot_usd_per_accelerator_hour is None for pool in offered):
        return [False]
    unlimited = all(pool.spot_count is None and pool.committed_count == 0 for pool in offered)
    cheaper = all(
        _spot_is_cheaper(pool.spot_usd_per_accelerator_hour, pool.usd_per_accelerator_hour)
        for pool in offered
    )
    return [True] if unlimited and cheaper else [False, True]


def _spot_is_cheaper(spot_usd: float | None, on_demand_usd: float) -> bool:
    return spot_usd is not None and spot_usd <= on_demand_usd


def long_run_usd(rates: Rates, option: JobOption) -> Floats:
    """Return the price of an accelerator-hour in each pool of ``option`` beyond the horizon, USD."""
    pools = list(option.pools)
    if option.spot:
        return np.asarray(rates.spot_usd[pools])
    covered = option.accelerators <= rates.committed_count[pools]
    return np.where(covered, rates.committed_usd[pools], rates.compute_usd[pools])


def windows(job: TrainingJob, option: JobOption, rates: Rates) -> Iterator[Window]:
    """Yield the possible starts of ``option``.

    A pausable option yields one window: the hours that it could run in each period, of which the solver
    chooses. Nothing is yielded when the deadline cannot be kept.
    """
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    deadline = np.inf if job.deadline_hours is None else job.deadline_hours + TOLERANCE_HOURS
    earliest = job.earliest_start_hours
    if option.pausable:
        latest = min(deadline, rates.horizon)
        room = _without_slivers(np.minimum(ends, latest) - np.maximum(begins, earliest), PAUSE_SLIVER_HOURS)
        if room.sum() >= option.hours - TOLERANCE_HOURS:
            yield Window(earliest, np.minimum(room, ends - begins), room > 0)
        return
    latest_end = deadline if option.continuing else min(deadline, rates.horizon + TOLERANCE_HOURS)
    for period in np.flatnonzero(ends > earliest + TOLERANCE_HOURS):
        start = max(float(begins[period]), earliest)
        if start + option.hours > latest_end:
            return
        yield Window(
            start, _overlap(rates, start, option.hours), _overlap(rates, start, option.transfer_hours) > 0
        )
        if option.continuing:
            return


def _overlap(rates: Rates, start: float, hours: float) -> Floats:
    """Return the hours of each period that lie within ``[start, start + hours)``."""
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    return _without_slivers(np.minimum(ends, start + hours) - np.maximum(begins, start))


def _without_slivers(hours: Floats, sliver: float = TOLERANCE_HOURS) -> Floats:
    return np.where(hours > sliver, hours, 0.0)
