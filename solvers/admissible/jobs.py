"""The options of every training job: where, on how many accelerators, from when, by which routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...routing.plan import Reason
from ...routing.policies import Residency
from ...routing.problem import Problem
from ...routing.sites import Pool
from ...routing.trip_table import NO_TRIP, TripTable
from ...routing.workloads import TrainingJob
from ..gathering import Gathering
from ..rates import Floats, Ints, Rates
from ..stopping import never, until_stopped
from .admission import Test, admissible, job_tests
from .alone import Alone
from .moving import JobMoves
from .option_table import MOST_SITES, SITE_PAIRS, JobOption, OptionList, OptionTable
from .pools import Pools
from .routebook import RouteBook
from .shapes import Shapes, fits, job_shapes
from .windows import TOLERANCE_HOURS, Calendar

MOST_PLACES = 4_000
"""Places of one job with all choices of ways, up to which it gets these."""
ROUNDING = 1e-9
"""Part by which a rate may pass a bandwidth."""
_OF_POOLS = frozenset({"residency", "accelerator", "memory"})
"""Reasons that single pools tell; those after them ask for as many as the job has sites."""


@dataclass(frozen=True)
class JobOptions:
    """All options of all jobs, and why a job has none.

    Attributes
    ----------
    options
        The options as objects, each made when it is asked for.
    table
        The same as arrays.
    trips
        The arcs and measures of all routes, by the numbers in the table.
    barred
        First-order reason of each job without options.
    """

    options: Sequence[JobOption]
    table: OptionTable
    trips: TripTable
    barred: dict[int, Reason]


def build_job_options(
    problem: Problem, rates: Rates, book: RouteBook, halted: Callable[[], bool] = never
) -> JobOptions:
    """Return the admissible options of every job of ``problem``.

    Raises StoppedError where it is ``halted`` between two jobs.
    """
    builder = _Builder(problem, rates, book)
    found, barred = Gathering(_NONE), {}
    for index, job in enumerate(until_stopped(problem.jobs, halted)):
        options, reason = builder.options_of(index, job)
        found.add(options)
        if reason:
            barred[index] = reason
    table = found.joined()
    return JobOptions(OptionList(problem, book.fans, table), table, book.fans.trips, barred)


@dataclass(frozen=True)
class _Places:
    """Where one job could run: pools, accelerators at each site, hours and trips, (N,) or (N, 3) each."""

    pools: Ints
    accelerators: Ints
    hours: Floats
    routes: Ints
    links: Ints

    def take(self, rows: Ints) -> _Places:
        return _Places(
            self.pools[rows], self.accelerators[rows], self.hours[rows], self.routes[rows], self.links[rows]
        )


class _Builder:
    """Makes the options job by job."""

    def __init__(self, problem: Problem, rates: Rates, book: RouteBook) -> None:
        self.book, self.horizon = book, rates.horizon
        self.pools, self.calendar = Pools(problem), Calendar(problem, rates)
        self.alone, self.moves = Alone(self.pools, rates), JobMoves(problem, rates, book)
        self._anywhere = np.zeros((len(book.sites),) * 2, dtype=np.int64)
        # The last entries answer for no pool, which leaves the choice to the others.
        self._has_spot = np.array([*map(_has_spot, problem.pools), True], dtype=bool)
        self._spot_is_best = np.array([*map(_spot_is_best, problem.pools), True], dtype=bool)

    def options_of(self, index: int, job: TrainingJob) -> tuple[OptionTable, Reason | None]:
        """Return the options of one job, or none and the reason."""
        shapes = job_shapes(self.pools, job)
        pools, reason = admissible(job_tests(self.pools, job, shapes))
        if reason in _OF_POOLS:
            return _NONE, reason
        links = self.book.inter_site(job) if job.multi_site else self._anywhere
        placed = [places for places in self._placed(job, pools, shapes, links) if len(places.pools)]
        if not placed:
            return _NONE, self._why_nowhere(job, shapes)
        table = OptionTable.joined([self._options(index, job, places) for places in placed])
        tests: list[Test] = [
            ("deadline", self.calendar.is_timely(table)),
            *self.alone.option_tests(job, table),
        ]
        rows, reason = admissible(tests)
        return table if len(rows) == len(table) else table.take(rows), reason

    def _placed(self, job: TrainingJob, pools: Ints, shapes: Shapes, links: Ints) -> Iterator[_Places]:
        """Yield where the job could run, at one site and at several that are linked."""
        yield self._at_one_site(job, pools, shapes)
        if job.multi_site:
            yield from self._at_several_sites(job, pools, shapes, links)

    def _why_nowhere(self, job: TrainingJob, shapes: Shapes) -> Reason:
        """Return what of sizes, pins and ways, in the order of reasons, first leaves no place."""
        tests = dict(job_tests(self.pools, job, shapes))
        pinned = tests.pop("pinned")
        unpinned, reason = admissible(tests.items())
        if reason or not self._has_place(job, unpinned, shapes, self._anywhere):
            return "gang"
        pools = unpinned[pinned[unpinned]]
        if not self._has_place(job, pools, shapes, self._anywhere):
            return "pinned"
        return self._why_no_way(job, pools, shapes)

    def _why_no_way(self, job: TrainingJob, pools: Ints, shapes: Shapes) -> Reason:
        """Return which demand on the ways of the dataset and between sites first leaves none of ``pools``."""
        free, own = self.book.problem.residency(None), self.book.problem.residency(job.policy)
        demands: tuple[tuple[Reason, Residency], ...] = (("route", free), ("transit", own))
        for reason, residency in demands:
            links = self.book.between_sites(residency, np.inf, 0.0)
            if not self._has_place(job, self._fed(job, pools, residency), shapes, links):
                return reason
        gbps = job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0
        placed = self._placed(job, pools, shapes, self.book.between_sites(own, np.inf, gbps))
        return "latency" if any(len(places.pools) for places in placed) else "bandwidth"

    def _fed(self, job: TrainingJob, pools: Ints, residency: Residency) -> Ints:
        """Return the pools that the dataset has a way to."""
        if job.dataset is None:
            return pools
        return pools[self.book.from_copies(residency, job.dataset.at)[self.pools.site[pools]] >= 0]

    def _has_place(self, job: TrainingJob, pools: Ints, shapes: Shapes, links: Ints) -> bool:
        """Return whether the job fits into one of ``pools``, or several whose sites are linked."""
        return any(
            fits(self.pools, shapes, sites)[groups].all(axis=1).any()
            for sites in range(1, job.max_sites + 1)
            for groups in [self._holding(pools, shapes, links, sites)]
        )

    def _holding(self, pools: Ints, shapes: Shapes, links: Ints, sites: int) -> Ints:
        """Return (G, sites) groups of ``pools`` that hold an even share of some size each."""
        usable = pools[fits(self.pools, shapes, sites)[pools].any(axis=1)]
        return self._groups(usable, links, sites)

    def _at_one_site(self, job: TrainingJob, pools: Ints, shapes: Shapes) -> _Places:
        row, size = np.nonzero(fits(self.pools, shapes, 1)[pools])
        chosen = pools[row]
        places = _Places(
            pools=_padded(chosen[:, None]),
            accelerators=shapes.count[size],
            hours=shapes.hours[self.pools.kind[chosen], size],
            routes=_padded(self.book.dataset(job)[self.pools.site[chosen], None]),
            links=np.full((len(chosen), len(SITE_PAIRS)), NO_TRIP, dtype=np.int32),
        )
        return self._with_alternatives(job, self._wide_enough(job, self._reached(job, places)))

    def _reached(self, job: TrainingJob, places: _Places) -> _Places:
        """Return the places to all of whose sites the dataset has a way."""
        if job.dataset is None:
            return places
        reached = ((places.routes >= 0) | (places.pools < 0)).all(axis=1)
        return places if reached.all() else places.take(np.flatnonzero(reached))

    def _wide_enough(self, job: TrainingJob, places: _Places) -> _Places:
        """Return the places that the dataset can come to, by another way where the cheapest is too narrow."""
        if job.dataset is None:
            return places
        _, rate_gbps = _transfer(job, places)
        narrow = self.book.narrowest_gbps(places.routes) < rate_gbps[:, None] * (1 - ROUNDING)
        for least_gbps in np.unique(rate_gbps[narrow.any(axis=1)]).tolist():
            row, column = np.nonzero(narrow & (rate_gbps == least_gbps)[:, None])
            wide = self.book.wide_dataset(job, least_gbps)[self.pools.site[places.pools[row, column]]]
            places.routes[row, column] = wide
        carried = ((places.routes >= 0) | ~narrow).all(axis=1)
        return places if carried.all() else places.take(np.flatnonzero(carried))

    def _with_alternatives(self, job: TrainingJob, places: _Places) -> _Places:
        """Return the places, once for each choice of ways where the ways that they have are tight."""
        sites = self.pools.site[places.pools]
        for place in range(sites.shape[1]):
            ways = [partial(self.book.dataset_choices, job, site) for site in sites[:, place].tolist()]
            places = self._chosen(places, "routes", place, ways)
            sites = self.pools.site[places.pools]
        for pair, (one, other) in enumerate(SITE_PAIRS):
            ends = zip(sites[:, one].tolist(), sites[:, other].tolist(), strict=True)
            ways = [partial(self.book.inter_site_choices, job, *each) for each in ends]
            places = self._chosen(places, "links", pair, ways)
            sites = self.pools.site[places.pools]
        return places

    def _chosen(
        self, places: _Places, name: str, column: int, ways: Sequence[Callable[[], list[int]]]
    ) -> _Places:
        """Return the places, those with a tight trip in a column once for each of the ``ways`` to choose."""
        trips: Ints = getattr(places, name)[:, column]
        tight = self.book.is_tight(trips)
        if not tight.any():
            return places
        choices = [
            list(dict.fromkeys([*choices(), trip])) if scarce else [trip]
            for choices, scarce, trip in zip(ways, tight, trips.tolist(), strict=True)
        ]
        count = [len(each) for each in choices]
        if sum(count) > MOST_PLACES:
            return places
        more = places.take(np.repeat(np.arange(len(choices)), count))
        getattr(more, name)[:, column] = [trip for each in choices for trip in each]
        return more

    def _at_several_sites(
        self, job: TrainingJob, pools: Ints, shapes: Shapes, links: Ints
    ) -> Iterator[_Places]:
        for sites in range(2, job.max_sites + 1):
            fitting = fits(self.pools, shapes, sites)
            groups = self._holding(pools, shapes, links, sites)
            order = np.argsort(shapes.count, kind="stable")
            row, size = np.nonzero(fitting[:, order][groups].all(axis=1))
            places = self._spread(job, groups[row], order[size], shapes, links)
            places = self._wide_enough(job, self._reached(job, places))
            # Each way is chosen by itself, so that choices multiply.
            yield self._with_alternatives(job, places) if self.book.is_small else places

    def _groups(self, pools: Ints, links: Ints, sites: int) -> Ints:
        """Return (G, sites) pools of one type, at several data centers, each two of which are linked."""
        site, kind = self.pools.site[pools], self.pools.accelerator[pools]
        joined = (links[np.ix_(site, site)] >= 0) & (kind[:, None] == kind) & (site[:, None] != site)
        joined &= np.tri(len(pools), k=-1, dtype=bool).T
        groups = np.arange(len(pools))[:, None]
        for _ in range(sites - 1):
            row, added = np.nonzero(joined[groups].all(axis=1))
            groups = np.column_stack([groups[row], added])
        return pools[groups]

    def _spread(self, job: TrainingJob, groups: Ints, size: Ints, shapes: Shapes, links: Ints) -> _Places:
        assert job.multi_site is not None
        sites = groups.shape[1]
        site = self.pools.site[groups]
        slowest = shapes.hours[self.pools.kind[groups], size[:, None]].max(axis=1, initial=0.0)
        pairs = [links[site[:, a], site[:, b]] for a, b in SITE_PAIRS if b < sites]
        return _Places(
            pools=_padded(groups),
            accelerators=shapes.count[size] // sites,
            hours=slowest / job.multi_site.efficiency,
            routes=_padded(self.book.dataset(job)[site]),
            links=_padded(np.stack(pairs, axis=1)),
        )

    def _options(self, index: int, job: TrainingJob, places: _Places) -> OptionTable:
        """Return the options at some places: one for each price that the job may pay."""
        has_spot = self._has_spot[places.pools].all(axis=1) & job.interruptible
        only_spot = self._spot_is_best[places.pools].all(axis=1) & has_spot
        row, spot = np.nonzero(np.stack([~only_spot, has_spot], axis=1))
        places = places.take(row)
        continuing = places.hours > self.horizon - job.earliest_start_hours + TOLERANCE_HOURS
        transfer_hours, rate_gbps = _transfer(job, places)
        return OptionTable(
            job=np.full(len(row), index, dtype=np.int64),
            pools=places.pools,
            accelerators=places.accelerators,
            hours=places.hours,
            spot=spot.astype(bool),
            pausable=~continuing & job.interruptible,
            continuing=continuing,
            routes=places.routes,
            links=places.links,
            rate_gbps=rate_gbps,
            transfer_hours=transfer_hours,
            **self.moves.of(job, places.pools, places.accelerators, spot.astype(bool)),
        )


def _transfer(job: TrainingJob, places: _Places) -> tuple[Floats, Floats]:
    """Return (N,) how long the dataset takes to each site, and at which rate."""
    if job.dataset is None:
        return np.zeros(len(places.hours)), np.zeros(len(places.hours))
    within = np.minimum(job.dataset.transfer_hours or places.hours, places.hours)
    sites = np.count_nonzero(places.pools >= 0, axis=1)
    return within, job.dataset.gb / sites * 8 / (3600 * within)


def _has_spot(pool: Pool) -> bool:
    return pool.spot_usd_per_accelerator_hour is not None


def _spot_is_best(pool: Pool) -> bool:
    """Return whether the spot price is the only one worth paying: no dearer, and open to all."""
    spot_usd, unlimited = pool.spot_usd_per_accelerator_hour, pool.spot_count is None
    free = unlimited and pool.committed_count == 0
    return free and spot_usd is not None and spot_usd <= pool.usd_per_accelerator_hour


def _padded(numbers: Ints) -> Ints:
    """Return (N, 3) numbers, -1 where there are none."""
    wide = np.full((len(numbers), MOST_SITES), -1, dtype=np.int32)
    wide[:, : numbers.shape[1]] = numbers
    return wide  # type: ignore[return-value]


def _no_options() -> OptionTable:
    none, numbers = np.zeros(0), np.zeros(0, dtype=np.int64)
    wide = _padded(np.zeros((0, MOST_SITES), dtype=np.int64))
    flags, usd = np.zeros(0, dtype=bool), np.zeros((0, MOST_SITES))
    return OptionTable(
        numbers, wide, numbers, none, flags, flags, flags, wide, wide, none, none, flags, usd, wide, none
    )


_NONE = _no_options()
