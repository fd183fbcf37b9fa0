"""The columns of training jobs: when an option starts, or in which periods it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...routing.problem import Problem
from ...routing.runs import Runs
from ...routing.trip_table import of_trips
from ..admissible.jobs import JobOptions
from ..admissible.option_table import MOST_SITES, SITE_PAIRS, Flags
from ..admissible.windows import Calendar, StartTable
from ..arrays import Columns
from ..rates import Floats, Ints, Rates, hours_beyond, long_run_usd
from .size import check_columns
from .uses import Table

_CHUNK = 100_000
"""Most starts looked at together, each with a number for every period."""


@dataclass
class Activities:
    """Tables filled while columns are made."""

    held: Table = field(default_factory=Table)
    """Accelerators held, by pool and period."""
    billed: Table = field(default_factory=Table)
    """Accelerator-hours billed at the ordinary price, by pool and period."""
    beyond: Table = field(default_factory=Table)
    """More of these, which no commitment covers, as their user alone has more than all that is committed."""
    spot: Table = field(default_factory=Table)
    """Accelerator-hours billed at the spot price."""
    spot_held: Table = field(default_factory=Table)
    traffic: Table = field(default_factory=Table)
    """Gbit/s, by direction of a link (2 * link, + 1 for target to source) and period."""


@dataclass(frozen=True)
class PauseTable:
    """Jobs that may pause.

    Attributes
    ----------
    option
        (N,) option index of each column of ``pause``.
    active_pause, active_period
        (K,) owner and period of each column of ``active``.
    active_hours
        (K,) most hours that it may run there.
    run
        (K,) column of its hours, or -1 where active means all of ``active_hours``.
    """

    option: Ints
    active_pause: Ints
    active_period: Ints
    active_hours: Floats
    run: Ints


class JobColumns:
    """Makes the columns of jobs.

    Attributes
    ----------
    flat_money, flat_cost
        Money, and cost beyond the horizon, that columns bring besides what they use.
    """

    def __init__(
        self, problem: Problem, rates: Rates, jobs: JobOptions, columns: Columns, made: Activities
    ) -> None:
        self.problem, self.rates, self.columns, self.made = problem, rates, columns, made
        self.options, self.trips = jobs.table, jobs.trips
        self.objective, self.calendar = problem.objective, Calendar(problem, rates)
        self.limits = problem.limits
        self.dataset_gb = np.array([job.dataset.gb if job.dataset else 0.0 for job in problem.jobs])
        reserved = [job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0 for job in problem.jobs]
        self.reserved_gbps = np.array(reserved)
        self.flat_money: list[tuple[Ints, Floats]] = []
        self.flat_cost: list[tuple[Ints, Floats]] = []

    def starts(self) -> StartTable:
        """Add a column for every start of every option that does not pause."""
        starts = self.calendar.starts(self.options, np.flatnonzero(~self.options.pausable))
        check_columns(self.problem, self.columns.count + len(starts.option))
        columns = self.columns.add("start", len(starts.option), 0.0, 1.0, integer=True)
        for begin in range(0, len(columns), _CHUNK):
            some = slice(begin, begin + _CHUNK)
            self._place(columns[some], starts.option[some], starts.start_hours[some])
        return starts

    def _place(self, column: Ints, option: Ints, start: Floats) -> None:
        run = self.calendar.hours_within(start, self.options.hours[option])
        row, period = np.nonzero(run)
        self._take(column[row], column[row], option[row], period, run[row, period])
        self._reserve(column[row], option[row], period)
        row, period = np.nonzero(self.calendar.hours_within(start, self.options.transfer_hours[option]))
        self._transfer(column[row], option[row], period)
        self._flat(column, option)
        self._beyond(column, option, self.options.hours[option] - run.sum(axis=1))

    def pauses(self) -> PauseTable:
        """Add the columns of options that may pause: chosen or not, active by period, hours by period."""
        chosen = np.flatnonzero(self.options.pausable)
        room = self.calendar.room_hours(self.options.job[chosen])
        pause = self.columns.add("pause", len(chosen), 0.0, 1.0, integer=True)
        owner, period = np.nonzero(room)
        check_columns(self.problem, self.columns.count + len(owner))
        hours = np.minimum(room[owner, period], self.options.hours[chosen][owner])
        active = self.columns.add("active", len(owner), 0.0, 1.0, integer=True)
        given = (_fill_periods(room, self.options.hours[chosen]) & ~self._may_save(chosen))[owner]
        run = np.full(len(owner), -1, dtype=np.int64)
        run[~given] = self.columns.add("run", int((~given).sum()), 0.0, hours[~given], integer=False)
        billed = np.where(given, active, run)
        self._take(active, billed, chosen[owner], period, np.where(given, hours, 1.0))
        self._reserve(active, chosen[owner], period)
        self._transfer(active, chosen[owner], period)
        self._flat(pause, chosen)
        return PauseTable(chosen, owner, period, hours, run)

    def _may_save(self, option: Ints) -> Flags:
        """Return whether hours in part of a period may be worth holding all of it.

        Without limits of the whole plan, they only are where commitments cover a part of the hours there.
        """
        limits = self.limits
        if limits.budget_usd is not None or limits.carbon_cap_tco2e is not None or limits.max_provider_share:
            return np.ones(len(option), dtype=bool)
        pools = self.options.pools[option]
        committed = (pools >= 0) & (self.rates.committed_count[pools] > 0)
        return np.asarray(committed.any(axis=1) & ~self.options.spot[option])

    def _take(self, held: Ints, billed: Ints, option: Ints, period: Ints, hours: Floats) -> None:
        """Enter what columns hold of pools and what is billed: ``hours`` of each accelerator.

        Where the hours are a column of their own, how many there are is not known here.
        """
        options, made = self.options, self.made
        for rows, pool in self._pools(option):
            count, job = options.accelerators[option[rows]], options.job[option[rows]]
            made.held.add(held[rows], pool, period[rows], count, job)
            spot = options.spot[option[rows]]
            amount = count * hours[rows]
            alone = (billed == held)[rows] & ~spot
            beyond = alone * hours_beyond(self.rates, pool, period[rows], amount)
            for table, column, used, mine in (
                (made.billed, billed, amount - beyond, ~spot),
                (made.beyond, billed, beyond, beyond > 0),
                (made.spot, billed, amount, spot),
                (made.spot_held, held, count, spot),
            ):
                table.add(column[rows][mine], pool[mine], period[rows][mine], used[mine], job[mine])

    def _pools(self, option: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield, for the first site and so on, which of the options have it and their pools."""
        for site in range(MOST_SITES):
            pool = self.options.pools[option, site]
            rows = np.flatnonzero(pool >= 0)
            if len(rows):
                yield rows, pool[rows].astype(np.int64)

    def _transfer(self, column: Ints, option: Ints, period: Ints) -> None:
        for site in range(MOST_SITES):
            rows, trip = self._trips(self.options.routes[option, site])
            gbps = self.options.rate_gbps[option[rows]]
            self._cross(self.trips.out.take(trip), column[rows], option[rows], period[rows], gbps)

    def _reserve(self, column: Ints, option: Ints, period: Ints) -> None:
        for pair in range(len(SITE_PAIRS)):
            rows, trip = self._trips(self.options.links[option, pair])
            gbps = self.reserved_gbps[self.options.job[option[rows]]]
            for way in (self.trips.out, self.trips.back):
                self._cross(way.take(trip), column[rows], option[rows], period[rows], gbps)

    def _trips(self, trips: Ints) -> tuple[Ints, Ints]:
        rows = np.flatnonzero(trips >= 0)
        return rows, trips[rows].astype(np.int64)

    def _cross(self, crossed: Runs, column: Ints, option: Ints, period: Ints, gbps: Floats) -> None:
        entry = np.repeat(np.arange(len(column)), crossed.lengths)
        job = self.options.job[option]
        self.made.traffic.add(column[entry], crossed.values, period[entry], gbps[entry], job[entry])

    def _flat(self, column: Ints, option: Ints) -> None:
        """Charge the transfer of the dataset, and moving."""
        gb = self.dataset_gb[self.options.job[option]] / self.options.sites[option]
        usd = of_trips(self.trips.out_usd_per_gb, self.options.routes[option], 0.0)
        self.flat_money.append((column, (gb[:, None] * usd).sum(axis=1)))
        self.flat_money.append((column, self.options.all_moving_usd[option]))

    def _beyond(self, column: Ints, option: Ints, hours: Floats) -> None:
        """Charge what continuing options cost beyond the horizon."""
        rates, objective = self.rates, self.objective
        energy = rates.mean(rates.energy_usd)
        carbon = rates.mean(rates.tco2e) * objective.usd_per_tco2e_beyond
        rows = np.flatnonzero(self.options.continuing[option])
        option, usd = option[rows], np.zeros(len(rows))
        for mine, pool in self._pools(option):
            held, spot = self.options.accelerators[option[mine]], self.options.spot[option[mine]]
            money = long_run_usd(rates, pool, held, spot) + energy[pool]
            usd[mine] += objective.money_weight * money + carbon[pool]
        self.flat_cost.append((column[rows], usd * self.options.accelerators[option] * hours[rows]))


def _fill_periods(room: Floats, hours: Floats) -> Flags:
    """Return (N,) whether the (N, T) room of periods is the same in all, and hours fill some of these."""
    there = room > 0
    largest = room.max(axis=1, initial=0.0)
    smallest = np.where(there, room, np.inf).min(axis=1, initial=np.inf)
    whole = hours / room[np.arange(len(room)), there.argmax(axis=1)]
    given: Flags = (largest - smallest < 1e-9) & (np.abs(whole - np.round(whole)) < 1e-9)
    return given
